package condition

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/sdk/schema"
)

// state is how far a value is known.
type state int

const (
	known   state = iota
	absent        // a record has no such data; nothing was missed
	unknown       // it could not be found out
	atLeast       // a count on a partial fact: more data can only raise it
)

// Value is a value of the expression language with what is known of it. The zero value is a known nothing and is not
// used; make one with [Known], [Absent], [Unknown] or [FromFact].
type Value struct {
	state state
	// data of a known value is canonical (see package schema), or of expression-made []Value and map[string]Value.
	data any
	// partial lists and objects come out of a partial fact: there may be more than they hold.
	partial bool
	// ofPartial is a record out of a partial list: its own scalars stand, but lists and growing counts in it may hold
	// more.
	ofPartial bool
	// never rules outcomes out for an unknown boolean: no completion of the facts brings them.
	never outcomes
	why   []Why // of an unknown value, of an at-least count, of a partial list and of a record out of one
	ref   *Ref
	extra []*Ref // what else made a filter keep this record; at most maxSupport
}

// Ref is the place of a value in a fact, so that its evidence can be found.
type Ref struct {
	origin *Origin
	parent *Ref
	key    string // of an item of a list: empty
	index  int    // of an item of a list: its number, else -1
}

// Fact is the name of the probe that the value came from.
func (r *Ref) Fact() string { return r.origin.Name }

// Pointer is the JSON pointer of the value in the fact's value.
func (r *Ref) Pointer() string {
	if r.parent == nil {
		return ""
	}
	key := r.key
	if r.index >= 0 {
		key = strconv.Itoa(r.index)
	}
	if strings.ContainsAny(key, "~/") {
		key = strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
	}
	return r.parent.Pointer() + "/" + key
}

// same says whether two references name one place.
func (r *Ref) same(o *Ref) bool {
	if r == o || r == nil || o == nil {
		return r == o
	}
	return r.key == o.key && r.index == o.index && r.origin.Name == o.origin.Name && r.parent.same(o.parent)
}

// Origin is the fact that values come from.
type Origin struct {
	Name    string
	Partial []Why          // reasons for which the fact is partial; empty when it is complete
	Missing map[string]Why // fields that could not be filled, by JSON pointer
}

// Known makes a known value of canonical data.
func Known(data any) Value { return Value{data: data} }

// Absent is the value of data that a record does not have.
func Absent() Value { return Value{state: absent} }

// Unknown makes a value that could not be found out.
func Unknown(why ...Why) Value { return Value{state: unknown, why: why} }

// FromFact makes the value of an observed or partial fact.
func FromFact(o *Origin, data any) Value {
	v := Value{data: data, ref: &Ref{origin: o, index: -1}}
	if len(o.Partial) > 0 {
		v.becomePartial(o.Partial, nil)
	}
	return v
}

// OfVerdict makes the value of a symptom or cause.
func OfVerdict(v Verdict, why ...Why) Value { return Value{data: v, why: why} }

// IsKnown says whether the value is known in full, all that is in it included.
func (v Value) IsKnown() bool {
	if v.state != known || v.partial || v.misses() {
		return false
	}
	if verdict, ok := v.data.(Verdict); ok {
		return verdict != VerdictUndetermined && verdict != Suspected
	}
	switch made := v.data.(type) {
	case []Value:
		return !slices.ContainsFunc(made, func(item Value) bool { return item.state != absent && !item.IsKnown() })
	case map[string]Value:
		for _, f := range made {
			if f.state != absent && !f.IsKnown() {
				return false
			}
		}
	}
	return true
}

// Gaps gives the reasons for which the value, or something in it, is not known in full; bounded like all reasons.
func (v Value) Gaps() []Why {
	why := mergeWhy(nil, v.why...)
	if v.misses() {
		at := v.ref.Pointer() + "/"
		for _, pointer := range slices.Sorted(maps.Keys(v.ref.origin.Missing)) {
			if strings.HasPrefix(pointer, at) {
				why = mergeWhy(why, v.ref.origin.Missing[pointer])
			}
		}
	}
	if n, isList := v.length(); isList {
		for i := range n {
			why = mergeWhy(why, v.at(i).Gaps()...)
		}
	}
	if fields, made := v.data.(map[string]Value); made {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			why = mergeWhy(why, fields[name].Gaps()...)
		}
	}
	return why
}

// misses says whether something in the value could not be filled.
func (v Value) misses() bool {
	if v.ref == nil || len(v.ref.origin.Missing) == 0 || !v.isContainer() {
		return false
	}
	at := v.ref.Pointer() + "/"
	for pointer := range v.ref.origin.Missing {
		if strings.HasPrefix(pointer, at) {
			return true
		}
	}
	return false
}

// IsAbsent says whether the value is data that is not there.
func (v Value) IsAbsent() bool { return v.state == absent }

// Why gives the reasons for which the value is not known, or only in part.
func (v Value) Why() []Why { return v.why }

// Partial says whether the value is a list or object that there may be more of.
func (v Value) Partial() bool { return v.partial }

// Origins gives the places that the value came from: of a list, those of its items.
func (v Value) Origins() []*Ref { return v.origins(nil, math.MaxInt) }

// origins appends the places that the value came from until there are so many of them.
func (v Value) origins(to []*Ref, most int) []*Ref {
	if n, ok := v.length(); ok {
		for i := 0; i < n && len(to) < most; i++ {
			to = v.at(i).origins(to, most)
		}
		return to
	}
	if v.ref != nil && len(to) < most {
		to = append(to, v.ref)
	}
	return append(to, v.extra[:min(len(v.extra), max(most-len(to), 0))]...)
}

