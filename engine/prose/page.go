// Package prose sets words for people on a terminal: lines of a width, indented, coloured. The words may come from
// anywhere; nothing in them reaches the terminal that it would obey rather than show.
package prose

import (
	"io"
	"strconv"
	"strings"
	"unicode"
)

const (
	defaultWidth = 100
	leastWidth   = 40
	mostLines    = 12 // of one paragraph, where the page does not say
)

// Style is how words look where colours are on.
type Style int

// The styles.
const (
	Plain Style = iota
	Bold
	Dim
	Red
	Yellow
	Green
)

// code is the order to the terminal that a style begins with.
func (s Style) code() string {
	return [...]string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;32m"}[s]
}

// Span is words in one style. Blanks at its ends part it from its neighbours; without one they make one word.
type Span struct {
	Style Style
	Text  string
}

// Page is a text that grows by paragraphs.
type Page struct {
	Width int  // columns of a line; 0 means 100, and less than 40 counts as 40
	Color bool // ANSI colours
	Lines int  // that the words of one paragraph may fill; 0 means 12
	text  strings.Builder
}

// Say sets a paragraph of plain words; see [Page.Set].
func (p *Page) Say(first, rest, words string) { p.Set(first, rest, Span{Text: words}) }

// Set sets a paragraph on as many lines as its words need, the first line behind first, the others behind rest, which is
// not longer than first. Blanks and line ends part words. Only a word that is too long for a line, such as a path, makes
// a line longer than the page is wide: so it can be copied. What is more than fills so many whole lines as a
// paragraph may have is cut, and said to be.
func (p *Page) Set(first, rest string, words ...Span) {
	width := p.width()
	margin := cells(Span{Text: rest})
	line, empty := cells(Span{Text: first}), true
	for _, word := range split(bound(words, p.lines()*width)) {
		for _, piece := range pieces(word, width-columns(margin)) {
			gap := 1
			if empty {
				gap = 0
			}
			if columns(line)+gap+columns(piece) > width && (!empty || columns(line) > columns(margin)) {
				p.end(line)
				line, empty = append([]cell(nil), margin...), true
			}
			if !empty {
				blank := cell{r: ' '}
				if line[len(line)-1].style == piece[0].style {
					blank.style = piece[0].style
				}
				line = append(line, blank)
			}
			line = append(line, piece...)
			empty = false
		}
	}
	p.end(line)
}

// Gap leaves an empty line, but never two, and none at the top.
func (p *Page) Gap() {
	if s := p.text.String(); s != "" && !strings.HasSuffix(s, "\n\n") {
		p.text.WriteByte('\n')
	}
}

// Line sets words of the program's own on a line as they stand, blanks included; none makes an empty line.
func (p *Page) Line(words string) { p.text.WriteString(words + "\n") }

// String is the page so far.
func (p *Page) String() string { return p.text.String() }

// WriteTo writes the page.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, p.text.String())
	return int64(n), err
}

func (p *Page) lines() int {
	if p.Lines == 0 {
		return mostLines
	}
	return p.Lines
}

func (p *Page) width() int {
	if p.Width == 0 {
		return defaultWidth
	}
	return max(p.Width, leastWidth)
}

// end writes a line.
func (p *Page) end(line []cell) {
	for len(line) > 0 && line[len(line)-1].r == ' ' {
		line = line[:len(line)-1]
	}
	style := Plain
	for _, c := range line {
		if p.Color && c.style != style {
			if style != Plain {
				p.text.WriteString(Plain.code())
			}
			if c.style != Plain {
				p.text.WriteString(c.style.code())
			}
			style = c.style
		}
		p.text.WriteRune(c.r)
	}
	if style != Plain {
		p.text.WriteString(Plain.code())
	}
	p.text.WriteByte('\n')
}

// bound cuts words that are too many, and says so.
func bound(words []Span, most int) []Span {
	for i, s := range words {
		n := 0
		for at := range s.Text {
			if n == most {
				rest := len(s.Text) - at
				for _, more := range words[i+1:] {
					rest += len(more.Text)
				}
				cut := Span{s.Style, s.Text[:at] + "… (cut: " + strconv.Itoa(rest) + " more bytes)"}
				return append(append([]Span(nil), words[:i]...), cut)
			}
			n++
		}
		most -= n
	}
	return words
}

// split takes a paragraph apart into words.
func split(spans []Span) [][]cell {
	var words [][]cell
	var word []cell
	for _, s := range spans {
		begin := 0
		flush := func(end int) { word = append(word, cells(Span{s.Style, s.Text[begin:end]})...) }
		for i, r := range s.Text {
			if !unicode.IsSpace(r) {
				continue
			}
			if flush(i); len(word) > 0 {
				words, word = append(words, word), nil
			}
			begin = i + len(string(r))
		}
		flush(len(s.Text))
	}
	if len(word) > 0 {
		words = append(words, word)
	}
	return words
}
