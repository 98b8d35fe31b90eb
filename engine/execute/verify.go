package execute

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// Outcome is how a run ended, by the playbook's `verify` alone. The zero value says that it cannot be told.
type Outcome int

// The outcomes.
const (
	CannotTell Outcome = iota
	Fixed
	FixedAfterRestart
	RestartNeeded
	NotFixed
)

// String is the word that reports use.
func (o Outcome) String() string {
	return [...]string{"cannot tell", "fixed", "fixed after restart", "restart needed", "not fixed"}[o]
}

// Fixed says whether the problem is gone.
func (o Outcome) Fixed() bool { return o == Fixed || o == FixedAfterRestart }

// verify reads the playbook's `verify` anew and judges.
func (r *Run) verify(ctx context.Context) (Outcome, error) {
	fixed, pending := condition.Undetermined, condition.False
	if r.Playbook.Fixed != nil {
		r.Tell(Event{Kind: Verifies})
		values := r.fresh(ctx, r.scope, r.Playbook.Fixed, r.Playbook.Pending)
		for _, x := range []struct {
			of    string
			e     *condition.Expression
			truth *condition.Truth
		}{{"fixed", r.Playbook.Fixed, &fixed}, {"pending", r.Playbook.Pending, &pending}} {
			if x.e == nil {
				continue
			}
			result := x.e.Eval(ctx, values)
			if ctx.Err() != nil {
				return CannotTell, errInterrupted
			}
			*x.truth = result.Truth
			if err := r.note(journal.Read, "", readingOf(x.of, r.top(), x.e, result)); err != nil {
				return CannotTell, err
			}
		}
	}
	if pending == condition.False && r.memory.needsRestart {
		pending = condition.True // an action said so
	}
	outcome := judge(fixed, pending, r.memory.restarted)
	if outcome == NotFixed && r.leftToDo() {
		outcome = CannotTell
	}
	return outcome, r.note(journal.Verified, "", journal.Verdict{Outcome: outcome.String()})
}

func judge(fixed, pending condition.Truth, restarted bool) Outcome {
	switch {
	case fixed == condition.True && pending == condition.False && restarted:
		return FixedAfterRestart
	case fixed == condition.True && pending == condition.False:
		return Fixed
	case fixed == condition.False && pending == condition.True:
		return RestartNeeded
	case fixed == condition.False && pending == condition.False:
		return NotFixed
	}
	return CannotTell
}

// leftToDo says whether a step is left to be done on the running machine.
func (r *Run) leftToDo() bool {
	found := false
	plan.Walk(r.Plan.Steps, func(s *plan.Step) { found = found || s.State == plan.LeftToDo })
	return found
}

// afterwards does the steps that come after it was fixed. What is not approved is left, and told.
func (r *Run) afterwards(ctx context.Context) error {
	at := r.top()
	at.list = r.Plan.Afterwards
	for _, s := range r.Plan.Afterwards {
		all := []*plan.Step{s}
		if s.State == plan.Later {
			all = r.expand(ctx, s, at)
		}
		for _, x := range all {
			err := r.step(ctx, x, at)
			if errors.Is(err, errApproval) && reasonOf(ctx, err) == stopApproval {
				r.leave(x, "it was not approved")
				r.tell(LeftAlone, x, "it was not approved")
				continue
			}
			if err != nil {
				return err
			}
		}
		r.changed(s, all, at)
	}
	return nil
}
