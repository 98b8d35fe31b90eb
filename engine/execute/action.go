package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// action does one action, once: what the records say is done is not done again.
func (r *Run) action(ctx context.Context, s *plan.Step, at place) error {
	c := r.checked[s.ID]
	if before, ok := r.memory.group(at.group).needless[s.Key]; ok {
		r.outputOf(s, c, at, decodeOutput(c, before.Output))
		return nil
	}
	if last := r.memory.last(s.Key); last != nil && string(last.Item) == string(s.Item) && (at.role != roleFinally || last.entry == r.memory.group(at.group).entries) {
		switch {
		case last.settled && !last.stale:
			r.restart = r.restart || last.outcome.NeedsRestart
			r.outputOf(s, c, at, decodeOutput(c, last.outcome.Output))
			return nil
		case last.undone:
		default:
			done, err := r.recover(ctx, s, c, at, last)
			if done || err != nil {
				return err
			}
		}
	}
	return r.attempts(ctx, s, c, at)
}

// attempts does an action until it works, as often as the playbook allows and the operator wants.
func (r *Run) attempts(ctx context.Context, s *plan.Step, c *check.Step, at place) error {
	r.tell(Begins, s, "")
	for tries := 1; ; tries++ {
		failure, err := r.attempt(ctx, s, c, at)
		if err != nil || failure == nil {
			return err
		}
		if err := r.Log.Append(journal.Failed, s.Key, *failure); err != nil {
			return err
		}
		if i := r.memory.last(s.Key); i != nil && i.unknown() {
			i.failure = failure
		}
		r.tell(Failed, s, failure.Message)
		if err := r.stopping(ctx); err != nil && at.role != roleFinally {
			return err
		}
		if c.Retry != nil && tries <= c.Retry.Times && failure.State != sdk.StateOther {
			r.tell(Notes, s, fmt.Sprintf("tried again, %d of %d", tries, c.Retry.Times))
			r.Clock.Wait(ctx, c.Retry.Delay)
			continue
		}
		if at.role == roleFinally {
			return &stepError{s, *failure}
		}
		choice, err := r.Operator.Failed(ctx, s, *failure)
		switch {
		case err != nil:
			return err
		case choice == Retry:
			continue
		case choice == TakeBack:
			return errors.Join(errUndo, &stepError{s, *failure})
		}
		return &stepError{s, *failure}
	}
}

// attempt binds, writes down and does an action once. A failure is the target's; an error ends the run.
func (r *Run) attempt(ctx context.Context, s *plan.Step, c *check.Step, at place) (*journal.Failure, error) {
	if last := r.memory.last(s.Key); last != nil && last.failure != nil && last.failure.State == sdk.StatePartial {
		return r.apply(ctx, s, c, at, last) // it goes on with its own token
	}
	args, err := plan.Bind(ctx, c, at.scope)
	if err != nil {
		return failure(err, at.role), nil
	}
	prepared, err := r.Hands.Prepare(ctx, s.Uses, args)
	if err != nil {
		if stop := r.stopping(ctx); stop != nil && ctx.Err() != nil {
			return nil, stop
		}
		return failure(err, at.role), nil
	}
	if f := r.agrees(s, prepared); f != nil && at.role != roleFinally {
		return f, nil
	}
	if prepared.NoOp {
		return r.needless(ctx, s, c, at, prepared)
	}
	i, err := r.intend(ctx, s, at, args, prepared)
	if err != nil {
		return nil, err
	}
	return r.apply(ctx, s, c, at, i)
}

// agrees makes sure that what an action would do now is what was planned: a state that is not the plan's must come from an
// earlier step of this run.
func (r *Run) agrees(s *plan.Step, now plan.Prepared) *journal.Failure {
	was := s.Preview
	if was == nil || was.Material == nil || string(was.Material) == string(now.Material) || r.hasTouched(was.Changes, now.Changes) {
		return nil
	}
	return &journal.Failure{
		State:   sdk.StateOther,
		Message: fmt.Sprintf("it is not as it was when the change was approved: was %s, is %s", was.Material, now.Material),
		Hint:    "somebody else has changed it; look at it, then go on with `rectify resume`, or take back with `rectify undo`",
	}
}

// needless writes down that everything is as it would be.
func (r *Run) needless(ctx context.Context, s *plan.Step, c *check.Step, at place, p plan.Prepared) (*journal.Failure, error) {
	r.outputOf(s, c, at, p.Predicted)
	if f, err := r.expect(ctx, s, c, at); f != nil || err != nil {
		return f, err
	}
	outcome := journal.Outcome{Summary: p.Summary, Role: at.role, Output: encode(p.Predicted)}
	if err := r.Log.Append(journal.Needless, s.Key, outcome); err != nil {
		return nil, err
	}
	r.memory.group(at.group).needless[s.Key] = outcome
	r.tell(Needless, s, p.Summary)
	return nil, nil
}

