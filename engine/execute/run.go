// Package execute carries a plan out: it asks, binds, writes down what is about to happen, does it, reads back, and
// writes down what came of it. Killed at any instant, the records say what is certain; the rest is assessed by looking. It
// also takes back what was done, from the records alone.
package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// Hands carry actions out on the target. Their errors say whose fault it is.
type Hands interface {
	plan.Preparer
	Apply(ctx context.Context, call Call, progress func(sdk.Progress)) (Applied, error)
	Assess(ctx context.Context, call Call) (sdk.Assessment, error)
	Undo(ctx context.Context, call Call, progress func(sdk.Progress)) (Applied, error)
	// Plugin says which binary carries an action out.
	Plugin(ctx context.Context, uses string) (journal.Plugin, error)
}

// Call is one effect.
type Call struct {
	Uses     string
	Input    json.RawMessage
	Token    json.RawMessage
	StateDir string
}

// Applied is what an effect brought.
type Applied struct {
	Output       map[string]any
	NeedsRestart bool
	Evidence     []sdk.Evidence
}

// Log is where a run is written down. What Append was given is on the disk when it returns.
type Log interface {
	Append(kind journal.Kind, step string, data any) error
	StateDir(step string) (string, error)
}

// Clock is the host's time.
type Clock interface {
	Now() time.Time
	// Wait waits, at most until the context ends.
	Wait(ctx context.Context, d time.Duration)
}

// Config is what a run needs.
type Config struct {
	Playbook *check.Playbook
	Plan     *plan.Plan
	Builder  *plan.Builder
	Hands    Hands
	Observer fact.Observer
	Operator Operator
	Log      Log
	Clock    Clock
	// History is what the run has recorded before, of one that is resumed.
	History []journal.Record
	// Started is when the run began, also of one that is resumed.
	Started time.Time
	// Stop is closed when the run is to end after the step at hand and what is owed for it. The end of the context ends
	// it at once, as far as that may be.
	Stop <-chan struct{}
	// Replan diagnoses and plans anew, after a restart in mid run.
	Replan func(ctx context.Context) (Replanned, error)
	Tell   func(Event) // may be nil
}

// Run is a plan that is carried out.
type Run struct {
	Config
	memory  *memory
	scope   *plan.Scope
	checked map[string]*check.Step // by id
	touched map[string]bool        // what steps of this run have changed, by the names of their changes, in lower case
	blocked string                 // the guard that was declined
	left    []string
	restart bool // an effect waits for a restart
}

// Result is how a run, or a part of it, ended.
type Result struct {
	Outcome Outcome
	// Stop is not nil when the run is not complete: it can be resumed or undone.
	Stop *journal.Stop
	// Undo says that the operator wants everything taken back.
	Undo bool
	// Left is what is left to do, one line each.
	Left []string
	// Say is what the playbook says when it did not work.
	Say string
}

// New makes a run. Nothing is done yet.
func New(c Config) *Run {
	r := &Run{Config: c, memory: recall(c.History), checked: map[string]*check.Step{}, touched: map[string]bool{}}
	check.Walk(slices.Concat(c.Playbook.Steps, c.Playbook.Afterwards), func(s *check.Step) { r.checked[s.ID] = s })
	for _, i := range r.memory.intents {
		if i.settled {
			r.touch(i.Changes)
		}
	}
	if r.Tell == nil {
		r.Tell = func(Event) {}
	}
	r.scope = plan.NewScope(c.Builder.Result.Environment.Value, c.Plan.Stamp, c.Started)
	return r
}

// What a run can stop for.
var (
	errCancelled   = errors.New("cancelled")
	errInterrupted = errors.New("interrupted")
	errApproval    = errors.New("approval is missing")
	errRestart     = errors.New("the machine restarts")
	errUndo        = errors.New("the operator wants everything taken back")
)

// stepError is a step that failed.
type stepError struct {
	step    *plan.Step
	failure journal.Failure
}

