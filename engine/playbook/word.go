package playbook

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/rectify-project/rectify/engine/diag"
)

// wrongTemplate finds what other tools take for an expression.
var wrongTemplate = regexp.MustCompile(`(?:^|[^$\\{])(\{\{\s*[a-z_][A-Za-z0-9_.]*\s*\}\})`)

// key reads a key; ok is false where it is none that a playbook can hold.
func (b *builder) key(n *yaml.Node) (Scalar, bool) {
	at := diag.Position{Line: n.Line, Column: n.Column}
	if n.Kind != yaml.ScalarNode {
		hint := "write the key as one word"
		if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 {
			hint = "YAML takes braces for a mapping; write a text that begins with a brace in quotes"
		}
		b.report(wordSpan(at, 1), "key", "a key must be plain text", hint)
		return Scalar{}, false
	}
	start, tagged := b.properties(n, at)
	if tagged {
		return Scalar{}, false
	}
	key := b.newScalar(n, start)
	switch {
	case key.Style == Plain && key.Value == "<<":
		b.report(key.Span, "merge-key", "merge keys (<<) are not used here", "write the keys out, or use an alias for the whole value")
		return key, false
	case key.Kind == null:
		b.report(wordSpan(start, max(1, len(key.Value))), "key", "a value without a key", "write the key before the colon")
		return key, false
	case key.trap != "":
		b.reportTrap(key)
	case b.templates && strings.Contains(key.Value, "${{"):
		b.report(key.Span, "template", "a key cannot hold an expression", "expressions stand in values")
	}
	return key, true
}

// newScalar makes a scalar that is at start.
func (b *builder) newScalar(n *yaml.Node, start diag.Position) Scalar {
	s := Scalar{Value: n.Value, source: b.source}
	switch {
	case n.Style&yaml.SingleQuotedStyle != 0:
		s.Style = Single
	case n.Style&yaml.DoubleQuotedStyle != 0:
		s.Style = Double
	case n.Style&yaml.LiteralStyle != 0:
		s.Style = Literal
	case n.Style&yaml.FoldedStyle != 0:
		s.Style = Folded
	default:
		s.Kind, s.trap = classify(n.Value)
	}
	s.place(start)
	return s
}

func (b *builder) scalar(n *yaml.Node, start diag.Position) Value {
	s := b.newScalar(n, start)
	v := Value{Kind: ScalarValue, Scalar: s, Span: s.Span}
	if !b.templates || !strings.Contains(s.Value, "{{") {
		return v
	}
	if match := wrongTemplate.FindStringSubmatchIndex(s.Value); match != nil && !strings.Contains(s.Value, "${{") {
		from := len([]rune(s.Value[:match[2]]))
		word := s.Value[match[2]:match[3]]
		b.add(diag.Diagnostic{Span: s.Range(from, from+len([]rune(word))), Severity: diag.Warning, Kind: "template",
			Message: word + " is plain text here", Hint: fmt.Sprintf("an expression is written $%s", word)})
	}
	t, err := splitTemplate(s)
	if err != nil {
		hint := err.hint
		if comment := b.source.commentAfter(s); comment != "" {
			hint = fmt.Sprintf("YAML took %q for a comment; write the whole value in quotes", comment)
		}
		b.report(s.Range(err.from, err.to), "template", err.message, hint)
		return Value{Span: s.Span}
	}
	if len(t.Expressions()) > 0 {
		v.Template = t
	}
	return v
}

// commentAfter gives the comment that stands behind a plain scalar on its last line, "" where there is none.
func (s *source) commentAfter(word Scalar) string {
	if word.Style != Plain {
		return ""
	}
	rest := strings.TrimSpace(string(s.after(word.Span.End)))
	if !strings.HasPrefix(rest, "#") {
		return ""
	}
	return short(rest)
}

func (v Value) isNull() bool { return v.Kind == ScalarValue && v.Scalar.Kind == null }
