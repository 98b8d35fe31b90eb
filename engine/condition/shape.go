package condition

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// layout is the source of an expression with the places of its tokens. Nodes know the place of one token each; the
// brackets that belong to them are found here.
type layout struct {
	source []rune
	pairs  [][2]int // where each bracket opens and closes, as rune offsets
	lets   []int    // where each `let` begins
}

// newLayout reads the tokens of a source. A source that has none that can be read gets a layout without brackets: the
// parser says what is wrong with it.
func newLayout(source string) (l layout, tokens []lexer.Token) {
	l.source = []rune(source)
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return l, nil
	}
	var open []int
	for _, t := range tokens {
		switch {
		case t.Is(lexer.Bracket, "(", "[", "{"):
			open = append(open, t.From)
		case t.Is(lexer.Bracket) && len(open) > 0:
			l.pairs = append(l.pairs, [2]int{open[len(open)-1], t.From})
			open = open[:len(open)-1]
		case t.Is(lexer.Operator, "let"):
			l.lets = append(l.lets, t.From)
		}
	}
	return l, tokens
}

// span is the extent of a node in the source, as rune offsets, with the brackets that begin or end in it.
func (l layout) span(n ast.Node) (from, to int) {
	from, to = len(l.source), 0
	ast.Walk(&n, visitor(func(node ast.Node) {
		loc := node.Location()
		switch node.(type) {
		case *ast.CallNode, *ast.BuiltinNode: // is placed at the name, and may have no arguments
			loc.To = l.callEnd(loc.To)
		case *ast.ConditionalNode: // is placed at the token behind it
			return
		case *ast.VariableDeclaratorNode: // is placed at the name
			for i := len(l.lets) - 1; i >= 0; i-- {
				if l.lets[i] < loc.From {
					loc.From = l.lets[i]
					break
				}
			}
		}
		from, to = min(from, loc.From), max(to, loc.To)
	}))
	to = min(to, len(l.source))
	if from > to {
		from = to
	}
	for grown := true; grown; {
		grown = false
		for _, p := range l.pairs {
			opens, closes := from <= p[0] && p[0] < to, from <= p[1] && p[1] < to
			if opens != closes {
				from, to, grown = min(from, p[0]), max(to, p[1]+1), true
			}
		}
	}
	return from, to
}

// callEnd is where the call ends whose name ends at an offset.
func (l layout) callEnd(name int) int {
	for _, p := range l.pairs {
		if p[0] >= name && strings.TrimSpace(string(l.source[name:p[0]])) == "" {
			return p[1] + 1
		}
	}
	return name
}

// text gives a part of the source on one line.
func (l layout) text(from, to int) string {
	s := string(l.source[max(from, 0):min(to, len(l.source))])
	if !strings.Contains(s, "\n") {
		return strings.TrimSpace(s)
	}
	var lines []string
	for _, line := range strings.Split(s, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// of gives the source of a node on one line.
func (l layout) of(n ast.Node) string {
	from, to := l.span(n)
	return l.text(from, to)
}

// cut shortens text for a message to a number of runes.
func cut(s string, most int) string {
	runes := 0
	for i := range s {
		if runes == most {
			return s[:i] + "…"
		}
		runes++
	}
	return s
}
