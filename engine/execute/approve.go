package execute

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk/schema"
)

// declined is the reason of a step that the operator does not want.
const declined = "declined"

// approve asks for everything that a step holds and that is known, before any of it happens: nothing is held still while
// a person thinks. What is declined is taken out of the plan.
func (r *Run) approve(ctx context.Context, s *plan.Step, at place) error {
	for _, u := range plan.Units([]*plan.Step{s}) {
		if u.Step.State == plan.Later {
			continue // it is asked for when it is known
		}
		decision, err := r.decide(ctx, s, u, at)
		if err != nil {
			return err
		}
		if decision == No {
			decline(u.Step)
		}
	}
	prune(s)
	return nil
}

// decide gets the decision about one change in a step: the one in the journal, else the operator's.
func (r *Run) decide(ctx context.Context, s *plan.Step, u plan.Unit, at place) (Decision, error) {
	switch r.memory.decisions[u.Step.Key].kind {
	case journal.Approved:
		return Yes, nil
	case journal.Declined:
		return No, nil
	}
	r.look(ctx, s, u, at.scope)
	return r.put(ctx, u)
}

// put puts a change to the operator, and writes down what is decided. A stop while it is asked for, or nobody to decide,
// is an error.
func (r *Run) put(ctx context.Context, u plan.Unit) (Decision, error) {
	if err := r.stopping(ctx); err != nil {
		return Missing, err
	}
	a, err := r.Operator.Approve(ctx, u)
	if err != nil {
		return Missing, err
	}
	lines := u.Lines()
	kind := journal.Approved
	switch a.Decision {
	case Missing:
		if err := r.stopping(ctx); err != nil {
			return Missing, err
		}
		return Missing, fmt.Errorf("%w: %s (%s)", errApproval, u.Step.ID, u.Step.Name())
	case No:
		kind = journal.Declined
	}
	return a.Decision, r.note(kind, u.Step.Key, journal.Decision{By: a.By, Risk: u.Risk, Shown: lines, Preview: digestLines(lines)})
}

// look previews anew what could not be previewed while planning, or would be done otherwise by now, in a step or in one
// inside of it, as far as it can be. What cannot is asked again where an earlier step has brought it.
func (r *Run) look(ctx context.Context, s *plan.Step, u plan.Unit, scope *plan.Scope) {
	scope = r.within(s, scope)
	if slices.Contains(u.Actions, s) && s.IsAction() && s.State == plan.Planned {
		r.lookAt(ctx, s, scope)
	}
	for _, m := range slices.Concat(s.Steps, s.Finally) {
		r.look(ctx, m, u, scope)
	}
}

func (r *Run) lookAt(ctx context.Context, s *plan.Step, scope *plan.Scope) {
	args, err := plan.Bind(ctx, r.checked[s.ID], scope)
	if err != nil {
		return
	}
	input, err := schema.Marshal(args)
	was := s.Preview
	seen := was != nil && len(s.Unbound) == 0 && was.After == "" && was.Error == ""
	if err != nil || seen && plan.SameJSON(s.Input, input) {
		return
	}
	after := ""
	if was != nil {
		after = was.After
	}
	if plan.Look(ctx, r.Hands, s, args) != nil || s.Preview.NoOp {
		s.Preview.After = after
	}
}

// askAnew asks again for a step that would be done with other arguments than were shown when it was approved. One that is
// declined then fails: what it was to do is not done, and what comes behind it rests on it.
func (r *Run) askAnew(ctx context.Context, s *plan.Step, input []byte, now plan.Prepared) error {
	anew := *s
	anew.Input = input
	anew.Preview = &plan.Preview{Summary: now.Summary, Changes: now.Changes, Material: now.Material}
	u := plan.Unit{Step: &anew, Actions: []*plan.Step{&anew}, Risk: s.Risk}
	before := r.memory.decisions[s.Key]
	if before.kind == journal.Approved && before.preview == digestLines(u.Lines()) {
		return nil
	}
	r.tell(Notes, s, "it would be done otherwise than was shown, and is asked for again")
	decision, err := r.put(ctx, u)
	if err == nil && decision == No {
		err = &stepError{s, journal.Failure{Message: "what it would do turned out otherwise than was shown, and was declined"}}
	}
	return err
}

func digestLines(lines []string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// forgo takes what was declined before out of steps.
func (r *Run) forgo(list []*plan.Step) {
	plan.Walk(list, func(s *plan.Step) {
		if r.memory.decisions[s.Key].kind == journal.Declined {
			decline(s)
		}
	})
	for _, s := range list {
		prune(s)
	}
}

// decline takes a step out of the plan. What stands in a `finally` stays: a group that was entered is closed all the same.
func decline(s *plan.Step) {
	if s.Holds() {
		s.State, s.Reason = plan.LeftOut, declined
	}
	for _, m := range s.Steps {
		decline(m)
	}
}

// prune takes groups out in which so much was declined that nothing is left to be done for its own sake.
func prune(g *plan.Step) {
	for _, m := range g.Steps {
		prune(m)
	}
	if g.IsGroup() && g.State == plan.Planned && !plan.Worthwhile(g) {
		decline(g)
	}
}
