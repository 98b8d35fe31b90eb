package execute

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// approve asks for everything that a step holds and that is known, before any of it happens: nothing is held still while
// a person thinks. What is declined is taken out of the plan.
func (r *Run) approve(ctx context.Context, s *plan.Step, at place) error {
	asked := false
	for _, u := range plan.Units([]*plan.Step{s}) {
		asked = true
		decision, err := r.decide(ctx, u, at)
		if err != nil {
			return err
		}
		if decision == No {
			decline(u.Step)
		}
	}
	if asked && s.Kind == "group" {
		prune(s)
	}
	return nil
}

// decide gets the decision about one change: the one in the journal, else the operator's.
func (r *Run) decide(ctx context.Context, u plan.Unit, at place) (Decision, error) {
	switch r.memory.decisions[u.Step.Key] {
	case journal.Approved:
		return Yes, nil
	case journal.Declined:
		return No, nil
	}
	r.look(ctx, u, at)
	a, err := r.Operator.Approve(ctx, u)
	if err != nil {
		return Missing, err
	}
	lines := u.Lines()
	record := journal.Decision{By: a.By, Risk: u.Risk, Shown: lines, Preview: digestLines(lines)}
	kind := journal.Approved
	switch a.Decision {
	case Missing:
		if stop := r.stopping(ctx); stop != nil {
			return Missing, stop
		}
		return Missing, fmt.Errorf("%w: %s (%s)", errApproval, u.Step.ID, u.Step.Name())
	case No:
		kind = journal.Declined
	}
	if err := r.Log.Append(kind, u.Step.Key, record); err != nil {
		return Missing, err
	}
	r.memory.decisions[u.Step.Key] = kind
	return a.Decision, nil
}

// look previews anew what could not be previewed while planning, as far as it can be now.
func (r *Run) look(ctx context.Context, u plan.Unit, at place) {
	for _, a := range u.Actions {
		if a.Preview != nil && len(a.Unbound) == 0 && a.Preview.After == "" && a.Preview.Error == "" || a.State == plan.Later {
			continue
		}
		c := r.checked[a.ID]
		args, err := plan.Bind(ctx, c, r.within(a, at.scope))
		if err != nil {
			continue // it is asked again where an earlier step has brought it
		}
		after := ""
		if a.Preview != nil {
			after = a.Preview.After
		}
		if plan.Look(ctx, r.Hands, a, args) != nil || a.Preview.NoOp {
			a.Preview.After = after
		}
	}
}

func digestLines(lines []string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

func decline(s *plan.Step) {
	plan.Walk([]*plan.Step{s}, func(x *plan.Step) {
		if x.Holds() {
			x.State, x.Reason = plan.LeftOut, "declined"
		}
	})
}

// prune takes groups out of which everything was declined.
func prune(g *plan.Step) {
	for _, m := range g.Steps {
		if m.Kind == "group" {
			prune(m)
		}
	}
	if g.Holds() && !plan.Worthwhile(g) {
		decline(g)
	}
}