// intend writes down what is about to happen, with how to take it back.
func (r *Run) intend(ctx context.Context, s *plan.Step, at place, args map[string]any, p plan.Prepared) (*intent, error) {
	input, err := schema.Marshal(args)
	if err != nil {
		return nil, err
	}
	plugin, err := r.Hands.Plugin(ctx, s.Uses)
	if err != nil {
		return nil, err
	}
	attempt := r.memory.attempts(s.Key) + 1
	dir, err := r.Log.StateDir(fmt.Sprintf("%s#%d", s.Key, attempt))
	if err != nil {
		return nil, err
	}
	data := journal.Intent{
		Uses: s.Uses, Title: s.Title, Input: input, Token: p.Token, StateDir: dir, Summary: p.Summary, Changes: p.Changes, Material: p.Material,
		Predicted: encode(p.Predicted), Effect: s.Effect, Interruptible: s.Interruptible, Plugin: plugin, Item: s.Item, Role: at.role, Attempt: attempt,
	}
	if err := r.Log.Append(journal.Intended, s.Key, data); err != nil {
		return nil, err
	}
	i := r.memory.add(s.Key, data, r.path(at))
	if at.role == roleFinally {
		r.memory.group(at.group).closing = true
	}
	return i, nil
}

// path lists the groups round a place, outermost first.
func (r *Run) path(at place) []string {
	if at.group == "" {
		return nil
	}
	var path []string
	var find func(list []*plan.Step, above []string) bool
	find = func(list []*plan.Step, above []string) bool {
		for _, s := range list {
			if s.Key == at.group {
				path = append(append(path, above...), s.Key)
				return true
			}
			if find(s.Steps, append(above[:len(above):len(above)], s.Key)) {
				return true
			}
		}
		return false
	}
	if !find(r.Plan.Steps, nil) && !find(r.Plan.Afterwards, nil) {
		return []string{at.group}
	}
	return path
}

// apply does what was written down, reads it back, and writes down what came of it.
func (r *Run) apply(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent) (*journal.Failure, error) {
	call := callOf(i.Intent)
	applied, err := effect(ctx, lasting{s, s.Uses, s.Interruptible, c.Timeout, r.Tell}, func(ctx context.Context) (Applied, error) {
		return r.Hands.Apply(ctx, call, func(p sdk.Progress) { r.Tell(Event{Kind: Progress, Step: s, Progress: p}) })
	})
	if err != nil {
		return r.afterError(ctx, s, c, at, i, err)
	}
	if i.Effect == sdk.Restarts {
		return nil, errRestart
	}
	found, err := r.Hands.Assess(ctx, call)
	if err != nil {
		if ctx.Err() != nil {
			return nil, errInterrupted
		}
		return &journal.Failure{Message: "it cannot be read back: " + err.Error(), Role: at.role}, nil
	}
	if found.State != sdk.StateAfter {
		return &journal.Failure{
			Message: fmt.Sprintf("%s reported success, and reading back shows otherwise: the state is %q", i.Uses, found.State),
			State:   found.State, Reason: found.Reason, Role: at.role,
		}, nil
	}
	return r.complete(ctx, s, c, at, i, applied, false)
}

// complete reads the expectation back and writes the outcome down.
func (r *Run) complete(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent, applied Applied, found bool) (*journal.Failure, error) {
	r.outputOf(s, c, at, applied.Output)
	if f, err := r.expect(ctx, s, c, at); f != nil || err != nil {
		return f, err
	}
	outcome := journal.Outcome{
		Output: encode(applied.Output), NeedsRestart: applied.NeedsRestart, Summary: i.Summary, Evidence: applied.Evidence, Found: found, Role: at.role, Attempt: i.Attempt,
	}
	if err := r.Log.Append(journal.Done, s.Key, outcome); err != nil {
		return nil, err
	}
	i.settled, i.stale, i.failure, i.outcome = true, false, nil, outcome
	r.restart = r.restart || applied.NeedsRestart
	r.touch(i.Changes)
	r.tell(Done, s, i.Summary)
	return nil, nil
}

