package hive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
)

// Type is the type of a value, REG_….
type Type uint32

// The types that have a meaning here; there are others, whose data are bytes.
const (
	None     Type = 0
	SZ       Type = 1
	ExpandSZ Type = 2
	Binary   Type = 3
	DWord    Type = 4
	DWordBE  Type = 5
	Link     Type = 6
	MultiSZ  Type = 7
	QWord    Type = 11
)

func (t Type) String() string {
	switch t {
	case None:
		return "REG_NONE"
	case SZ:
		return "REG_SZ"
	case ExpandSZ:
		return "REG_EXPAND_SZ"
	case Binary:
		return "REG_BINARY"
	case DWord:
		return "REG_DWORD"
	case DWordBE:
		return "REG_DWORD_BIG_ENDIAN"
	case Link:
		return "REG_LINK"
	case MultiSZ:
		return "REG_MULTI_SZ"
	case QWord:
		return "REG_QWORD"
	}
	return fmt.Sprintf("REG_TYPE_%d", uint32(t))
}

// MaxData is the size in bytes of the largest data of a value that is read.
const MaxData = 16 << 20

// ErrTooLarge is the error for data of more than MaxData bytes.
var ErrTooLarge = errors.New("registry value is larger than 16 MiB")

// Value is a value of a key. Its data are read when they are asked for.
type Value struct {
	Name string // empty: the default value
	Type Type
	Size int // of the data, in bytes

	h    *Hive
	off  uint32 // of the value's cell
	data uint32 // where the data are, or up to four bytes of them
}

// Bounds and places in a value's cell ("vk", [regf] "Key value").
const (
	vkHeader    = 20
	vkCompNames = 1
	inline      = 1 << 31
	segmentSize = 16344 // of data beyond which a list of segments ("db") is used, since format 1.4
)

// Values gives all values of the key, in the order of the hive. With an error come those that could be read.
func (k *Key) Values() ([]Value, error) {
	var out []Value
	var bad []error
	err := k.eachValue(func(v Value, err error) bool {
		if err == nil {
			out = append(out, v)
		} else if len(bad) < 10 {
			bad = append(bad, err)
		}
		return false
	})
	return out, errors.Join(append(bad, err)...)
}

// Value gives a value by its name, in any case; the empty name is the default value. The error wraps ErrNotExist where
// there is none.
func (k *Key) Value(name string) (Value, error) {
	var found *Value
	var bad error
	err := k.eachValue(func(v Value, err error) bool {
		if err != nil {
			bad = err
			return false
		}
		if strings.EqualFold(v.Name, name) {
			found = &v
		}
		return found != nil
	})
	switch {
	case found != nil:
		return *found, nil
	case err != nil:
		return Value{}, err
	case bad != nil: // it might be the one
		return Value{}, bad
	}
	return Value{}, fmt.Errorf("value %q of key %q %w", name, k.name, ErrNotExist)
}

func (k *Key) eachValue(visit func(Value, error) bool) error {
	if k.values == 0 {
		return nil
	}
	if k.values > maxValues || int64(k.values) > k.h.size/(vkHeader+4) {
		return corrupt(k.off, "key %q with %d values, for which the hive is too small", k.name, k.values)
	}
	list, err := k.h.cell(k.valueList, 4*int(k.values), 4*int(k.values))
	if err != nil {
		return err
	}
	room := maxNames
	for ; len(list) >= 4; list = list[4:] {
		v, err := k.h.value(binary.LittleEndian.Uint32(list))
		if room -= len(v.Name); room < 0 {
			return corrupt(k.off, "the names of the values of %q are longer than %d bytes together", k.name, maxNames)
		}
		if visit(v, err) {
			return nil
		}
	}
	return nil
}

