package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// place is where in the plan a step is carried out.
type place struct {
	scope  *plan.Scope
	group  string // key of the innermost group; empty at the top
	prefix string // of keys, inside of a repeated group
	role   string // "" or finally
	sure   bool   // an approval round it covers what happens here
}

// steps does the steps of the top level, each with what it asks for.
func (r *Run) steps(ctx context.Context, list []*plan.Step) error {
	return r.list(ctx, list, place{scope: r.scope})
}

// list does steps in order, and stops at the first that does not work.
func (r *Run) list(ctx context.Context, list []*plan.Step, at place) error {
	for _, s := range list {
		instances := []*plan.Step{s}
		if s.State == plan.Later {
			instances = r.expand(ctx, s, at)
		}
		for _, x := range instances {
			if err := r.step(ctx, x, at); err != nil {
				return err
			}
		}
		r.changed(s, instances, at)
	}
	return nil
}

// expand makes the instances of a step that could not be known while planning.
func (r *Run) expand(ctx context.Context, s *plan.Step, at place) []*plan.Step {
	out := r.Builder.Expand(ctx, r.checked[s.ID], at.scope, at.prefix)
	for _, x := range out {
		x.Suspected = s.Suspected
		if !x.Holds() {
			r.tell(LeftAlone, x, x.Reason)
		}
	}
	return out
}

// changed tells later steps which items a repeated step has changed.
func (r *Run) changed(s *plan.Step, instances []*plan.Step, at place) {
	c := r.checked[s.ID]
	if !s.Named || c == nil || c.Each == nil {
		return
	}
	all := r.siblings(s, instances)
	var items []any
	for _, x := range all {
		if i := r.memory.last(x.Key); i != nil && i.settled && x.Item != nil {
			if item, err := c.Each.Type().Elem.Canonical(x.Item); err == nil {
				items = append(items, item)
			}
		}
	}
	at.scope.Changed(s.ID, items)
}

// siblings are all instances of the same repeated step.
func (r *Run) siblings(s *plan.Step, instances []*plan.Step) []*plan.Step {
	if s.State == plan.Later {
		return instances
	}
	var out []*plan.Step
	plan.Walk(slices.Concat(r.Plan.Steps, r.Plan.Afterwards), func(x *plan.Step) {
		if x.ID == s.ID {
			out = append(out, x)
		}
	})
	return out
}

// step does one instance of a step.
func (r *Run) step(ctx context.Context, s *plan.Step, at place) error {
	if !s.Holds() {
		at.scope.Missed(s.ID, string(s.State))
		return nil
	}
	if at.role != roleFinally {
		if err := r.stopping(ctx); err != nil {
			return err
		}
		if !at.sure {
			if err := r.approve(ctx, s, at); err != nil {
				return err
			}
		}
	}
	if !s.Holds() { // declined
		at.scope.Missed(s.ID, "it was declined")
		r.tell(LeftAlone, s, s.Reason)
		if s.Guard {
			r.blocked = s.Name()
		}
		return nil
	}
	if r.blocked != "" && s.Kind != "ask" && at.role != roleFinally {
		r.tell(LeftAlone, s, fmt.Sprintf("the guard %q stands in the way", r.blocked))
		r.left = append(r.left, fmt.Sprintf("%s: the guard %q stands in the way", s.Name(), r.blocked))
		at.scope.Missed(s.ID, "blocked")
		return nil
	}
	at.scope = r.within(s, at.scope)
	switch s.Kind {
	case "group":
		return r.doGroup(ctx, s, at)
	case "ask", "manual":
		return r.person(ctx, s, at)
	case "wait_until":
		return r.wait(ctx, s, at)
	}
	return r.action(ctx, s, at)
}

// within is the scope of an instance.
func (r *Run) within(s *plan.Step, scope *plan.Scope) *plan.Scope {
	c := r.checked[s.ID]
	if s.Item == nil || c == nil || c.Each == nil {
		return scope
	}
	item, err := elementType(c.Each.Type()).Canonical(s.Item)
	if err != nil {
		return scope
	}
	return scope.With(item)
}

func elementType(list *schema.Type) *schema.Type {
	if list == nil {
		return nil
	}
	return list.Elem
}

// doGroup does a group, and its `finally` whatever happens.
func (r *Run) doGroup(ctx context.Context, s *plan.Step, at place) error {
	g := r.memory.group(s.Key)
	inner := at
	inner.group = s.Key
	inner.sure = at.sure || s.OwnRisk
	if s.Item != nil {
		inner.prefix = s.Key + "/"
	}
	if g.complete {
		return r.list(ctx, s.Steps, inner) // only what it brought is told
	}
	if g.open && g.closing { // the end came while it was being closed
		if err := r.close(ctx, s, inner, "interrupted"); err != nil {
			return err
		}
	}
	if !g.open {
		if err := r.Log.Append(journal.Entered, s.Key, journal.Group{}); err != nil {
			return err
		}
		g.enter()
	}
	r.tell(Begins, s, "")
	err := r.list(ctx, s.Steps, inner)
	if isOfJournal(err) || errors.Is(err, errInterrupted) || errors.Is(err, errRestart) {
		return err // nothing more may happen now; the `finally` stays owed
	}
	reason := ""
	if err != nil {
		reason = err.Error()
	}
	return errors.Join(err, r.close(ctx, s, inner, reason))
}

// close runs the `finally` of a group: all of it, whatever fails.
func (r *Run) close(ctx context.Context, s *plan.Step, at place, reason string) error {
	at.role, at.sure = roleFinally, true
	if slices.ContainsFunc(s.Finally, (*plan.Step).Holds) {
		r.tell(Cleans, s, "")
	}
	var failed error
	for _, f := range s.Finally {
		err := r.list(ctx, []*plan.Step{f}, at)
		if isOfJournal(err) || errors.Is(err, errInterrupted) {
			return err
		}
		failed = errors.Join(failed, err)
	}
	if failed != nil && reason == "" {
		reason = failed.Error()
	}
	if err := r.Log.Append(journal.Closed, s.Key, journal.Group{Reason: reason}); err != nil {
		return err
	}
	r.memory.close(s.Key, reason)
	return failed
}

// isOfJournal says whether an error is none of those that a target or an operator brings about.
func isOfJournal(err error) bool {
	var failed *stepError
	if err == nil || errors.As(err, &failed) {
		return false
	}
	for _, known := range []error{errCancelled, errInterrupted, errApproval, errRestart, errUndo} {
		if errors.Is(err, known) {
			return false
		}
	}
	return true
}

// touch notes what a step has changed.
func (r *Run) touch(changes []sdk.Change) {
	for _, c := range changes {
		r.touched[strings.ToLower(c.What)] = true
	}
}

// hasTouched says whether an earlier step of this run has changed something that these changes are about.
func (r *Run) hasTouched(changes ...[]sdk.Change) bool {
	return slices.ContainsFunc(slices.Concat(changes...), func(c sdk.Change) bool { return r.touched[strings.ToLower(c.What)] })
}

func (r *Run) tell(kind EventKind, s *plan.Step, text string) {
	r.Tell(Event{Kind: kind, Step: s, Text: text})
}
