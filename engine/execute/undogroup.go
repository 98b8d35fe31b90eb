package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// group takes back what was done in a group: it holds still again what the group held still, takes its members back in
// reverse, runs its `finally`, and puts back what that has changed of the state before the group.
func (u *undo) group(ctx context.Context, n *node) error {
	if err := u.Log.Append(journal.Entered, n.key, journal.Group{Reason: undoReason}); err != nil {
		return err
	}
	u.memory.group(n.key).undoOpen = true
	last := u.finally(n)
	held, err := u.hold(ctx, n, last)
	if err == nil {
		err = u.list(ctx, n.items)
	}
	if isOfJournal(err) || errors.Is(err, errInterrupted) {
		return err
	}
	var released []sdk.Change
	for _, f := range last {
		changes, ferr := u.runFinally(ctx, f)
		if isOfJournal(ferr) || errors.Is(ferr, errInterrupted) {
			return ferr
		}
		released = append(released, changes...)
		err = errors.Join(err, ferr)
	}
	if err == nil {
		err = u.putBack(ctx, n, held, released)
	}
	if isOfJournal(err) || errors.Is(err, errInterrupted) {
		return err
	}
	g := u.memory.group(n.key)
	g.undoOpen, g.open = false, false
	return errors.Join(err, u.Log.Append(journal.Closed, n.key, journal.Group{Reason: undoReason}))
}

// hold does again what the group's `finally` has released, as far as members behind it are to be taken back.
func (u *undo) hold(ctx context.Context, n *node, last []finalAction) (map[*intent]bool, error) {
	held := map[*intent]bool{}
	for k, m := range n.items {
		i := m.intent
		if i == nil || !i.settled || i.undone || i.Effect != sdk.Reversible || !slices.ContainsFunc(n.items[k+1:], u.wants) || !u.released(i, last) {
			continue
		}
		found, err := u.Hands.Assess(ctx, callOf(i.Intent))
		if err != nil {
			return held, u.fails(i, "how it is now cannot be told: "+err.Error(), "")
		}
		if found.State == sdk.StateAfter {
			continue
		}
		data := i.Intent
		data.Role = roleHold
		if err := u.Log.Append(journal.Intended, i.key, data); err != nil {
			return held, err
		}
		u.tell(Notes, i, "again, while what came behind it is taken back: "+i.Summary)
		_, err = effect(ctx, u.lasting(i), func(ctx context.Context) (Applied, error) {
			return u.Hands.Apply(ctx, callOf(i.Intent), func(p sdk.Progress) { u.Tell(Event{Kind: Progress, Step: u.step(i), Progress: p}) })
		})
		if err != nil && ctx.Err() != nil {
			return held, errInterrupted
		}
		if err != nil {
			return held, u.fails(i, "it cannot be held still again: "+failure(err, "").Message, "")
		}
		if found, err = u.Hands.Assess(ctx, callOf(i.Intent)); err != nil || found.State != sdk.StateAfter {
			return held, u.fails(i, fmt.Sprintf("it cannot be held still again: its state is %q %s", found.State, found.Reason), found.State)
		}
		if err := u.Log.Append(journal.Done, i.key, journal.Outcome{Summary: i.Summary, Role: roleHold, Attempt: i.Attempt}); err != nil {
			return held, err
		}
		held[i] = true
	}
	return held, nil
}

// released says whether a `finally` is about the same things as an effect.
func (u *undo) released(i *intent, last []finalAction) bool {
	return slices.ContainsFunc(last, func(f finalAction) bool { return shares(i.Changes, f.changes) })
}

// shares says whether two lists of changes are about a common thing.
func shares(a, b []sdk.Change) bool {
	return slices.ContainsFunc(a, func(x sdk.Change) bool {
		return slices.ContainsFunc(b, func(y sdk.Change) bool { return strings.EqualFold(x.What, y.What) })
	})
}

// putBack takes back once more what the `finally` has changed, so that everything is as it was before the group.
func (u *undo) putBack(ctx context.Context, n *node, held map[*intent]bool, released []sdk.Change) error {
	for _, m := range slices.Backward(n.items) {
		i := m.intent
		if i == nil || i.Effect != sdk.Reversible || !held[i] && !(i.undone && u.wanted[i] && shares(i.Changes, released)) {
			continue
		}
		found, err := u.Hands.Assess(ctx, callOf(i.Intent))
		if err != nil {
			return u.fails(i, "how it is now cannot be told: "+err.Error(), "")
		}
		if found.State == sdk.StateBefore {
			continue
		}
		if _, err := u.back(ctx, i, roleUndo); err != nil {
			return err
		}
		if err := u.Log.Append(journal.Undone, i.key, journal.Outcome{Summary: i.Summary, Attempt: i.Attempt}); err != nil {
			return err
		}
	}
	return nil
}

