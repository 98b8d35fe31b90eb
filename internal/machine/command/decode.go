package command

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Decode reads the output of a program of Windows. Redirected, they write the console's code page, the OEM one for a process
// without a console, which is UTF-8 on machines that are set so; some write UTF-16, with a mark at the beginning or without.
// CR LF become LF; a CR alone, which begins a line of progress anew, too. What cannot be decoded becomes U+FFFD.
func Decode(b []byte) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(decode(b))
}

func decode(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return strings.ToValidUTF8(string(b[3:]), "\uFFFD")
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return fromUTF16(b[2:], binary.LittleEndian)
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return fromUTF16(b[2:], binary.BigEndian)
	case isUTF16(b):
		return fromUTF16(b, binary.LittleEndian)
	case utf8.Valid(b):
		return string(b)
	}
	return fromOEM(b)
}

// isUTF16 recognises UTF-16 without a mark: Latin text has a zero in every other byte, no code page has any.
func isUTF16(b []byte) bool {
	low, high := 0, 0
	for i, c := range b {
		if c == 0 && i%2 == 1 {
			high++
		} else if c == 0 {
			low++
		}
	}
	return high > 0 && high >= len(b)/4 && low <= high/16
}

func fromUTF16(b []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
