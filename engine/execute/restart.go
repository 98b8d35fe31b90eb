package execute

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// Replanned is a plan that was made after the restart, as if nothing had been done yet.
type Replanned struct {
	Builder *plan.Builder
	Plan    *plan.Plan
	Facts   json.RawMessage // fact.Bundle: the readings that it rests on
}

// afterRestart goes on with a run that restarted the machine. Where only verifying is left, nothing is planned anew.
// Else the machine is diagnosed again: the steps that remain and are the same go on under the approvals in the journal,
// the others are asked again.
func (r *Run) afterRestart(ctx context.Context) error {
	if i := r.memory.restarting(); i != nil {
		if err := r.hasRestarted(ctx, i); err != nil {
			return err
		}
	}
	if !r.memory.replan || r.Replan == nil || !r.remaining(ctx) {
		return nil
	}
	now, err := r.Replan(ctx)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	return r.rebind(ctx, now)
}

// hasRestarted looks what became of a restart. One that was not asked for before the end came is done by its step.
func (r *Run) hasRestarted(ctx context.Context, i *intent) error {
	s := i.step(r.Plan)
	found, err := r.Hands.Assess(ctx, i.call())
	if err != nil {
		f, err := r.fault(ctx, fmt.Errorf("whether the machine has restarted cannot be told: %w", err), i)
		if err == nil {
			err = r.note(journal.Failed, i.key, *f)
		}
		if err != nil {
			return err
		}
		r.tell(Failed, s, f.Message)
		return &stepError{s, *f}
	}
	switch found.State {
	case sdk.StateBefore:
		return nil
	case sdk.StateAfter:
		if err := r.note(journal.Done, i.key, journal.Outcome{Summary: i.Summary, Found: true, In: i.In, Attempt: i.Attempt}); err != nil {
			return err
		}
		r.tell(Done, s, i.Summary)
		return nil
	}
	r.tell(Waits, s, "the machine has not restarted yet")
	return errRestart
}

// step is what is told of an effect: the plan's step, else what the records have.
func (i *intent) step(of *plan.Plan) *plan.Step {
	if of != nil {
		if s := of.Find(i.key); s != nil {
			return s
		}
	}
	return &plan.Step{
		Key: i.key, ID: idOf(i.key), Title: i.Title, Uses: i.Uses, Kind: "action", State: plan.Planned, Item: i.Item, Input: i.Input,
		Effect: i.Effect, Interruptible: i.Interruptible,
	}
}

// rebind goes over to a plan that was made after the restart. What was begun stays in it, and approvals of steps that are
// not the same any more are forgotten.
func (r *Run) rebind(ctx context.Context, now Replanned) error {
	if o := now.Builder.Result.Outcome; o == diagnose.Transient || o == diagnose.NotSeen {
		r.Tell(Event{Kind: Notes, Text: "after the restart the problem is gone: the steps that remain are dropped"})
		r.drop(r.Plan.Steps)
		return r.rebound(journal.Start{}, r.Plan) // what is still to be done rests on the readings of before
	}
	made := now.Builder.Again(ctx, now.Plan, plan.Earlier{Plan: r.Plan, Done: r.wasDone, Begun: r.wasBegun})
	if ctx.Err() != nil {
		return errInterrupted
	}
	forgotten := r.differing(made)
	if err := r.rebound(journal.Start{Facts: now.Facts, Forgotten: forgotten}, made); err != nil {
		return err
	}
	for _, key := range forgotten {
		r.Tell(Event{Kind: Notes, Step: made.Find(key), Text: "it is not as it was before the restart, and is asked again"})
	}
	r.Plan, r.Builder = made, now.Builder
	r.scope = r.newScope()
	r.forgo(slices.Concat(r.Plan.Steps, r.Plan.Afterwards))
	return nil
}

func (r *Run) rebound(start journal.Start, p *plan.Plan) error {
	var err error
	if start.Plan, err = plainJSON(p); err != nil {
		return err
	}
	return r.note(journal.Rebound, "", start)
}

// wasDone says whether an action was carried out, and what it has brought.
func (r *Run) wasDone(key string) (output map[string]any, done bool) {
	c := r.checked[idOf(key)]
	if i := r.memory.last(key); i != nil {
		return decodeOutput(c, i.outcome.Output), i.settled && !i.undone
	}
	outcome, done := r.memory.idle(key)
	return decodeOutput(c, outcome.Output), done
}

// idle finds what was found to be as it would be.
func (m *memory) idle(key string) (outcome journal.Outcome, found bool) {
	if outcome, found = m.root.needless[key]; found {
		return outcome, true
	}
	for _, list := range m.entries {
		if outcome, found = list[len(list)-1].needless[key]; found {
			return outcome, true
		}
	}
	return outcome, false
}

// wasBegun says whether a group was entered, and is not to be entered anew.
func (r *Run) wasBegun(key string) bool {
	list := r.memory.entries[key]
	return len(list) > 0 && (list[len(list)-1].open || list[len(list)-1].complete)
}

// drop takes the steps that remain out of the plan. A group that was entered is closed all the same.
func (r *Run) drop(list []*plan.Step) {
	for _, s := range list {
		_, done := r.wasDone(s.Key)
		if s.Holds() && !done && !r.wasBegun(s.Key) {
			s.State, s.Reason = plan.LeftOut, "the problem is gone after the restart"
		}
		r.drop(s.Steps)
	}
}

// differing lists the keys of steps that remain and that the new plan has otherwise, with the groups round them.
func (r *Run) differing(now *plan.Plan) []string {
	was := map[string]plan.StepBasis{}
	for _, b := range r.Plan.Basis.Steps {
		was[b.Key] = b
	}
	is := map[string]plan.StepBasis{}
	for _, b := range now.Basis.Steps {
		is[b.Key] = b
	}
	var out []string
	var visit func(list []*plan.Step, above []string)
	visit = func(list []*plan.Step, above []string) {
		for _, s := range list {
			chain := append(slices.Clip(above), s.Key)
			if _, done := r.wasDone(s.Key); s.Holds() && !done && !r.same(s, was[s.Key], is[s.Key]) {
				out = append(out, chain...)
			}
			visit(s.Steps, chain)
			visit(s.Finally, chain)
		}
	}
	visit(now.Steps, nil)
	visit(now.Afterwards, nil)
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(key string) bool { return r.memory.decisions[key].kind == "" })
}

// same says whether a step is as it was approved. A state that it rests on may have been changed by this run.
func (r *Run) same(s *plan.Step, was, is plan.StepBasis) bool {
	if was.State != is.State || !plan.SameJSON(was.Input, is.Input) || !slices.Equal(was.Unbound, is.Unbound) {
		return false
	}
	return plan.SameJSON(was.Material, is.Material) || s.Preview == nil || r.hasTouched(s.Preview.Changes)
}
