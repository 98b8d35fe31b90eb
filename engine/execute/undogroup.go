package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/sdk"
)

// group takes back what was done in one entering of a group: it holds still again what the group held still, takes its
// members back in reverse, runs its `finally`, and puts back what that has changed of the state before the group.
func (u *undo) group(ctx context.Context, e *entry) error {
	data := journal.Group{Reason: undoReason, Entry: e.number, In: e.in.key}
	if err := u.note(journal.Entered, e.key, data); err != nil {
		return err
	}
	err := u.hold(ctx, e)
	if err == nil {
		err = u.list(ctx, e.deeds)
	}
	if halts(err) {
		return err
	}
	var failed error
	for _, f := range u.finally(e) {
		ferr := u.runFinally(ctx, e, f)
		if halts(ferr) {
			return ferr
		}
		failed = errors.Join(failed, ferr)
	}
	if err == nil && failed == nil {
		failed = u.putBack(ctx, e)
	}
	if failed != nil {
		return errors.Join(err, failed) // what is owed stays so
	}
	return errors.Join(err, u.note(journal.Closed, e.key, data))
}

// hold does again what the group held still and its `finally` has released, as far as members behind it are to be taken
// back.
func (u *undo) hold(ctx context.Context, e *entry) error {
	for k, d := range e.deeds {
		i := d.intent
		if i == nil || !i.settled || i.undone || i.Effect != sdk.Reversible || !slices.ContainsFunc(e.deeds[k+1:], u.wants) || !u.holds(e, i) {
			continue
		}
		found, err := u.look(ctx, i)
		switch {
		case err != nil:
			return err
		case found.State == sdk.StateAfter:
			continue
		case found.State == sdk.StateOther:
			return u.fails(i, "it cannot be held still again, because somebody else has changed it since: "+found.Reason, found.State)
		}
		if err := u.holdAgain(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// holds says whether an effect held something still for its neighbours: it was made for that, or the `finally` is about
// the same things.
func (u *undo) holds(e *entry, i *intent) bool {
	return u.step(i).Holding() || shares(i.Changes, e.released())
}

func (u *undo) holdAgain(ctx context.Context, i *intent) error {
	data := i.Intent
	data.Role = roleHold
	if err := u.note(journal.Intended, i.key, data); err != nil {
		return err
	}
	u.tell(Notes, i, "again, while what came behind it is taken back: "+i.Summary)
	_, err := effect(ctx, u.lasting(i), func(ctx context.Context) (Applied, error) {
		return u.Hands.Apply(ctx, i.call(), func(p sdk.Progress) { u.Tell(Event{Kind: Progress, Step: u.step(i), Progress: p}) })
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return u.fails(i, "it cannot be held still again: "+failure(err, nil).Message, "")
	}
	found, err := u.look(ctx, i)
	if err != nil {
		return err
	}
	if found.State != sdk.StateAfter {
		return u.fails(i, fmt.Sprintf("it cannot be held still again: its state is %q %s", found.State, found.Reason), found.State)
	}
	return u.note(journal.Done, i.key, journal.Outcome{Summary: i.Summary, In: i.In, Role: roleHold, Attempt: i.Attempt})
}

// putBack takes back once more what the `finally` has changed, so that everything is as it was before the group: first
// what only the `finally` has changed, then what it has released of the members.
func (u *undo) putBack(ctx context.Context, e *entry) error {
	var changed []*intent
	for _, i := range slices.Backward(u.added(e)) {
		changed = append(changed, i)
	}
	for _, d := range slices.Backward(e.deeds) {
		if i := d.intent; i != nil && i.Effect == sdk.Reversible && i.undone && shares(i.Changes, e.released()) {
			changed = append(changed, i)
		}
	}
	for _, i := range changed {
		found, err := u.look(ctx, i)
		if err != nil {
			return err
		}
		if found.State == sdk.StateBefore {
			continue
		}
		if err := u.back(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// added lists what the `finally` has changed that no member of the group was about. When steps were chosen, that is what
// it has changed on this undo: the rest of the run stays.
func (u *undo) added(e *entry) []*intent {
	var of []sdk.Change
	for _, d := range e.deeds {
		if d.intent != nil {
			of = append(of, d.intent.Changes...)
		}
	}
	return slices.DeleteFunc(slices.Clone(e.finals), func(i *intent) bool {
		return i.Effect != sdk.Reversible || i.undone || shares(i.Changes, of) || len(u.Steps) > 0 && i.Role != roleUndoFinally
	})
}
