package condition

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/rectify-project/rectify/sdk/schema"
)

// maxSupport bounds the places that one leaf names as what it rests on.
const maxSupport = 50

// Leaf is one comparison of a condition with the values that it had.
type Leaf struct {
	Source   string   // as written: `len(attempts.open) > 0`
	Shown    string   // with the values: `3 > 0`; empty when that says nothing more
	Truth    Truth    //
	Why      []Why    // when it is undetermined
	Support  []*Ref   // the places in facts that it rests on
	Mentions []string // symptoms and causes that it asks about: "symptoms.download_fails"
	Absent   int      // records that did not have the data asked for, and so did not match
}

// explain evaluates a condition outside of predicates: `and`, `or` and `not` round compounds are taken apart, both
// sides of each, and what remains is a leaf.
func (e *evaluation) explain(n ast.Node) Value {
	switch n := n.(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			l, r := e.explain(n.Left), e.explain(n.Right)
			return and(l, r)
		case "or", "||":
			l, r := e.explain(n.Left), e.explain(n.Right)
			return or(l, r)
		}
	case *ast.UnaryNode:
		if inner, ok := n.Node.(*ast.BinaryNode); ok && slices.Contains([]string{"and", "or", "&&", "||"}, inner.Operator) {
			return negate(e.explain(inner))
		}
	}
	return e.evalLeaf(n)
}

func (e *evaluation) evalLeaf(n ast.Node) Value {
	leaf := &Leaf{Source: e.expr.layout.of(n)}
	e.leaf = leaf
	v := e.guarded(func() Value { return e.evalShown(n) })
	e.leaf = nil
	if v.state == absent { // outside of predicates nothing else can be said
		v = Unknown(Why{Reason: fmt.Sprintf("there is no such data for `%s`", cut(leaf.Source, 200))})
	}
	leaf.Truth = v.truth()
	if leaf.Truth == Undetermined {
		if len(v.why) == 0 {
			v.why = []Why{{Reason: fmt.Sprintf("`%s` is undetermined", cut(leaf.Source, 200))}}
		}
		leaf.Why = v.why
	}
	if leaf.Shown == leaf.Source {
		leaf.Shown = ""
	}
	e.leaves = append(e.leaves, *leaf)
	return v
}

// evalShown evaluates a leaf and shows the operands of its comparison.
func (e *evaluation) evalShown(n ast.Node) Value {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			v := negate(e.evalShown(n.Node))
			if _, ok := n.Node.(*ast.BinaryNode); ok && e.leaf.Shown != "" {
				e.leaf.Shown = "not (" + e.leaf.Shown + ")"
			}
			return v
		}
	case *ast.BinaryNode:
		if isComparison(n.Operator) {
			l, r := e.eval(n.Left), e.eval(n.Right)
			e.leaf.Shown = e.show(n.Left, l) + " " + n.Operator + " " + e.show(n.Right, r)
			return e.operate(n, l, r)
		}
	}
	return e.eval(n)
}

func isComparison(op string) bool {
	switch op {
	case "==", "!=", "<", "<=", ">", ">=", "matches", "contains", "startsWith", "endsWith", "in":
		return true
	}
	return false
}

// touch remembers values that the leaf at hand rests on.
func (e *evaluation) touch(values ...Value) {
	if e.leaf == nil || len(e.items) > 0 {
		return
	}
	for _, v := range values {
		if len(e.leaf.Support) >= maxSupport {
			return
		}
		for _, ref := range v.origins(nil, maxSupport) {
			if len(e.leaf.Support) < maxSupport && !slices.ContainsFunc(e.leaf.Support, ref.same) {
				e.leaf.Support = append(e.leaf.Support, ref)
			}
		}
	}
}

func (e *evaluation) mention(name string) {
	if e.leaf != nil && !slices.Contains(e.leaf.Mentions, name) {
		e.leaf.Mentions = append(e.leaf.Mentions, name)
	}
}

// noteMatches shows how many items a predicate outside of others matched.
func (e *evaluation) noteMatches(hits int, of openedList) {
	if e.leaf == nil || len(e.items) > 0 {
		return
	}
	more := ""
	if of.partial {
		more = "at least "
	}
	e.leaf.Shown = fmt.Sprintf("%d of %s%d match", hits, more, of.n)
}

// show is the value of an operand, for people. A literal is shown as it was written.
func (e *evaluation) show(n ast.Node, v Value) string {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return e.expr.layout.of(n)
	}
	return show(v, e.expr.types[n])
}

// maxShown bounds a text that an explanation shows, in runes.
const maxShown = 200

// show is the value of an operand: text in quotes, and cut when it is long.
func show(v Value, t *schema.Type) string {
	if s, ok := v.data.(string); ok && v.state == known {
		return fmt.Sprintf("%q", cut(s, maxShown))
	}
	return Text(v, t)
}

// Text writes a value for people: sizes with a unit, times in UTC, lists as their number of items.
func Text(v Value, t *schema.Type) string {
	switch v.state {
	case absent:
		return "absent"
	case unknown:
		return "unknown"
	case atLeast:
		return fmt.Sprintf("at least %v", v.data)
	}
	switch x := v.data.(type) {
	case string:
		return x
	case int64:
		if t != nil && t.Kind == schema.Size {
			return schema.FormatSize(x)
		}
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	case time.Duration:
		return schema.FormatDuration(x)
	case []any, []Value:
		return formatList(v, t)
	case map[string]any, map[string]Value:
		return "an object"
	case Verdict:
		return x.String()
	}
	return fmt.Sprint(v.data)
}

// formatList names the items of a short list of single values, and counts those of any other.
func formatList(v Value, t *schema.Type) string {
	n, _ := v.length()
	count := fmt.Sprintf("%d items", n)
	if n == 1 {
		count = "1 item"
	}
	if v.partial {
		return "at least " + count
	}
	var elem *schema.Type
	if t != nil {
		elem = t.Elem
	}
	if n == 0 || n > 5 {
		return count
	}
	parts := make([]string, n)
	for i := range n {
		item := v.at(i)
		if item.isContainer() {
			return count
		}
		parts[i] = Text(item, elem)
	}
	return strings.Join(parts, ", ")
}
