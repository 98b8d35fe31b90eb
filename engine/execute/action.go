package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// action does one action, once: what the records say is done is not done again.
func (r *Run) action(ctx context.Context, s *plan.Step, at place) error {
	c := r.checked[s.ID]
	if output, done := r.brought(s, at); done && r.stillHeld(ctx, s, at) {
		outputOf(s, at, output)
		return nil
	}
	return r.attempts(ctx, s, c, at)
}

// stillHeld looks whether what an earlier process has held still for a group that is open is still so: the machine may
// have been restarted since. Of anything else the records are enough.
func (r *Run) stillHeld(ctx context.Context, s *plan.Step, at place) bool {
	i := at.entry.done[s.Key]
	if i == nil || i.index >= r.before || at.finally || !at.entry.open || !s.Holding() {
		return true
	}
	if slices.ContainsFunc(r.memory.intents[i.index+1:], func(later *intent) bool { return shares(i.Changes, later.Changes) }) {
		return true // a later step is about the same thing
	}
	found, err := r.Hands.Assess(ctx, i.call())
	return err == nil && found.State == sdk.StateAfter
}

// attempts does an action until it works, as often as the playbook allows and the operator wants.
func (r *Run) attempts(ctx context.Context, s *plan.Step, c *check.Step, at place) error {
	r.tell(Begins, s, "")
	for tries := 1; ; tries++ {
		f, err := r.attempt(ctx, s, c, at)
		if err != nil || f == nil {
			return err
		}
		again, err := r.again(ctx, s, c, at, *f, tries)
		if !again {
			return err
		}
	}
}

// again writes a failure down and decides whether the step is tried again. When it is not, the error says why.
func (r *Run) again(ctx context.Context, s *plan.Step, c *check.Step, at place, f journal.Failure, tries int) (bool, error) {
	f.Role = at.role()
	if err := r.note(journal.Failed, s.Key, f); err != nil {
		return false, err
	}
	r.tell(Failed, s, f.Message)
	failed := &stepError{s, f}
	if c.Retry != nil && tries <= c.Retry.Times && f.State != sdk.StateOther {
		if err := r.delay(ctx, c.Retry.Delay, at); err != nil {
			return false, errors.Join(err, failed)
		}
		r.tell(Notes, s, fmt.Sprintf("tried again, %d of %d", tries, c.Retry.Times))
		return true, nil
	}
	if at.finally {
		return false, failed
	}
	return r.ask(ctx, failed)
}

// ask lets the operator choose what follows on a failed step.
func (r *Run) ask(ctx context.Context, failed *stepError) (again bool, err error) {
	if err := r.stopping(ctx); err != nil {
		return false, errors.Join(err, failed)
	}
	choice, err := r.Operator.Failed(ctx, failed.step, failed.failure)
	switch {
	case err != nil:
		return false, errors.Join(err, failed)
	case choice == Retry:
		return true, r.stopping(ctx)
	case choice == TakeBack:
		return false, errors.Join(errUndo, failed)
	}
	return false, failed
}

