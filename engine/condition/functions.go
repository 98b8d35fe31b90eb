package condition

import (
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/rectify-project/rectify/sdk/schema"
)

// function is one function of the language: how a call is typed, and how it is evaluated. Exactly these exist; what
// expr knows beyond them is refused.
type function struct {
	usage string // "within(time, from, to)", for messages
	check func(c *checker, call ast.Node, args []ast.Node) *schema.Type
	eval  func(e *evaluation, call ast.Node, args []ast.Node) Value
}

// functionNamed finds a function. A switch rather than a map, so that there is no package state and no import cycle
// between a table and the functions in it.
func functionNamed(name string) (function, bool) {
	switch name {
	case "hresult", "size", "duration", "time", "version":
		return literalFunction(name), true
	case "lower", "basename":
		return textFunction(name), true
	case "given":
		return function{"given(inputs.x)", checkGiven, evalGiven}, true
	case "known":
		return function{"known(value)", checkKnown, evalKnown}, true
	case "undetermined":
		return function{"undetermined(value or verdict)", checkKnown, evalUndetermined}, true
	case "confirmed", "suspected", "ruled_out":
		return verdictFunction(name), true
	case "require":
		return function{`require(condition, value, "reason")`, checkRequire, evalRequire}, true
	case "first", "last":
		return endFunction(name), true
	case "within":
		return function{"within(time, from, to)", checkWithin, evalWithin}, true
	case "overlaps":
		return function{"overlaps(window, window), where a window is an object with from and to", checkOverlaps, evalOverlaps}, true
	case "sequence":
		return function{"sequence(duration, list, list, …), where the items of each list have a time", checkSequence, evalSequence}, true
	case "len":
		return function{"len(list or text)", checkLen, evalLen}, true
	case "any", "all", "none", "one":
		return quantifier(name), true
	case "filter":
		return function{"filter(list, condition)", checkFilter, evalFilter}, true
	case "map":
		return function{"map(list, value)", checkMap, evalMap}, true
	case "count":
		return function{"count(list, condition)", checkCount, evalCount}, true
	case "sortBy":
		return function{`sortBy(list, value, "asc" or "desc")`, checkSortBy, evalSortBy}, true
	case "sum":
		return function{"sum(list) or sum(list, value)", checkSum, evalSum}, true
	case "min", "max":
		return extremum(name), true
	}
	return function{}, false
}

// FunctionNames lists the functions of the language, sorted.
func FunctionNames() []string {
	return []string{"all", "any", "basename", "confirmed", "count", "duration", "filter", "first", "given", "hresult",
		"known", "last", "len", "lower", "map", "max", "min", "none", "one", "overlaps", "require", "ruled_out",
		"sequence", "size", "sortBy", "sum", "suspected", "time", "undetermined", "version", "within"}
}

func (c *checker) call(n ast.Node, name string, args []ast.Node) *schema.Type {
	f, ok := functionNamed(name)
	if !ok {
		return c.complain(n, otherWay(name), "unknown function %q; there are %s", name, strings.Join(FunctionNames(), ", "))
	}
	return f.check(c, n, args)
}

// otherWay says how to write what other languages have a function for.
func otherWay(name string) string {
	switch name {
	case "find":
		return "write first(filter(list, condition))"
	case "findLast":
		return "write last(filter(list, condition))"
	case "reduce", "groupBy":
		return "there are count, sum, min and max"
	case "length", "lenght":
		return "write len(list)"
	case "now":
		return "now is a name, not a function: write it without brackets"
	case "date":
		return `write time("2026-01-10T09:00:00Z")`
	case "int", "float", "string", "toJSON":
		return "values keep the types of their schemas"
	}
	return didYouMean(name, FunctionNames())
}

// arguments types the arguments of a call and counts them; ok is false when something was complained about.
func (c *checker) arguments(call ast.Node, args []ast.Node, least, most int) (types []*schema.Type, ok bool) {
	if len(args) < least || len(args) > most {
		c.usage(call)
		return nil, false
	}
	ok = true
	for _, a := range args {
		t := c.typeOf(a)
		ok = ok && t != nil
		types = append(types, t)
	}
	return types, ok
}

// usage complains that a call is not what the function takes.
func (c *checker) usage(call ast.Node) *schema.Type {
	name := ""
	switch n := call.(type) {
	case *ast.BuiltinNode:
		name = n.Name
	case *ast.CallNode:
		name = n.Callee.(*ast.IdentifierNode).Value
	}
	f, _ := functionNamed(name)
	return c.complain(call, "", "the call does not fit: write %s", f.usage)
}