func (h *Hive) value(off uint32) (Value, error) {
	b, err := h.cell(off, vkHeader, vkHeader)
	if err != nil {
		return Value{}, err
	}
	if string(b[:2]) != "vk" {
		return Value{}, corrupt(off, "a value begins with %q, expected vk", b[:2])
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if b, err = h.cell(off, vkHeader+n, vkHeader+n); err != nil {
		return Value{}, err
	}
	size := binary.LittleEndian.Uint32(b[4:])
	v := Value{
		Name: name(b[vkHeader:vkHeader+n], binary.LittleEndian.Uint16(b[16:])&vkCompNames != 0),
		Type: Type(binary.LittleEndian.Uint32(b[12:])), Size: int(size &^ inline),
		h: h, off: off, data: nothing,
	}
	if size&inline == 0 {
		v.data = binary.LittleEndian.Uint32(b[8:])
		return v, nil
	}
	if v.Size > 4 {
		return Value{}, corrupt(off, "a value with %d bytes in place of an offset of 4", v.Size)
	}
	// Data of up to four bytes are in the cell of the value itself; they are kept as a number here.
	v.data = binary.LittleEndian.Uint32(b[8:])
	v.off = nothing
	return v, nil
}

// Bytes gives the data as they are stored.
func (v Value) Bytes() ([]byte, error) {
	switch {
	case v.off == nothing:
		return binary.LittleEndian.AppendUint32(nil, v.data)[:v.Size], nil
	case v.Size == 0:
		return nil, nil
	case v.Size > MaxData:
		return nil, ErrTooLarge
	case v.Size > segmentSize && v.h.minor >= 4:
		return v.segments()
	}
	return v.h.cell(v.data, v.Size, v.Size)
}

// segments joins the parts of long data.
func (v Value) segments() ([]byte, error) {
	head, err := v.h.cell(v.data, 8, 8)
	if err != nil {
		return nil, err
	}
	if string(head[:2]) != "db" {
		// Some writers keep long data in one cell all the same.
		return v.h.cell(v.data, v.Size, v.Size)
	}
	n := int(binary.LittleEndian.Uint16(head[2:]))
	if n != (v.Size+segmentSize-1)/segmentSize {
		return nil, corrupt(v.data, "%d bytes of data in %d segments of %d", v.Size, n, segmentSize)
	}
	list, err := v.h.cell(binary.LittleEndian.Uint32(head[4:]), 4*n, 4*n)
	if err != nil {
		return nil, err
	}
	var out []byte
	for i := range n {
		part := min(segmentSize, v.Size-len(out))
		b, err := v.h.cell(binary.LittleEndian.Uint32(list[4*i:]), part, part)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// Data gives the data by the type of the value: string (SZ, ExpandSZ, Link), []string (MultiSZ), uint32 (DWord, DWordBE),
// uint64 (QWord), else []byte. Data that are too short for their type are an error.
func (v Value) Data() (any, error) {
	b, err := v.Bytes()
	if err != nil {
		return nil, err
	}
	want := 0
	switch v.Type {
	case SZ, ExpandSZ, Link:
		return terminated(b), nil
	case MultiSZ:
		return list(b), nil
	case DWord:
		if want = 4; len(b) >= want {
			return binary.LittleEndian.Uint32(b), nil
		}
	case DWordBE:
		if want = 4; len(b) >= want {
			return binary.BigEndian.Uint32(b), nil
		}
	case QWord:
		if want = 8; len(b) >= want {
			return binary.LittleEndian.Uint64(b), nil
		}
	default:
		return b, nil
	}
	return nil, fmt.Errorf("value %q is a %v of %d bytes, expected %d", v.Name, v.Type, len(b), want)
}

// list splits data of MultiSZ. Each string ends with a NUL and the list with one more; an empty string within stays,
// since PendingFileRenameOperations has them (a file that is to be deleted).
func list(b []byte) []string {
	text := decode16(b)
	text = strings.TrimSuffix(text, "\x00")
	text = strings.TrimSuffix(text, "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}

func decode16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
