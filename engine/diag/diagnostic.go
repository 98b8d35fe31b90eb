// Package diag holds positioned diagnostics: what is wrong in a document, where, and what to do about it.
//
// A diagnostic is about a document that somebody wrote, never about a failure of the program itself. It knows
// nothing of playbooks: any package that reads text for people may report with it.
package diag

import "fmt"

// Position is a place in a text. Line and Column are 1-based; Column counts runes, not bytes and not cells.
// The zero Position means that no place is known.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Known says whether p names a place.
func (p Position) Known() bool { return p.Line > 0 }

// Before says whether p stands before q in the text.
func (p Position) Before(q Position) bool {
	if p.Line != q.Line {
		return p.Line < q.Line
	}
	return p.Column < q.Column
}

func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Span is a stretch of text: Start is its first rune, End the place just after its last one. An empty span
// (Start equal to End) marks the place between two runes. The zero Span means the file as a whole.
type Span struct {
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// Severity says whether a diagnostic stops the document from being used. The zero value is Error, so that a
// forgotten severity is never too mild.
type Severity int

const (
	Error Severity = iota
	Warning
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText gives "error" or "warning".
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	switch string(text) {
	case "error":
		*s = Error
	case "warning":
		*s = Warning
	default:
		return fmt.Errorf("unknown severity %q: expected error or warning", text)
	}
	return nil
}

// Related points to another place that explains a diagnostic, such as the first of two equal keys.
type Related struct {
	Span    Span   `json:"span"`
	Message string `json:"message"`
}

// Diagnostic is one thing that is wrong with a document.
type Diagnostic struct {
	File     string    `json:"file"`
	Span     Span      `json:"span"`
	Severity Severity  `json:"severity"`
	Kind     string    `json:"kind"`           // name of the rule in kebab-case, such as "unknown-key"
	Message  string    `json:"message"`        // what is wrong: lower case, no final period
	Hint     string    `json:"hint,omitempty"` // what to do about it
	Related  []Related `json:"related,omitempty"`
}

// String gives the one-line form: file:line:col: message [kind].
func (d Diagnostic) String() string {
	severity := ""
	if d.Severity == Warning {
		severity = "warning: "
	}
	return fmt.Sprintf("%s: %s%s [%s]", d.where(), severity, d.Message, d.Kind)
}

func (d Diagnostic) where() string {
	if !d.Span.Start.Known() {
		return d.File
	}
	return d.File + ":" + d.Span.Start.String()
}