// list types the first argument of a call, which must be a list, and gives its item type.
func (c *checker) list(call, arg ast.Node) (list *schema.Type, ok bool) {
	t := c.typeOf(arg)
	if t == nil {
		return nil, false
	}
	if t.Kind != schema.List {
		c.complain(arg, "", "%s is %s, expected a list", c.quoted(arg), article(t))
		return nil, false
	}
	return t, true
}

// predicate types the body of a predicate over items of a type.
func (c *checker) predicate(n ast.Node, item *schema.Type) *schema.Type {
	p, ok := n.(*ast.PredicateNode)
	if !ok {
		return c.complain(n, "", "expected a condition over the items of the list")
	}
	c.items = append(c.items, item)
	t := c.typeOf(p.Node)
	c.items = c.items[:len(c.items)-1]
	c.expr.types[n] = t
	return t
}

// overList types a call of a list and a predicate: any(list, condition).
func (c *checker) overList(call ast.Node, args []ast.Node) (list, body *schema.Type, ok bool) {
	if len(args) != 2 {
		c.usage(call)
		return nil, nil, false
	}
	list, ok = c.list(call, args[0])
	if !ok {
		return nil, nil, false
	}
	body = c.predicate(args[1], list.Elem)
	return list, body, body != nil
}

// condition demands that a predicate is boolean.
func (c *checker) condition(n ast.Node, body *schema.Type) bool {
	if body.Kind == schema.Bool {
		return true
	}
	c.complain(n, "", "the condition over the items is %s, expected true or false", article(body))
	return false
}

func quantifier(name string) function {
	return function{
		usage: name + "(list, condition)",
		check: func(c *checker, call ast.Node, args []ast.Node) *schema.Type {
			_, body, ok := c.overList(call, args)
			if !ok || !c.condition(args[1], body) {
				return nil
			}
			return boolType
		},
		eval: func(e *evaluation, call ast.Node, args []ast.Node) Value { return e.quantify(name, args) },
	}
}

func checkFilter(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	list, body, ok := c.overList(call, args)
	if !ok || !c.condition(args[1], body) {
		return nil
	}
	return list
}

func checkMap(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	_, body, ok := c.overList(call, args)
	if !ok {
		return nil
	}
	return schema.ListOf(body)
}

func checkCount(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	if len(args) == 1 {
		if _, ok := c.list(call, args[0]); !ok {
			return nil
		}
		return intType
	}
	_, body, ok := c.overList(call, args)
	if !ok || !c.condition(args[1], body) {
		return nil
	}
	return intType
}

func checkSortBy(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	if len(args) != 2 && len(args) != 3 {
		return c.usage(call)
	}
	list, body, ok := c.overList(call, args[:2])
	if !ok {
		return nil
	}
	if !comparable(body, body) || body.Kind == schema.Bool || body.Kind == schema.HResult {
		return c.complain(args[1], "", "%ss have no order to sort by", body)
	}
	if len(args) == 3 {
		order, literal := args[2].(*ast.StringNode)
		if !literal || order.Value != "asc" && order.Value != "desc" {
			return c.complain(args[2], "", `the order is "asc" or "desc"`)
		}
	}
	return list
}

func checkSum(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	t, ok := c.itemsOrBody(call, args)
	if !ok {
		return nil
	}
	if !numeric(t) && t.Kind != schema.Duration {
		return c.complain(call, "", "%ss cannot be added up", t)
	}
	return t
}

// itemsOrBody types sum(list) and sum(list, value).
func (c *checker) itemsOrBody(call ast.Node, args []ast.Node) (*schema.Type, bool) {
	if len(args) == 1 {
		list, ok := c.list(call, args[0])
		if !ok {
			return nil, false
		}
		return list.Elem, true
	}
	_, body, ok := c.overList(call, args)
	return body, ok
}

func extremum(name string) function {
	return function{
		usage: name + "(list) or " + name + "(a, b)",
		check: func(c *checker, call ast.Node, args []ast.Node) *schema.Type {
			types, ok := c.arguments(call, args, 1, 8)
			if !ok {
				return nil
			}
			t := types[0]
			if len(types) == 1 {
				if t.Kind != schema.List {
					return c.usage(call)
				}
				t = t.Elem
			}
			for _, other := range types[1:] {
				if t = unify(t, other); t == nil {
					return c.complain(call, "", "the values are of different types")
				}
			}
			if !numeric(t) && t.Kind != schema.Duration && t.Kind != schema.Time {
				return c.complain(call, "", "%ss have no order", t)
			}
			return t
		},
		eval: func(e *evaluation, call ast.Node, args []ast.Node) Value { return e.extremum(name, args) },
	}
}

