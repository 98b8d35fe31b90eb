package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/playbook"
)

// Coverage is what the tests of a playbook reached.
type Coverage struct {
	Conclusions []ConclusionCoverage `json:"conclusions"`
	Conditions  []LeafCoverage       `json:"conditions"`
	Steps       []StepCoverage       `json:"steps"`
}

// ConclusionCoverage counts the verdicts that a conclusion came to. A verdict that it cannot come to is not in it.
type ConclusionCoverage struct {
	Name     string         `json:"name"` // "applies", "symptoms.x", "causes.x"
	Verdicts map[string]int `json:"verdicts"`
}

// LeafCoverage counts what one leaf of a condition came to. A truth that it cannot come to is not in it.
type LeafCoverage struct {
	Of        string         `json:"of"` // "causes.x when"
	Condition string         `json:"condition"`
	Truths    map[string]int `json:"truths"`
}

// StepCoverage counts the tests that expect a step in their plan.
type StepCoverage struct {
	ID    string `json:"id"`
	Tests int    `json:"tests"`
}

// newCoverage lists what there is to reach. The leaves of a condition are found by evaluating it with nothing known: one
// that is true or false even then (it asks what is known) can never be undetermined.
func newCoverage(ctx context.Context, p *check.Playbook) *Coverage {
	c := &Coverage{Conclusions: []ConclusionCoverage{}, Conditions: []LeafCoverage{}, Steps: []StepCoverage{}}
	var nothing condition.Values
	nothing = func(name string) condition.Value {
		if strings.HasPrefix(name, "symptoms.") || strings.HasPrefix(name, "causes.") {
			return condition.OfVerdict(condition.VerdictUndetermined)
		}
		if let := p.Let(name); let != nil {
			return let.Expression.Eval(ctx, nothing).Value
		}
		return condition.Unknown(condition.Why{Fact: name, Reason: notGiven})
	}
	list := lister{c, func(x *condition.Expression) []condition.Leaf { return x.Eval(ctx, nothing).Leaves }}
	list.conclusion("applies", &p.Applies)
	list.condition("healed", p.Healed)
	for _, x := range p.Symptoms {
		list.conclusion("symptoms."+x.Name, x)
	}
	for _, x := range p.Causes {
		list.conclusion("causes."+x.Name, x)
	}
	check.Walk(slices.Concat(p.Steps, p.Afterwards), func(s *check.Step) {
		if s.Named {
			c.Steps = append(c.Steps, StepCoverage{ID: s.ID})
		}
	})
	return c
}

// lister adds what there is to reach. leaves gives the leaves of a condition with nothing known.
type lister struct {
	*Coverage
	leaves func(*condition.Expression) []condition.Leaf
}

func (l lister) conclusion(name string, x *check.Conclusion) {
	if x.When == nil && x.Suspect == nil {
		return
	}
	verdicts := map[string]int{condition.RuledOut.String(): 0, condition.VerdictUndetermined.String(): 0}
	if x.When != nil {
		verdicts[condition.Confirmed.String()] = 0
	}
	if x.Suspect != nil {
		verdicts[condition.Suspected.String()] = 0
	}
	l.Conclusions = append(l.Conclusions, ConclusionCoverage{name, verdicts})
	l.condition(name+" when", x.When)
	l.condition(name+" suspect", x.Suspect)
}

func (l lister) condition(of string, x *condition.Expression) {
	if x == nil {
		return
	}
	for _, leaf := range l.leaves(x) {
		truths := map[string]int{condition.True.String(): 0, condition.False.String(): 0}
		if leaf.Truth == condition.Undetermined {
			truths[condition.Undetermined.String()] = 0
		}
		l.Conditions = append(l.Conditions, LeafCoverage{of, leaf.Source, truths})
	}
}

// add counts what one diagnosis reached.
func (c *Coverage) add(r *diagnose.Result) {
	c.finding("applies", r.Applies)
	c.leaves("healed", r.Healed)
	for _, f := range r.Symptoms {
		c.finding("symptoms."+f.Name, f)
	}
	for _, f := range r.Causes {
		c.finding("causes."+f.Name, f)
	}
}

func (c *Coverage) finding(name string, f *diagnose.Finding) {
	if i := slices.IndexFunc(c.Conclusions, func(x ConclusionCoverage) bool { return x.Name == name }); i >= 0 {
		c.Conclusions[i].Verdicts[f.Verdict.String()]++
	}
	c.leaves(name+" when", f.When)
	c.leaves(name+" suspect", f.Suspect)
}

func (c *Coverage) leaves(of string, r *diagnose.Reasoning) {
	if r == nil {
		return
	}
	first := slices.IndexFunc(c.Conditions, func(x LeafCoverage) bool { return x.Of == of })
	for i, leaf := range r.Leaves { // the same leaves as in newCoverage: nothing is cut short
		c.Conditions[first+i].Truths[leaf.Truth.String()]++
	}
}

// addPlan counts the steps that a test expects in its plan.
func (c *Coverage) addPlan(e *playbook.Expectation) {
	if e == nil {
		return
	}
	planned := slices.Clone(e.Plan)
	if e.PlanExactly != nil {
		planned = append(planned, *e.PlanExactly...)
	}
	for i := range c.Steps {
		if slices.ContainsFunc(planned, func(s playbook.Scalar) bool { return s.Value == c.Steps[i].ID }) {
			c.Steps[i].Tests++
		}
	}
}

// Part is how much of something was reached.
type Part struct{ Reached, Of int }

func (p Part) String() string { return fmt.Sprintf("%d of %d", p.Reached, p.Of) }

func (p *Part) add(counts map[string]int) {
	for _, n := range counts {
		p.Of++
		if n > 0 {
			p.Reached++
		}
	}
}

// Parts sums up: verdicts of conclusions, truths of conditions, and steps.
func (c *Coverage) Parts() (verdicts, truths, steps Part) {
	for _, x := range c.Conclusions {
		verdicts.add(x.Verdicts)
	}
	for _, x := range c.Conditions {
		truths.add(x.Truths)
	}
	for _, x := range c.Steps {
		steps.add(map[string]int{x.ID: x.Tests})
	}
	return verdicts, truths, steps
}
