package condition

import (
	"github.com/expr-lang/expr/ast"
)

func evalGiven(e *evaluation, _ ast.Node, args []ast.Node) Value {
	return boolean(e.eval(args[0]).state == known)
}

// evalKnown asks whether a value is known in full; it is always known itself.
func evalKnown(e *evaluation, _ ast.Node, args []ast.Node) Value {
	v := e.quietly(args[0])
	return boolean(v.IsKnown())
}

// evalUndetermined asks of a verdict whether it is undetermined, of another value whether it is not known.
func evalUndetermined(e *evaluation, _ ast.Node, args []ast.Node) Value {
	v := e.quietly(args[0])
	if verdict, ok := v.data.(Verdict); ok {
		return boolean(verdict == VerdictUndetermined)
	}
	return boolean(!v.IsKnown())
}

// quietly evaluates what is only asked about: it is not what the leaf rests on, but the leaf mentions it.
func (e *evaluation) quietly(n ast.Node) Value {
	leaf := e.leaf
	e.leaf = &Leaf{}
	v := e.eval(n)
	asked := e.leaf.Mentions
	if e.leaf = leaf; leaf != nil {
		for _, name := range asked {
			e.mention(name)
		}
	}
	return v
}

// evalRequire gives the value when the condition is true, else says why it is not known.
func evalRequire(e *evaluation, _ ast.Node, args []ast.Node) Value {
	cond := e.eval(args[0])
	var reason string
	if literal, ok := args[2].(*ast.StringNode); ok {
		reason = literal.Value
	}
	if cond.truth() == True {
		return e.eval(args[1])
	}
	return Unknown(mergeWhy([]Why{{Reason: reason}}, unknownWhy(cond)...)...)
}
