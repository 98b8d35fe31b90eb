package report

import (
	"fmt"
	"strings"
	"unicode"

	textwidth "golang.org/x/text/width"
)

// width is how many columns the lines of a text report have at most. Only a word that cannot be broken, such as a path,
// makes a line longer.
const width = 80

// wrap writes words on as many lines as they need, the first behind first, the others behind rest, which is not longer
// than first. The words come from logs and may hold anything; see [visible].
func (t *text) wrap(first, rest, words string) {
	at, empty := first, true
	for _, word := range strings.Fields(words) {
		for _, piece := range pieces(visible(word), width-columns(rest)) {
			gap := 1
			if empty {
				gap = 0
			}
			if columns(at)+gap+columns(piece) > width && (!empty || columns(at) > columns(rest)) {
				t.line("%s", strings.TrimRight(at, " "))
				at, empty = rest, true
			}
			if !empty {
				at += " "
			}
			at += piece
			empty = false
		}
	}
	t.line("%s", strings.TrimRight(at, " "))
}

// visible writes the signs of a word that a terminal would obey rather than show as their numbers: control characters,
// escape sequences, marks that turn the direction of text.
func visible(word string) string {
	if strings.IndexFunc(word, obeyed) < 0 {
		return strings.ToValidUTF8(word, "\uFFFD")
	}
	var s strings.Builder
	for _, r := range word {
		switch {
		case !obeyed(r):
			s.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&s, `\x%02x`, r)
		default:
			fmt.Fprintf(&s, `\u%04x`, r)
		}
	}
	return s.String()
}

// obeyed says whether a sign is an order to the terminal. The joiners that emoji and some scripts need are not.
func obeyed(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf) && r != '\u200c' && r != '\u200d'
}

// pieces takes a word apart that is too long for a line and is in a script without blanks; other words, such as paths,
// are left whole so that they can be copied.
func pieces(word string, most int) []string {
	if columns(word) <= most || !strings.ContainsFunc(word, isWide) {
		return []string{word}
	}
	var out []string
	var line strings.Builder
	taken := 0
	for _, r := range word {
		n := runeColumns(r)
		if taken+n > most {
			out = append(out, line.String())
			line.Reset()
			taken = 0
		}
		line.WriteRune(r)
		taken += n
	}
	return append(out, line.String())
}

// columns is how many columns of a terminal a text takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
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
