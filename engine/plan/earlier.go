package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Earlier is what a plan goes on from that is made in the middle of a run, after a restart. What was begun stays in it,
// whatever its gates say now: a step that was done, and a group whose `finally` is owed.
type Earlier struct {
	Plan *Plan // as it was
	// Done says whether an action was carried out, by its key, and what it has brought; nil when that is not known.
	Done func(key string) (output map[string]any, done bool)
	// Begun says whether a group was entered, by its key.
	Begun func(key string) bool
}

// Again makes a plan anew that goes on from an earlier one: what was begun in that stays, and an instance of a repeated
// step has the key that it had. fresh is the plan as it would be if nothing had been done yet.
func (b *Builder) Again(ctx context.Context, fresh *Plan, earlier Earlier) *Plan {
	out := b.build(ctx, fresh.Stamp, &earlier)
	out.Rectify, out.Made, out.Playbook, out.Target, out.Inputs, out.Assumed = fresh.Rectify, fresh.Made, fresh.Playbook, fresh.Target, fresh.Inputs, fresh.Assumed
	out.seal(b.Playbook, b.Result, fresh.Basis.Inputs)
	return out
}

// done says whether an action was carried out before.
func (w *walk) done(key string) (output map[string]any, done bool) {
	if w.earlier == nil {
		return nil, false
	}
	return w.earlier.Done(key)
}

// begun says whether an action was carried out, or a group entered, before.
func (w *walk) begun(key string) bool {
	_, done := w.done(key)
	return done || w.earlier != nil && w.earlier.Begun(key)
}

// instances lists those of a repeated step in the earlier plan, by what their keys begin with.
func (w *walk) instances(base string) []*Step {
	var out []*Step
	if w.earlier == nil {
		return nil
	}
	find := func(x *Step) {
		if rest, ok := strings.CutPrefix(x.Key, base+"["); ok && strings.IndexByte(rest, ']') == len(rest)-1 {
			out = append(out, x)
		}
	}
	Walk(w.earlier.Plan.Steps, find)
	Walk(w.earlier.Plan.Afterwards, find)
	return out
}

// kept are the instances of a repeated step that were begun before. What of them was not done follows the step's state
// now.
func (w *walk) kept(s *check.Step, one *Step, scope *Scope, in surroundings) []*Step {
	var out []*Step
	if one.State != Planned && one.State != Later {
		in.dropped = one.Reason
	}
	for _, was := range w.instances(one.Key) {
		if !w.begun(was.Key) {
			continue
		}
		item, err := ItemOf(s, was.Item)
		if err != nil { // it was written by an earlier plan of the same playbook
			continue
		}
		out = append(out, w.item(s, w.describe(s, was.Key), one, item, scope, in))
	}
	return out
}

// numbering gives the items of a repeated step their keys: those of the earlier plan where that has an instance for the
// same, else the next. isNew is false for an instance that is kept.
func (w *walk) numbering(s *check.Step, base string, scope *Scope) func(item any) (key string, isNew bool) {
	before := w.instances(base)
	next := 1
	for _, was := range before {
		n, err := strconv.Atoi(was.Key[len(base)+1 : len(was.Key)-1])
		if err == nil && n >= next {
			next = n + 1
		}
	}
	taken := map[string]bool{}
	return func(item any) (string, bool) {
		for _, was := range before {
			if !taken[was.Key] && w.same(s, was, item, scope) {
				taken[was.Key] = true
				return was.Key, !w.begun(was.Key)
			}
		}
		next++
		return base + "[" + strconv.Itoa(next-1) + "]", true
	}
}

// same says whether an instance of the earlier plan is for an item: the two are equal, or it would be done with equal
// arguments, since an item may hold what moves by itself.
func (w *walk) same(s *check.Step, was *Step, item any, scope *Scope) bool {
	if SameJSON(was.Item, raw(item)) {
		return true
	}
	if s.Kind != playbook.ActionStep || len(was.Unbound) > 0 || was.Input == nil {
		return false
	}
	args, unbound, why := bind(w.ctx, s, scope.With(item))
	return why == nil && len(unbound) == 0 && SameJSON(was.Input, raw(args))
}

// SameJSON says whether two JSON texts have the same value, however they are written.
func SameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	return len(a) > 0 && len(b) > 0 && bytes.Equal(normal(a), normal(b))
}

// normal writes JSON in one way; what is no JSON is left as it is.
func normal(written json.RawMessage) []byte {
	plain, err := schema.Of(schema.Any).Canonical(written)
	if err != nil {
		return written
	}
	return raw(plain)
}
