package condition

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// parse reads the source with expr's grammar and refuses what the playbook language leaves out. The result is a tree:
// no node has two parents.
//
// The length is bounded before the parser runs: it counts nodes only as it makes them, after it has lexed everything.
func parse(source string) (root ast.Node, l layout, problem *Problem) {
	runes := utf8.RuneCountInString(source)
	switch {
	case strings.TrimSpace(source) == "":
		return nil, l, &Problem{To: runes, Message: "the expression is empty"}
	case len(source) > MaxSource:
		return nil, l, &Problem{To: runes, Message: fmt.Sprintf("the expression has %d bytes, at most %d are allowed", len(source), MaxSource), Hint: "move parts of it to `let`"}
	case !utf8.ValidString(source):
		return nil, l, &Problem{To: runes, Message: "the expression is not valid UTF-8"}
	}
	defer func() {
		if r := recover(); r != nil {
			root, problem = nil, &Problem{To: runes, Message: fmt.Sprintf("the expression cannot be parsed: %v", r)}
		}
	}()
	l, tokens := newLayout(source)
	if problem := foreignToken(tokens); problem != nil {
		return nil, l, problem
	}
	tree, err := parser.ParseWithConfig(source, &conf.Config{MaxNodes: MaxNodes, DisableIfOperator: true})
	if err != nil {
		return nil, l, syntaxProblem(err, runes)
	}
	if problem := l.shared(tree.Node); problem != nil {
		return nil, l, problem
	}
	return tree.Node, l, nil
}

// foreignToken finds what expr's grammar has, leaves no trace in its tree, and is not part of the playbook language.
func foreignToken(tokens []lexer.Token) *Problem {
	for i, t := range tokens {
		switch {
		case t.Is(lexer.Operator, "if") && (i == 0 || !tokens[i-1].Is(lexer.Operator, ".", "?.")):
			return &Problem{From: t.From, To: t.To, Message: "`if` is not part of the playbook language", Hint: "write condition ? a : b"}
		case t.Is(lexer.Operator, "|"):
			return &Problem{From: t.From, To: t.To, Message: "pipes are not part of the playbook language", Hint: "write the list inside the call: filter(list, condition)"}
		case t.Is(lexer.Operator, "::"):
			return &Problem{From: t.From, To: t.To, Message: "`::` is not part of the playbook language", Hint: "write the function's name alone"}
		}
	}
	return nil
}

// shared finds a node with two parents. expr makes them of `a ?: b` and of `a < b < c`; whoever walks such a graph as
// a tree needs time that doubles with each level of it.
func (l layout) shared(root ast.Node) *Problem {
	seen := map[ast.Node]bool{}
	var problem *Problem
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		switch {
		case n == nil || problem != nil:
			return
		case seen[n]:
			loc := n.Location()
			problem = &Problem{From: loc.From, To: loc.To, Message: "comparisons are not chained", Hint: "write a < b and b < c"}
			return
		}
		seen[n] = true
		if c, ok := n.(*ast.ConditionalNode); ok && c.Cond == c.Exp1 {
			loc := c.Cond.Location()
			problem = &Problem{From: loc.From, To: loc.To, Message: "`?:` without a middle part is not part of the playbook language", Hint: "write condition ? a : b, or a ?? b for absent data"}
			return
		}
		for _, child := range children(n) {
			walk(child)
		}
	}
	walk(root)
	return problem
}

func children(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ChainNode:
		return []ast.Node{n.Node}
	case *ast.MemberNode:
		return []ast.Node{n.Node, n.Property}
	case *ast.SliceNode:
		return []ast.Node{n.Node, n.From, n.To}
	case *ast.CallNode:
		return append([]ast.Node{n.Callee}, n.Arguments...)
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.PredicateNode:
		return []ast.Node{n.Node}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{n.Value, n.Expr}
	case *ast.SequenceNode:
		return n.Nodes
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	}
	return nil
}

func syntaxProblem(err error, runes int) *Problem {
	p := &Problem{To: runes, Message: err.Error()}
	var fe *file.Error
	if !errors.As(err, &fe) {
		return p
	}
	p.From, p.To = fe.From, fe.To
	p.Message = fe.Message
	if p.To <= p.From {
		p.To = p.From + 1
	}
	switch {
	case strings.Contains(fe.Message, "exceeds maximum allowed nodes"):
		p.From, p.To = 0, runes
		p.Message = fmt.Sprintf("the expression has more than %d parts", MaxNodes)
		p.Hint = "move parts of it to `let`"
	case strings.Contains(fe.Message, "unexpected token EOF"), strings.Contains(fe.Message, "unexpected end"):
		p.Message = "the expression ends too early"
	case strings.HasPrefix(fe.Message, "Operator ("): // of ?? beside another operator
		p.Message = "?? and another operator cannot stand side by side"
		p.Hint = "put brackets round one of them: (a ?? b) == c"
	case fe.Message == `unexpected token Operator(".")`, fe.Message == `unexpected token Operator("#")`:
		p.Message = "# and .field stand for an item inside any(…), filter(…), map(…) and the like only"
		p.Hint = "write the name of the list that it belongs to"
	case strings.HasPrefix(fe.Message, "unexpected token "):
		token := strings.TrimPrefix(fe.Message, "unexpected token ")
		p.Message = "unexpected " + tokenWords(token)
		if strings.Contains(token, `("=")`) {
			p.Hint = "two values are compared with =="
		}
	}
	return p
}

// tokenWords spells a token of the lexer, `Operator("=")`, for people.
func tokenWords(token string) string {
	kind, rest, ok := strings.Cut(token, "(")
	if !ok {
		return token
	}
	return strings.ToLower(kind) + " " + strings.TrimSuffix(rest, ")")
}

type visitor func(ast.Node)

func (f visitor) Visit(n *ast.Node) { f(*n) }

// namespaces are the names whose members are what an expression depends on.
var namespaces = []string{"symptoms", "causes", "inputs", "steps", "changed", "plan", "run"}

func isNamespace(name string) bool { return slices.Contains(namespaces, name) }