// afterError looks how far an action got that ended with an error.
func (r *Run) afterError(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent, cause error) (*journal.Failure, error) {
	if ctx.Err() != nil {
		return nil, errInterrupted // what became of it is found by looking when the run goes on
	}
	f := failure(cause, at.role)
	found, err := r.Hands.Assess(ctx, callOf(i.Intent))
	if err != nil {
		f.Reason = "how far it got cannot be told: " + err.Error()
		return f, nil
	}
	f.State, f.Reason = found.State, found.Reason
	var told *sdk.Error
	if found.State == sdk.StateAfter && !errors.As(cause, &told) { // its process was lost behind the effect
		return r.complete(ctx, s, c, at, i, Applied{Output: decodeOutput(c, i.Predicted)}, true)
	}
	return f, nil
}

// recover settles an effect of which the records do not say what became of it. done is false when the step is to be done
// from the start.
func (r *Run) recover(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent) (done bool, err error) {
	if i.failure != nil && !i.stale && i.failure.State == sdk.StateBefore {
		return false, nil
	}
	found, err := r.Hands.Assess(ctx, callOf(i.Intent))
	if err != nil {
		return false, r.fails(s, &journal.Failure{Message: "what became of it cannot be told: " + err.Error(), Role: at.role})
	}
	r.tell(Notes, s, fmt.Sprintf("begun before; by looking its state is %q", found.State))
	var f *journal.Failure
	switch found.State {
	case sdk.StateBefore:
		return false, nil
	case sdk.StateAfter:
		if i.Predicted != nil || i.settled || emptyOutput(c) || i.Effect == sdk.Restarts {
			output := i.Predicted
			if i.settled {
				output = i.outcome.Output
			}
			f, err = r.complete(ctx, s, c, at, i, Applied{Output: decodeOutput(c, output)}, true)
		} else {
			f, err = r.apply(ctx, s, c, at, i) // it is done; this tells its output
		}
	case sdk.StatePartial:
		r.tell(Begins, s, "")
		f, err = r.apply(ctx, s, c, at, i)
	default:
		f = &journal.Failure{Found: true, Message: "somebody else has changed it since: " + found.Reason, State: found.State, Reason: found.Reason, Role: at.role}
	}
	if err != nil {
		return false, err
	}
	if f == nil {
		return true, nil
	}
	return false, r.fails(s, f)
}

// fails writes a failure down that no further attempt mends.
func (r *Run) fails(s *plan.Step, f *journal.Failure) error {
	if err := r.Log.Append(journal.Failed, s.Key, *f); err != nil {
		return err
	}
	if i := r.memory.last(s.Key); i != nil {
		i.failure, i.settled = f, false
	}
	r.tell(Failed, s, f.Message)
	return &stepError{s, *f}
}

func emptyOutput(c *check.Step) bool { return c.Output == nil || len(c.Output.Fields) == 0 }

// outputOf makes the output of a step known to those after it.
func (r *Run) outputOf(s *plan.Step, c *check.Step, at place, output map[string]any) {
	if s.Named && c.Each == nil {
		at.scope.Output(s.ID, output)
	}
}

// expect reads the step's expectation.
func (r *Run) expect(ctx context.Context, s *plan.Step, c *check.Step, at place) (*journal.Failure, error) {
	if c.Expect == nil {
		return nil, nil
	}
	result, err := r.read(ctx, "expect", s.Key, c.Expect, at.scope)
	if err != nil || result.Truth == condition.True {
		return nil, err
	}
	f := &journal.Failure{Message: fmt.Sprintf("what is expected of it, `%s`, is %s", c.Expect.Source(), result.Truth), State: sdk.StateAfter, Role: at.role}
	var shown []string
	for _, leaf := range result.Leaves {
		if leaf.Truth != condition.True && leaf.Shown != "" {
			shown = append(shown, leaf.Shown)
		}
	}
	for _, why := range result.Why {
		shown = append(shown, why.Reason)
	}
	f.Reason = strings.Join(shown, "; ")
	return f, nil
}

func callOf(i journal.Intent) Call {
	return Call{Uses: i.Uses, Input: i.Input, Token: i.Token, StateDir: i.StateDir}
}

// failure is an error of an action as a record.
func failure(err error, role string) *journal.Failure {
	f := &journal.Failure{Message: err.Error(), Role: role}
	var told *sdk.Error
	if errors.As(err, &told) {
		f.Message, f.Hint = told.Message, told.Hint
	}
	return f
}

func encode(output map[string]any) json.RawMessage {
	if output == nil {
		return nil
	}
	b, err := schema.Marshal(output)
	if err != nil {
		return nil
	}
	return b
}

// decodeOutput reads an output out of a record.
func decodeOutput(c *check.Step, raw json.RawMessage) map[string]any {
	if len(raw) == 0 || c.Output == nil {
		return nil
	}
	v, err := c.Output.Canonical(raw)
	if err != nil {
		return nil
	}
	m, _ := v.(map[string]any)
	return m
}
