package playbook

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/rectify-project/rectify/engine/diag"
)

// searchBytes bounds the sources in which the place of a syntax error is searched for: the search parses the
// beginning of the source a few dozen times.
const searchBytes = 128 << 10

var yamlPrefix = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)

// reportSyntax reports an error of the YAML library at the place that provokes it. The library names a line
// only, and for many errors the one where the enclosing construct began.
func (r *reader) reportSyntax(s *source, err error) {
	problem := yamlPrefix.ReplaceAllString(err.Error(), "")
	if strings.HasPrefix(problem, "exceeded max depth") {
		r.report(diag.Span{}, "too-deep", fmt.Sprintf("more than %d lists and mappings stand inside one another", MaxDepth), "no playbook needs that; flatten it")
		return
	}
	at := s.locate(err)
	line := string(s.line(at.Line))
	if begin := strings.Index(line, "${{"); begin >= 0 && templateInFlow(problem, line) {
		at.Column = utf8.RuneCountInString(line[:begin]) + 1
		r.report(wordSpan(at, 3), "syntax", "an expression in a flow collection needs quotes",
			"write '${{ … }}' between the brackets, or use a list or mapping of several lines")
		return
	}
	message, hint := explain(problem, line, at.Column)
	r.report(wordSpan(at, 1), "syntax", message, hint)
}

// locate finds the shortest beginning of the source that fails with the very same error: its last rune is what
// the library stumbled over.
func (s *source) locate(failure error) diag.Position {
	line := 0
	if match := yamlPrefix.FindStringSubmatch(failure.Error()); match != nil && match[1] != "" {
		fmt.Sscan(match[1], &line)
	}
	line = min(max(1, line), len(s.lines))
	if len(s.body) > searchBytes {
		return s.firstSign(line)
	}
	if name, ok := strings.CutPrefix(failure.Error(), "yaml: unknown anchor '"); ok {
		return s.find("*" + strings.TrimSuffix(name, "' referenced"))
	}
	ends := make([]int, 0, len(s.lines)+1)
	for i, c := range []byte(s.body) {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	ends = append(ends, len(s.body))
	found := shortest(len(ends), func(i int) bool { return fails(s.body[:ends[i]], failure) })
	if found < 0 {
		return s.firstSign(line)
	}
	start := 0
	if found > 0 {
		start = ends[found-1]
	}
	text := s.lines[found]
	column := shortest(len(text), func(i int) bool {
		return fails(s.body[:start]+string(text[:i+1]), failure)
	})
	if column < 0 {
		column = max(0, len(text)-1)
	}
	return diag.Position{Line: found + 1, Column: column + 1}
}

// shortest gives the least i below n for which holds is true, taking it for monotone; -1 where there is none.
func shortest(n int, holds func(int) bool) int {
	low, high := 0, n
	for low < high {
		middle := (low + high) / 2
		if holds(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	if low == n {
		return -1
	}
	return low
}

func fails(body string, failure error) bool {
	decoder := yaml.NewDecoder(strings.NewReader(body))
	for {
		var n yaml.Node
		switch err := decoder.Decode(&n); {
		case err == io.EOF:
			return false
		case err != nil:
			return err.Error() == failure.Error()
		}
	}
}

func (s *source) firstSign(line int) diag.Position {
	column := 1
	for _, c := range s.line(line) {
		if c != ' ' && c != '\t' {
			break
		}
		column++
	}
	return diag.Position{Line: line, Column: column}
}

func (s *source) find(word string) diag.Position {
	for i, row := range s.lines {
		line := string(row)
		if at := strings.Index(line, word); at >= 0 {
			return diag.Position{Line: i + 1, Column: utf8.RuneCountInString(line[:at]) + 1}
		}
	}
	return diag.Position{Line: 1, Column: 1}
}

var flowBeforeTemplate = regexp.MustCompile(`[\[{,]\s*[^'"]*\$\{\{`)

// templateInFlow says whether a bare ${{ between brackets explains the problem: its braces are YAML's there.
func templateInFlow(problem, line string) bool {
	return flowBeforeTemplate.MatchString(line) &&
		(strings.HasPrefix(problem, "did not find expected ',' or") || problem == "did not find expected node content")
}

// explain puts an error of the YAML library into words that say what to do about it.
func explain(problem, line string, column int) (message, hint string) {
	runes := []rune(line)
	column = min(column, len(runes))
	before := string(runes[:column])
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.Contains(indent, "\t") || strings.Contains(problem, "tab character"):
		return "a tab is used for indentation", "YAML indents with spaces only; use two a level"
	case problem == "mapping values are not allowed in this context":
		if strings.Count(before, ":") > 1 || strings.Contains(trimmed, "${{") {
			return "a colon and a blank stand in a bare text, where YAML takes them for a key", "write the whole text in quotes, or as a block scalar (|)"
		}
		return "YAML does not expect a key here", "check the indentation: a key stands as far in as its neighbours; a text that goes on over lines cannot hold `: `"
	case strings.HasPrefix(problem, "found character that cannot start any token") && column > 0:
		return fmt.Sprintf("a bare text cannot begin with %c", runes[column-1]), "write the text in quotes"
	case strings.HasPrefix(problem, "did not find expected ',' or"):
		open := strings.TrimPrefix(problem, "did not find expected ',' or ")
		return "a flow collection is not closed, or a comma is missing: expected , or " + strings.Trim(open, "'"), "close it, or put a comma between its items"
	case problem == "did not find expected key" && strings.HasPrefix(trimmed, "- "):
		return "this list item stands neither with those above it nor below one of them", "indent all items of a list alike"
	case problem == "did not find expected key":
		return "YAML expects a key here", "check the indentation, and that nothing follows the closing quote of a text"
	case problem == "did not find expected '-' indicator":
		return "YAML expects the next item of a list here", "begin the item with `- `, or indent the line as its neighbours"
	case strings.HasPrefix(problem, "could not find expected ':'"):
		return "this line is neither a key nor the rest of a text", "write `key: value`; indent a text that goes on over lines more than its key"
	case problem == "found unexpected end of stream":
		return "a quote is not closed", "close the text with the quote that it began with"
	case problem == "found unknown escape character":
		return "this backslash sequence is unknown in double quotes", `write \\ for a backslash, or use single quotes: 'C:\Windows'`
	case strings.Contains(problem, "hexdecimal") || strings.Contains(problem, "Unicode character escape"):
		return "this escape needs hexadecimal digits of a character", `write \\ for a backslash, or use single quotes`
	case problem == "block sequence entries are not allowed in this context":
		return "a list cannot begin here", "begin it on a line of its own, below its key; a text that begins with `- ` needs quotes"
	case problem == "did not find expected node content":
		return "YAML expects a value here", "a text that begins with a special sign needs quotes; two commas need a value between them"
	case strings.HasPrefix(problem, "unknown anchor"):
		return "the alias names an anchor that does not stand before it", "write &name before the value that is meant; a text that begins with * needs quotes"
	case strings.HasPrefix(problem, "did not find expected alphabetic or numeric character"):
		return "a bare text cannot begin with & or *", "write the text in quotes"
	case problem == "did not find expected <document start>":
		return "text stands behind the end of the document", "check the indentation: the first key of the file begins in the first column"
	case strings.HasPrefix(problem, "did not find expected whitespace or line break"):
		return "a blank is missing here", "write the text in quotes if it begins with a special sign"
	}
	return "YAML cannot read this: " + problem, "write a text that holds special signs in quotes"
}
