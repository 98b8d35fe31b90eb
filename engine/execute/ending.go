package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// What a run can stop for.
var (
	errCancelled   = errors.New("the operator stopped the run")
	errInterrupted = errors.New("the operator stopped the run at once")
	errApproval    = errors.New("approval is missing")
	errRestart     = errors.New("the run goes on after the restart")
	errUndo        = errors.New("the operator wants everything taken back")
)

// The reasons of a [journal.Stop].
const (
	stopFailed      = "failed"
	StopRestart     = "restart"
	stopApproval    = "approval"
	stopCancelled   = "cancelled"
	stopInterrupted = "interrupted"
)

// stepError is a step that failed.
type stepError struct {
	step    *plan.Step
	failure journal.Failure
}

func (e *stepError) Error() string {
	return fmt.Sprintf("step %s (%s): %s", e.step.Key, e.step.Name(), e.failure.Message)
}

// halts says whether an error ends everything at once, so that not even a `finally` may run: it stays owed.
func halts(err error) bool {
	return isOfLog(err) || errors.Is(err, errInterrupted) || errors.Is(err, errRestart)
}

func isOfLog(err error) bool {
	var unwritten *logError
	return errors.As(err, &unwritten)
}

// reasonOf is why a run stops for an error; empty when that is none that a target or an operator brings about. Where
// several came together the first of these counts.
func reasonOf(ctx context.Context, err error) string {
	var failed *stepError
	switch {
	case isOfLog(err):
		return ""
	case errors.Is(err, errInterrupted):
		return stopInterrupted
	case errors.Is(err, errRestart):
		return StopRestart
	case errors.As(err, &failed), errors.Is(err, errUndo):
		return stopFailed
	case errors.Is(err, errCancelled):
		return stopCancelled
	case errors.Is(err, errApproval):
		return stopApproval
	case ctx.Err() != nil:
		return stopInterrupted
	}
	return ""
}

// oneLine is an error that may be of several, in one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// ending makes the result of what ended with an error, or without one. A fault of rectify itself is written down as well
// as it can be, and given back.
func (r *Run) ending(ctx context.Context, err error) (Result, error) {
	if err == nil {
		return Result{}, nil
	}
	reason := reasonOf(ctx, err)
	if reason != "" {
		stop := &journal.Stop{Reason: reason, Text: oneLine(err)}
		return Result{Stop: stop, Undo: errors.Is(err, errUndo) && reason == stopFailed}, nil
	}
	if !isOfLog(err) {
		err = errors.Join(err, r.note(journal.Stopped, "", journal.Stop{Reason: stopFailed, Text: oneLine(err)}))
	}
	return Result{}, err
}

// conclude verifies, does what comes afterwards, and writes down how the run ended.
func (r *Run) conclude(ctx context.Context, result Result) (Result, error) {
	if result.Stop == nil || result.Stop.Reason == stopFailed && !result.Undo && r.stopping(ctx) == nil {
		outcome, err := r.verify(ctx)
		if err == nil && result.Stop == nil && outcome.Fixed() {
			err = r.afterwards(ctx)
		}
		if err != nil {
			if result, err = r.ending(ctx, err); err != nil {
				return result, err
			}
		}
		result.Outcome = outcome
	}
	result.Left = r.leftovers()
	if !result.Outcome.Fixed() && !result.Undo && (result.Stop == nil || result.Stop.Reason == stopFailed) {
		result.Say = r.say(ctx)
	}
	if result.Stop != nil {
		return result, r.note(journal.Stopped, "", *result.Stop)
	}
	return result, r.note(journal.Ended, "", journal.Verdict{Outcome: result.Outcome.String(), Left: result.Left})
}

// say is what the playbook says when it did not work.
func (r *Run) say(ctx context.Context) string {
	e := r.Playbook.Escalate
	if e == nil || e.Say == nil {
		return ""
	}
	text, why, known := fact.BindText(ctx, e.Say, r.scope.Value)
	if !known && len(why) > 0 {
		text += fmt.Sprintf(" (not all of this is known: %s)", why[0].Reason)
	}
	return text
}

// leave notes something that the operator still has to do or to decide.
func (r *Run) leave(s *plan.Step, why string) {
	if line := s.Name() + ": " + why; !slices.Contains(r.left, line) {
		r.left = append(r.left, line)
	}
}

// leftovers lists what the operator still has to do or to decide, one line each. A group stands for its members.
func (r *Run) leftovers() []string {
	out := slices.Clone(r.left)
	var visit func(list []*plan.Step)
	visit = func(list []*plan.Step) {
		for _, s := range list {
			if s.State == plan.LeftToDo || s.State == plan.Open {
				if line := s.Name() + ": " + s.Reason; !slices.Contains(out, line) {
					out = append(out, line)
				}
				if !s.Holds() && len(s.Steps) == 0 {
					continue
				}
			}
			visit(s.Steps)
			visit(s.Finally)
		}
	}
	visit(r.Plan.Steps)
	visit(r.Plan.Afterwards)
	return out
}
