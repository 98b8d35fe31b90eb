package etl

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Types of a TraceLogging field (TlgIn_t and TlgOut_t, TraceLoggingProvider.h).
const (
	inUTF16    = 1
	inANSI     = 2
	inInt32    = 7
	inUint32   = 8
	inBool32   = 13
	inGUID     = 15
	inFileTime = 17
	inStruct   = 24
	inChain    = 0x80 // the type for display follows

	outHRESULT = 15
)

// Field is one typed value. The functions of this package make them.
type Field struct {
	meta  []byte // name and types, as the event's metadata has them
	value []byte // as the payload has it
	err   error
}

func field(name string, in byte, value []byte) Field {
	return Field{meta: append([]byte(name), 0, in), value: value}
}

// Unicode is NUL-terminated UTF-16 text.
func Unicode(name, v string) Field { return field(name, inUTF16, utf16z(v)) }

// ANSI is NUL-terminated text of bytes.
func ANSI(name, v string) Field { return field(name, inANSI, append([]byte(v), 0)) }

// Int32 is a signed number.
func Int32(name string, v int32) Field {
	return field(name, inInt32, le.AppendUint32(nil, uint32(v)))
}

// Uint32 is an unsigned number.
func Uint32(name string, v uint32) Field { return field(name, inUint32, le.AppendUint32(nil, v)) }

// HResult is an int32 that is to be shown as an HRESULT.
func HResult(name string, v uint32) Field {
	meta := append([]byte(name), 0, inInt32|inChain, outHRESULT)
	return Field{meta: meta, value: le.AppendUint32(nil, v)}
}

// Bool32 is a BOOL.
func Bool32(name string, v bool) Field {
	value := make([]byte, 4)
	if v {
		value[0] = 1
	}
	return field(name, inBool32, value)
}

// GUID takes the usual form, with or without braces.
func GUID(name, v string) Field {
	b, err := guidBytes(v)
	f := field(name, inGUID, b)
	f.err = err
	return f
}

// FileTime is a FILETIME.
func FileTime(name string, v time.Time) Field {
	return field(name, inFileTime, le.AppendUint64(nil, fileTime(v)))
}

// Struct groups 1 to 127 fields under a name.
func Struct(name string, fields ...Field) Field {
	f := Field{meta: append([]byte(name), 0, inStruct|inChain, byte(len(fields)))}
	if len(fields) == 0 || len(fields) > 127 {
		f.err = fmt.Errorf("structure %q of %d fields, expected 1 to 127", name, len(fields))
	}
	for _, m := range fields {
		f.meta = append(f.meta, m.meta...)
		f.value = append(f.value, m.value...)
		f.err = errors.Join(f.err, m.err)
	}
	return f
}

// guidBytes reads the usual form of a GUID, with or without braces.
func guidBytes(s string) ([]byte, error) {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}"), "-")
	b, err := hex.DecodeString(strings.Join(parts, ""))
	if err != nil || len(b) != 16 || len(parts) != 5 {
		return nil, fmt.Errorf("GUID %q, expected the form 0b7a6f19-47c4-454e-8c5c-e868d637e4d8", s)
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5] = b[5], b[4]
	b[6], b[7] = b[7], b[6]
	return b, nil
}
