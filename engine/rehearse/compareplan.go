package rehearse

import (
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/playbook"
)

// planned lists the steps that a plan holds, each once, in order.
func planned(p *plan.Plan) deeds {
	var out deeds
	everyPlanned(p, func(s *plan.Step) {
		if s.Named && s.Holds() && !out.has(s.ID) {
			out = append(out, deed{key: s.ID, id: s.ID, named: true})
		}
	})
	return out
}

// planning compares the plan as it is shown, before anything is done.
func (c *comparison) planning(e *playbook.Expectation) {
	steps := planned(c.plan)
	missing := func(of string) func(playbook.Scalar) {
		return func(id playbook.Scalar) { c.differs(of, id, id.Value, c.notPlanned(id.Value), c.whyPlanned(id.Value)) }
	}
	c.inOrder("plan", e.Plan, steps, missing("plan"))
	if e.PlanExactly != nil {
		c.inOrder("plan_exactly", *e.PlanExactly, steps, missing("plan_exactly"))
		c.noOthers(*e.PlanExactly, e, steps)
	}
	for _, id := range e.Never {
		if steps.has(id.Value) {
			c.differs("never", id, id.Value+" is not planned", "planned", c.whyPlanned(id.Value))
		}
	}
}

// noOthers makes sure that nothing is planned besides what is expected.
func (c *comparison) noOthers(expected []playbook.Scalar, e *playbook.Expectation, steps deeds) {
	at := playbook.Scalar{Span: e.Span}
	if len(expected) > 0 {
		at = expected[len(expected)-1]
	}
	for _, d := range steps {
		if !slices.ContainsFunc(expected, func(s playbook.Scalar) bool { return d.is(s.Value) }) {
			c.differs("plan_exactly", at, d.id+" is not planned", "planned", c.whyPlanned(d.id))
		}
	}
}

// inOrder makes sure that expected steps are among those that are there, in their order. missing is called for one that
// is not there at all.
func (c *comparison) inOrder(of string, expected []playbook.Scalar, are deeds, missing func(playbook.Scalar)) {
	at, before := 0, ""
	for _, ref := range expected {
		is := func(d deed) bool { return d.is(ref.Value) }
		next := slices.IndexFunc(are[at:], is)
		switch {
		case next >= 0:
			at, before = at+next+1, ref.Value
			continue
		case !are.has(ref.Value):
			missing(ref)
			continue
		}
		want, got := fmt.Sprintf("%s after %s", ref.Value, before), ref.Value+" comes before it"
		if before == ref.Value {
			want, got = ref.Value+" once more", "not again"
		}
		c.differs(of, ref, want, got, func(m *Mismatch) { m.Notes = append(m.Notes, "the order is "+are.String()) })
	}
}

// notPlanned says what became of a step that the plan does not hold.
func (c *comparison) notPlanned(id string) string {
	if c.ended() {
		return "nothing: " + c.noMore()
	}
	if s := c.inPlan(func(s *plan.Step) bool { return s.Named && s.ID == id && !s.Holds() }); s != nil {
		return stateOf(s)
	}
	for _, group := range slices.Backward(c.operator.around[id]) { // its members are not known yet
		if s := c.inPlan(func(s *plan.Step) bool { return s.ID == group }); s != nil {
			return fmt.Sprintf("not listed: its group %s is %s", deedOf(s), stateOf(s))
		}
	}
	return "not planned"
}

// stateOf is the state of a step with its reason.
func stateOf(s *plan.Step) string {
	if s.Reason == "" {
		return string(s.State)
	}
	return fmt.Sprintf("%s: %s", s.State, s.Reason)
}

// whyPlanned explains why a step is planned or not: by the gates and the causes of it and of the groups round it.
func (c *comparison) whyPlanned(id string) func(*Mismatch) {
	return func(m *Mismatch) {
		if c.ended() {
			if !c.told {
				c.whyEnded(m)
			}
			c.told = true
			return
		}
		asked := false
		for _, of := range append(slices.Clip(c.operator.around[id]), id) {
			s := c.checkedStep(of)
			if s == nil {
				continue
			}
			prefix := ""
			if of != id {
				prefix = of + " "
			}
			asked = asked || s.When != nil || s.Unless != nil || len(s.For) > 0
			c.gate(m, prefix+"when", s.When)
			c.gate(m, prefix+"unless", s.Unless)
			for _, cause := range s.For {
				f := c.result.Environment.Cause(cause)
				m.Notes = append(m.Notes, fmt.Sprintf("its cause %s is %s", cause, f.Verdict))
				c.explain(m, "causes."+cause, f)
			}
		}
		if !asked && m.Got == "planned" {
			m.Notes = append(m.Notes, "it has no gate and no causes: it is planned wherever the problem is")
		}
	}
}

func (c *comparison) checkedStep(id string) *check.Step {
	var found *check.Step
	everyStep(c.playbook, func(s *check.Step) {
		if s.ID == id {
			found = s
		}
	})
	return found
}

func (c *comparison) gate(m *Mismatch, of string, e *condition.Expression) {
	if e == nil {
		return
	}
	result := e.Eval(c.ctx, c.result.Environment.Value)
	m.Reasons = append(m.Reasons, reasons(of, result.Leaves)...)
	if result.Truth == condition.Undetermined {
		m.Unknown = append(m.Unknown, result.Why...)
	}
}
