package prose

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	textwidth "golang.org/x/text/width"
)

// cell is a sign that the terminal shows.
type cell struct {
	r     rune
	style Style
}

// cells are the signs of a text. Those that a terminal would obey rather than show stand as their numbers: control
// characters, escape sequences, marks that turn the direction of text.
func cells(s Span) []cell {
	out := make([]cell, 0, len(s.Text))
	for _, r := range strings.ToValidUTF8(s.Text, "\ufffd") {
		if !obeyed(r) {
			out = append(out, cell{r, s.Style})
			continue
		}
		number := fmt.Sprintf(`\u%04x`, r)
		if r < 0x100 {
			number = fmt.Sprintf(`\x%02x`, r)
		}
		for _, digit := range number {
			out = append(out, cell{digit, s.Style})
		}
	}
	return out
}

// obeyed says whether a sign is an order to the terminal. The joiners that emoji and some scripts need are not.
func obeyed(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\u200c' && r != '\u200d'
}

// pieces takes a word apart that is too long for a line and is in a script without blanks; other words, such as paths,
// are left whole.
func pieces(word []cell, most int) [][]cell {
	if columns(word) <= most || !slices.ContainsFunc(word, func(c cell) bool { return isWide(c.r) }) {
		return [][]cell{word}
	}
	var out [][]cell
	begin, taken := 0, 0
	for i, c := range word {
		n := runeColumns(c.r)
		if taken > 0 && taken+n > most {
			out = append(out, word[begin:i:i])
			begin, taken = i, 0
		}
		taken += n
	}
	return append(out, word[begin:])
}

// columns is how many columns of a terminal signs take.
func columns(list []cell) int {
	n := 0
	for _, c := range list {
		n += runeColumns(c.r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case isWide(r):
		return 2
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // stands on the sign before it
		return 0
	}
	return 1
}

// isWide says whether a sign takes two columns.
func isWide(r rune) bool {
	k := textwidth.LookupRune(r).Kind()
	return k == textwidth.EastAsianWide || k == textwidth.EastAsianFullwidth
}

// Printable is a text on one line that a terminal shows and does not obey: controls and marks of direction are replaced.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case obeyed(r):
			return '\ufffd'
		}
		return r
	}, s)
}
