package execute

import (
	"context"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk/schema"
)

// The times of a wait_until: how long where the playbook does not say, and how often it is looked at.
const (
	longestWait = 30 * time.Minute
	firstPoll   = time.Second
	slowestPoll = 15 * time.Second
)

// wait waits until a condition is true. It changes nothing. Where it does not become true the operator may have it
// waited for again.
func (r *Run) wait(ctx context.Context, s *plan.Step, at place) error {
	if r.waited(ctx, s, at) {
		return nil
	}
	for {
		message, err := r.poll(ctx, s, at)
		if err != nil || message == "" {
			return err
		}
		f := journal.Failure{Message: message}
		if err := r.note(journal.Failed, s.Key, f); err != nil {
			return err
		}
		r.tell(Failed, s, message)
		if again, err := r.ask(ctx, &stepError{s, f}); !again || err != nil {
			return err
		}
	}
}

// waited says whether a wait is over since an earlier process: the run has changed something behind it, so that what was
// waited for may not be so any more. Else it is read again; and so is a guard, as long as there is something to guard.
func (r *Run) waited(ctx context.Context, s *plan.Step, at place) bool {
	then, passed := at.entry.passed[s.Key]
	if !passed {
		return false
	}
	if s.Guard {
		return !r.remaining(ctx)
	}
	return len(r.memory.intents) > then
}

// poll reads the condition of a wait until it is true or its time is over; then message says so.
func (r *Run) poll(ctx context.Context, s *plan.Step, at place) (message string, err error) {
	c := r.checked[s.ID]
	limit := c.Timeout
	if limit == 0 {
		limit = longestWait
	}
	began := r.Clock.Now()
	for pause := firstPoll; ; pause = min(2*pause, slowestPoll) {
		result := c.WaitUntil.Eval(ctx, r.fresh(ctx, at.scope, c.WaitUntil))
		if ctx.Err() != nil {
			return "", errInterrupted
		}
		waited := r.Clock.Now().Sub(began)
		if result.Truth == condition.True || waited >= limit {
			if err := r.note(journal.Read, s.Key, readingOf(ofWait, at, c.WaitUntil, result)); err != nil {
				return "", err
			}
		}
		switch {
		case result.Truth == condition.True:
			r.tell(Done, s, "")
			return "", nil
		case waited >= limit:
			why := ""
			if result.Truth == condition.Undetermined {
				why = ": " + firstWhy(result)
			}
			return fmt.Sprintf("`%s` was not true within %s%s", c.WaitUntil.Source(), schema.FormatDuration(limit), why), nil
		}
		r.tell(Waits, s, fmt.Sprintf("`%s` is %s", c.WaitUntil.Source(), result.Truth))
		if err := r.pause(ctx, min(pause, limit-waited)); err != nil {
			return "", err
		}
	}
}

// pause waits, unless the run is to end.
func (r *Run) pause(ctx context.Context, d time.Duration) error {
	waiting, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-r.Stop:
			cancel()
		case <-waiting.Done():
		}
	}()
	r.Clock.Wait(waiting, d)
	cancel()
	<-ended
	return r.stopping(ctx)
}
