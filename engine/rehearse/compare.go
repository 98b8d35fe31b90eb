package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// comparison holds a diagnosis against what a test expects.
type comparison struct {
	result     *diagnose.Result
	compared   int
	mismatches []Mismatch
	notRun     []string
}

func (c *comparison) expectation(e *playbook.Expectation) {
	if e == nil {
		return
	}
	if e.Applies != nil {
		c.verdict("applies", *e.Applies, c.result.Applies)
	}
	c.verdicts("symptoms.", e.Symptoms, c.result.Symptoms)
	c.verdicts("causes.", e.Causes, c.result.Causes)
	c.others(e)
	c.outcome(e.Outcome)
	c.plan(e)
}

// equal compares one expectation.
func (c *comparison) equal(of string, at playbook.Scalar, expected, got string, because func(*Mismatch)) {
	c.compared++
	if expected == got {
		return
	}
	m := Mismatch{Of: of, Span: at.Span, Expected: expected, Got: got}
	if because != nil {
		because(&m)
	}
	c.mismatches = append(c.mismatches, m)
}

func (c *comparison) verdicts(namespace string, expected []playbook.Assumption, findings []*diagnose.Finding) {
	for _, e := range expected {
		i := slices.IndexFunc(findings, func(f *diagnose.Finding) bool { return f.Name == e.Name.Value })
		if i < 0 {
			c.equal(namespace+e.Name.Value, e.Verdict, e.Verdict.Value, "nothing: "+c.stopped(), func(m *Mismatch) {
				c.explain(m, "applies", c.result.Applies)
				if c.result.Healed != nil {
					m.Reasons = append(m.Reasons, reasons("healed", c.result.Healed)...)
				}
			})
			continue
		}
		c.verdict(namespace+e.Name.Value, e.Verdict, findings[i])
	}
}

// stopped says why a diagnosis has no symptoms and causes.
func (c *comparison) stopped() string {
	if c.result.Outcome == diagnose.Transient {
		return "the problem has healed, and nothing more was looked at"
	}
	return "the problem was not seen, and nothing more was looked at"
}

func (c *comparison) verdict(of string, expected playbook.Scalar, f *diagnose.Finding) {
	c.equal(of, expected, expected.Value, f.Verdict.String(), func(m *Mismatch) { c.explain(m, "", f) })
}

// explain adds the reasons of a finding, and of those that it asks about.
func (c *comparison) explain(m *Mismatch, of string, f *diagnose.Finding) {
	seen := map[string]bool{}
	var follow func(prefix string, f *diagnose.Finding)
	follow = func(prefix string, f *diagnose.Finding) {
		var asks []string
		for _, side := range []struct {
			name string
			of   *diagnose.Reasoning
		}{{"when", f.When}, {"suspect", f.Suspect}} {
			if side.of == nil {
				continue
			}
			m.Reasons = append(m.Reasons, reasons(strings.TrimSpace(prefix+" "+side.name), side.of)...)
			for _, leaf := range side.of.Leaves {
				asks = append(asks, leaf.Mentions...)
			}
		}
		for _, name := range asks {
			if other := c.finding(name); other != nil && !seen[name] {
				seen[name] = true
				follow(name, other)
			}
		}
	}
	follow(of, f)
	m.Unknown = f.Missing
}

func (c *comparison) finding(name string) *diagnose.Finding {
	namespace, member, _ := strings.Cut(name, ".")
	list := c.result.Symptoms
	if namespace == "causes" {
		list = c.result.Causes
	}
	i := slices.IndexFunc(list, func(f *diagnose.Finding) bool { return f.Name == member })
	if i < 0 {
		return nil
	}
	return list[i]
}

func reasons(of string, r *diagnose.Reasoning) []Reason {
	var out []Reason
	for _, leaf := range r.Leaves {
		out = append(out, Reason{Of: of, Condition: leaf.Source, Values: leaf.Shown, Truth: leaf.Truth.String(), Absent: leaf.Absent})
	}
	return out
}

// others compares the codes of the failures that the playbook is not about, in any order.
func (c *comparison) others(e *playbook.Expectation) {
	if e.OtherFailures == nil {
		return
	}
	at := playbook.Scalar{Span: e.Span}
	var want, got []string
	for i, s := range *e.OtherFailures {
		if i == 0 {
			at = s
		}
		if h, err := code(s); err == nil {
			want = append(want, h.String())
		}
	}
	for _, o := range c.result.Others {
		got = append(got, o.Code.String())
	}
	c.equal("other_failures", at, words(want), words(got), nil)
}

// code reads an expected code in any of its spellings.
func code(s playbook.Scalar) (hresult.Code, error) {
	v, err := check.Literal(s, schema.Of(schema.HResult))
	if err != nil {
		return 0, err
	}
	return v.(hresult.Code), nil
}

// outcome compares the outcome as far as the diagnosis decides it.
func (c *comparison) outcome(expected *playbook.Scalar) {
	if expected == nil {
		return
	}
	ended := c.result.Outcome == diagnose.NotSeen || c.result.Outcome == diagnose.Transient
	diagnosed := slices.Contains([]string{diagnose.NotSeen.String(), diagnose.Transient.String()}, expected.Value)
	if !ended && !diagnosed {
		c.notRun = append(c.notRun, "outcome")
		return
	}
	c.equal("outcome", *expected, expected.Value, c.result.Outcome.String(), func(m *Mismatch) {
		c.explain(m, "applies", c.result.Applies)
		if c.result.Healed != nil {
			m.Reasons = append(m.Reasons, reasons("healed", c.result.Healed)...)
		}
	})
}

// plan compares the planned steps where the diagnosis alone decides them: where the problem was not seen or has healed
// nothing is planned.
func (c *comparison) plan(e *playbook.Expectation) {
	if c.result.Outcome != diagnose.NotSeen && c.result.Outcome != diagnose.Transient {
		for _, x := range []struct {
			name  string
			given bool
		}{{"plan", len(e.Plan) > 0}, {"plan_exactly", e.PlanExactly != nil}, {"never", len(e.Never) > 0}} {
			if x.given {
				c.notRun = append(c.notRun, x.name)
			}
		}
		return
	}
	got := "nothing: " + c.stopped()
	for _, s := range e.Plan {
		c.equal("plan", s, s.Value, got, nil)
	}
	c.compared += len(e.Never)
	if e.PlanExactly == nil {
		return
	}
	c.compared++
	for _, s := range *e.PlanExactly {
		c.mismatches = append(c.mismatches, Mismatch{Of: "plan_exactly", Span: s.Span, Expected: s.Value, Got: got})
	}
}

// String is a mismatch in one line.
func (m Mismatch) String() string {
	return fmt.Sprintf("%s: expected %s, got %s", m.Of, m.Expected, m.Got)
}
