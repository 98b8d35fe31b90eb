package scan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Encoding is how the bytes of a log become text.
type Encoding int

const (
	// UTF8 covers ASCII too. Bytes that are not UTF-8 are taken as Windows-1252, one by one.
	UTF8 Encoding = iota
	UTF16LE
	UTF16BE
)

func (e Encoding) String() string {
	switch e {
	case UTF16LE:
		return "utf-16le"
	case UTF16BE:
		return "utf-16be"
	}
	return "utf-8"
}

// detect gives the encoding of a log by its first bytes, and the length of its byte order mark.
func detect(head []byte) (Encoding, int) {
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return UTF8, 3
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return UTF16LE, 2
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return UTF16BE, 2
	}
	// Without a mark UTF-16 of mostly Western text shows by its zero bytes, which other logs do not have.
	var even, odd int
	for i, c := range head[:min(len(head), 4096)&^1] {
		if c == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	pairs := min(len(head), 4096) / 2
	switch {
	case pairs >= 2 && odd > pairs*2/5 && even < pairs/10:
		return UTF16LE, 0
	case pairs >= 2 && even > pairs*2/5 && odd < pairs/10:
		return UTF16BE, 0
	}
	return UTF8, 0
}

// decodeUTF16 appends the text of the code units in src to dst, up to the capacity of dst. It gives how many bytes of
// src it took and how many code units were wrong (each becomes U+FFFD). What is left of src is a part of a pair
// or did not fit; at the end of the input (last) nothing is kept back for want of more.
func decodeUTF16(dst, src []byte, big, last bool) (out []byte, taken, bad int) {
	hi, lo := 1, 0
	if big {
		hi, lo = 0, 1
	}
	i := 0
	for i+1 < len(src) && len(dst)+utf8.UTFMax <= cap(dst) {
		u := rune(src[i+hi])<<8 | rune(src[i+lo])
		switch {
		case u < utf8.RuneSelf:
			dst = append(dst, byte(u))
		case !utf16.IsSurrogate(u):
			dst = utf8.AppendRune(dst, u)
		default:
			if i+3 >= len(src) && !last {
				return dst, i, bad
			}
			r := utf8.RuneError
			if i+3 < len(src) {
				r = utf16.DecodeRune(u, rune(src[i+2+hi])<<8|rune(src[i+2+lo]))
			}
			if r == utf8.RuneError {
				bad++
			} else {
				i += 2
			}
			dst = utf8.AppendRune(dst, r)
		}
		i += 2
	}
	if last && i+1 == len(src) && len(dst)+utf8.UTFMax <= cap(dst) {
		dst, i, bad = utf8.AppendRune(dst, utf8.RuneError), i+1, bad+1
	}
	return dst, i, bad
}

// sizeUTF16 is how many bytes of UTF-16 the text came from, which decodeUTF16 made. (The odd byte at the very end of a
// damaged input counts as two.)
func sizeUTF16(text []byte) int64 {
	var units int64
	for _, c := range text {
		// Each rune has one byte that is not a continuation; those of four bytes come from two code units.
		if c < 0x80 || c >= 0xC0 {
			units++
		}
		if c >= 0xF0 {
			units++
		}
	}
	return 2 * units
}

// countBad is how many bytes of b are not UTF-8.
func countBad(b []byte) (n int64) {
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			n++
		}
		b = b[size:]
	}
	return n
}

// windows1252 is what the bytes 0x80 to 0x9F mean; the five that mean nothing become U+FFFD.
var windows1252 = [32]rune{
	'€', utf8.RuneError, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', utf8.RuneError, 'Ž', utf8.RuneError,
	utf8.RuneError, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', utf8.RuneError, 'ž', 'Ÿ',
}

// appendText appends line as valid UTF-8 to dst: bytes that are not UTF-8 are read as Windows-1252.
func appendText(dst, line []byte) []byte {
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if r == utf8.RuneError && size == 1 {
			r = rune(line[0])
			if r < 0xA0 {
				r = windows1252[r-0x80]
			}
		}
		dst = utf8.AppendRune(dst, r)
		line = line[size:]
	}
	return dst
}
