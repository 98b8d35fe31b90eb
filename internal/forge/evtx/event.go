// Package evtx writes Windows event logs (.evtx) from a list of events: sample disks and tests need logs with known
// contents that every reader of the format accepts. The files have the layout of those that Windows writes: system
// values in one template, the payload in a second one nested in it, names and definitions shared within a chunk.
// The same events give the same bytes.
package evtx

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Event is one record. Provider, ID and Time have no useful zero value; all else may be left out.
type Event struct {
	Provider        string
	ProviderGUID    string // as shown, with braces; empty for providers without a manifest
	EventSourceName string // set by providers that also have a classic source, such as the Service Control Manager

	ID         uint16
	Qualifiers uint16
	Version    uint8
	Level      uint8 // 1 critical, 2 error, 3 warning, 4 information
	Task       uint16
	Opcode     uint8
	Keywords   uint64

	Time time.Time // kept to 100 ns
	// RecordID is that of the event before plus one if it is 0; the first event then gets 1.
	RecordID   uint64
	ActivityID GUID
	ProcessID  uint32
	ThreadID   uint32
	Channel    string
	Computer   string
	UserSID    SID

	// EventData are the Data elements. If all of them are strings without a name, they are written as one array,
	// as classic sources do.
	EventData []Field
	// Binary is the Binary element of EventData.
	Binary []byte
	// UserData is written instead of EventData if it is set.
	UserData *UserData
}

// UserData is a payload with elements of its own.
type UserData struct {
	Root      string // name of the element in UserData
	Namespace string
	Fields    []Field // its child elements
}

// Field is one value of a payload. Value is one of: nil, string, []string, bool, int8 to int64, uint8 to uint64,
// float32, float64, [HexInt32], [HexInt64], [GUID], [SID], time.Time, []byte. Readers leave out an element over nil.
type Field struct {
	Name  string
	Value any
}

type (
	// HexInt32 is shown as "0x80248007".
	HexInt32 uint32
	// HexInt64 is shown as "0x8000000000000000".
	HexInt64 uint64
	// GUID is a text such as "{9482f4b4-e343-43b6-b170-9a65bc822c77}", with or without braces.
	GUID string
	// SID is a text such as "S-1-5-18".
	SID string
)

// value is an encoded value. build is set for nested fragments, which are encoded where they lie.
type value struct {
	typ   byte
	data  []byte
	build func(*chunk)
}

// Value types, [MS-EVEN6] 2.2.12.
const (
	typeNull     = 0x00
	typeString   = 0x01
	typeUint8    = 0x04
	typeUint16   = 0x06
	typeUint32   = 0x08
	typeUint64   = 0x0a
	typeBinary   = 0x0e
	typeGUID     = 0x0f
	typeFileTime = 0x11
	typeSID      = 0x13
	typeHex32    = 0x14
	typeHex64    = 0x15
	typeBinXML   = 0x21
	typeStrings  = 0x81
)

func encode(v any) (value, error) {
	le := binary.LittleEndian
	var out value
	switch v := v.(type) {
	case nil:
	case string:
		out = value{typ: typeString, data: encodeUTF16(v)}
	case []string:
		out.typ = typeStrings
		for _, s := range v {
			out.data = append(append(out.data, encodeUTF16(s)...), 0, 0)
		}
	case bool:
		out = value{typ: 0x0d, data: make([]byte, 4)}
		if v {
			out.data[0] = 1
		}
	case int8:
		out = value{typ: 0x03, data: []byte{byte(v)}}
	case uint8:
		out = value{typ: typeUint8, data: []byte{v}}
	case int16:
		out = value{typ: 0x05, data: le.AppendUint16(nil, uint16(v))}
	case uint16:
		out = value{typ: typeUint16, data: le.AppendUint16(nil, v)}
	case int32:
		out = value{typ: 0x07, data: le.AppendUint32(nil, uint32(v))}
	case uint32:
		out = value{typ: typeUint32, data: le.AppendUint32(nil, v)}
	case int64:
		out = value{typ: 0x09, data: le.AppendUint64(nil, uint64(v))}
	case uint64:
		out = value{typ: typeUint64, data: le.AppendUint64(nil, v)}
	case float32:
		out = value{typ: 0x0b, data: le.AppendUint32(nil, math.Float32bits(v))}
	case float64:
		out = value{typ: 0x0c, data: le.AppendUint64(nil, math.Float64bits(v))}
	case []byte:
		out = value{typ: typeBinary, data: v}
	case HexInt32:
		out = value{typ: typeHex32, data: le.AppendUint32(nil, uint32(v))}
	case HexInt64:
		out = value{typ: typeHex64, data: le.AppendUint64(nil, uint64(v))}
	case time.Time:
		out = value{typ: typeFileTime, data: le.AppendUint64(nil, fileTime(v))}
	case GUID:
		return encodeGUID(v)
	case SID:
		return encodeSID(v)
	default:
		return out, fmt.Errorf("a value has the type %T, expected one of those listed at Field", v)
	}
	if len(out.data) > math.MaxUint16 {
		return out, fmt.Errorf("a value takes %d bytes, at most %d are possible", len(out.data), math.MaxUint16)
	}
	return out, nil
}

func encodeUTF16(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// fileTime is in units of 100 ns since 1601-01-01 UTC.
func fileTime(t time.Time) uint64 {
	const secondsTo1970 = 11644473600
	return uint64(t.Unix()+secondsTo1970)*1e7 + uint64(t.Nanosecond())/100
}

// encodeGUID encodes the first three groups little-endian, [MS-DTYP] 2.3.4.2. An empty text is null.
func encodeGUID(g GUID) (value, error) {
	if g == "" {
		return value{}, nil
	}
	text := strings.TrimSuffix(strings.TrimPrefix(string(g), "{"), "}")
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != 16 || len(text) != 36 {
		return value{}, fmt.Errorf("%q is no GUID, expected one such as {9482f4b4-e343-43b6-b170-9a65bc822c77}", string(g))
	}
	b := []byte{raw[3], raw[2], raw[1], raw[0], raw[5], raw[4], raw[7], raw[6]}
	return value{typ: typeGUID, data: append(b, raw[8:]...)}, nil
}

// encodeSID encodes a security identifier, [MS-DTYP] 2.4.2.2. An empty text is null.
func encodeSID(s SID) (value, error) {
	if s == "" {
		return value{}, nil
	}
	wrong := fmt.Errorf("%q is no SID, expected one such as S-1-5-18", string(s))
	parts := strings.Split(string(s), "-")
	if len(parts) < 3 || len(parts) > 3+15 || parts[0] != "S" || parts[1] != "1" {
		return value{}, wrong
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return value{}, wrong
	}
	b := []byte{1, byte(len(parts) - 3)}
	b = append(b, binary.BigEndian.AppendUint64(nil, authority)[2:]...)
	for _, p := range parts[3:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return value{}, wrong
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return value{typ: typeSID, data: b}, nil
}
