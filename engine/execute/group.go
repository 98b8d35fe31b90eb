package execute

import (
	"context"
	"errors"
	"slices"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// group does a group, and its `finally` whatever happens.
func (r *Run) group(ctx context.Context, s *plan.Step, at place) error {
	if e := r.memory.inner(at.entry, s.Key); e != nil && e.complete {
		inner := r.inside(s, e, at)
		if all := r.retell(ctx, s.Steps, inner); all || e.plans == r.memory.plans {
			return nil
		}
	} else if e == nil && !at.finally {
		if e = r.stands(ctx, s); e != nil {
			r.retell(ctx, s.Steps, r.inside(s, e, at))
			return nil
		}
	}
	data := journal.Group{Entry: len(r.memory.entries[s.Key]) + 1, In: at.entry.key, Role: at.role()}
	if r.Plan.Find(s.Key) == nil && at.entry.planned(s.Key) == nil {
		var err error
		if data.Plan, err = plainJSON(s); err != nil {
			return err
		}
	}
	if err := r.note(journal.Entered, s.Key, data); err != nil {
		return err
	}
	return r.members(ctx, s, r.inside(s, r.memory.latest(s.Key), at), nil)
}

// planned finds a group in the plans of the enterings round it, for those that the plan of the run has not.
func (e *entry) planned(key string) *plan.Step {
	for ; e != nil; e = e.in {
		if e.plan == nil {
			continue
		}
		var found *plan.Step
		plan.Walk([]*plan.Step{e.plan}, func(s *plan.Step) {
			if s.Key == key {
				found = s
			}
		})
		if found != nil {
			return found
		}
	}
	return nil
}

// inside is the place of a group's members.
func (r *Run) inside(s *plan.Step, e *entry, at place) place {
	at.entry, at.asks, at.late, at.whole = e, false, false, at.whole || s.Whole()
	if s.Item != nil {
		at.prefix = s.Key + "/"
	}
	return at
}

// members does the members of a group that was entered, unless something stands against it, and closes it.
func (r *Run) members(ctx context.Context, s *plan.Step, inner place, err error) error {
	if err == nil {
		r.tell(Begins, s, "")
		err = r.list(ctx, s.Steps, inner)
	}
	if halts(err) {
		return err
	}
	reason := ""
	if err != nil {
		reason = oneLine(err)
	}
	return errors.Join(err, r.close(ctx, s, inner, reason))
}

// goOn goes on with a group that was entered before and is not closed.
func (r *Run) goOn(ctx context.Context, s *plan.Step, e *entry, at place) error {
	outside := at
	at.scope = r.within(s, at.scope)
	inner := r.inside(s, e, at)
	if !e.closing {
		var err error
		if outside.asks {
			err = r.approve(ctx, s, outside)
		}
		if err != nil {
			r.retell(ctx, s.Steps, inner) // for the `finally`
		}
		return r.members(ctx, s, inner, err)
	}
	reason := ""
	if all := r.retell(ctx, s.Steps, inner); !all {
		reason = "the run was cut off"
	}
	if err := r.close(ctx, s, inner, reason); err != nil || reason == "" {
		return err
	}
	return r.step(ctx, s, outside)
}

// close runs the `finally` of a group: all of it, whatever fails. What failed stays owed.
func (r *Run) close(ctx context.Context, s *plan.Step, at place, reason string) error {
	at.finally, at.asks, at.late, at.whole, at.list = true, false, false, true, s.Finally
	if slices.ContainsFunc(s.Finally, (*plan.Step).Holds) {
		r.tell(Cleans, s, "")
	}
	var failed error
	for _, f := range s.Finally {
		err := r.instances(ctx, f, at)
		if halts(err) {
			return err
		}
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return failed
	}
	return r.note(journal.Closed, s.Key, journal.Group{Entry: at.entry.number, In: at.entry.in.key, Reason: reason})
}

// stands finds an earlier entering of a group that was complete, and still is although a group round it has been entered
// again: what it did is there, save what its own `finally` is about.
func (r *Run) stands(ctx context.Context, s *plan.Step) *entry {
	list := r.memory.entries[s.Key]
	if len(list) == 0 {
		return nil
	}
	e := list[len(list)-1]
	if !e.complete || e.plans != r.memory.plans || !r.isThere(ctx, e, nil) {
		return nil
	}
	return e
}

func (r *Run) isThere(ctx context.Context, e *entry, released []sdk.Change) bool {
	released = slices.Concat(released, e.released())
	return !slices.ContainsFunc(e.deeds, func(d deed) bool {
		if d.entry != nil {
			return !r.isThere(ctx, d.entry, released)
		}
		if !d.intent.settled || shares(d.intent.Changes, released) {
			return false
		}
		found, err := r.Hands.Assess(ctx, d.intent.call())
		return err != nil || found.State != sdk.StateAfter
	})
}
