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

// apply does what was written down, reads it back, and writes down what came of it.
func (r *Run) apply(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent) (*journal.Failure, error) {
	applied, err := effect(ctx, lasting{s, s.Uses, s.Interruptible, c.Timeout, r.Tell}, func(ctx context.Context) (Applied, error) {
		return r.Hands.Apply(ctx, i.call(), func(p sdk.Progress) { r.Tell(Event{Kind: Progress, Step: s, Progress: p}) })
	})
	if err != nil {
		return r.afterError(ctx, s, c, at, i, err)
	}
	if i.Effect == sdk.Restarts {
		return nil, errRestart
	}
	found, err := r.Hands.Assess(ctx, i.call())
	if err != nil {
		return r.fault(ctx, fmt.Errorf("it cannot be read back: %w", err), i)
	}
	if found.State != sdk.StateAfter {
		return &journal.Failure{
			Message: fmt.Sprintf("%s reported success, and reading back shows otherwise: the state is %q", i.Uses, found.State),
			State:   found.State, Reason: found.Reason, Attempt: i.Attempt,
		}, nil
	}
	return r.complete(ctx, s, c, at, i, applied, false)
}

// complete reads the expectation back and writes the outcome down.
func (r *Run) complete(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent, applied Applied, found bool) (*journal.Failure, error) {
	outputOf(s, at, applied.Output)
	if f, err := r.expect(ctx, s, c, at); f != nil || err != nil {
		if f != nil {
			f.State, f.Attempt, f.Found = sdk.StateAfter, i.Attempt, found
		}
		return f, err
	}
	outcome := journal.Outcome{
		Output: encode(applied.Output), NeedsRestart: applied.NeedsRestart, Summary: i.Summary, Evidence: applied.Evidence, Found: found,
		In: at.entry.key, Role: at.role(), Attempt: i.Attempt,
	}
	if err := r.note(journal.Done, s.Key, outcome); err != nil {
		return nil, err
	}
	r.tell(Done, s, i.Summary)
	return nil, nil
}

// afterError looks how far an action got that ended with an error.
func (r *Run) afterError(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent, cause error) (*journal.Failure, error) {
	f, err := r.fault(ctx, cause, i)
	if err != nil {
		return nil, err // what became of it is found by looking when the run goes on
	}
	found, err := r.Hands.Assess(ctx, i.call())
	if err != nil {
		f.Reason = "how far it got cannot be told: " + err.Error()
		return f, nil
	}
	f.State, f.Reason = found.State, found.Reason
	if i.Effect == sdk.Restarts && found.State != sdk.StateBefore {
		return nil, errRestart // it was asked for
	}
	var told *sdk.Error
	if found.State == sdk.StateAfter && !errors.As(cause, &told) { // its process was lost behind the effect
		if output, known := predicted(c, i); known {
			return r.complete(ctx, s, c, at, i, Applied{Output: output}, true)
		}
	}
	return f, nil
}

// pickUp settles an effect that was begun before, by looking how far it got. done is false when the step is to be done
// from the start.
func (r *Run) pickUp(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent) (done bool, f *journal.Failure, err error) {
	found, err := r.Hands.Assess(ctx, i.call())
	if err != nil {
		f, err = r.fault(ctx, fmt.Errorf("what became of it cannot be told: %w", err), i)
		return false, f, err
	}
	if i.index < r.before {
		r.tell(Notes, s, fmt.Sprintf("begun before; by looking its state is %q", found.State))
	}
	switch {
	case found.State == sdk.StateBefore:
		return false, nil, nil
	case i.Effect == sdk.Restarts && !i.settled && found.State != sdk.StateOther:
		return false, nil, errRestart
	case found.State == sdk.StateAfter:
		f, err = r.finish(ctx, s, c, at, i)
	case found.State == sdk.StatePartial:
		f, err = r.apply(ctx, s, c, at, i) // it goes on with its own token
	default:
		f = &journal.Failure{Found: true, Message: "somebody else has changed it since: " + found.Reason, State: found.State, Reason: found.Reason, Attempt: i.Attempt}
	}
	return f == nil && err == nil, f, err
}

// finish writes down an effect that is there. Where its output is not known, doing it again tells it: that is safe with
// the same token.
func (r *Run) finish(ctx context.Context, s *plan.Step, c *check.Step, at place, i *intent) (*journal.Failure, error) {
	output, known := predicted(c, i)
	if i.outcome.Output != nil {
		output, known = decodeOutput(c, i.outcome.Output), true
	}
	if !known {
		return r.apply(ctx, s, c, at, i)
	}
	return r.complete(ctx, s, c, at, i, Applied{Output: output, NeedsRestart: i.outcome.NeedsRestart}, true)
}

// predicted is the output that an effect was to bring, where that was known in full.
func predicted(c *check.Step, i *intent) (output map[string]any, known bool) {
	output = decodeOutput(c, i.Predicted)
	return output, output != nil || c.Output == nil || len(c.Output.Fields) == 0 && c.Output.Kind == schema.Object
}

// expect reads the step's expectation.
func (r *Run) expect(ctx context.Context, s *plan.Step, c *check.Step, at place) (*journal.Failure, error) {
	if c.Expect == nil {
		return nil, nil
	}
	result, err := r.read(ctx, ofExpect, s, c.Expect, at)
	if err != nil || result.Truth == condition.True {
		return nil, err
	}
	f := &journal.Failure{Message: fmt.Sprintf("what is expected of it, `%s`, is %s", c.Expect.Source(), result.Truth)}
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

// encode writes an output for a record; one that is not known is left out.
func encode(output map[string]any) json.RawMessage {
	if output == nil {
		return nil
	}
	written, err := schema.Marshal(output)
	if err != nil { // outputs are canonical
		return nil
	}
	return written
}

// decodeOutput reads an output out of a record; nil when it is not there, or not in full.
func decodeOutput(c *check.Step, written json.RawMessage) map[string]any {
	if len(written) == 0 || c.Output == nil {
		return nil
	}
	v, err := c.Output.Canonical(written)
	if err != nil {
		return nil
	}
	m, _ := v.(map[string]any)
	return m
}