// delay waits before a further try. A `finally` waits although the run is to end after it.
func (r *Run) delay(ctx context.Context, d time.Duration, at place) error {
	if !at.finally {
		return r.pause(ctx, d)
	}
	r.Clock.Wait(ctx, d)
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// attempt does an action once: it finishes what was begun, or binds, writes down and does it. A failure is the target's;
// an error ends the run.
func (r *Run) attempt(ctx context.Context, s *plan.Step, c *check.Step, at place) (*journal.Failure, error) {
	if i := r.begun(s, at); i != nil {
		done, f, err := r.pickUp(ctx, s, c, at, i)
		if done || f != nil || err != nil {
			return f, err
		}
	}
	args, err := plan.Bind(ctx, c, at.scope)
	if err != nil {
		return r.fault(ctx, err, nil)
	}
	p, err := r.Hands.Prepare(ctx, s.Uses, args)
	if err != nil {
		return r.fault(ctx, err, nil)
	}
	input, err := schema.Marshal(args)
	if err != nil {
		return r.fault(ctx, err, nil)
	}
	if !at.finally {
		if f, err := r.agrees(ctx, s, input, p); f != nil || err != nil {
			return f, err
		}
	}
	if p.NoOp {
		return r.needless(ctx, s, c, at, p)
	}
	i, f, err := r.intend(ctx, s, at, input, p)
	if f != nil || err != nil {
		return f, err
	}
	return r.apply(ctx, s, c, at, i)
}

// fault is an error of an action as a failure; of one that was cut off nothing is said.
func (r *Run) fault(ctx context.Context, err error, i *intent) (*journal.Failure, error) {
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	return failure(err, i), nil
}

// failure is an error of an action as a record.
func failure(err error, i *intent) *journal.Failure {
	f := &journal.Failure{Message: err.Error()}
	var told *sdk.Error
	if errors.As(err, &told) {
		f.Message, f.Hint = told.Message, told.Hint
	}
	if i != nil {
		f.Attempt = i.Attempt
	}
	return f
}

// agrees makes sure that what an action would do now is what was approved: where it would be done with other arguments
// than were shown, it is asked for again; else a state that is not the plan's must come from this run.
func (r *Run) agrees(ctx context.Context, s *plan.Step, input []byte, now plan.Prepared) (*journal.Failure, error) {
	if s.Input != nil && len(s.Unbound) == 0 && !plan.SameJSON(s.Input, input) {
		if now.NoOp {
			return nil, nil
		}
		return nil, r.askAnew(ctx, s, input, now)
	}
	was := s.Preview
	if was == nil || was.Material == nil || plan.SameJSON(was.Material, now.Material) || r.hasTouched(slices.Concat(was.Changes, now.Changes)) {
		return nil, nil
	}
	return &journal.Failure{
		State:   sdk.StateOther,
		Message: fmt.Sprintf("it is not as it was when the change was approved: was %s, is %s", was.Material, now.Material),
		Hint:    "somebody else has changed it; look at it, then go on with `rectify resume`, or take back with `rectify undo`",
	}, nil
}

// hasTouched says whether this run has begun to change one of the things that changes are about.
func (r *Run) hasTouched(changes []sdk.Change) bool {
	return slices.ContainsFunc(r.memory.intents, func(i *intent) bool { return shares(i.Changes, changes) })
}

// needless writes down that everything is as it would be.
func (r *Run) needless(ctx context.Context, s *plan.Step, c *check.Step, at place, p plan.Prepared) (*journal.Failure, error) {
	outputOf(s, at, p.Predicted)
	if f, err := r.expect(ctx, s, c, at); f != nil || err != nil {
		return f, err
	}
	outcome := journal.Outcome{Summary: p.Summary, In: at.entry.key, Role: at.role(), Output: encode(p.Predicted)}
	if err := r.note(journal.Needless, s.Key, outcome); err != nil {
		return nil, err
	}
	r.tell(Needless, s, p.Summary)
	return nil, nil
}

// intend writes down what is about to happen, with how to take it back.
func (r *Run) intend(ctx context.Context, s *plan.Step, at place, input []byte, p plan.Prepared) (*intent, *journal.Failure, error) {
	plugin, err := r.Hands.Plugin(ctx, s.Uses)
	if err != nil {
		f, err := r.fault(ctx, err, nil)
		return nil, f, err
	}
	attempt := r.memory.tries[s.Key] + 1
	dir, err := r.stateDir(fmt.Sprintf("%s#%d", s.Key, attempt))
	if err != nil {
		return nil, nil, err
	}
	data := journal.Intent{
		Uses: s.Uses, Title: s.Title, Input: input, Token: p.Token, StateDir: dir, Summary: p.Summary, Changes: p.Changes, Material: p.Material,
		Predicted: encode(p.Predicted), Effect: s.Effect, Interruptible: s.Interruptible, Plugin: plugin, Item: s.Item, In: at.entry.key, Role: at.role(), Attempt: attempt,
	}
	if err := r.note(journal.Intended, s.Key, data); err != nil {
		return nil, nil, err
	}
	return r.memory.last(s.Key), nil, nil
}
