package pseudonym

import (
	"bytes"
	"strings"
)

// Book replaces private names by pseudonyms. It gives the same pseudonym for the same name each time, and leaves alone
// what it has replaced already. It is not safe for concurrent use.
type Book struct {
	names    map[string]name // by folded name
	tree     *tree           // of those that are looked for everywhere
	tables   [kinds]*table
	accounts *table          // numbers of accounts in SIDs
	sidsSeen map[string]bool // whole SIDs, folded
	places   [kinds]int
	hidden   map[string]bool // names that were replaced only where their place shows what they are
	full     bool
}

// Count is how much of one kind was replaced.
type Count struct {
	Kind   Kind
	Names  int // distinct ones
	Places int // where they stood
}

// Counts tells what was replaced so far, by kind. Kinds of which nothing was are left out.
func (b *Book) Counts() []Count {
	var counts []Count
	for k := range kinds {
		c := Count{k, len(b.tables[k].numbers), b.places[k]}
		if k == SID {
			c.Names = len(b.sidsSeen)
		}
		if c.Places > 0 {
			counts = append(counts, c)
		}
	}
	return counts
}

// Hidden counts the names that were replaced where their place shows that they are names, and may stand elsewhere: they
// are too short, or too common as words, to be looked for in all texts.
func (b *Book) Hidden() int { return len(b.hidden) }

// Full says that there were more names than are looked for in all texts.
func (b *Book) Full() bool { return b.full }

// Holds says whether a text has something that the book would replace.
func (b *Book) Holds(s string) bool {
	found := false
	blocks(strings.ToValidUTF8(s, "\uFFFD"), func(block string) {
		for folded, i := "", 0; i < len(block) && !found; i++ {
			folded, _ = b.nameAt(block, i)
			found = folded != ""
		}
	})
	return found
}

// Text replaces the names in a text. Bytes that are no UTF-8 become U+FFFD.
func (b *Book) Text(s string) string {
	var out strings.Builder
	blocks(strings.ToValidUTF8(s, "\uFFFD"), func(block string) {
		spans := b.spans(block)
		if key, value, ok := assignment(block); ok {
			at := len(block) - len(value)
			spans = merge(block, b.field(fieldOf(key, ""), block, area{at, len(block)}), spans)
		}
		b.replace(&out, block, spans)
	})
	return out.String()
}

// JSON replaces the names in the texts of a JSON document, and in the names of its fields; what is no text stays as it is
// to the last digit. With lines the document is broken into lines for people. What is no JSON is an error.
func (b *Book) JSON(data []byte, lines bool) ([]byte, error) {
	var out bytes.Buffer
	err := walk(&out, data, lines, func(at place, text string) string {
		f := noField
		if !at.isKey {
			f = fieldOf(at.key, at.parent)
		}
		switch {
		case isTime(text), f == versionField && isAddress(text):
			return text
		case f == noField || len(text) > blockSize:
			return b.Text(text)
		}
		var changed strings.Builder
		b.replace(&changed, text, merge(text, b.field(f, text, area{0, len(text)}), b.spans(text)))
		return changed.String()
	})
	return out.Bytes(), err
}

// CopyJSON gives a JSON document as it is, broken into lines as [Book.JSON] does. What is no JSON is an error.
func CopyJSON(data []byte, lines bool) ([]byte, error) {
	var out bytes.Buffer
	err := walk(&out, data, lines, func(_ place, text string) string { return text })
	return out.Bytes(), err
}

// replace writes a text with its spans replaced.
func (b *Book) replace(out *strings.Builder, s string, spans []span) {
	at := 0
	for _, sp := range spans {
		out.WriteString(s[at:sp.from])
		if sp.kept() {
			out.WriteString(sp.of(s))
		} else {
			out.WriteString(sp.with())
			if sp.to < len(s) && digit(s[sp.to]) { // would else be of its number
				out.WriteByte('_')
			}
		}
		at = sp.to
	}
	out.WriteString(s[at:])
}

// token gives the pseudonym of a folded name, and counts it. A name has that of the kind which it was learnt as.
func (b *Book) token(k Kind, folded string) string {
	n, learnt := b.names[folded]
	if learnt && k <= Domain {
		k = n.kind
	}
	if k <= Domain && !n.everywhere && len(b.hidden) < MaxNames {
		b.hidden[folded] = true
	}
	b.places[k]++
	return token{k, b.tables[k].number(folded)}.String()
}

// blockSize is about how much of a text is looked at in one go.
const blockSize = 64 << 10

// blocks hands a text on in parts, which are cut where no name can be: at the end of a line, or, where lines are very
// long, behind a sign that no name holds.
func blocks(s string, each func(string)) {
	for len(s) > blockSize {
		cut := strings.IndexByte(s[blockSize:min(len(s), 16*blockSize)], '\n')
		if cut < 0 {
			cut = strings.IndexAny(s[blockSize:], "\n\"|<>;,")
		}
		if cut < 0 {
			break
		}
		cut += blockSize + 1
		each(s[:cut])
		s = s[cut:]
	}
	each(s)
}
