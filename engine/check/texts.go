package check

import (
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// text compiles a text with expressions in it, each of which must be a single value, or a list of them.
func (c *checker) text(t *playbook.Template, scope scope) *Text {
	if t == nil {
		return nil
	}
	out := &Text{}
	for _, p := range t.Parts {
		part := TextPart{Literal: p.Literal}
		if p.Expression != nil {
			part.Expression = c.compile(p.Expression, scope, nil)
			if part.Expression != nil && !writable(part.Expression.Type()) {
				got := part.Expression.Type()
				hint := "name one of its fields: " + sorted(got.FieldNames())
				if got.Kind == schema.List {
					hint = "choose what is written of each item: map(…, .field)"
				}
				c.errorAt(p.Expression.Span(), "text", fmt.Sprintf("%s cannot stand in text", article(got)), hint)
			}
		}
		out.Parts = append(out.Parts, part)
	}
	return out
}

// writable says whether values of a type can be written into text.
func writable(t *schema.Type) bool {
	if t == nil {
		return true // wrong, and said already
	}
	if t.Kind == schema.List {
		t = t.Elem
	}
	return t == nil || t.Kind > schema.Any && t.Kind < schema.List
}

// article is a type with its article, for messages.
func article(t *schema.Type) string {
	s := t.String()
	switch {
	case s == "text", s == "any":
		return s
	case strings.ContainsRune("aeiou", rune(s[0])), s == "hresult":
		return "an " + s
	}
	return "a " + s
}
