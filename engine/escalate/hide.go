package escalate

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/rectify-project/rectify/engine/escalate/pseudonym"
)

// hider is what stands between the contents and the bundle. Without a book everything stays as it is.
type hider struct{ book *pseudonym.Book }

// newHider learns the private names in all of the documents and texts, for it to replace.
func newHider(known Known, d *documents, texts ...string) (hider, error) {
	l := pseudonym.NewLearner(known.Users, known.Machines, known.Domains)
	for _, name := range d.order {
		if err := l.JSON(d.data[name]); err != nil {
			return hider{}, fmt.Errorf("%s cannot be redacted: %w", name, err)
		}
	}
	for _, t := range texts {
		l.Text(t)
	}
	return hider{l.Book()}, nil
}

// text redacts a text. Signs that a terminal would obey are written as their numbers.
func (h hider) text(s string) string {
	if h.book != nil {
		s = h.book.Text(s)
	}
	return visible(s)
}

// json redacts a document.
func (h hider) json(data []byte, lines bool) ([]byte, error) {
	if h.book == nil {
		return pseudonym.CopyJSON(data, lines)
	}
	return h.book.JSON(data, lines)
}

// visible writes the signs of a text that a terminal would obey rather than show as their numbers: control characters,
// escape sequences, marks that turn the direction of text. Ends of lines and tabs stay.
func visible(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	if strings.IndexFunc(s, obeyed) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		switch {
		case !obeyed(r):
			out.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&out, `\x%02x`, r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// obeyed says whether a sign is an order to the terminal. The joiners that emoji and some scripts need are not.
func obeyed(r rune) bool {
	return r != '\n' && r != '\t' && r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf)
}
