package playbook

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/diag"
)

// Expression is the source of one expression and where it stands.
type Expression struct {
	Source string // without blanks round it
	Scalar Scalar // the scalar that holds it
	Offset int    // of Source in Scalar.Value, in runes
}

// At gives the place in the file of the rune with this offset in Source.
func (e Expression) At(offset int) diag.Position { return e.Scalar.At(e.Offset + offset) }

// Range gives the span of the runes of Source from one offset up to another.
func (e Expression) Range(from, to int) diag.Span {
	return e.Scalar.Range(e.Offset+from, e.Offset+to)
}

// Span gives the place of the whole expression.
func (e Expression) Span() diag.Span { return e.Range(0, utf8.RuneCountInString(e.Source)) }

// Part is a piece of a template: literal text, or an expression where Expression is not nil.
type Part struct {
	Literal    string
	Expression *Expression
}

// Template is a text in which ${{ expression }} stands for the expression's value. A literal ${{ is written
// ${{ "${{" }}.
type Template struct {
	Scalar Scalar
	Parts  []Part
}

// Whole gives the expression of a template that is nothing but one ${{ }} (blanks round it do not count): its
// value keeps its type. It is nil for every other template, whose value is text.
func (t *Template) Whole() *Expression {
	var whole *Expression
	for _, part := range t.Parts {
		switch {
		case part.Expression == nil && strings.TrimSpace(part.Literal) == "":
		case part.Expression == nil || whole != nil:
			return nil
		default:
			whole = part.Expression
		}
	}
	return whole
}

// Expressions gives the expressions of a template in their order.
func (t *Template) Expressions() []*Expression {
	var all []*Expression
	for _, part := range t.Parts {
		if part.Expression != nil {
			all = append(all, part.Expression)
		}
	}
	return all
}

// templateError is what is wrong with a template, from one rune of the scalar's value up to another.
type templateError struct {
	from, to      int
	message, hint string
}

// splitTemplate splits a scalar at its ${{ }}.
func splitTemplate(s Scalar) (*Template, *templateError) {
	t := &Template{Scalar: s}
	value := []rune(s.Value)
	literal := 0
	for i := 0; i < len(value); i++ {
		if !opens(value[i:]) {
			continue
		}
		end, err := endOfExpression(value, i+3)
		if err != nil {
			return nil, err
		}
		e := newExpression(s, value, i+3, end)
		if e.Source == "" {
			return nil, &templateError{i, end + 2, "${{ }} holds no expression", "write an expression, such as ${{ inputs.since }}"}
		}
		if len(e.Source) > MaxExpression {
			return nil, &templateError{i, i + 3, fmt.Sprintf("the expression has %d bytes; at most %d are allowed", len(e.Source), MaxExpression), "split it into values under `let`"}
		}
		if literal < i {
			t.Parts = append(t.Parts, Part{Literal: string(value[literal:i])})
		}
		t.Parts = append(t.Parts, Part{Expression: e})
		literal = end + 2
		i = literal - 1
	}
	if literal < len(value) {
		t.Parts = append(t.Parts, Part{Literal: string(value[literal:])})
	}
	return t, nil
}

func opens(value []rune) bool {
	return len(value) >= 3 && value[0] == '$' && value[1] == '{' && value[2] == '{'
}

func newExpression(s Scalar, value []rune, from, to int) *Expression {
	for from < to && blank(value[from]) {
		from++
	}
	for to > from && blank(value[to-1]) {
		to--
	}
	return &Expression{Source: string(value[from:to]), Scalar: s, Offset: from}
}

func blank(c rune) bool { return c == ' ' || c == '\t' || c == '\n' }

// endOfExpression finds the }} that closes an expression which begins at start: the first one that stands
// neither in a string nor inside braces of the expression itself.
func endOfExpression(value []rune, start int) (int, *templateError) {
	braces, inner := 0, false
	for i := start; i < len(value); i++ {
		switch c := value[i]; c {
		case '"', '\'', '`':
			end := endOfString(value, i)
			if end < 0 {
				return 0, &templateError{i, i + 1, "the text that begins here in the expression is not closed", "end it with " + string(c)}
			}
			i = end
		case '{':
			braces++
			inner = true
		case '}':
			if braces > 0 {
				braces--
			} else if i+1 < len(value) && value[i+1] == '}' {
				return i, nil
			}
		}
	}
	hint := "end the expression with }}"
	if inner {
		hint += "; each { inside it needs its own } first"
	}
	return 0, &templateError{start - 3, start, "${{ is not closed", hint}
}

// endOfString finds the quote that closes the one at start, -1 where there is none. Backslashes escape in '…'
// and "…", not between backquotes.
func endOfString(value []rune, start int) int {
	for i := start + 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if value[start] != '`' {
				i++
			}
		case value[start]:
			return i
		}
	}
	return -1
}
