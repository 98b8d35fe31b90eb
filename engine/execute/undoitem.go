package execute

import (
	"context"
	"fmt"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// item takes one effect back, as far as it is there.
func (u *undo) item(ctx context.Context, i *intent) error {
	found, err := u.look(ctx, i)
	if err != nil {
		return err
	}
	switch found.State {
	case sdk.StateBefore:
		return u.note(journal.Undone, i.key, journal.Outcome{Found: true, Summary: "it is as it was before", Attempt: i.Attempt})
	case sdk.StateOther:
		return u.fails(i, "somebody else has changed it since: "+found.Reason, sdk.StateOther)
	}
	if err := u.back(ctx, i); err != nil {
		return err
	}
	u.result.Undone = append(u.result.Undone, i.Summary)
	u.tell(TakenBack, i, i.Summary)
	return nil
}

// look says by looking how far an effect is there.
func (u *undo) look(ctx context.Context, i *intent) (sdk.Assessment, error) {
	found, err := u.Hands.Assess(ctx, i.call())
	switch {
	case err != nil && ctx.Err() != nil:
		return found, errInterrupted
	case err != nil:
		return found, u.fails(i, "how it is now cannot be told: "+err.Error(), "")
	}
	return found, nil
}

// back calls the undo of an effect, reads back that it is as before, and writes that down.
func (u *undo) back(ctx context.Context, i *intent) error {
	data := i.Intent
	data.Role = roleUndo
	if err := u.note(journal.Intended, i.key, data); err != nil {
		return err
	}
	u.tell(TakesBack, i, i.Summary)
	applied, err := effect(ctx, u.lasting(i), func(ctx context.Context) (Applied, error) {
		return u.Hands.Undo(ctx, i.call(), func(p sdk.Progress) { u.Tell(Event{Kind: Progress, Step: u.step(i), Progress: p}) })
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return u.fails(i, "it cannot be taken back: "+failure(err, nil).Message, "")
	}
	found, err := u.look(ctx, i)
	if err != nil {
		return err
	}
	if found.State != sdk.StateBefore {
		return u.fails(i, fmt.Sprintf("taking it back was reported done, and reading back shows otherwise: the state is %q %s", found.State, found.Reason), found.State)
	}
	if applied.NeedsRestart {
		u.tell(Notes, i, "it is complete after a restart")
	}
	return u.note(journal.Undone, i.key, journal.Outcome{Summary: i.Summary, NeedsRestart: applied.NeedsRestart, Output: encode(applied.Output), In: i.In, Attempt: i.Attempt})
}

func (u *undo) lasting(i *intent) lasting {
	return lasting{u.step(i), i.Uses, i.Interruptible, 0, u.Tell}
}

// fails writes down that an effect could not be taken back.
func (u *undo) fails(i *intent, message string, state sdk.State) error {
	f := journal.Failure{Message: message, State: state, Role: roleUndo, Attempt: i.Attempt, Hint: "look at it, mend it, then go on with `rectify undo`"}
	if err := u.note(journal.Failed, i.key, f); err != nil {
		return err
	}
	u.tell(Failed, i, message)
	return &stepError{u.step(i), f}
}

// step is what is told of an effect.
func (u *undo) step(i *intent) *plan.Step {
	if s := i.entry.planned(i.key); s != nil {
		return s
	}
	return i.step(u.Plan)
}

func (u *undo) tell(kind EventKind, i *intent, text string) {
	u.Tell(Event{Kind: kind, Step: u.step(i), Text: text})
}