// Canonical gives the value as canonical data for an argument of a probe or action. Items that are absent or not known
// are left out of a list, which is then partial; ok is false when the value itself is absent or not known, or an
// object in it has a field that is not.
func (v Value) Canonical() (data any, partial bool, ok bool) {
	switch v.state {
	case absent, unknown, atLeast:
		return nil, false, false
	}
	if n, isList := v.length(); isList {
		out, partial := make([]any, 0, n), v.partial || v.misses()
		for i := range n {
			d, p, ok := v.at(i).Canonical()
			partial = partial || p || !ok
			if ok {
				out = append(out, d)
			}
		}
		return out, partial, true
	}
	if fields, isObject := v.data.(map[string]Value); isObject {
		out, partial := make(map[string]any, len(fields)), false
		for name, f := range fields {
			if f.state == absent {
				continue
			}
			d, p, ok := f.Canonical()
			if !ok {
				return nil, false, false
			}
			out[name], partial = d, partial || p
		}
		return out, partial, true
	}
	switch x := v.data.(type) {
	case nil:
		return nil, false, false
	case Verdict:
		t := x.Truth()
		return t == True, false, t != Undetermined
	case versionNumber:
		return x.String(), false, true
	}
	return v.data, v.partial || v.misses(), true
}

// isContainer says whether the value is a list or an object.
func (v Value) isContainer() bool {
	switch v.data.(type) {
	case []any, []Value, map[string]any, map[string]Value:
		return true
	}
	return false
}

// length is the number of items of a list.
func (v Value) length() (n int, ok bool) {
	switch list := v.data.(type) {
	case []Value:
		return len(list), true
	case []any:
		return len(list), true
	}
	return 0, false
}

// at gives an item of a list.
func (v Value) at(i int) Value {
	switch list := v.data.(type) {
	case []Value:
		return list[i]
	case []any:
		item := Value{data: list[i], ofPartial: v.partial || v.ofPartial}
		if item.ofPartial {
			item.why = v.why
		}
		if v.ref != nil {
			item.ref = &Ref{origin: v.ref.origin, parent: v.ref, index: i}
		}
		return item
	}
	return Absent()
}

// field gives a field of an object or map. t is the field's type: a count that grows stays a lower bound on a partial
// fact, any other single value of it is not known.
func (v Value) field(name string, t *schema.Type) Value {
	if v.state != known {
		return v
	}
	switch object := v.data.(type) {
	case map[string]Value:
		if f, ok := object[name]; ok {
			return f
		}
	case map[string]any:
		out := Value{state: absent}
		if v.ref != nil {
			out.ref = &Ref{origin: v.ref.origin, parent: v.ref, key: name, index: -1}
		}
		data, has := object[name]
		why, missed := out.ref.missing()
		switch {
		case !has && missed:
			return Unknown(why)
		case !has && v.partial:
			return Unknown(v.why...)
		case !has || data == nil: // a JSON null is an absent key
			return out
		}
		out.state, out.data = known, data
		switch {
		case missed && out.ref.isMissing():
			out.becomePartial([]Why{why}, nil)
		case v.partial:
			out.becomePartial(v.why, t)
		case v.ofPartial:
			out.becomeOfPartial(v.why, t)
		}
		return out
	}
	return Absent()
}

// missing finds the reason for which a place, something that it is in, or something in it could not be filled.
func (r *Ref) missing() (Why, bool) {
	if r == nil || len(r.origin.Missing) == 0 {
		return Why{}, false
	}
	for at := r; at != nil; at = at.parent {
		if why, ok := r.origin.Missing[at.Pointer()]; ok {
			return why, true
		}
	}
	inside := r.Pointer() + "/"
	first, found := "", false
	for pointer := range r.origin.Missing {
		if strings.HasPrefix(pointer, inside) && (!found || pointer < first) {
			first, found = pointer, true
		}
	}
	return r.origin.Missing[first], found
}

// isMissing says whether the place itself could not be filled.
func (r *Ref) isMissing() bool { _, ok := r.origin.Missing[r.Pointer()]; return ok }

// becomePartial marks a value that was read off a partial object.
func (v *Value) becomePartial(why []Why, t *schema.Type) {
	v.why = why
	switch v.data.(type) {
	case []any, map[string]any:
		v.partial = true
	case int64:
		v.state = unknown
		if t != nil && t.Grows {
			v.state = atLeast
		}
	default:
		v.state = unknown
	}
}

// becomeOfPartial marks a value that was read off a record of a partial list.
func (v *Value) becomeOfPartial(why []Why, t *schema.Type) {
	switch v.data.(type) {
	case []any:
		v.partial, v.why = true, why
	case map[string]any:
		v.ofPartial, v.why = true, why
	case int64:
		if t != nil && t.Grows {
			v.state, v.why = atLeast, why
		}
	}
}

// truth reads a boolean; anything that is not known is undetermined.
func (v Value) truth() Truth {
	if v.state != known {
		return Undetermined
	}
	switch b := v.data.(type) {
	case bool:
		return ofBool(b)
	case Verdict:
		return b.Truth()
	}
	return Undetermined
}

func ofBool(b bool) Truth {
	if b {
		return True
	}
	return False
}

func boolean(b bool) Value { return Value{data: b} }