func checkLen(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	types, ok := c.arguments(call, args, 1, 1)
	if !ok {
		return nil
	}
	if k := types[0].Kind; k != schema.List && k != schema.Map && !textual(types[0]) {
		return c.complain(args[0], "", "%s is %s, which has no length", c.quoted(args[0]), article(types[0]))
	}
	return intType
}

func endFunction(name string) function {
	return function{
		usage: name + "(list)",
		check: func(c *checker, call ast.Node, args []ast.Node) *schema.Type {
			if len(args) != 1 {
				return c.usage(call)
			}
			list, ok := c.list(call, args[0])
			if !ok {
				return nil
			}
			return list.Elem
		},
		eval: func(e *evaluation, call ast.Node, args []ast.Node) Value { return e.end(name == "last", args[0]) },
	}
}

func checkGiven(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	if len(args) != 1 || !c.isInput(args[0]) {
		return c.usage(call)
	}
	if c.typeOf(args[0]) == nil {
		return nil
	}
	return boolType
}

func (c *checker) isInput(n ast.Node) bool {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return false
	}
	id, ok := m.Node.(*ast.IdentifierNode)
	return ok && id.Value == "inputs" && !c.bound(id.Value)
}

func checkKnown(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	if _, ok := c.arguments(call, args, 1, 1); !ok {
		return nil
	}
	return boolType
}

func verdictFunction(name string) function {
	want := map[string]Verdict{"confirmed": Confirmed, "suspected": Suspected, "ruled_out": RuledOut}[name]
	return function{
		usage: name + "(causes.x)",
		check: func(c *checker, call ast.Node, args []ast.Node) *schema.Type {
			types, ok := c.arguments(call, args, 1, 1)
			if !ok {
				return nil
			}
			if types[0] != VerdictType {
				return c.complain(args[0], "symptoms.x and causes.x have verdicts", "%s has no verdict", c.quoted(args[0]))
			}
			return boolType
		},
		eval: func(e *evaluation, call ast.Node, args []ast.Node) Value {
			v := e.eval(args[0])
			if v.state != known {
				return v
			}
			verdict, is := v.data.(Verdict)
			if !is {
				verdict = Judge(v.truth(), False)
			}
			return boolean(verdict == want)
		},
	}
}

func checkRequire(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	types, ok := c.arguments(call, args, 3, 3)
	if !ok {
		return nil
	}
	if _, literal := args[2].(*ast.StringNode); !literal || types[0].Kind != schema.Bool {
		return c.usage(call)
	}
	return types[1]
}

func checkWithin(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	types, ok := c.arguments(call, args, 3, 3)
	if !ok {
		return nil
	}
	for i, t := range types {
		if t.Kind != schema.Time {
			return c.complain(args[i], "", "%s is %s, expected a time", c.quoted(args[i]), article(t))
		}
	}
	return boolType
}

func checkOverlaps(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	types, ok := c.arguments(call, args, 2, 2)
	if !ok {
		return nil
	}
	for i, t := range types {
		for _, end := range []string{"from", "to"} {
			if f, has := t.Field(end); t.Kind != schema.Object || !has || f.Type.Kind != schema.Time {
				return c.complain(args[i], "", "%s is no window: an object with the times from and to", c.quoted(args[i]))
			}
		}
	}
	return boolType
}

func checkSequence(c *checker, call ast.Node, args []ast.Node) *schema.Type {
	types, ok := c.arguments(call, args, 3, 9)
	if !ok {
		return nil
	}
	if types[0].Kind != schema.Duration {
		return c.complain(args[0], `write duration("30m")`, "%s is %s, expected a duration", c.quoted(args[0]), article(types[0]))
	}
	for i, t := range types[1:] {
		var f schema.Field
		if t.Kind == schema.List && t.Elem.Kind == schema.Object {
			f, _ = t.Elem.Field("time")
		}
		if f.Type == nil || f.Type.Kind != schema.Time {
			return c.complain(args[i+1], `give its items one: map(list, ({"time": .started}))`, "the items of %s have no time", c.quoted(args[i+1]))
		}
	}
	return sequenceType
}
