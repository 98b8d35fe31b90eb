// Package hive writes registry hives: a tree of keys and values becomes a clean file of format 1.5, the same bytes for
// the same tree. It makes test machines; it does not edit hives.
package hive

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf16"
)

// Types of values (winnt.h).
const (
	typeSZ       = 1
	typeExpandSZ = 2
	typeBinary   = 3
	typeDWord    = 4
	typeMultiSZ  = 7
	typeQWord    = 11
)

// Key is a key with all that is below it. The name of the root is not used by Windows.
type Key struct {
	Name    string
	Written time.Time // the zero time becomes 2020-01-01
	Values  []Value
	Keys    []*Key
}

// Value is a value of a key. The functions of this package make those of the usual types.
type Value struct {
	Name string // empty: the default value
	Type uint32 // REG_…
	Data []byte
}

// At gives the key at a path below k, divided by '\', and makes what is missing of it.
func (k *Key) At(path string) *Key {
	at := k
	for part := range strings.SplitSeq(strings.Trim(path, `\`), `\`) {
		if part == "" {
			continue
		}
		var next *Key
		for _, sub := range at.Keys {
			if strings.EqualFold(sub.Name, part) {
				next = sub
			}
		}
		if next == nil {
			next = &Key{Name: part, Written: k.Written}
			at.Keys = append(at.Keys, next)
		}
		at = next
	}
	return at
}

// Set adds values to a key and gives the key; a value of the same name is replaced.
func (k *Key) Set(values ...Value) *Key {
	for _, v := range values {
		replaced := false
		for i := range k.Values {
			if strings.EqualFold(k.Values[i].Name, v.Name) {
				k.Values[i], replaced = v, true
			}
		}
		if !replaced {
			k.Values = append(k.Values, v)
		}
	}
	return k
}

// String is a REG_SZ.
func String(name, s string) Value { return Value{name, typeSZ, encode(s + "\x00")} }

// ExpandString is a REG_EXPAND_SZ.
func ExpandString(name, s string) Value { return Value{name, typeExpandSZ, encode(s + "\x00")} }

// Strings is a REG_MULTI_SZ; an empty string in it stays, as PendingFileRenameOperations needs.
func Strings(name string, list ...string) Value {
	var b []byte
	for _, s := range list {
		b = append(b, encode(s+"\x00")...)
	}
	return Value{name, typeMultiSZ, append(b, 0, 0)}
}

// DWord is a REG_DWORD.
func DWord(name string, n uint32) Value {
	return Value{name, typeDWord, binary.LittleEndian.AppendUint32(nil, n)}
}

// QWord is a REG_QWORD.
func QWord(name string, n uint64) Value {
	return Value{name, typeQWord, binary.LittleEndian.AppendUint64(nil, n)}
}

// Binary is a REG_BINARY.
func Binary(name string, b []byte) Value { return Value{name, typeBinary, b} }

func encode(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
