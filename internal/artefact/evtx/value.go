package evtx

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Value types, [MS-EVEN6] 2.2.12. Bit 0x80 makes an array of it.
const (
	typeNull       = 0x00
	typeString     = 0x01
	typeANSI       = 0x02
	typeInt8       = 0x03
	typeUint8      = 0x04
	typeInt16      = 0x05
	typeUint16     = 0x06
	typeInt32      = 0x07
	typeUint32     = 0x08
	typeInt64      = 0x09
	typeUint64     = 0x0a
	typeReal32     = 0x0b
	typeReal64     = 0x0c
	typeBool       = 0x0d
	typeBinary     = 0x0e
	typeGUID       = 0x0f
	typeSizeT      = 0x10
	typeFileTime   = 0x11
	typeSystemTime = 0x12
	typeSID        = 0x13
	typeHex32      = 0x14
	typeHex64      = 0x15
	typeBinXML     = 0x21
	typeArray      = 0x80
)

// value is a typed range of the chunk.
type value struct {
	at, n uint32
	typ   byte
}

func (s *scanner) bytes(v value) []byte { return s.data[v.at : v.at+v.n] }

// item splits the first item off an array value.
func (s *scanner) item(v value) (first, rest value) {
	d := s.bytes(v)
	typ := v.typ &^ typeArray
	n, skip := 0, 0
	switch typ {
	case typeString:
		for n+1 < len(d) && (d[n] != 0 || d[n+1] != 0) {
			n += 2
		}
		skip = n + 2
	case typeANSI:
		for n < len(d) && d[n] != 0 {
			n++
		}
		skip = n + 1
	case typeSID:
		n = len(d)
		if len(d) >= 8 {
			n = 8 + 4*int(d[1])
		}
		skip = n
	default:
		n = fixedSize(typ)
		if n == 0 {
			n = len(d)
		}
		skip = n
	}
	n, skip = min(n, len(d)), min(skip, len(d))
	return value{at: v.at, n: uint32(n), typ: typ}, value{at: v.at + uint32(skip), n: v.n - uint32(skip), typ: v.typ}
}

// fixedSize returns the bytes of a value of that type, 0 where they vary.
func fixedSize(typ byte) int {
	switch typ {
	case typeInt8, typeUint8:
		return 1
	case typeInt16, typeUint16:
		return 2
	case typeInt32, typeUint32, typeReal32, typeBool, typeHex32:
		return 4
	case typeInt64, typeUint64, typeReal64, typeFileTime, typeHex64, typeSizeT:
		return 8
	case typeGUID, typeSystemTime:
		return 16
	}
	return 0
}

// appendValue appends a single value as text in the form that Field documents. A value too short for its type is
// appended as hexadecimal, so that nothing is lost.
func (s *scanner) appendValue(b []byte, v value) []byte {
	d := s.bytes(v)
	if len(d) == 0 {
		return b
	}
	if v.typ != typeSizeT && v.typ != typeBool && len(d) < fixedSize(v.typ) {
		return appendHex(b, d)
	}
	le := binary.LittleEndian
	switch v.typ {
	case typeNull:
		return b
	case typeString:
		return appendUTF16(b, d)
	case typeANSI:
		for _, c := range d {
			if c != 0 {
				b = append(b, string(rune(c))...)
			}
		}
		return b
	case typeInt8:
		return strconv.AppendInt(b, int64(int8(d[0])), 10)
	case typeInt16:
		return strconv.AppendInt(b, int64(int16(le.Uint16(d))), 10)
	case typeInt32:
		return strconv.AppendInt(b, int64(int32(le.Uint32(d))), 10)
	case typeInt64:
		return strconv.AppendInt(b, int64(le.Uint64(d)), 10)
	case typeUint8, typeUint16, typeUint32, typeUint64:
		return strconv.AppendUint(b, littleEndian(d[:fixedSize(v.typ)]), 10)
	case typeReal32:
		return strconv.AppendFloat(b, float64(math.Float32frombits(le.Uint32(d))), 'g', -1, 32)
	case typeReal64:
		return strconv.AppendFloat(b, math.Float64frombits(le.Uint64(d)), 'g', -1, 64)
	case typeBool:
		return strconv.AppendBool(b, littleEndian(d[:min(len(d), 8)]) != 0)
	case typeGUID:
		return fmt.Appendf(b, "{%08x-%04x-%04x-%x-%x}", le.Uint32(d), le.Uint16(d[4:]), le.Uint16(d[6:]), d[8:10], d[10:16])
	case typeSizeT, typeHex32, typeHex64:
		return strconv.AppendUint(append(b, "0x"...), littleEndian(d[:min(len(d), 8)]), 16)
	case typeFileTime:
		return fileTime(le.Uint64(d)).AppendFormat(b, "2006-01-02T15:04:05.0000000Z")
	case typeSystemTime:
		return systemTimeOf(d).AppendFormat(b, "2006-01-02T15:04:05.000Z")
	case typeSID:
		return appendSID(b, d)
	}
	return appendHex(b, d)
}

func appendHex(b, d []byte) []byte {
	at := len(b)
	b = hex.AppendEncode(b, d)
	for i := at; i < len(b); i++ {
		if b[i] >= 'a' {
			b[i] -= 'a' - 'A'
		}
	}
	return b
}

// appendSID appends a security identifier, [MS-DTYP] 2.4.2.
func appendSID(b, d []byte) []byte {
	if len(d) < 8 || len(d) < 8+4*int(d[1]) {
		return appendHex(b, d)
	}
	authority := uint64(0)
	for _, c := range d[2:8] {
		authority = authority<<8 | uint64(c)
	}
	b = strconv.AppendUint(append(b, "S-"...), uint64(d[0]), 10)
	b = strconv.AppendUint(append(b, '-'), authority, 10)
	for i := range int(d[1]) {
		b = strconv.AppendUint(append(b, '-'), uint64(binary.LittleEndian.Uint32(d[8+4*i:])), 10)
	}
	return b
}

// littleEndian reads up to 8 bytes.
func littleEndian(d []byte) uint64 {
	n := uint64(0)
	for i := len(d) - 1; i >= 0; i-- {
		n = n<<8 | uint64(d[i])
	}
	return n
}

// fileTime converts a FILETIME: 100 ns since 1601-01-01 UTC.
func fileTime(t uint64) time.Time {
	const secondsTo1970 = 11644473600
	return time.Unix(int64(t/1e7)-secondsTo1970, int64(t%1e7)*100).UTC()
}

// systemTimeOf converts a SYSTEMTIME: year, month, weekday, day, hour, minute, second, millisecond.
func systemTimeOf(d []byte) time.Time {
	at := func(i int) int { return int(binary.LittleEndian.Uint16(d[2*i:])) }
	return time.Date(at(0), time.Month(at(1)), at(3), at(4), at(5), at(6), at(7)*1e6, time.UTC)
}
