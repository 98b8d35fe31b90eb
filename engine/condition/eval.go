package condition

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/rectify-project/rectify/sdk/schema"
)

// Values gives the values of the names of a scope. A member of a namespace is asked for by its full name,
// "causes.no_space".
type Values func(name string) Value

// Result is what an evaluation came to.
type Result struct {
	Value  Value
	Truth  Truth
	Why    []Why
	Leaves []Leaf
}

// Eval evaluates the expression and explains it. It always comes to a result: what goes wrong (a division by zero, a
// bound that is reached, a context that ends) makes the value undetermined, with the reason.
func (e *Expression) Eval(ctx context.Context, values Values) Result {
	return e.run(&evaluation{ctx: ctx, expr: e, values: values, nextCheck: checkEvery})
}

func (e *Expression) run(run *evaluation) Result {
	var v Value
	if e.typ != nil && e.typ.Kind == schema.Bool {
		v = run.explain(e.root)
	} else {
		v = run.guarded(func() Value { return run.eval(e.root) })
	}
	return Result{Value: v, Truth: v.truth(), Why: v.why, Leaves: run.leaves}
}

// limitReached ends the evaluation of a leaf from any depth.
type limitReached string

// checkEvery is the number of steps between two looks at the context.
const checkEvery = 4096

// evaluation is one evaluation of an expression.
type evaluation struct {
	ctx       context.Context // nil where nothing can end the evaluation from outside
	expr      *Expression
	values    Values
	steps     int
	nextCheck int
	bytes     int

	items     []Value // what # is, innermost last; inside a predicate when not empty
	variables []binding
	matched   []*Ref // what the predicates of the record at hand matched

	leaves []Leaf
	leaf   *Leaf // at hand; nil outside of leaves
}

type binding struct {
	name  string
	value Value
}

// guarded evaluates something; when a bound is reached on the way, its value is not known.
func (e *evaluation) guarded(eval func() Value) (v Value) {
	items, variables := len(e.items), len(e.variables)
	defer func() {
		if r := recover(); r != nil {
			limit, ok := r.(limitReached)
			if !ok {
				panic(r)
			}
			e.items, e.variables, e.matched = e.items[:items], e.variables[:variables], nil
			v = Unknown(Why{Reason: string(limit)})
		}
	}()
	return eval()
}

func (e *evaluation) step() { e.spend(1) }

// spend accounts for work: one step is what the evaluation of a small node costs, about 100 ns.
func (e *evaluation) spend(steps int) {
	e.steps += steps
	if e.steps > maxSteps {
		panic(limitReached("the expression takes too long: it asks about too many combinations of records"))
	}
	if e.steps >= e.nextCheck {
		e.nextCheck = e.steps + checkEvery
		if e.ctx != nil && e.ctx.Err() != nil {
			panic(limitReached("the evaluation was cancelled"))
		}
	}
}

// build accounts for memory that the expression makes.
func (e *evaluation) build(bytes int) {
	e.bytes += bytes
	if e.bytes > maxBytes {
		panic(limitReached("the expression builds more than 16 MiB"))
	}
}

// The sizes of what an expression makes, for build.
const (
	valueBytes = 128
	fieldBytes = 192
)

// eval evaluates a node. What comes from outside (names, fields, items) is held against its type here.
func (e *evaluation) eval(n ast.Node) Value {
	e.step()
	switch n := n.(type) {
	case *ast.BoolNode:
		return boolean(n.Value)
	case *ast.IntegerNode:
		return Value{data: int64(n.Value)}
	case *ast.FloatNode:
		return Value{data: n.Value}
	case *ast.StringNode:
		return Value{data: n.Value}
	case *ast.IdentifierNode:
		return typed(e.identifier(n), e.expr.types[n])
	case *ast.PointerNode:
		return typed(e.items[len(e.items)-1], e.expr.types[n])
	case *ast.ChainNode:
		return e.eval(n.Node)
	case *ast.MemberNode:
		return typed(e.member(n), e.expr.types[n])
	case *ast.UnaryNode:
		return e.unary(n)
	case *ast.BinaryNode:
		return e.binary(n)
	case *ast.ConditionalNode:
		return e.conditional(n)
	case *ast.VariableDeclaratorNode:
		e.variables = append(e.variables, binding{n.Name, e.eval(n.Value)})
		v := e.eval(n.Expr)
		e.variables = e.variables[:len(e.variables)-1]
		return v
	case *ast.ArrayNode:
		e.build(len(n.Nodes) * valueBytes)
		items := make([]Value, len(n.Nodes))
		for i, item := range n.Nodes {
			items[i] = e.eval(item)
		}
		return Value{data: items}
	case *ast.MapNode:
		e.build(len(n.Pairs) * fieldBytes)
		fields := make(map[string]Value, len(n.Pairs))
		for _, p := range n.Pairs {
			pair := p.(*ast.PairNode)
			fields[pair.Key.(*ast.StringNode).Value] = e.eval(pair.Value)
		}
		return Value{data: fields}
	case *ast.BuiltinNode:
		f, _ := functionNamed(n.Name)
		return f.eval(e, n, n.Arguments)
	case *ast.CallNode:
		f, _ := functionNamed(n.Callee.(*ast.IdentifierNode).Value)
		return f.eval(e, n, n.Arguments)
	}
	return Unknown(Why{Reason: fmt.Sprintf("%T cannot be evaluated", n)})
}

func (e *evaluation) identifier(n *ast.IdentifierNode) Value {
	for i := len(e.variables) - 1; i >= 0; i-- {
		if e.variables[i].name == n.Value {
			return e.variables[i].value
		}
	}
	return e.named(n.Value)
}

func (e *evaluation) named(name string) Value {
	if e.values == nil {
		return Unknown(Why{Reason: name + " has no value here"})
	}
	return e.values(name)
}

