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
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// comparison holds the course of a test against what the test expects.
type comparison struct {
	*course
	ctx        context.Context
	mismatches []Mismatch
	told       bool // what happened, or why nothing did, stands with a mismatch already
}

// diagnosis compares what was concluded.
func (c *comparison) diagnosis(e *playbook.Expectation) {
	if e.Applies != nil {
		c.verdict("applies", *e.Applies, c.result.Applies)
	}
	c.verdicts("symptoms.", e.Symptoms, c.result.Symptoms)
	c.verdicts("causes.", e.Causes, c.result.Causes)
	c.others(e)
}

// equal compares one expectation.
func (c *comparison) equal(of string, at playbook.Scalar, expected, got string, because func(*Mismatch)) {
	if expected != got {
		c.differs(of, at, expected, got, because)
	}
}

// differs adds a mismatch. because adds to it what explains it; it may be nil.
func (c *comparison) differs(of string, at playbook.Scalar, expected, got string, because func(*Mismatch)) {
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
			c.differs(namespace+e.Name.Value, e.Verdict, e.Verdict.Value, "nothing: "+c.noMore(), c.whyEnded)
			continue
		}
		c.verdict(namespace+e.Name.Value, e.Verdict, findings[i])
	}
}

// whyEnded adds the reasons for which the diagnosis ended early, or did not.
func (c *comparison) whyEnded(m *Mismatch) {
	c.explain(m, "applies", c.result.Applies)
	if c.result.Healed != nil {
		m.Reasons = append(m.Reasons, reasons("healed", c.result.Healed.Leaves)...)
	}
}

// noMore says why a diagnosis has no symptoms and causes, and nothing follows from it.
func (c *comparison) noMore() string {
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
			m.Reasons = append(m.Reasons, reasons(strings.TrimSpace(prefix+" "+side.name), side.of.Leaves)...)
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
	m.Unknown = append(m.Unknown, f.Missing...)
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

func reasons(of string, leaves []condition.Leaf) []Reason {
	var out []Reason
	for _, leaf := range leaves {
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

// String is a mismatch in one line.
func (m Mismatch) String() string {
	return fmt.Sprintf("%s: expected %s, got %s", m.Of, m.Expected, m.Got)
}
