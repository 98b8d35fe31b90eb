package condition

import (
	"github.com/expr-lang/expr/ast"
)

// Ensures says whether the input with this name was certainly given when the expression has the outcome: true, as in a
// `when`, or false, as in an `unless`.
func (e *Expression) Ensures(input string, outcome bool) bool { return ensures(e.root, input, outcome) }

func ensures(n ast.Node, input string, outcome bool) bool {
	switch n := n.(type) {
	case *ast.BoolNode:
		return n.Value != outcome // it never comes to that
	case *ast.ChainNode:
		return ensures(n.Node, input, outcome)
	case *ast.UnaryNode:
		return (n.Operator == "not" || n.Operator == "!") && ensures(n.Node, input, !outcome)
	case *ast.BinaryNode:
		l, r := ensures(n.Left, input, outcome), ensures(n.Right, input, outcome)
		switch n.Operator {
		case "and", "&&":
			return outcome && (l || r) || l && r
		case "or", "||":
			return !outcome && (l || r) || l && r
		}
	case *ast.ConditionalNode:
		return (ensures(n.Cond, input, true) || ensures(n.Exp1, input, outcome)) &&
			(ensures(n.Cond, input, false) || ensures(n.Exp2, input, outcome))
	case *ast.VariableDeclaratorNode:
		return ensures(n.Expr, input, outcome)
	case *ast.BuiltinNode:
		return callEnsures(n.Name, n.Arguments, input, outcome)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return callEnsures(callee.Value, n.Arguments, input, outcome)
		}
	}
	return false
}

func callEnsures(function string, args []ast.Node, input string, outcome bool) bool {
	switch function {
	case "given":
		name, ok := reference(args[0])
		return ok && outcome && name == "inputs."+input
	case "require": // gives its value where the condition is true, and is undetermined elsewhere
		return ensures(args[0], input, true) || ensures(args[1], input, outcome)
	}
	return false
}

// Reference gives the name that the expression is, when it is nothing but a name: "inputs.package", "attempts".
func (e *Expression) Reference() (name string, ok bool) { return reference(e.root) }

func reference(n ast.Node) (name string, ok bool) {
	switch n := n.(type) {
	case *ast.ChainNode:
		return reference(n.Node)
	case *ast.IdentifierNode:
		return n.Value, !isNamespace(n.Value)
	case *ast.MemberNode:
		namespace, ok := n.Node.(*ast.IdentifierNode)
		member, literal := n.Property.(*ast.StringNode)
		if ok && literal && isNamespace(namespace.Value) {
			return namespace.Value + "." + member.Value, true
		}
	}
	return "", false
}