func (e *evaluation) member(n *ast.MemberNode) Value {
	name, constant := n.Property.(*ast.StringNode)
	if id, ok := n.Node.(*ast.IdentifierNode); ok && constant && isNamespace(id.Value) && !e.bound(id.Value) {
		full := id.Value + "." + name.Value
		if id.Value == "symptoms" || id.Value == "causes" {
			e.mention(full)
		}
		v := e.named(full)
		e.touch(v)
		return v
	}
	of := e.eval(n.Node)
	if of.state != known {
		return of
	}
	if constant {
		if of.ref != nil {
			e.spend(len(of.ref.origin.Missing) / 8)
		}
		v := of.field(name.Value, e.expr.types[n])
		if !v.isContainer() {
			e.touch(v)
		}
		return v
	}
	index := e.eval(n.Property)
	if v, stop := firstNotKnown(index); stop {
		return v
	}
	if of.partial {
		return Unknown(of.why...)
	}
	length, _ := of.length()
	i, ok := index.data.(int64)
	if !ok || i < 0 || i >= int64(length) {
		return Absent()
	}
	item := of.at(int(i))
	e.touch(item)
	return item
}

func (e *evaluation) bound(name string) bool {
	return slices.ContainsFunc(e.variables, func(b binding) bool { return b.name == name })
}

func (e *evaluation) unary(n *ast.UnaryNode) Value {
	v := e.eval(n.Node)
	switch n.Operator {
	case "not", "!":
		return negate(v)
	case "-":
		if v, stop := firstNotKnown(v); stop {
			return v
		}
		return opposite(v)
	}
	return v
}

func (e *evaluation) binary(n *ast.BinaryNode) Value {
	switch n.Operator {
	case "and", "&&":
		l := e.eval(n.Left)
		if l.truth() == False {
			return boolean(false)
		}
		return and(l, e.eval(n.Right))
	case "or", "||":
		l := e.eval(n.Left)
		if l.truth() == True {
			return boolean(true)
		}
		return or(l, e.eval(n.Right))
	case "??":
		if l := e.eval(n.Left); l.state != absent {
			return l
		}
		return e.eval(n.Right)
	}
	return e.operate(n, e.eval(n.Left), e.eval(n.Right))
}

// operate applies a strict operator: on what is not known the outcome is not known either.
func (e *evaluation) operate(n *ast.BinaryNode, l, r Value) Value {
	if n.Operator == "in" {
		return e.in(n, l, r)
	}
	if v, stop := firstNotKnown(counted(l), counted(r)); stop {
		return v
	}
	switch n.Operator {
	case "==", "!=", "<", "<=", ">", ">=":
		e.spend(textBytes(l, r) / 128)
		return compareBounded(n.Operator, l, r)
	case "matches", "contains", "startsWith", "endsWith":
		return e.textOperator(n, l, r)
	}
	if l.state == known && r.state == known {
		return e.arithmetic(n.Operator, l.data, r.data, e.expr.types[n])
	}
	why := mergeWhy(l.why, r.why...)
	if v := e.arithmetic(n.Operator, l.data, r.data, e.expr.types[n]); n.Operator == "+" && v.state == known {
		v.state, v.why = atLeast, why
		return v
	}
	return Unknown(why...)
}

// counted takes a lower bound for what it is a bound of.
func counted(v Value) Value {
	if v.state == atLeast {
		v.state = known
	}
	return v
}

// textBytes is the length of the texts among operands.
func textBytes(operands ...Value) int {
	n := 0
	for _, v := range operands {
		if s, ok := v.data.(string); ok {
			n += len(s)
		}
	}
	return n
}

func (e *evaluation) textOperator(n *ast.BinaryNode, l, r Value) Value {
	a, ok := l.data.(string)
	b, ok2 := r.data.(string)
	if !ok || !ok2 {
		return Unknown(Why{Reason: n.Operator + " was asked of something that is not text"})
	}
	switch n.Operator {
	case "contains":
		e.spend(len(a) / 64)
		return boolean(strings.Contains(a, b))
	case "startsWith":
		return boolean(strings.HasPrefix(a, b))
	case "endsWith":
		return boolean(strings.HasSuffix(a, b))
	}
	re, ok := e.expr.regexps[n]
	if !ok {
		return Unknown(Why{Reason: "the regular expression is wrong"})
	}
	e.spend(len(a) * re.cost / 64)
	return boolean(re.MatchString(a))
}

// in asks for membership. What a partial list holds it holds; what it does not hold may be missing.
func (e *evaluation) in(n *ast.BinaryNode, l, list Value) Value {
	if v, stop := firstNotKnown(list, l); stop {
		return v
	}
	length, _ := list.length()
	var elem *schema.Type
	if t := e.expr.types[n.Right]; t != nil {
		elem = t.Elem
	}
	open, why := list.partial, list.why
	for i := range length {
		item := typed(list.at(i), elem)
		e.spend(1 + textBytes(item)/128)
		switch {
		case item.state == absent:
			continue
		case item.state != known || isOpenVerdict(item):
			open, why = true, mergeWhy(why, item.why...)
			continue
		}
		if c, ok := compare(l.data, item.data); ok && c == 0 {
			e.touch(item)
			return boolean(true)
		}
	}
	if open {
		return Unknown(why...)
	}
	return boolean(false)
}

func (e *evaluation) conditional(n *ast.ConditionalNode) Value {
	cond := e.eval(n.Cond)
	switch cond.truth() {
	case True:
		return e.eval(n.Exp1)
	case False:
		return e.eval(n.Exp2)
	}
	if v, stop := firstNotKnown(cond); stop {
		return v
	}
	return Unknown(cond.why...)
}
