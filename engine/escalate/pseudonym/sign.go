package pseudonym

import (
	"strings"
	"unicode/utf8"
)

// area is a part of a text: from its first byte to behind its last.
type area struct{ from, to int }

func (a area) of(s string) string { return s[a.from:a.to] }

func digit(c byte) bool  { return '0' <= c && c <= '9' }
func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func alnum(c byte) bool  { return digit(c) || letter(c) }
func hex(c byte) bool    { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
func blank(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// hostRune says whether a sign can stand in the name of a machine with its domain. Those of scripts without blanks
// between words cannot: where such a name ends could not be told.
func hostRune(r rune) bool {
	if r < utf8.RuneSelf {
		return alnum(byte(r)) || r == '-' || r == '.' || r == '_'
	}
	return wordRune(r) && !unbounded(r)
}

// hostEnd is where the name of a machine ends that begins at a place.
func hostEnd(s string, from int) int {
	to := from
	for to < len(s) && to-from <= maxHost {
		r, size := utf8.DecodeRuneInString(s[to:])
		if !hostRune(r) {
			break
		}
		to += size
	}
	return from + len(strings.TrimRight(s[from:to], ".-_"))
}

// hasFold says whether a text begins with a word, in any case. The word is in small letters of ASCII.
func hasFold(s, word string) bool {
	return len(s) >= len(word) && strings.EqualFold(s[:len(word)], word)
}

// run is how many bytes c stand at i.
func run(s string, i int, c byte) int {
	n := 0
	for i+n < len(s) && s[i+n] == c {
		n++
	}
	return n
}

// escaped says whether the byte before i is the letter of an escape sequence, as in the text \n10.0.0.1: it is then no
// part of the word that begins at i.
func escaped(s string, i int) bool {
	return i >= 2 && s[i-2] == '\\' && strings.IndexByte("nrt", s[i-1]) >= 0
}

// wordBefore is the word of letters that ends before i, at most 24 bytes of it.
func wordBefore(s string, i int) string {
	from := i
	for from > 0 && i-from < 24 && (letter(s[from-1]) || s[from-1] >= utf8.RuneSelf) {
		from--
	}
	return s[from:i]
}

// hostStart is where the name of a machine or domain begins that ends before a place, at most so many bytes before it.
func hostStart(s string, to, most int) int {
	from := to
	for from > 0 && to-from < most {
		r, size := utf8.DecodeLastRuneInString(s[:from])
		if !hostRune(r) {
			break
		}
		from -= size
	}
	return from
}
