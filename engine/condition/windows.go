package condition

import (
	"math/bits"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/rectify-project/rectify/sdk/schema"
)

func evalWithin(e *evaluation, _ ast.Node, args []ast.Node) Value {
	times, v, ok := readTimes(e.eval(args[0]), e.eval(args[1]), e.eval(args[2]))
	if !ok {
		return v
	}
	return boolean(!times[0].Before(times[1]) && !times[0].After(times[2]))
}

// evalOverlaps asks whether two windows share an instant.
func evalOverlaps(e *evaluation, _ ast.Node, args []ast.Node) Value {
	a, b := e.eval(args[0]), e.eval(args[1])
	if v, stop := firstNotKnown(a, b); stop {
		return v
	}
	times, v, ok := readTimes(a.field("from", timeType), a.field("to", timeType), b.field("from", timeType), b.field("to", timeType))
	if !ok {
		return v
	}
	return boolean(!times[1].Before(times[2]) && !times[3].Before(times[0]))
}

// readTimes reads values that are times; otherwise is what the call comes to when one of them is not there.
func readTimes(values ...Value) (times []time.Time, otherwise Value, ok bool) {
	for i := range values {
		values[i] = typed(values[i], timeType)
	}
	if v, stop := firstNotKnown(values...); stop {
		return nil, v, false
	}
	for _, v := range values {
		t, _ := v.data.(time.Time)
		times = append(times, t)
	}
	return times, Value{}, true
}

// timed is an item of a list with its time.
type timed struct {
	at   time.Time
	item Value
}

// evalSequence finds where an item of each list follows one of the list before it, all inside one window. Each item of
// the first list begins at most one find; it takes the earliest follower each time, and no record twice.
func evalSequence(e *evaluation, _ ast.Node, args []ast.Node) Value {
	length := e.eval(args[0])
	if v, stop := firstNotKnown(length); stop {
		return v
	}
	window, ok := length.data.(time.Duration)
	if !ok {
		return Unknown(Why{Reason: "the window of a sequence is not a duration"})
	}
	var found Value
	var lists [][]timed
	var later []Why // reasons for which an earlier follower may have been missed
	for i, arg := range args[1:] {
		list, ok := e.openList(arg)
		if !ok {
			return list.Value
		}
		rows, open, why := e.byTime(list)
		if open {
			found.partial, found.why = true, mergeWhy(found.why, why...)
			if i > 0 {
				later = mergeWhy(later, why...)
				if later == nil {
					later = []Why{}
				}
			}
		}
		lists = append(lists, rows)
	}
	finds := []Value{}
	for _, start := range lists[0] {
		refs, end, ok := e.follow(start, start.at, lists[1:], window, []Value{start.item})
		if !ok {
			continue
		}
		e.build(valueBytes + 2*fieldBytes + 8*len(refs))
		to := Value{data: end}
		if later != nil {
			to = Unknown(later...)
		}
		finds = append(finds, Value{data: map[string]Value{"from": {data: start.at}, "to": to}, extra: refs})
	}
	found.data = finds
	return found
}

// byTime sorts the items of a list by their time. An item without one follows nothing; an item whose time is not known
// leaves open what else there is.
func (e *evaluation) byTime(list openedList) (rows []timed, open bool, why []Why) {
	open, why = list.partial, list.why
	e.build(list.n * valueBytes)
	e.spend(list.n * (1 + bits.Len(uint(list.n))/8))
	for i := range list.n {
		item := list.item(i)
		t := typed(item.field("time", timeType), timeType)
		switch at, ok := t.data.(time.Time); {
		case t.state == absent:
			if e.leaf != nil {
				e.leaf.Absent++
			}
		case t.state == known && ok:
			rows = append(rows, timed{at, item})
		default:
			open, why = true, mergeWhy(why, t.why...)
		}
	}
	slices.SortStableFunc(rows, func(a, b timed) int { return a.at.Compare(b.at) })
	return rows, open, why
}

// follow finds the earliest followers of an item, one out of each list. Another follower is tried only where it has the
// same time as the earliest: a later one could not help those after it.
func (e *evaluation) follow(start timed, at time.Time, lists [][]timed, window time.Duration, used []Value) (refs []*Ref, end time.Time, ok bool) {
	e.step()
	if len(lists) == 0 {
		for _, item := range used {
			refs = item.origins(refs, maxSupport)
		}
		return refs, at, true
	}
	rows := lists[0]
	i, _ := slices.BinarySearchFunc(rows, at, func(r timed, t time.Time) int { return r.at.Compare(t) })
	var tried *time.Time
	for ; i < len(rows) && rows[i].at.Sub(start.at) <= window; i++ {
		if tried != nil && !rows[i].at.Equal(*tried) {
			break
		}
		e.step()
		if slices.ContainsFunc(used, rows[i].item.isSame) {
			continue
		}
		tried = &rows[i].at
		if refs, end, ok := e.follow(start, rows[i].at, lists[1:], window, append(slices.Clip(used), rows[i].item)); ok {
			return refs, end, true
		}
	}
	return nil, time.Time{}, false
}

// isSame says whether two values are one record of a fact.
func (v Value) isSame(o Value) bool { return v.ref != nil && o.ref != nil && v.ref.same(o.ref) }

// sequenceType is what sequence() finds: one window for each time that the items followed one another.
var sequenceType = schema.ListOf(schema.ObjectOf(
	schema.Field{Name: "from", Type: timeType, Required: true},
	schema.Field{Name: "to", Type: timeType, Required: true},
))
