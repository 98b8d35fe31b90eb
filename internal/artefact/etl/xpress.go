package etl

import "errors"

var (
	errPackedEnd    = errors.New("the packed data ends early")
	errPackedOffset = errors.New("the packed data refers to text before its beginning")
	errPackedLength = errors.New("the packed data has an impossible match length")
)

// expand unpacks plain LZ77 ([MS-XCA] 2.4) from src, appending to dst until
// dst has size bytes. Packed data that ends early or is damaged gives what came
// before it and an error. dst never grows beyond size.
func expand(dst, src []byte, size int) ([]byte, error) {
	var (
		flags  uint32
		left   int        // flag bits left
		p      int        // position in src
		nibble = -1       // position of a length byte whose high half is still to be used
		base   = len(dst) // matches reach back to here
	)
	for len(dst) < size {
		if left == 0 {
			if p+4 > len(src) {
				return dst, errPackedEnd
			}
			flags, left = le.Uint32(src[p:]), 32
			p += 4
		}
		left--
		if flags&(1<<left) == 0 {
			if p >= len(src) {
				return dst, errPackedEnd
			}
			dst = append(dst, src[p])
			p++
			continue
		}
		if p+2 > len(src) {
			return dst, errPackedEnd
		}
		match := le.Uint16(src[p:])
		p += 2
		offset, length := int(match>>3)+1, int(match&7)
		if length == 7 {
			var err error
			if length, p, nibble, err = longLength(src, p, nibble); err != nil {
				return dst, err
			}
		}
		length = min(length+3, size-len(dst))
		if offset > len(dst)-base {
			return dst, errPackedOffset
		}
		from := len(dst) - offset
		if offset >= length {
			dst = append(dst, dst[from:from+length]...)
			continue
		}
		// The copy overlaps what it writes: it repeats.
		for i := range length {
			dst = append(dst, dst[from+i])
		}
	}
	return dst, nil
}

// longLength reads the length of a match whose three bits are all set: half a
// byte that two matches share, then a byte, two bytes, four bytes, each used
// when the one before it is full.
func longLength(src []byte, p, nibble int) (length, next, half int, err error) {
	switch {
	case nibble >= 0:
		length, nibble = int(src[nibble]>>4), -1
	case p >= len(src):
		return 0, p, nibble, errPackedEnd
	default:
		length, nibble = int(src[p]&15), p
		p++
	}
	if length < 15 {
		return length + 7, p, nibble, nil
	}
	if p >= len(src) {
		return 0, p, nibble, errPackedEnd
	}
	length = int(src[p])
	p++
	if length < 255 {
		return length + 15 + 7, p, nibble, nil
	}
	if p+2 > len(src) {
		return 0, p, nibble, errPackedEnd
	}
	length = int(le.Uint16(src[p:]))
	p += 2
	if length == 0 {
		if p+4 > len(src) {
			return 0, p, nibble, errPackedEnd
		}
		long := le.Uint32(src[p:])
		p += 4
		if long > maxBuffer {
			return 0, p, nibble, errPackedLength
		}
		length = int(long)
	}
	if length < 15+7 {
		return 0, p, nibble, errPackedLength
	}
	return length, p, nibble, nil
}
