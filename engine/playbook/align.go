package playbook

import "github.com/rectify-project/rectify/engine/diag"

// align decodes a scalar once more, keeping the place of each rune of its value; the last place is the one just
// after the value. end is where the scalar ends in the text, its closing quote included.
func (s *source) align(start diag.Position, style Style, value string) (places []diag.Position, end diag.Position) {
	a := aligner{cursor: cursor{source: s}, value: []rune(value)}
	a.places = make([]diag.Position, 0, len(a.value)+1)
	a.jump(start)
	switch style {
	case Literal, Folded:
		end = a.block(start.Line, style == Folded)
	default:
		end = a.flow(style)
	}
	last := end
	if (style == Single || style == Double) && last.Column > 1 {
		last.Column--
	}
	for len(a.places) <= len(a.value) {
		a.places = append(a.places, last)
	}
	return a.places, end
}

// cursor walks over the runes of a source; each line ends in '\n'.
type cursor struct {
	*source
	at  diag.Position
	row []rune
}

func (c *cursor) jump(to diag.Position) {
	c.at, c.row = to, c.line(to.Line)
}

// peek gives the rune that stands ahead by so many places in this line; ok is false past the end of the source.
func (c *cursor) peek(ahead int) (r rune, ok bool) {
	i := c.at.Column - 1 + ahead
	switch {
	case c.at.Line > len(c.lines):
		return 0, false
	case i < len(c.row):
		return c.row[i], true
	case i == len(c.row) && c.at.Line < len(c.lines):
		return '\n', true
	}
	return 0, false
}

func (c *cursor) next() {
	if c.at.Column > len(c.row) {
		c.jump(diag.Position{Line: c.at.Line + 1, Column: 1})
		return
	}
	c.at.Column++
}

type aligner struct {
	cursor
	value  []rune
	places []diag.Position
}

func (a *aligner) done() bool { return len(a.places) >= len(a.value) }

func (a *aligner) put(places ...diag.Position) {
	for _, p := range places {
		if !a.done() {
			a.places = append(a.places, p)
		}
	}
}

// flow aligns plain and quoted scalars: line breaks are folded, blanks round them dropped (YAML 1.2, 6.5 and 7.3).
func (a *aligner) flow(style Style) diag.Position {
	if style != Plain {
		a.next()
	}
	for {
		c, ok := a.peek(0)
		if !ok || style == Plain && a.done() {
			return a.at
		}
		switch {
		case c == ' ' || c == '\t' || c == '\n':
			blanks, breaks := a.blanks()
			switch len(breaks) {
			case 0:
				a.put(blanks...)
			case 1:
				a.put(breaks[0])
			default:
				a.put(breaks[1:]...)
			}
		case style == Single && c == '\'':
			if c, _ := a.peek(1); c != '\'' {
				a.next()
				return a.at
			}
			a.put(a.at)
			a.next()
			a.next()
		case style == Double && c == '"':
			a.next()
			return a.at
		case style == Double && c == '\\':
			a.escape()
		default:
			a.put(a.at)
			a.next()
		}
	}
}

// blanks walks over blanks and line breaks; blanks after the first break are indentation and not returned.
func (a *aligner) blanks() (blanks, breaks []diag.Position) {
	for {
		switch c, _ := a.peek(0); c {
		case '\n':
			breaks = append(breaks, a.at)
		case ' ', '\t':
			if len(breaks) == 0 {
				blanks = append(blanks, a.at)
			}
		default:
			return blanks, breaks
		}
		a.next()
	}
}

// escape walks over one escape of a double-quoted scalar. An escaped line break stands for nothing, and only the
// breaks of empty lines after it count.
func (a *aligner) escape() {
	start, length := a.at, 2
	switch c, _ := a.peek(1); c {
	case '\n':
		a.next()
		a.next()
		_, breaks := a.blanks()
		a.put(breaks...)
		return
	case 'x':
		length = 4
	case 'u':
		length = 6
	case 'U':
		length = 10
	}
	a.put(start)
	for range length {
		a.next()
	}
}

// block aligns literal and folded scalars, whose text begins on the line after the header (YAML 1.2, 8.1).
func (a *aligner) block(header int, folded bool) diag.Position {
	indent := a.indentation(header)
	content := func(line int) []rune {
		row := a.line(line)
		return row[min(indent, spaces(row)):]
	}
	lineEnd := func(line int) diag.Position {
		return diag.Position{Line: line, Column: len(a.line(line)) + 1}
	}
	end := lineEnd(header)
	for line := header + 1; !a.done() && line <= len(a.lines); line++ {
		text := content(line)
		end = lineEnd(line)
		for i := range text {
			a.put(diag.Position{Line: line, Column: end.Column - len(text) + i})
		}
		if !folded || len(text) == 0 || a.onlyBreaksLeft() {
			a.put(end)
			continue
		}
		empty := 0
		for line+empty+1 < len(a.lines) && len(content(line+empty+1)) == 0 {
			empty++
		}
		if empty == 0 || startsBlank(text) || startsBlank(content(line+empty+1)) {
			a.put(end)
		}
		for range empty {
			line++
			a.put(lineEnd(line))
		}
	}
	for end.Line > header+1 && len(a.line(end.Line)) == 0 {
		end = lineEnd(end.Line - 1)
	}
	if n := len(a.places); n > 0 {
		end = later(end, a.places[n-1]) // breaks that are kept belong to the value
	}
	return end
}

// indentation compares the first line of text in the value with its line in the source; lines before it are
// empty and stand for one break each in both styles.
func (a *aligner) indentation(header int) int {
	leading := 0
	for leading < len(a.value) && a.value[leading] == '\n' {
		leading++
	}
	return max(0, spaces(a.line(header+1+leading))-spaces(a.value[leading:]))
}

func spaces(text []rune) int {
	n := 0
	for n < len(text) && text[n] == ' ' {
		n++
	}
	return n
}

func (a *aligner) onlyBreaksLeft() bool {
	for _, c := range a.value[len(a.places):] {
		if c != '\n' {
			return false
		}
	}
	return true
}

func startsBlank(text []rune) bool { return len(text) > 0 && (text[0] == ' ' || text[0] == '\t') }
