// Package execute carries a plan out: it asks, binds, writes down what is about to happen, does it, reads back, and
// writes down what came of it. Killed at any instant, the records say what is certain; the rest is assessed by looking. It
// also takes back what was done, from the records alone.
package execute

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
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

// Log is where a run is written down. What Append was given is on the disk when it returns. After an error of it nothing
// more is done.
type Log interface {
	Append(kind journal.Kind, step string, data any) error
	// StateDir gives the private folder of one attempt of a step.
	StateDir(name string) (string, error)
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
	// Plan is carried out. What is declined is marked in it, and what is known only on the way filled in.
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
	// Replan diagnoses and plans anew, after a restart in mid run, as if nothing had been done yet.
	Replan func(ctx context.Context) (Replanned, error)
	// Tell is told what happens, one event at a time; it may be nil. An event may come while an effect goes on.
	Tell func(Event)
}

// Run is a plan that is carried out.
type Run struct {
	Config
	ledger
	scope   *plan.Scope
	checked map[string]*check.Step // by id
	before  int                    // how many effects there were when this process took the run up
	blocked string                 // the guard that was declined
	left    []string
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
	r := &Run{Config: c, ledger: ledger{c.Log, recall(c.History)}, checked: map[string]*check.Step{}}
	check.Walk(slices.Concat(c.Playbook.Steps, c.Playbook.Afterwards), func(s *check.Step) { r.checked[s.ID] = s })
	r.before = len(r.memory.intents)
	r.Tell = inTurn(c.Tell)
	r.scope = r.newScope()
	return r
}

func (r *Run) newScope() *plan.Scope {
	return plan.NewScope(r.Builder.Result.Environment.Value, r.Plan.Stamp, r.Started)
}

// inTurn makes a function that many may call tell one event at a time.
func inTurn(tell func(Event)) func(Event) {
	if tell == nil {
		return func(Event) {}
	}
	var turn sync.Mutex
	return func(e Event) {
		turn.Lock()
		defer turn.Unlock()
		tell(e)
	}
}

// Go carries the plan out, or goes on with it, and verifies. An error is one of the log's or of rectify itself;
// everything that the target or the operator bring about is in the result.
func (r *Run) Go(ctx context.Context) (Result, error) {
	if err := r.fits(); err != nil {
		return Result{}, err
	}
	r.forgo(slices.Concat(r.Plan.Steps, r.Plan.Afterwards))
	result, err := r.ending(ctx, r.main(ctx))
	if err != nil {
		return result, err
	}
	return r.conclude(ctx, result)
}

// fits makes sure that the plan is one of the playbook.
func (r *Run) fits() error {
	var err error
	plan.Walk(slices.Concat(r.Plan.Steps, r.Plan.Afterwards), func(s *plan.Step) {
		if r.checked[s.ID] == nil && err == nil {
			err = fmt.Errorf("the plan has a step %q, which the playbook %s has not: make the plan anew, or take the run back", s.ID, r.Playbook.ID)
		}
	})
	return err
}

// main does the steps.
func (r *Run) main(ctx context.Context) error {
	if err := r.afterRestart(ctx); err != nil {
		return err
	}
	return r.list(ctx, r.Plan.Steps, r.top())
}

// top is the place of the steps that are in no group.
func (r *Run) top() place { return place{scope: r.scope, entry: r.memory.root, asks: true} }

// stopping says whether the operator wants the run to end.
func (r *Run) stopping(ctx context.Context) error { return stopping(ctx, r.Stop) }

func stopping(ctx context.Context, stop <-chan struct{}) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	select {
	case <-stop:
		return errCancelled
	default:
		return nil
	}
}

func (r *Run) tell(kind EventKind, s *plan.Step, text string) {
	r.Tell(Event{Kind: kind, Step: s, Text: text})
}
