package diag

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// DefaultLimit is how many diagnostics a Renderer shows when its Limit is zero.
const DefaultLimit = 50

const (
	styleReset   = "\x1b[0m"
	styleBold    = "\x1b[1m"
	styleRed     = "\x1b[1;31m"
	styleYellow  = "\x1b[1;33m"
	styleGreen   = "\x1b[1;32m"
	styleDim     = "\x1b[2m"
	styleRelated = "\x1b[36m"
)

// Renderer writes diagnostics for people:
//
//	playbook.yaml:12:3: unknown key "usess" [unknown-key]
//	 12 |   usess: log.search
//	    |   ^~~~~
//	    = hint: did you mean "uses"?
type Renderer struct {
	Sources map[string][]byte // texts by Diagnostic.File; without its text a diagnostic is shown without its line
	Color   bool              // ANSI colours
	Limit   int               // how many diagnostics are shown; 0 means DefaultLimit, a negative number all
}

// Render writes the diagnostics in the order of the list and ends with "and N more" where the limit cut it.
// Control characters of the texts are never written, so that a document cannot steer the terminal.
func (r Renderer) Render(w io.Writer, list List) error {
	out := bufio.NewWriter(w)
	limit := r.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	if limit < 0 || limit > len(list) {
		limit = len(list)
	}
	for _, d := range list[:limit] {
		r.one(out, d)
	}
	if rest := len(list) - limit; rest > 0 {
		fmt.Fprintf(out, "and %d more\n", rest)
	}
	return out.Flush()
}

func (r Renderer) one(out *bufio.Writer, d Diagnostic) {
	severity := ""
	mark := styleRed
	if d.Severity == Warning {
		severity, mark = r.paint(styleYellow, "warning: "), styleYellow
	}
	fmt.Fprintf(out, "%s: %s%s %s\n", r.paint(styleBold, printable(d.where())), severity,
		r.paint(styleBold, printable(d.Message)), r.paint(styleDim, "["+printable(d.Kind)+"]"))

	margin := "  "
	if line, ok := r.line(d.File, d.Span.Start.Line); ok {
		number := fmt.Sprintf(" %d ", d.Span.Start.Line)
		margin = strings.Repeat(" ", len(number))
		text, marks := snippet(line, d.Span)
		if text != "" {
			text = " " + text
		}
		fmt.Fprintf(out, "%s%s\n", r.paint(styleDim, number+"|"), text)
		indent := len(marks) - len(strings.TrimLeft(marks, " "))
		fmt.Fprintf(out, "%s %s%s\n", r.paint(styleDim, margin+"|"), marks[:indent], r.paint(mark, marks[indent:]))
	}
	for _, related := range d.Related {
		place := d.File
		if related.Span.Start.Known() {
			place += ":" + related.Span.Start.String()
		}
		fmt.Fprintf(out, "%s= %s %s\n", margin, r.paint(styleRelated, printable(place)+":"), printable(related.Message))
	}
	if d.Hint != "" {
		fmt.Fprintf(out, "%s= %s %s\n", margin, r.paint(styleGreen, "hint:"), printable(d.Hint))
	}
}

func (r Renderer) paint(style, text string) string {
	if !r.Color || text == "" {
		return text
	}
	return style + text + styleReset
}

// line finds the 1-based line of a source without its line end.
func (r Renderer) line(file string, number int) (string, bool) {
	source, ok := r.Sources[file]
	if !ok || number < 1 {
		return "", false
	}
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	for ; number > 1; number-- {
		end := bytes.IndexByte(source, '\n')
		if end < 0 {
			return "", false
		}
		source = source[end+1:]
	}
	if end := bytes.IndexByte(source, '\n'); end >= 0 {
		source = source[:end]
	}
	return string(bytes.TrimSuffix(source, []byte("\r"))), true
}

func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if harmful(c) {
			return unicode.ReplacementChar
		}
		return c
	}, text)
}

// harmful runes would move the cursor, start an escape sequence or reorder what stands round them.
func harmful(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029'
}
