package condition

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/rectify-project/rectify/sdk/schema"
)

// openedList is an argument that is a list, with what its items are.
type openedList struct {
	Value
	n    int
	elem *schema.Type
}

// item gives an item, held against its type.
func (l openedList) item(i int) Value { return typed(l.at(i), l.elem) }

// openList evaluates an argument that is a list; ok is false when it is absent or not known.
func (e *evaluation) openList(n ast.Node) (list openedList, ok bool) {
	list.Value = e.eval(n)
	if list.state != known {
		return list, false
	}
	list.n, ok = list.length()
	if !ok {
		list.Value = Unknown(Why{Reason: "a value is not a list"})
	}
	if t := e.expr.types[n]; t != nil {
		list.elem = t.Elem
	}
	return list, ok
}

// over evaluates the body of a predicate for one item and gathers what inner predicates matched for it.
func (e *evaluation) over(body ast.Node, item Value) (v Value, matched []*Ref) {
	outer := e.matched
	e.matched = nil
	e.items = append(e.items, item)
	v = e.eval(body.(*ast.PredicateNode).Node)
	e.items = e.items[:len(e.items)-1]
	matched, e.matched = e.matched, outer
	return v, matched
}

// counting is how the items of a list fared under a condition.
type counting struct {
	hits      int
	matching  []Value // all of them, or the first for evidence
	rejected  int
	undecided int
	why       []Why
}

// decide evaluates a condition for each item and keeps as many of those that match. An item whose data is absent does
// not match, and is counted.
func (e *evaluation) decide(list openedList, body ast.Node, keep int) counting {
	var c counting
	for i := range list.n {
		item := list.item(i)
		v, matched := e.over(body, item)
		can := v.outcomes()
		switch {
		case can == canBeTrue:
			if c.hits++; c.hits <= keep {
				item.extra = slices.Concat(item.extra, matched)
				item.extra = item.extra[:min(len(item.extra), maxSupport)]
				e.build(valueBytes + 8*len(item.extra))
				c.matching = append(c.matching, item)
			}
		case can&canBeTrue != 0:
			c.undecided++
			c.why = mergeWhy(c.why, v.why...)
		default:
			c.rejected++
			if can&canBeAbsent != 0 && e.leaf != nil {
				e.leaf.Absent++
			}
		}
	}
	return c
}

func (e *evaluation) quantify(name string, args []ast.Node) Value {
	list, ok := e.openList(args[0])
	if !ok {
		return list.Value
	}
	c := e.decide(list, args[1], maxSupport)
	open := list.partial || c.undecided > 0
	e.noteMatches(c.hits, list)

	decided, outcome := false, false
	switch name {
	case "any":
		decided, outcome = c.hits > 0 || !open, c.hits > 0
	case "none":
		decided, outcome = c.hits > 0 || !open, c.hits == 0
	case "all":
		decided, outcome = c.rejected > 0 || !open, c.rejected == 0
	case "one":
		decided, outcome = c.hits > 1 || !open, c.hits == 1
	}
	if !decided {
		return Unknown(mergeWhy(list.why, c.why...)...)
	}
	for _, m := range c.matching {
		e.match(m)
	}
	return boolean(outcome)
}

// match remembers an item that a predicate found.
func (e *evaluation) match(item Value) {
	if len(e.items) > 0 {
		e.matched = item.origins(e.matched, maxSupport)
		return
	}
	e.touch(item)
}

func evalFilter(e *evaluation, _ ast.Node, args []ast.Node) Value {
	list, ok := e.openList(args[0])
	if !ok {
		return list.Value
	}
	c := e.decide(list, args[1], list.n)
	return Value{data: c.matching, partial: list.partial || c.undecided > 0, why: mergeWhy(list.why, c.why...)}
}

func evalMap(e *evaluation, _ ast.Node, args []ast.Node) Value {
	list, ok := e.openList(args[0])
	if !ok {
		return list.Value
	}
	e.build(list.n * valueBytes)
	out := make([]Value, list.n)
	for i := range list.n {
		item := list.item(i)
		v, _ := e.over(args[1], item)
		if v.ref == nil {
			v.ref = item.ref
		}
		v.extra = slices.Concat(v.extra, item.extra)
		v.extra = v.extra[:min(len(v.extra), maxSupport)]
		e.build(8 * len(v.extra))
		out[i] = v
	}
	return Value{data: out, partial: list.partial, why: list.why}
}

func evalCount(e *evaluation, _ ast.Node, args []ast.Node) Value {
	list, ok := e.openList(args[0])
	if !ok {
		return list.Value
	}
	if len(args) == 1 {
		e.touch(list.Value)
		return bounded(list.n, list.partial, list.why)
	}
	c := e.decide(list, args[1], maxSupport)
	e.touch(c.matching...)
	return bounded(c.hits, list.partial || c.undecided > 0, mergeWhy(list.why, c.why...))
}

