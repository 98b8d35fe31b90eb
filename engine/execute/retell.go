package execute

import (
	"context"

	"github.com/rectify-project/rectify/engine/plan"
)

// retell tells the scope what steps have brought that were carried out before, and says whether all of them were. Nothing
// is done.
func (r *Run) retell(ctx context.Context, list []*plan.Step, at place) (all bool) {
	all = true
	at.list = list
	for _, s := range list {
		instances := []*plan.Step{s}
		if s.State == plan.Later {
			instances = r.expand(ctx, s, at)
		}
		for _, x := range instances {
			all = r.retold(ctx, x, at) && all
		}
		r.changed(s, instances, at)
	}
	return all
}

// retold retells one step.
func (r *Run) retold(ctx context.Context, s *plan.Step, at place) (done bool) {
	if !s.Holds() {
		at.scope.Missed(s.ID, string(s.State))
		r.guards(s)
		return true
	}
	if r.blocked != "" && !at.finally && !s.Asks() {
		at.scope.Missed(s.ID, "a guard stands in the way")
		return true
	}
	at.scope = r.within(s, at.scope)
	switch {
	case s.IsGroup():
		e := r.memory.inner(at.entry, s.Key)
		if e == nil {
			e = r.stands(ctx, s)
		}
		return e != nil && r.retell(ctx, s.Steps, r.inside(s, e, at)) && e.complete
	case s.IsAction():
		output, done := r.brought(s, at)
		if done {
			outputOf(s, at, output)
		}
		return done
	}
	return r.passed(s, at)
}

// brought is the output of an action that was carried out, as far as it is known; done is false when it was not.
func (r *Run) brought(s *plan.Step, at place) (output map[string]any, done bool) {
	c := r.checked[s.ID]
	if outcome, ok := at.entry.needless[s.Key]; ok {
		return decodeOutput(c, outcome.Output), true
	}
	i := at.entry.done[s.Key]
	if i == nil || i != r.begun(s, at) {
		return nil, false
	}
	return decodeOutput(c, i.outcome.Output), true
}

// begun finds the effect of a step that was begun last and may be there; nil when the step is to be done from the start.
// A `finally` is done anew for each entering of its group.
func (r *Run) begun(s *plan.Step, at place) *intent {
	i := r.memory.last(s.Key)
	switch {
	case i == nil, i.undone, at.finally && i.entry != at.entry:
		return nil
	case !plan.SameJSON(i.Item, s.Item) && !plan.SameJSON(i.Input, s.Input): // it was for another item
		return nil
	}
	return i
}

// passed says whether a question, a thing to do by hand or a wait is done with.
func (r *Run) passed(s *plan.Step, at place) bool {
	_, passed := at.entry.passed[s.Key]
	_, answered := r.memory.answers[s.Key]
	return passed || answered && r.checked[s.ID].Expect == nil
}

// remaining says whether a step of the plan is still to be carried out.
func (r *Run) remaining(ctx context.Context) bool {
	blocked := r.blocked
	at := r.top()
	at.scope = r.newScope()
	all := r.retell(ctx, r.Plan.Steps, at)
	r.blocked = blocked
	return !all
}
