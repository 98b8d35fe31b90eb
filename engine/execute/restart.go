package execute

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

func isApproval(err error) bool { return errors.Is(err, errApproval) }

// afterRestart goes on with a run that restarted the machine. Where only verifying is left, nothing is planned anew.
// Else the machine is diagnosed again: the steps that remain and are the same go on under the approvals in the journal,
// the others are asked again.
func (r *Run) afterRestart(ctx context.Context) error {
	last := r.memory.intents[len(r.memory.intents)-1]
	if last.unknown() {
		step := r.Plan.Find(last.key)
		if step == nil {
			return errors.New("the journal tells of a restart that is not in its plan: " + last.key)
		}
		found, err := r.Hands.Assess(ctx, callOf(last.Intent))
		if err != nil {
			return r.fails(step, &journal.Failure{Message: "whether the machine has restarted cannot be told: " + err.Error()})
		}
		switch found.State {
		case sdk.StateAfter:
		case sdk.StateBefore: // the end came before it was asked for: it is done from the start
			return nil
		default:
			r.tell(Waits, step, "the machine has not restarted yet")
			return errRestart
		}
		outcome := journal.Outcome{Summary: last.Summary, Found: true, Attempt: last.Attempt}
		if err := r.Log.Append(journal.Done, last.key, outcome); err != nil {
			return err
		}
		last.settled, last.outcome = true, outcome
		r.tell(Done, step, last.Summary)
	}
	r.memory.restarted = true
	if r.Replan == nil || !r.remaining() {
		return nil
	}
	now, err := r.Replan(ctx)
	if err != nil {
		return err
	}
	return r.rebind(now)
}

// remaining says whether a step is still to be done.
func (r *Run) remaining() bool {
	left := false
	plan.Walk(r.Plan.Steps, func(s *plan.Step) {
		if s.Holds() && s.Kind == "action" {
			i := r.memory.last(s.Key)
			left = left || i == nil || !i.settled
		}
	})
	return left
}

// Replanned is a plan that was made after the restart.
type Replanned struct {
	Builder *plan.Builder
	Plan    *plan.Plan
	Facts   json.RawMessage // fact.Bundle: the readings that it rests on
}

// rebind goes over to a plan that was made after the restart. Approvals of steps that are not the same any more are
// forgotten.
func (r *Run) rebind(now Replanned) error {
	if o := now.Builder.Result.Outcome; o == diagnose.Transient || o == diagnose.NotSeen {
		r.Tell(Event{Kind: Notes, Text: "after the restart the problem is gone: the steps that remain are dropped"})
		plan.Walk(r.Plan.Steps, func(s *plan.Step) {
			if i := r.memory.last(s.Key); s.Holds() && (i == nil || !i.settled) {
				s.State, s.Reason = plan.LeftOut, "the problem is gone after the restart"
			}
		})
		return r.Log.Append(journal.Rebound, "", journal.Start{Plan: rawJSON(r.Plan)})
	}
	for _, key := range r.differing(now.Plan) {
		delete(r.memory.decisions, key)
		r.Tell(Event{Kind: Notes, Step: now.Plan.Find(key), Text: "it is not as it was before the restart, and is asked again"})
	}
	r.Plan, r.Builder = now.Plan, now.Builder
	r.scope = plan.NewScope(r.Builder.Result.Environment.Value, r.Plan.Stamp, r.Started)
	return r.Log.Append(journal.Rebound, "", journal.Start{Plan: rawJSON(r.Plan), Facts: now.Facts})
}

// differing lists the keys of steps that the new plan has otherwise, with the groups round them that are approved as a
// whole.
func (r *Run) differing(now *plan.Plan) []string {
	was := map[string]string{}
	for _, b := range r.Plan.Basis.Steps {
		was[b.Key] = string(rawJSON(b))
	}
	var out []string
	var visit func(list []*plan.Step, above []string)
	visit = func(list []*plan.Step, above []string) {
		for _, s := range list {
			chain := append(above[:len(above):len(above)], s.Key)
			for _, b := range now.Basis.Steps {
				if i := r.memory.last(s.Key); b.Key == s.Key && string(rawJSON(b)) != was[s.Key] && (i == nil || !i.settled) {
					out = append(out, chain...)
				}
			}
			visit(s.Steps, chain)
			visit(s.Finally, chain)
		}
	}
	visit(now.Steps, nil)
	return out
}
