package eventlog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// markup reads XML as the Event Log service writes it. It takes what a strict reader refuses: control characters, which
// programs log and the service writes as they are.
type markup struct {
	text  string
	at    int
	open  []string // elements
	empty bool     // the innermost of them ends where it began
}

// piece is one piece of XML.
type piece struct {
	kind       pieceKind
	name       string      // of an element, as it is written
	attributes []attribute // of its beginning
	text       string      // of text, decoded
}

type pieceKind int

const (
	nothing pieceKind = iota // behind the last piece
	beginning
	ending
	characters
)

type attribute struct{ name, value string }

// maxOpen bounds how deep elements are nested, as in files.
const maxOpen = 64

var errEndsEarly = errors.New("the XML ends within a tag")

// next gives the next piece. An element without content has a beginning and an ending all the same.
func (m *markup) next() (piece, error) {
	if m.empty {
		m.empty = false
		return m.end(m.open[len(m.open)-1])
	}
	for m.at < len(m.text) {
		rest := m.text[m.at:]
		switch {
		case rest[0] != '<':
			end := strings.IndexByte(rest, '<')
			if end < 0 {
				end = len(rest)
			}
			m.at += end
			return piece{kind: characters, text: decoded(rest[:end])}, nil
		case strings.HasPrefix(rest, "<![CDATA["):
			text, err := m.between("<![CDATA[", "]]>")
			return piece{kind: characters, text: text}, err
		case strings.HasPrefix(rest, "<!--"):
			if _, err := m.between("<!--", "-->"); err != nil {
				return piece{}, err
			}
		case strings.HasPrefix(rest, "<?"):
			if _, err := m.between("<?", "?>"); err != nil {
				return piece{}, err
			}
		case strings.HasPrefix(rest, "</"):
			name, err := m.between("</", ">")
			if err != nil {
				return piece{}, err
			}
			return m.end(strings.TrimSpace(name))
		default:
			m.at++
			return m.begin()
		}
	}
	if n := len(m.open); n > 0 {
		return piece{}, fmt.Errorf("the element %q is not closed", m.open[n-1])
	}
	return piece{}, nil
}

// between gives the text between two marks, of which the first is here, and goes behind the second.
func (m *markup) between(first, second string) (string, error) {
	from := m.at + len(first)
	end := strings.Index(m.text[from:], second)
	if end < 0 {
		return "", errEndsEarly
	}
	m.at = from + end + len(second)
	return m.text[from : from+end], nil
}

func (m *markup) end(name string) (piece, error) {
	n := len(m.open) - 1
	if n < 0 || m.open[n] != name {
		return piece{}, fmt.Errorf("the element %.40q is closed and not open", name)
	}
	m.open = m.open[:n]
	return piece{kind: ending, name: name}, nil
}

// begin reads the rest of a tag: its name and attributes.
func (m *markup) begin() (piece, error) {
	p := piece{kind: beginning, name: m.word()}
	if p.name == "" {
		return p, errors.New("a tag has no name")
	}
	if len(m.open) >= maxOpen {
		return p, fmt.Errorf("elements are nested more than %d deep", maxOpen)
	}
	m.open = append(m.open, p.name)
	for {
		m.space()
		switch {
		case strings.HasPrefix(m.text[m.at:], "/>"):
			m.at += len("/>")
			m.empty = true
			return p, nil
		case strings.HasPrefix(m.text[m.at:], ">"):
			m.at++
			return p, nil
		}
		a, err := m.attribute()
		if err != nil {
			return p, err
		}
		p.attributes = append(p.attributes, a)
	}
}

func (m *markup) attribute() (attribute, error) {
	a := attribute{name: m.word()}
	m.space()
	rest := m.text[m.at:]
	if a.name == "" || !strings.HasPrefix(rest, "=") {
		if rest == "" {
			return a, errEndsEarly
		}
		return a, fmt.Errorf("%.20q is no attribute", a.name+rest)
	}
	m.at++
	m.space()
	for _, quote := range []string{"'", `"`} {
		if strings.HasPrefix(m.text[m.at:], quote) {
			value, err := m.between(quote, quote)
			a.value = decoded(value)
			return a, err
		}
	}
	return a, fmt.Errorf("the value of the attribute %.40q is not in quotes", a.name)
}

const blanks = " \t\r\n"

func (m *markup) space() {
	m.at = len(m.text) - len(strings.TrimLeft(m.text[m.at:], blanks))
}

// word reads a name.
func (m *markup) word() string {
	rest := m.text[m.at:]
	end := strings.IndexAny(rest, blanks+"=/><'\"")
	if end < 0 {
		end = len(rest)
	}
	m.at += end
	return rest[:end]
}

// decoded resolves references to characters. NUL characters are left out, with which programs end and pad their text; what
// is no reference stays as it is.
func decoded(s string) string {
	if !strings.ContainsAny(s, "&\x00") {
		return s
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "&\x00")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		if s[i] == 0 {
			s = s[i+1:]
			continue
		}
		s = s[i:]
		name, _, found := strings.Cut(s[:min(len(s), maxReference)], ";")
		text, known := "", false
		if found {
			text, known = reference(name[1:])
		}
		if !known {
			b.WriteByte('&')
			s = s[1:]
			continue
		}
		b.WriteString(text)
		s = s[len(name)+1:]
	}
	return b.String()
}

// maxReference bounds a reference with its marks: "&#x0010FFFF;".
const maxReference = 12

func reference(name string) (string, bool) {
	switch name {
	case "amp":
		return "&", true
	case "lt":
		return "<", true
	case "gt":
		return ">", true
	case "quot":
		return `"`, true
	case "apos":
		return "'", true
	}
	number, ok := strings.CutPrefix(name, "#")
	if !ok {
		return "", false
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(number), "x"); ok {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(number, base, 31)
	switch {
	case err != nil:
		return "", false
	case n == 0:
		return "", true
	}
	return string(rune(n)), true
}
