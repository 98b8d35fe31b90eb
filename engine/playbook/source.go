package playbook

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/diag"
)

// The limits of a document. They are checked before the work that they bound.
const (
	MaxBytes       = 1 << 20 // size of one file
	MaxDepth       = 64      // lists and mappings inside one another
	MaxNodes       = 100_000 // keys and values, each alias counted with all that it stands for; 64 bytes of text count as one more
	MaxExpression  = 4 << 10 // bytes of one expression
	maxDiagnostics = 1000    // more are not collected
)

// source is a text that is known to be UTF-8 of the characters and line ends that YAML and editors agree upon,
// so that the lines counted here, by the YAML library and by an editor are the same.
type source struct {
	body  string
	lines [][]rune // without line ends
}

// readSource checks size and encoding. Where it returns diagnostics there is no source.
func readSource(file string, src []byte) (*source, diag.List) {
	fail := func(at diag.Span, kind, message, hint string) (*source, diag.List) {
		return nil, diag.List{{File: file, Span: at, Kind: kind, Message: message, Hint: hint}}
	}
	if len(src) > MaxBytes {
		return fail(diag.Span{}, "too-large", fmt.Sprintf("the file has %d bytes; at most %d are allowed", len(src), MaxBytes),
			"split it, or move long texts out of it")
	}
	if utf16(src) {
		return fail(diag.Span{}, "encoding", "the file is encoded as UTF-16; it must be UTF-8",
			`save it as UTF-8; in PowerShell: Get-Content FILE | Set-Content -Encoding utf8 NEWFILE`)
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	at := diag.Position{Line: 1, Column: 1}
	for rest := src; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		here := diag.Span{Start: at, End: diag.Position{Line: at.Line, Column: at.Column + 1}}
		switch {
		case c == utf8.RuneError && size == 1:
			return fail(here, "encoding", fmt.Sprintf("byte 0x%02x is not valid UTF-8", rest[0]), "save the file as UTF-8")
		case c == '\r' && !bytes.HasPrefix(rest, []byte("\r\n")):
			return fail(here, "encoding", "a carriage return without a line feed", "end lines with LF or CRLF")
		case c == '\u0085' || c == '\u2028' || c == '\u2029' || c == '\ufeff':
			return fail(here, "encoding", fmt.Sprintf("the invisible character U+%04X is not allowed", c),
				fmt.Sprintf(`remove it, or write it as "\u%04x" in double quotes`, c))
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c >= 0x7f && c < 0xa0, c == 0xfffe, c == 0xffff:
			return fail(here, "encoding", fmt.Sprintf("the control character U+%04X is not allowed", c),
				fmt.Sprintf(`remove it, or write it as "\x%02x" in double quotes`, c))
		}
		if c == '\n' {
			at = diag.Position{Line: at.Line + 1, Column: 1}
		} else {
			at.Column++
		}
		rest = rest[size:]
	}
	body := string(src)
	lines := make([][]rune, 0, strings.Count(body, "\n")+1)
	for line := range strings.SplitSeq(body, "\n") {
		lines = append(lines, []rune(strings.TrimSuffix(line, "\r")))
	}
	return &source{body: body, lines: lines}, nil
}

// line gives a 1-based line, an empty one past the end.
func (s *source) line(number int) []rune {
	if number < 1 || number > len(s.lines) {
		return nil
	}
	return s.lines[number-1]
}

// after gives what stands in a line from a place on.
func (s *source) after(at diag.Position) []rune {
	line := s.line(at.Line)
	if at.Column < 1 || at.Column > len(line) {
		return nil
	}
	return line[at.Column-1:]
}

// utf16 recognises UTF-16 by its byte order mark, or by the zero byte that stands beside the first ASCII letter.
func utf16(src []byte) bool {
	if len(src) < 2 {
		return false
	}
	return src[0] == 0xff && src[1] == 0xfe || src[0] == 0xfe && src[1] == 0xff ||
		src[0] == 0 && src[1] != 0 || src[0] != 0 && src[1] == 0
}