func (e *stepError) Error() string {
	return fmt.Sprintf("step %s (%s): %s", e.step.Key, e.step.Name(), e.failure.Message)
}

// Go carries the plan out, or goes on with it, and verifies. An error is one of the journal's or of rectify itself;
// everything that the target or the operator bring about is in the result.
func (r *Run) Go(ctx context.Context) (Result, error) {
	err := r.main(ctx)
	var failed *stepError
	var result Result
	switch {
	case err == nil:
	case errors.As(err, &failed):
		result.Stop = &journal.Stop{Reason: "failed", Text: failed.Error()}
	case errors.Is(err, errUndo):
		result.Undo, result.Stop = true, &journal.Stop{Reason: "failed", Text: err.Error()}
	case errors.Is(err, errRestart):
		result.Stop = &journal.Stop{Reason: "restart", Text: "the run goes on after the restart"}
	case errors.Is(err, errApproval):
		result.Stop = &journal.Stop{Reason: "approval", Text: err.Error()}
	case errors.Is(err, errCancelled):
		result.Stop = &journal.Stop{Reason: "cancelled", Text: "the operator stopped the run"}
	case errors.Is(err, errInterrupted), ctx.Err() != nil:
		result.Stop = &journal.Stop{Reason: "interrupted", Text: "the operator stopped the run at once"}
	default:
		return result, err
	}
	return r.conclude(ctx, result)
}

// main does the steps.
func (r *Run) main(ctx context.Context) error {
	if r.memory.awaitsRestart() {
		if err := r.afterRestart(ctx); err != nil {
			return err
		}
	}
	return r.steps(ctx, r.Plan.Steps)
}

// conclude verifies, does what comes afterwards, and writes down how the run ended.
func (r *Run) conclude(ctx context.Context, result Result) (Result, error) {
	result.Left = r.leftovers()
	complete := result.Stop == nil
	if complete || result.Stop.Reason == "failed" {
		outcome, err := r.verify(ctx)
		if err != nil {
			return result, err
		}
		result.Outcome = outcome
	}
	if complete && result.Outcome.Fixed() {
		if err := r.afterwards(ctx); err != nil {
			var failed *stepError
			switch {
			case errors.As(err, &failed):
				result.Stop = &journal.Stop{Reason: "failed", Text: failed.Error()}
			case errors.Is(err, errCancelled), errors.Is(err, errInterrupted), errors.Is(err, errApproval), errors.Is(err, errUndo):
				result.Stop = &journal.Stop{Reason: "cancelled", Text: err.Error()}
			default:
				return result, err
			}
		}
		result.Left = r.leftovers()
	}
	if !result.Outcome.Fixed() && (result.Stop == nil || result.Stop.Reason == "failed") {
		result.Say = r.say(ctx)
	}
	if result.Stop != nil {
		return result, r.Log.Append(journal.Stopped, "", *result.Stop)
	}
	return result, r.Log.Append(journal.Ended, "", journal.Verdict{Outcome: result.Outcome.String(), Left: result.Left})
}

// say is what the playbook says when it did not work.
func (r *Run) say(ctx context.Context) string {
	e := r.Playbook.Escalate
	if e == nil || e.Say == nil {
		return ""
	}
	text, _, _ := fact.BindText(ctx, e.Say, r.scope.Value)
	return text
}

// leftovers lists what the operator still has to do or to decide, one line each.
func (r *Run) leftovers() []string {
	out := slices.Clone(r.left)
	plan.Walk(slices.Concat(r.Plan.Steps, r.Plan.Afterwards), func(s *plan.Step) {
		switch s.State {
		case plan.LeftToDo, plan.Open:
			if line := fmt.Sprintf("%s: %s", s.Name(), s.Reason); !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	})
	return out
}

// stopping says whether the operator wants the run to end.
func (r *Run) stopping(ctx context.Context) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	select {
	case <-r.Stop:
		return errCancelled
	default:
		return nil
	}
}
