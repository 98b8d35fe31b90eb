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
	longestWait  = 30 * time.Minute
	firstPoll    = time.Second
	slowestPoll  = 15 * time.Second
	maxQuestions = 100 // a person who keeps saying that it is done has another problem
)

// person asks a person, or tells what is to be done by hand, and reads back whether it was.
func (r *Run) person(ctx context.Context, s *plan.Step, at place) error {
	c := r.checked[s.ID]
	said, given := r.memory.answers[s.Key]
	problem := ""
	for range maxQuestions {
		if !given {
			r.tell(Waits, s, s.Text)
			reply, err := r.Operator.Answer(ctx, s, problem)
			if err != nil {
				return err
			}
			if !reply.Given {
				if stop := r.stopping(ctx); stop != nil {
					return stop
				}
				if problem != "" {
					return r.fails(s, &journal.Failure{Message: problem})
				}
				return fmt.Errorf("%w: %s is not answered", errApproval, s.ID)
			}
			said = journal.Answer{Question: s.Text, Text: reply.Text, By: reply.By}
			if err := r.Log.Append(journal.Answered, s.Key, said); err != nil {
				return err
			}
			r.memory.answers[s.Key] = said
		}
		given = false
		if c.Expect == nil {
			r.tell(Done, s, said.Text)
			return nil
		}
		result, err := r.read(ctx, "expect", s.Key, c.Expect, at.scope)
		switch {
		case err != nil:
			return err
		case result.Truth == condition.True:
			r.tell(Done, s, said.Text)
			return nil
		case result.Truth == condition.Undetermined: // a person's word is all that there is
			r.left = append(r.left, fmt.Sprintf("%s: whether it was done could not be read back: %s", s.Name(), firstWhy(result)))
			r.tell(Notes, s, "it could not be read back: "+firstWhy(result))
			return nil
		}
		problem = fmt.Sprintf("`%s` is false", c.Expect.Source())
	}
	return r.fails(s, &journal.Failure{Message: problem})
}

func firstWhy(result condition.Result) string {
	if len(result.Why) == 0 {
		return "it is undetermined"
	}
	return result.Why[0].Reason
}

// wait waits until a condition is true. It changes nothing.
func (r *Run) wait(ctx context.Context, s *plan.Step, at place) error {
	c := r.checked[s.ID]
	limit := c.Timeout
	if limit == 0 {
		limit = longestWait
	}
	began := r.Clock.Now()
	pause := firstPoll
	for {
		result := c.WaitUntil.Eval(ctx, r.fresh(ctx, at.scope, c.WaitUntil))
		if ctx.Err() != nil {
			return errInterrupted
		}
		waited := r.Clock.Now().Sub(began)
		if result.Truth == condition.True || waited >= limit {
			if err := r.Log.Append(journal.Read, s.Key, readingOf("wait_until", c.WaitUntil, result)); err != nil {
				return err
			}
		}
		switch {
		case result.Truth == condition.True:
			r.tell(Done, s, "")
			return nil
		case waited >= limit:
			why := ""
			if result.Truth == condition.Undetermined {
				why = ": " + firstWhy(result)
			}
			return r.gaveUp(ctx, s, at, fmt.Sprintf("`%s` was not true within %s%s", c.WaitUntil.Source(), schema.FormatDuration(limit), why))
		}
		r.tell(Waits, s, fmt.Sprintf("`%s` is %s", c.WaitUntil.Source(), result.Truth))
		if err := r.pause(ctx, min(pause, limit-waited)); err != nil {
			return err
		}
		pause = min(2*pause, slowestPoll)
	}
}

// pause waits, unless the run is to end.
func (r *Run) pause(ctx context.Context, d time.Duration) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.Stop:
			cancel()
		case <-waiting.Done():
		}
	}()
	r.Clock.Wait(waiting, d)
	return r.stopping(ctx)
}

// gaveUp is a wait that came to nothing.
func (r *Run) gaveUp(ctx context.Context, s *plan.Step, at place, message string) error {
	f := journal.Failure{Message: message}
	if err := r.Log.Append(journal.Failed, s.Key, f); err != nil {
		return err
	}
	r.tell(Failed, s, message)
	choice, err := r.Operator.Failed(ctx, s, f)
	switch {
	case err != nil:
		return err
	case choice == Retry:
		return r.wait(ctx, s, at)
	case choice == TakeBack:
		return fmt.Errorf("%w: %w", errUndo, &stepError{s, f})
	}
	return &stepError{s, f}
}