// finalAction is an action of a `finally` as an undo runs it.
type finalAction struct {
	step    *plan.Step
	input   json.RawMessage // nil: what it needs was never known
	changes []sdk.Change    // as they were when it ran last
}

// finally lists the actions of a group's `finally`, with the arguments that they had, or would have had.
func (u *undo) finally(n *node) []finalAction {
	var out []finalAction
	ran := map[string]*intent{}
	for _, i := range u.memory.intents {
		if i.Role == roleFinally && slices.Contains(i.groups, n.key) {
			ran[i.key] = i
		}
	}
	add := func(s *plan.Step) {
		f := finalAction{step: s}
		if len(s.Unbound) == 0 {
			f.input = s.Input
		}
		if i := ran[s.Key]; i != nil {
			f.input, f.changes = i.Input, i.Changes
			delete(ran, s.Key)
		}
		out = append(out, f)
	}
	if g := u.planned(n.key); g != nil {
		plan.Walk(g.Finally, func(s *plan.Step) {
			if s.Holds() && s.Kind == "action" {
				add(s)
			}
		})
		return out
	}
	for _, i := range u.memory.intents {
		if ran[i.key] == i {
			add(u.step(i))
		}
	}
	return out
}

func (u *undo) planned(key string) *plan.Step {
	if u.Plan == nil {
		return nil
	}
	return u.Plan.Find(key)
}

// runFinally runs one action of a `finally`, and gives what it has changed.
func (u *undo) runFinally(ctx context.Context, f finalAction) ([]sdk.Change, error) {
	s := f.step
	fail := func(message string, state sdk.State) error {
		data := journal.Failure{Message: message, State: state, Role: roleUndoFinally}
		if err := u.Log.Append(journal.Failed, s.Key, data); err != nil {
			return err
		}
		u.Tell(Event{Kind: Failed, Step: s, Text: message})
		return &stepError{s, data}
	}
	if f.input == nil {
		return nil, fail("what it needs was never known, and it did not run", "")
	}
	v, err := schema.Of(schema.Any).Canonical(f.input)
	if err != nil {
		return nil, fail(err.Error(), "")
	}
	args, _ := v.(map[string]any)
	prepared, err := u.Hands.Prepare(ctx, s.Uses, args)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil:
		return nil, fail(failure(err, "").Message, "")
	case prepared.NoOp:
		return nil, nil
	}
	plugin, err := u.Hands.Plugin(ctx, s.Uses)
	if err != nil {
		return nil, fail(err.Error(), "")
	}
	n := u.memory.attempts(s.Key) + 1
	dir, err := u.Log.StateDir(fmt.Sprintf("%s#undo%d", s.Key, n))
	if err != nil {
		return nil, err
	}
	data := journal.Intent{
		Uses: s.Uses, Title: s.Title, Input: f.input, Token: prepared.Token, StateDir: dir, Summary: prepared.Summary, Changes: prepared.Changes,
		Effect: s.Effect, Interruptible: s.Interruptible, Plugin: plugin, Role: roleUndoFinally, Attempt: n,
	}
	if err := u.Log.Append(journal.Intended, s.Key, data); err != nil {
		return nil, err
	}
	_, err = effect(ctx, lasting{s, s.Uses, s.Interruptible, 0, u.Tell}, func(ctx context.Context) (Applied, error) {
		return u.Hands.Apply(ctx, callOf(data), func(p sdk.Progress) { u.Tell(Event{Kind: Progress, Step: s, Progress: p}) })
	})
	if err != nil && ctx.Err() != nil {
		return nil, errInterrupted
	}
	if err != nil {
		return nil, fail(failure(err, "").Message, "")
	}
	found, err := u.Hands.Assess(ctx, callOf(data))
	if err != nil || found.State != sdk.StateAfter {
		return nil, fail(fmt.Sprintf("it reported success, and reading back shows otherwise: the state is %q %s", found.State, found.Reason), found.State)
	}
	u.Tell(Event{Kind: Done, Step: s, Text: prepared.Summary})
	return prepared.Changes, u.Log.Append(journal.Done, s.Key, journal.Outcome{Summary: prepared.Summary, Role: roleUndoFinally, Attempt: n})
}
