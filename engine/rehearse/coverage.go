package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
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

// StepCoverage counts the tests in which a step was planned, done, failed and undone. What cannot happen to it is not in
// it: only an action that can be taken back, and not in a `finally`, is undone.
type StepCoverage struct {
	ID    string         `json:"id"` // an action without a name: "service.stop in reset_cache"
	Tests map[string]int `json:"tests"`
	of    string         // id of the checked step
}

// What can become of a step.
const (
	wasPlanned = "planned"
	wasDone    = "done"
	hasFailed  = "failed"
	wasUndone  = "undone"
)

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
	list.condition("verify fixed", p.Fixed)
	list.condition("verify pending", p.Pending)
	list.steps(slices.Concat(p.Steps, p.Afterwards), "", false)
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

// steps adds steps with their conditions. group is the nearest id round them, final says that they are in a `finally`.
func (l lister) steps(steps []*check.Step, group string, final bool) {
	for _, s := range steps {
		inner := group
		name := s.Uses() + " in " + group
		if s.Named {
			inner, name = s.ID, s.ID
		} else if group == "" {
			name = s.Uses()
		}
		if s.Named || s.Kind == playbook.ActionStep {
			if slices.ContainsFunc(l.Steps, func(x StepCoverage) bool { return x.ID == name }) {
				name += " (step " + s.ID + ")"
			}
			l.Steps = append(l.Steps, StepCoverage{ID: name, Tests: canBecome(s, final), of: s.ID})
		}
		of := l.label(s.ID)
		l.condition(of+" when", s.When)
		l.condition(of+" unless", s.Unless)
		l.condition(of+" wait_until", s.WaitUntil)
		l.condition(of+" expect", s.Expect)
		l.steps(s.Steps, inner, final)
		l.steps(s.Finally, inner, true)
	}
}

// canBecome says what can become of a step.
func canBecome(s *check.Step, final bool) map[string]int {
	out := map[string]int{wasPlanned: 0, wasDone: 0}
	if s.Kind == playbook.ActionStep || s.Kind == playbook.WaitStep || s.Kind == playbook.ManualStep && s.Expect != nil {
		out[hasFailed] = 0
	}
	if s.Kind == playbook.ActionStep && s.Action.Effect == sdk.Reversible && !final {
		out[wasUndone] = 0
	}
	return out
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

// concluded counts what a diagnosis and the plan from it reached.
func (c *Coverage) concluded(ctx context.Context, of *course) {
	r := of.result
	c.diagnosis(r)
	if of.ended() {
		return
	}
	everyStep(of.playbook, func(s *check.Step) {
		for word, gate := range map[string]*condition.Expression{"when": s.When, "unless": s.Unless} {
			if gate != nil {
				c.leaves(c.label(s.ID)+" "+word, truths(gate.Eval(ctx, r.Environment.Value).Leaves))
			}
		}
	})
	c.step(wasPlanned, func(id string) bool {
		return of.inPlan(func(s *plan.Step) bool { return s.ID == id && s.Holds() }) != nil
	})
}

// diagnosis counts what one diagnosis reached.
func (c *Coverage) diagnosis(r *diagnose.Result) {
	c.finding("applies", r.Applies)
	c.reasoning("healed", r.Healed)
	for _, f := range r.Symptoms {
		c.finding("symptoms."+f.Name, f)
	}
	for _, f := range r.Causes {
		c.finding("causes."+f.Name, f)
	}
}

// carried counts what carrying a plan out and taking it back reached.
func (c *Coverage) carried(of *course) {
	for _, r := range of.anew {
		c.diagnosis(r)
	}
	for word, list := range map[string]deeds{wasDone: of.done.of(execute.Done), hasFailed: of.done.of(execute.Failed), wasUndone: of.undone.of(execute.TakenBack)} {
		c.step(word, func(id string) bool { return slices.ContainsFunc(list, func(d deed) bool { return d.id == id }) })
	}
	for _, rec := range of.log.list {
		if rec.Kind != journal.Read {
			continue
		}
		r := dataOf[journal.Reading](rec)
		name := "verify"
		if rec.Step != "" {
			name = c.label(of.steps[rec.Step].id)
		}
		var came []string
		for _, leaf := range r.Leaves {
			came = append(came, readReason("", leaf).Truth)
		}
		c.leaves(name+" "+r.Of, came)
	}
}

// step counts a test for the steps to which something happened in it.
func (c *Coverage) step(what string, happened func(id string) bool) {
	for _, x := range c.Steps {
		if _, can := x.Tests[what]; can && happened(x.of) {
			x.Tests[what]++
		}
	}
}

// label is how coverage calls the conditions of a step.
func (c *Coverage) label(id string) string {
	i := slices.IndexFunc(c.Steps, func(x StepCoverage) bool { return x.of == id })
	if i < 0 {
		return "steps." + id
	}
	return "steps." + c.Steps[i].ID
}

func (c *Coverage) finding(name string, f *diagnose.Finding) {
	if i := slices.IndexFunc(c.Conclusions, func(x ConclusionCoverage) bool { return x.Name == name }); i >= 0 {
		c.Conclusions[i].Verdicts[f.Verdict.String()]++
	}
	c.reasoning(name+" when", f.When)
	c.reasoning(name+" suspect", f.Suspect)
}

func (c *Coverage) reasoning(of string, r *diagnose.Reasoning) {
	if r != nil {
		c.leaves(of, truths(r.Leaves))
	}
}

// leaves counts what the leaves of a condition came to, in their order. They are the same ones as in [newCoverage]:
// nothing is cut short.
func (c *Coverage) leaves(of string, came []string) {
	first := slices.IndexFunc(c.Conditions, func(x LeafCoverage) bool { return x.Of == of })
	for i, truth := range came {
		if at := first + i; first >= 0 && at < len(c.Conditions) && c.Conditions[at].Of == of {
			c.Conditions[at].Truths[truth]++
		}
	}
}

func truths(leaves []condition.Leaf) []string {
	var out []string
	for _, leaf := range leaves {
		out = append(out, leaf.Truth.String())
	}
	return out
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

// Parts sums up: verdicts of conclusions, truths of conditions, and steps by what became of them: planned, done, failed,
// undone.
func (c *Coverage) Parts() (verdicts, truths Part, steps map[string]Part) {
	for _, x := range c.Conclusions {
		verdicts.add(x.Verdicts)
	}
	for _, x := range c.Conditions {
		truths.add(x.Truths)
	}
	steps = map[string]Part{}
	for _, x := range c.Steps {
		for what, n := range x.Tests {
			p := steps[what]
			p.add(map[string]int{what: n})
			steps[what] = p
		}
	}
	return verdicts, truths, steps
}
