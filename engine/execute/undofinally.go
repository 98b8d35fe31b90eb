package execute

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// finalAction is an action of a `finally` as an undo runs it.
type finalAction struct {
	step  *plan.Step
	input json.RawMessage // nil: what it needs was never known
}

// finally lists the actions of a group's `finally`, with the arguments that they had, or would have had.
func (u *undo) finally(e *entry) []finalAction {
	ran := map[string]*intent{}
	var order []string
	for _, i := range e.finals {
		if i.Role == roleFinally {
			if ran[i.key] == nil {
				order = append(order, i.key)
			}
			ran[i.key] = i
		}
	}
	var out []finalAction
	if g := u.planned(e); g != nil {
		plan.Walk(g.Finally, func(s *plan.Step) {
			i := ran[s.Key]
			switch {
			case i != nil:
				out = append(out, finalAction{s, i.Input})
			case s.IsAction() && s.State == plan.Planned && len(s.Unbound) == 0:
				out = append(out, finalAction{s, s.Input})
			case s.IsAction() && s.Holds():
				out = append(out, finalAction{s, nil})
			}
			delete(ran, s.Key)
		})
	}
	for _, key := range order {
		if i := ran[key]; i != nil { // its list was known only on the way
			out = append(out, finalAction{u.step(i), i.Input})
		}
	}
	return out
}

// planned is the plan of a group.
func (u *undo) planned(e *entry) *plan.Step {
	if g := e.planned(e.key); g != nil || u.Plan == nil {
		return g
	}
	return u.Plan.Find(e.key)
}

// runFinally runs one action of a `finally`. One of which nobody knows any more what it was to be done to is told.
func (u *undo) runFinally(ctx context.Context, e *entry, f finalAction) error {
	s := f.step
	if f.input == nil {
		const why = "what it needs was never known, and it does not run"
		u.result.Kept = append(u.result.Kept, fmt.Sprintf("%s: %s", s.Name(), why))
		u.Tell(Event{Kind: Notes, Step: s, Text: why})
		return nil
	}
	v, err := schema.Of(schema.Any).Canonical(f.input)
	if err != nil {
		return u.finallyFails(s, err.Error(), "")
	}
	args, _ := v.(map[string]any)
	p, err := u.Hands.Prepare(ctx, s.Uses, args)
	switch {
	case err != nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return u.finallyFails(s, failure(err, nil).Message, "")
	case p.NoOp:
		return nil
	}
	plugin, err := u.Hands.Plugin(ctx, s.Uses)
	if err != nil {
		return u.finallyFails(s, err.Error(), "")
	}
	n := u.memory.tries[s.Key] + 1
	dir, err := u.stateDir(fmt.Sprintf("%s#%d", s.Key, n))
	if err != nil {
		return err
	}
	return u.applyFinally(ctx, s, journal.Intent{
		Uses: s.Uses, Title: s.Title, Input: f.input, Token: p.Token, StateDir: dir, Summary: p.Summary, Changes: p.Changes,
		Effect: s.Effect, Interruptible: s.Interruptible, Plugin: plugin, In: e.key, Role: roleUndoFinally, Attempt: n,
	})
}

// applyFinally writes down, does and reads back one action of a `finally`.
func (u *undo) applyFinally(ctx context.Context, s *plan.Step, data journal.Intent) error {
	if err := u.note(journal.Intended, s.Key, data); err != nil {
		return err
	}
	call := (&intent{Intent: data}).call()
	_, err := effect(ctx, lasting{s, s.Uses, s.Interruptible, 0, u.Tell}, func(ctx context.Context) (Applied, error) {
		return u.Hands.Apply(ctx, call, func(p sdk.Progress) { u.Tell(Event{Kind: Progress, Step: s, Progress: p}) })
	})
	var found sdk.Assessment
	if err == nil {
		found, err = u.Hands.Assess(ctx, call)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return u.finallyFails(s, failure(err, nil).Message, "")
	case found.State != sdk.StateAfter:
		return u.finallyFails(s, fmt.Sprintf("it reported success, and reading back shows otherwise: the state is %q %s", found.State, found.Reason), found.State)
	}
	if err := u.note(journal.Done, s.Key, journal.Outcome{Summary: data.Summary, In: data.In, Role: roleUndoFinally, Attempt: data.Attempt}); err != nil {
		return err
	}
	u.Tell(Event{Kind: Done, Step: s, Text: data.Summary})
	return nil
}

// finallyFails writes down that an action of a `finally` did not work.
func (u *undo) finallyFails(s *plan.Step, message string, state sdk.State) error {
	f := journal.Failure{Message: message, State: state, Role: roleUndoFinally, Hint: "look at it, mend it, then go on with `rectify undo`"}
	if err := u.note(journal.Failed, s.Key, f); err != nil {
		return err
	}
	u.Tell(Event{Kind: Failed, Step: s, Text: message})
	return &stepError{s, f}
}
