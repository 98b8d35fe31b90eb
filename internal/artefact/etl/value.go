package etl

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"unicode/utf8"
)

// Types of a value in the payload (TlgIn_t, the same numbers as TDH_INTYPE).
const (
	inNull = iota
	inUTF16
	inANSI
	inInt8
	inUint8
	inInt16
	inUint16
	inInt32
	inUint32
	inInt64
	inUint64
	inFloat
	inDouble
	inBool32
	inBinary
	inGUID
	inPointer
	inFileTime
	inSystemTime
	inSID
	inHex32
	inHex64
	inCountedUTF16
	inCountedANSI
	_ // structure
	inCountedBinary
)

// Types for display (TlgOut_t, the same numbers as TDH_OUTTYPE).
const (
	outString     = 2
	outBoolean    = 3
	outHex        = 4
	outPort       = 7
	outIPv4       = 8
	outIPv6       = 9
	outSocket     = 10
	outWin32Error = 13
	outNTStatus   = 14
	outHRESULT    = 15
	outFileTime   = 16
	outUTF8       = 35
)

var widths = [...]uint8{
	inInt8: 1, inUint8: 1, inInt16: 2, inUint16: 2, inInt32: 4, inUint32: 4, inInt64: 8, inUint64: 8,
	inFloat: 4, inDouble: 8, inBool32: 4, inGUID: 16, inFileTime: 8, inSystemTime: 16, inHex32: 4, inHex64: 8,
}

// scalar reads one value and writes it as text.
func (d *decoder) scalar(in, out byte) (string, error) {
	switch in {
	case inNull:
		return "", nil
	case inUTF16, inANSI:
		return d.terminated(in)
	case inCountedUTF16, inCountedANSI, inBinary, inCountedBinary:
		return d.counted(in, out)
	case inSID:
		return d.sid()
	}
	width := d.pointer
	if in != inPointer {
		if int(in) >= len(widths) || widths[in] == 0 {
			return "", fmt.Errorf("value of unknown type %d", in)
		}
		width = int(widths[in])
	}
	b, err := d.take(width)
	if err != nil {
		return "", err
	}
	switch in {
	case inFloat:
		return strconv.FormatFloat(float64(math.Float32frombits(le.Uint32(b))), 'g', -1, 32), nil
	case inDouble:
		return strconv.FormatFloat(math.Float64frombits(le.Uint64(b)), 'g', -1, 64), nil
	case inBool32:
		return strconv.FormatBool(le.Uint32(b) != 0), nil
	case inGUID:
		return "{" + guidText(b) + "}", nil
	case inFileTime:
		return timeText(le.Uint64(b)), nil
	case inSystemTime:
		return systemTimeText(b), nil
	}
	return integer(b, in, out), nil
}

// integer writes a number. Error codes, and all 32-bit numbers with the highest
// bit set, which error codes have, are written in both forms that people search
// for: -2145124322 (0x8024001E).
func integer(b []byte, in, out byte) string {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	switch in {
	case inHex32, inHex64, inPointer:
		return fmt.Sprintf("0x%X", v)
	}
	signed := in == inInt8 || in == inInt16 || in == inInt32 || in == inInt64
	shift := 64 - 8*len(b)
	decimal := strconv.FormatUint(v, 10)
	if signed {
		decimal = strconv.FormatInt(int64(v<<shift)>>shift, 10)
	}
	switch out {
	case outHex:
		return fmt.Sprintf("0x%X", v)
	case outBoolean:
		return strconv.FormatBool(v != 0)
	case outString:
		if v != 0 && len(b) <= 2 {
			return string(rune(v))
		}
	case outPort:
		if len(b) == 2 {
			return strconv.Itoa(int(b[0])<<8 | int(b[1]))
		}
	case outIPv4:
		if len(b) == 4 {
			return netip.AddrFrom4([4]byte(b)).String()
		}
	case outFileTime:
		if len(b) == 8 {
			return timeText(v)
		}
	}
	code := out == outWin32Error || out == outNTStatus || out == outHRESULT
	if len(b) == 4 && (code || v>>31 != 0) {
		return fmt.Sprintf("%s (0x%08X)", decimal, v)
	}
	return decimal
}

// terminated reads text up to its NUL. The last field's text may end with the
// payload instead.
func (d *decoder) terminated(in byte) (string, error) {
	if len(d.payload) == 0 {
		return "", fmt.Errorf("text expected, no bytes are left")
	}
	var text string
	if in == inUTF16 {
		text, d.payload = cutUTF16(d.payload)
	} else {
		before, after, _ := bytes.Cut(d.payload, []byte{0})
		text, d.payload = textANSI(before), after
	}
	return text, nil
}

// textANSI reads UTF-8, and other text as ISO 8859-1: a trace does not tell
// its code page.
func textANSI(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// counted reads what follows a 16-bit number of bytes.
func (d *decoder) counted(in, out byte) (string, error) {
	b, err := d.take(2)
	if err != nil {
		return "", err
	}
	if b, err = d.take(int(le.Uint16(b))); err != nil {
		return "", err
	}
	switch {
	case in == inCountedUTF16:
		return textUTF16(b), nil
	case in == inCountedANSI, out == outUTF8:
		return textANSI(b), nil
	case out == outIPv6 && len(b) == 16:
		return netip.AddrFrom16([16]byte(b)).String(), nil
	case out == outSocket:
		if text := socketText(b); text != "" {
			return text, nil
		}
	}
	return hex.EncodeToString(b), nil
}

// sid reads a security identifier ([MS-DTYP] 2.4.2.2).
func (d *decoder) sid() (string, error) {
	b, err := d.take(8)
	if err != nil {
		return "", err
	}
	if b[1] > 15 {
		return "", fmt.Errorf("security identifier with %d parts, expected at most 15", b[1])
	}
	parts, err := d.take(4 * int(b[1]))
	if err != nil {
		return "", err
	}
	var authority uint64
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	s := fmt.Sprintf("S-%d-%d", b[0], authority)
	for ; len(parts) > 0; parts = parts[4:] {
		s += "-" + strconv.FormatUint(uint64(le.Uint32(parts)), 10)
	}
	return s, nil
}

// timeText writes a FILETIME; one that is no date stays a number.
func timeText(units uint64) string {
	t := fileTime(units)
	if t.IsZero() {
		return strconv.FormatUint(units, 10)
	}
	return t.Format("2006-01-02T15:04:05.9999999Z")
}

// systemTimeText writes a SYSTEMTIME, which does not tell its time zone.
func systemTimeText(b []byte) string {
	part := func(i int) int { return int(le.Uint16(b[2*i:])) }
	return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03d", part(0), part(1), part(3), part(4), part(5), part(6), part(7))
}

// socketText writes a SOCKADDR of IPv4 (family 2) or IPv6 (family 23), "" for others.
func socketText(b []byte) string {
	if len(b) < 8 {
		return ""
	}
	port := uint16(b[2])<<8 | uint16(b[3])
	switch family := le.Uint16(b); {
	case family == 2:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port).String()
	case family == 23 && len(b) >= 24:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), port).String()
	}
	return ""
}
