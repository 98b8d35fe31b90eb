package registry

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/rectify-project/rectify/internal/artefact/hive"
)

// TextValue is a text.
func TextValue(name, text string) Value { return Value{name, hive.SZ, encode(text + "\x00")} }

// ExpandableText is a text in which programs replace %variables%.
func ExpandableText(name, text string) Value {
	return Value{name, hive.ExpandSZ, encode(text + "\x00")}
}

// NumberValue is a number of 32 bits.
func NumberValue(name string, n uint32) Value {
	return Value{name, hive.DWord, binary.LittleEndian.AppendUint32(nil, n)}
}

// Number64Value is a number of 64 bits.
func Number64Value(name string, n uint64) Value {
	return Value{name, hive.QWord, binary.LittleEndian.AppendUint64(nil, n)}
}

// ListValue is a list of texts. An empty one ends the list for most programs.
func ListValue(name string, list []string) Value {
	var all strings.Builder
	for _, s := range list {
		all.WriteString(s + "\x00")
	}
	return Value{name, hive.MultiSZ, encode(all.String() + "\x00")}
}

func encode(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// Decode gives the data by the type of the value: string (SZ, ExpandSZ, Link), []string (MultiSZ), uint32 (DWord,
// DWordBE), uint64 (QWord), else []byte. Data that are too short for their type are an error.
func (v Value) Decode() (any, error) {
	want := 0
	switch v.Type {
	case hive.SZ, hive.ExpandSZ, hive.Link:
		text, _, _ := strings.Cut(decode(v.Data), "\x00")
		return text, nil
	case hive.MultiSZ:
		return list(v.Data), nil
	case hive.DWord:
		if want = 4; len(v.Data) >= want {
			return binary.LittleEndian.Uint32(v.Data), nil
		}
	case hive.DWordBE:
		if want = 4; len(v.Data) >= want {
			return binary.BigEndian.Uint32(v.Data), nil
		}
	case hive.QWord:
		if want = 8; len(v.Data) >= want {
			return binary.LittleEndian.Uint64(v.Data), nil
		}
	default:
		return v.Data, nil
	}
	return nil, fmt.Errorf("value %q is a %v of %d bytes, expected %d", v.Name, v.Type, len(v.Data), want)
}

// Show is the data for people: "3 (0x3)", cut to some hundred characters.
func (v Value) Show() string {
	data, err := v.Decode()
	if err != nil {
		data = v.Data
	}
	return show(data)
}

// list splits data of MultiSZ. Each text ends with a NUL and the list with one more; an empty text within stays, since
// PendingFileRenameOperations has them (a file that is to be deleted).
func list(b []byte) []string {
	text := strings.TrimSuffix(strings.TrimSuffix(decode(b), "\x00"), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}

func decode(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
