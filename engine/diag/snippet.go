package diag

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

const (
	tabCells  = 4   // a tab is shown as this many spaces: stops would need the terminal's margin
	lineCells = 120 // a longer line is cut round the mark
	leadCells = 40  // what a cut line keeps before the mark
)

// snippet gives the shown form of a line and, below it, the marks of the span: `^` at its start and `~` up to
// its end, or to the end of the line for a span over several lines. Both are measured in terminal cells.
func snippet(line string, span Span) (text, marks string) {
	runes, dropped := window(line, span.Start.Column)
	var shown, below strings.Builder
	if dropped > 0 {
		shown.WriteString("…")
		below.WriteByte(' ')
	}
	start, end := span.Start.Column-1-dropped, span.End.Column-1-dropped
	if span.End.Line != span.Start.Line {
		end = len(runes)
	}
	cells, started := 0, false
	for i, c := range runes {
		display, n := cell(c)
		if cells+n > lineCells {
			shown.WriteString("…")
			break
		}
		cells += n
		shown.WriteString(display)
		if n == 0 {
			continue
		}
		switch {
		case i >= start && !started:
			started = true
			below.WriteString("^" + strings.Repeat("~", n-1))
		case i > start && i < end:
			below.WriteString(strings.Repeat("~", n))
		case i < start:
			below.WriteString(strings.Repeat(" ", n))
		}
	}
	if !started {
		below.WriteByte('^')
	}
	return shown.String(), strings.TrimRight(below.String(), " ")
}

// window cuts a long line so that the column stays in view; dropped is the number of runes cut at its start.
func window(line string, column int) (runes []rune, dropped int) {
	if len(line) <= lineCells || utf8.RuneCountInString(line) <= lineCells {
		return []rune(line), 0
	}
	skip := 0
	if column-1 > lineCells-leadCells {
		skip = column - 1 - leadCells
	}
	for _, c := range line {
		if dropped < skip {
			dropped++
			continue
		}
		if len(runes) > lineCells {
			break
		}
		runes = append(runes, c)
	}
	return runes, dropped
}

// cell gives how a rune is shown and how many cells of a terminal it fills.
func cell(c rune) (string, int) {
	switch {
	case c == '\t':
		return strings.Repeat(" ", tabCells), tabCells
	case harmful(c):
		return string(unicode.ReplacementChar), 1
	case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		return string(c), 0
	}
	switch width.LookupRune(c).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return string(c), 2
	}
	return string(c), 1
}
