package playbook

import (
	"fmt"
	"strconv"
	"strings"
)

// expression accepts a key whose value is a bare expression, written without ${{ }}.
func (m *mapping) expression(key string) *Expression {
	v := m.value(key)
	if v == nil {
		return nil
	}
	return m.bare(*v, strconv.Quote(key))
}

func (r *reader) bare(v Value, what string) *Expression {
	switch {
	case v.Kind == Invalid:
		return nil
	case v.Kind == ListValue:
		r.report(v.Span, "wrong-kind", what+" must be one expression, not a list", "join the conditions with `and` or `or`")
		return nil
	case v.Kind == MapValue:
		hint := "write an expression that holds `: ` or begins with a brace in quotes, or in a block scalar (|)"
		r.report(v.Span, "wrong-kind", what+" must be one expression, not a mapping", hint)
		return nil
	case v.Template != nil:
		r.report(v.Span, "expression", what+" is an expression already", "write the expression without ${{ }}")
		return nil
	case strings.HasSuffix(v.Scalar.trap, "truth value true"), strings.HasSuffix(v.Scalar.trap, "truth value false"):
		word := v.Scalar.trap[strings.LastIndexByte(v.Scalar.trap, ' ')+1:]
		r.report(v.Span, "ambiguous-word", fmt.Sprintf("%s is no truth value of an expression", v.Scalar.Value), "write "+word)
		return nil
	}
	if len(v.Scalar.Value) > MaxExpression {
		r.report(v.Span, "too-large", fmt.Sprintf("the expression has %d bytes; at most %d are allowed", len(v.Scalar.Value), MaxExpression),
			"split it into values under `let`")
		return nil
	}
	value := []rune(v.Scalar.Value)
	e := newExpression(v.Scalar, value, 0, len(value))
	if e.Source == "" {
		r.report(v.Span, "no-value", what+" is empty", "write an expression, or leave the key out")
		return nil
	}
	if comment := v.Scalar.source.commentAfter(v.Scalar); comment != "" && unclosed(value) {
		r.report(v.Span, "expression",
			fmt.Sprintf("%s ends early: YAML took %q for a comment", what, comment), "write the expression in quotes, or in a block scalar (|)")
		return nil
	}
	return e
}

// unclosed says whether a bracket or a string of an expression is left open.
func unclosed(value []rune) bool {
	open := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '(', '[', '{':
			open++
		case ')', ']', '}':
			open--
		case '"', '\'', '`':
			end := endOfString(value, i)
			if end < 0 {
				return true
			}
			i = end
		}
	}
	return open > 0
}

// wrapped accepts a key whose value is exactly one ${{ expression }}.
func (m *mapping) wrapped(key string) *Expression {
	v := m.value(key)
	if v == nil {
		return nil
	}
	if v.Template != nil {
		if whole := v.Template.Whole(); whole != nil {
			return whole
		}
	}
	hint := "write it as ${{ expression }}"
	if v.Kind == ScalarValue && v.Template == nil {
		hint = fmt.Sprintf("write ${{ %s }}", short(strings.TrimSpace(v.Scalar.Value)))
	}
	m.report(v.Span, "expression", fmt.Sprintf("%q must be one expression that yields a list", key), hint)
	return nil
}

// arguments accepts a key whose value is a mapping of argument names to values of any shape.
func (m *mapping) arguments(key string) []Argument {
	var all []Argument
	for _, e := range m.entriesOf(key) {
		m.traps(e.Value)
		all = append(all, Argument{Name: e.Key, Value: e.Value})
	}
	return all
}

// traps reports the ambiguous words of a value.
func (r *reader) traps(v Value) {
	if v.Kind == ScalarValue && v.Scalar.trap != "" {
		r.reportTrap(v.Scalar)
	}
	for _, item := range v.List {
		r.traps(item)
	}
	for _, e := range v.Map {
		r.traps(e.Value)
	}
}
