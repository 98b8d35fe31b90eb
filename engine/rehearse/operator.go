package rehearse

import (
	"context"
	"slices"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/playbook"
)

// mostRetries bounds how often the operator of a test has one step tried again.
const mostRetries = 100

// operator decides as a test says.
type operator struct {
	approve *playbook.Approve // nil: all
	answers map[string]string // by the step's id
	failed  execute.Choice
	around  map[string][]string // ids of the groups round a step, by its id
	retries map[string]int      // by the step's key

	declined deeds
}

var _ execute.Operator = (*operator)(nil)

func newOperator(p *check.Playbook, t *playbook.Test) *operator {
	o := &operator{approve: t.Approve, answers: map[string]string{}, around: groupsAround(p), retries: map[string]int{}}
	for _, a := range t.Answers {
		o.answers[a.Name.Value] = a.Value.Scalar.Value
	}
	if t.OnFailure != nil {
		o.failed = map[string]execute.Choice{"retry": execute.Retry, "undo": execute.TakeBack}[t.OnFailure.Value]
	}
	return o
}

// groupsAround lists the ids of the groups round each step of a playbook, the innermost last.
func groupsAround(p *check.Playbook) map[string][]string {
	out := map[string][]string{}
	var visit func(steps []*check.Step, groups []string)
	visit = func(steps []*check.Step, groups []string) {
		for _, s := range steps {
			out[s.ID] = groups
			inner := append(slices.Clip(groups), s.ID)
			visit(s.Steps, inner)
			visit(s.Finally, inner)
		}
	}
	visit(p.Steps, nil)
	visit(p.Afterwards, nil)
	return out
}

// Approve approves what the test names, and declines the rest. Also what is only suspected and what cannot be taken back
// is approved.
func (o *operator) Approve(_ context.Context, u plan.Unit) (execute.Approval, error) {
	if o.approves(u.Step) {
		return execute.Approval{Decision: execute.Yes, By: "test"}, nil
	}
	o.declined = append(o.declined, deedOf(u.Step))
	return execute.Approval{Decision: execute.No, By: "test"}, nil
}

func (o *operator) approves(s *plan.Step) bool {
	if o.approve == nil || !o.approve.None && o.approve.IDs == nil {
		return true
	}
	return slices.ContainsFunc(o.approve.IDs, func(id playbook.Scalar) bool {
		return deedOf(s).is(id.Value) || slices.Contains(o.around[s.ID], id.Value)
	})
}

// Answer gives the answer of the test, once: one that did not do is not given again.
func (o *operator) Answer(_ context.Context, s *plan.Step, problem string) (execute.Reply, error) {
	text, given := o.answers[s.ID]
	return execute.Reply{Given: given && problem == "", Text: text, By: "test"}, nil
}

// Failed chooses as the test says. After many failures of one step it is left.
func (o *operator) Failed(_ context.Context, s *plan.Step, _ journal.Failure) (execute.Choice, error) {
	o.retries[s.Key]++
	if o.failed == execute.Retry && o.retries[s.Key] > mostRetries {
		return execute.Leave, nil
	}
	return o.failed, nil
}

// unanswered lists the ids of planned questions that the test does not answer, in order.
func (o *operator) unanswered(of *plan.Plan) []string {
	var out []string
	plan.Walk(of.Steps, func(s *plan.Step) {
		if !s.Holds() || s.Kind != "ask" && s.Kind != "manual" {
			return
		}
		if _, given := o.answers[s.ID]; !given && !slices.Contains(out, s.ID) {
			out = append(out, s.ID)
		}
	})
	return out
}