// bounded is a count; of an open list a lower bound.
func bounded(n int, open bool, why []Why) Value {
	v := Value{data: int64(n)}
	if open {
		v.state, v.why = atLeast, why
	}
	return v
}

func evalLen(e *evaluation, _ ast.Node, args []ast.Node) Value {
	v := e.eval(args[0])
	if v.state != known {
		return v
	}
	switch x := v.data.(type) {
	case string:
		e.spend(len(x) / 64)
		return Value{data: int64(len([]rune(x)))}
	case map[string]any:
		return bounded(len(x), v.partial, v.why)
	case map[string]Value:
		return Value{data: int64(len(x))}
	}
	n, _ := v.length()
	e.touch(v)
	return bounded(n, v.partial, v.why)
}

// end gives the first or last item. On a partial list it may be another one.
func (e *evaluation) end(last bool, arg ast.Node) Value {
	list, ok := e.openList(arg)
	switch {
	case !ok:
		return list.Value
	case list.partial:
		return Unknown(list.why...)
	case list.n == 0:
		return Absent()
	}
	i := 0
	if last {
		i = list.n - 1
	}
	item := list.item(i)
	e.touch(item)
	return item
}

// evalSortBy sorts; items whose key is absent come last, and so do those whose key is not known, which makes the list
// partial: it may stand in another order.
func evalSortBy(e *evaluation, _ ast.Node, args []ast.Node) Value {
	list, ok := e.openList(args[0])
	if !ok {
		return list.Value
	}
	out := Value{partial: list.partial, why: list.why}
	type keyed struct{ item, key Value }
	e.build(list.n * 3 * valueBytes)
	e.spend(list.n * bits.Len(uint(list.n)) / 8)
	rows := make([]keyed, list.n)
	for i := range list.n {
		item := list.item(i)
		key, _ := e.over(args[1], item)
		rows[i] = keyed{item, key}
		if key.state == unknown || key.state == atLeast {
			out.partial = true
			out.why = mergeWhy(out.why, key.why...)
		}
	}
	down := false
	if len(args) == 3 {
		order, _ := args[2].(*ast.StringNode)
		down = order != nil && order.Value == "desc"
	}
	slices.SortStableFunc(rows, func(a, b keyed) int {
		if a.key.state != known || b.key.state != known {
			return cmp.Compare(int(a.key.state), int(b.key.state))
		}
		c, _ := compare(a.key.data, b.key.data)
		if down {
			return -c
		}
		return c
	})
	items := make([]Value, len(rows))
	for i, row := range rows {
		items[i] = row.item
	}
	out.data = items
	return out
}

// evalSum adds up. An item without the number makes the sum absent: a sum of the rest would be a wrong one.
func evalSum(e *evaluation, call ast.Node, args []ast.Node) Value {
	list, ok := e.openList(args[0])
	if !ok {
		return list.Value
	}
	t := e.expr.types[call]
	total := zero(t)
	for i := range list.n {
		e.step()
		item := list.item(i)
		if len(args) == 2 {
			item, _ = e.over(args[1], item)
		}
		e.touch(item)
		sum, stop := firstNotKnown(total, item)
		if !stop {
			sum = e.arithmetic("+", total.data, item.data, t)
		}
		if total = sum; total.state == absent {
			return total
		}
	}
	if list.partial {
		return Unknown(mergeWhy(list.why, total.why...)...)
	}
	return total
}

// zero is the sum of nothing.
func zero(t *schema.Type) Value {
	switch {
	case t != nil && t.Kind == schema.Duration:
		return Value{data: time.Duration(0)}
	case t != nil && t.Kind == schema.Number:
		return Value{data: 0.0}
	}
	return Value{data: int64(0)}
}

// extremum finds the least or greatest value; of nothing it is absent, and so it is when one of the values is.
func (e *evaluation) extremum(name string, args []ast.Node) Value {
	var list openedList
	if len(args) == 1 {
		var ok bool
		if list, ok = e.openList(args[0]); !ok {
			return list.Value
		}
	} else {
		items := make([]Value, len(args))
		for i, a := range args {
			items[i] = e.eval(a)
		}
		list.data, list.n = items, len(items)
	}
	var best Value
	for i := range list.n {
		e.step()
		item := list.item(i)
		if i == 0 {
			best = item
			continue
		}
		if v, stop := firstNotKnown(best, item); stop {
			if best = v; best.state == absent {
				return best
			}
			continue
		}
		if c, _ := compare(item.data, best.data); c < 0 && name == "min" || c > 0 && name == "max" {
			best = item
		}
	}
	switch {
	case best.state == absent && list.n > 0:
		return Absent()
	case list.partial:
		return Unknown(mergeWhy(list.why, best.why...)...)
	case list.n == 0:
		return Absent()
	case best.state == atLeast && list.n > 1:
		return Unknown(best.why...)
	}
	e.touch(best)
	return best
}
