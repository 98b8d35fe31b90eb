package rehearse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/playbook"
)

// running compares how the plan was carried out.
func (c *comparison) running(e *playbook.Expectation) {
	if e.Outcome != nil {
		c.equal("outcome", *e.Outcome, e.Outcome.Value, c.outcome(), c.whyOutcome)
	}
	if e.Stopped != nil {
		c.equal("stopped", *e.Stopped, e.Stopped.Value, c.stopReason(), c.whatHappened)
	}
	done := c.done.of(execute.Done)
	c.inOrder("did", e.Did, done, func(ref playbook.Scalar) {
		c.differs("did", ref, ref.Value, c.notDone(ref.Value), c.whatHappened)
	})
	for _, ref := range e.DidNot {
		if done.has(ref.Value) {
			c.differs("did_not", ref, ref.Value+" is not done", "done", c.whatHappened)
		}
	}
	c.inOrder("failed", e.Failed, c.done.of(execute.Failed), func(ref playbook.Scalar) {
		got := c.notDone(ref.Value)
		if done.has(ref.Value) {
			got = "it was done, and did not fail"
		}
		c.differs("failed", ref, ref.Value+" fails", got, c.whatHappened)
	})
	c.leftovers(e.Left)
	if e.Changed != nil {
		c.equal("changed", *e.Changed, e.Changed.Value, strconv.FormatBool(c.changed()), c.whatHappened)
	}
	if e.Escalates != nil {
		c.equal("escalates", *e.Escalates, e.Escalates.Value, strconv.FormatBool(c.ran.Say != ""), func(m *Mismatch) {
			m.Notes = append(m.Notes, "the outcome is "+c.outcome())
			c.whatHappened(m)
		})
	}
}

// stopReason says why the run ended before it was complete.
func (c *comparison) stopReason() string {
	if c.ran.Stop == nil {
		return "never"
	}
	return c.ran.Stop.Reason
}

// whyOutcome explains an outcome: by what the diagnosis rests on where it ended there, else by what `verify` read, or by
// why it was not read.
func (c *comparison) whyOutcome(m *Mismatch) {
	if c.ended() || m.Expected == diagnose.NotSeen.String() || m.Expected == diagnose.Transient.String() {
		c.whyEnded(m)
	}
	if c.ended() {
		return
	}
	if c.playbook.Fixed == nil {
		m.Notes = append(m.Notes, "the playbook has no verify")
	}
	verified := c.readings("fixed", "pending")
	for _, r := range verified {
		for _, leaf := range r.Leaves {
			m.Reasons = append(m.Reasons, readReason("verify "+r.Of, leaf))
		}
		for _, why := range r.Why {
			if w := (condition.Why{Reason: why}); !slices.Contains(m.Unknown, w) {
				m.Unknown = append(m.Unknown, w)
			}
		}
	}
	c.whatHappened(m)
	everyPlanned(c.plan, func(s *plan.Step) {
		if s.State == plan.LeftToDo {
			m.Notes = append(m.Notes, fmt.Sprintf("%s is left to do on the running machine", deedOf(s)))
		}
	})
}

// readings gives what was read last of some conditions of `verify`.
func (c *comparison) readings(of ...string) []journal.Reading {
	var out []journal.Reading
	for _, name := range of {
		var last *journal.Reading
		for _, rec := range c.log.list {
			if r := dataOf[journal.Reading](rec); rec.Kind == journal.Read && r.Of == name {
				last = &r
			}
		}
		if last != nil {
			out = append(out, *last)
		}
	}
	return out
}

// readReason is a leaf of a reading as the journal has it: "CONDITION → VALUES TRUTH".
func readReason(of, leaf string) Reason {
	words, truth := leaf, ""
	if i := strings.LastIndexByte(leaf, ' '); i >= 0 {
		words, truth = leaf[:i], leaf[i+1:]
	}
	r := Reason{Of: of, Condition: words, Truth: truth}
	if i := strings.LastIndex(words, " → "); i >= 0 {
		r.Condition, r.Values = words[:i], words[i+len(" → "):]
	}
	return r
}

// notDone says what became of a step that was not done.
func (c *comparison) notDone(ref string) string {
	if c.ended() {
		return "nothing: " + c.noMore()
	}
	if c.operator.declined.has(ref) {
		return "declined: the test does not approve it"
	}
	for _, d := range c.done {
		switch {
		case !d.is(ref):
		case d.what == execute.Failed:
			return "it failed: " + d.text
		case d.what == execute.Needless:
			return "there was nothing to do"
		case d.what == execute.LeftAlone:
			return "left alone: " + d.text
		}
	}
	if s := c.inPlan(func(s *plan.Step) bool { return deedOf(s).is(ref) && !s.Holds() }); s != nil {
		return stateOf(s)
	}
	if c.ran.Stop != nil {
		return "not done: the run stopped before it"
	}
	return "not done"
}

// whatHappened adds what was done, what failed and why the run ended, to the first mismatch that asks for it.
func (c *comparison) whatHappened(m *Mismatch) {
	if c.ended() || c.told {
		return
	}
	c.told = true
	if len(c.log.list) > 0 {
		m.Notes = append(m.Notes, "done: "+c.done.of(execute.Done).String())
	}
	for _, d := range c.done.of(execute.Failed) {
		m.Notes = append(m.Notes, fmt.Sprintf("failed: %s: %s", d, d.text))
	}
	if c.ran.Stop != nil {
		m.Notes = append(m.Notes, "the run stopped: "+c.ran.Stop.Text)
	}
}

// leftovers compares what is left to be done or to be decided, in any order.
func (c *comparison) leftovers(expected []playbook.Scalar) {
	left := c.left()
	for _, ref := range expected {
		if left.has(ref.Value) {
			continue
		}
		got := "it is not planned, and not left either"
		switch s := c.inPlan(func(s *plan.Step) bool { return deedOf(s).is(ref.Value) }); {
		case c.done.of(execute.Done).has(ref.Value):
			got = "it was done"
		case c.ended():
			got = "nothing: " + c.noMore()
		case s != nil && s.Holds():
			got = "the run did not come to it"
		case s != nil:
			got = stateOf(s)
		}
		c.differs("left", ref, ref.Value+" is left", got, func(m *Mismatch) {
			m.Notes = append(m.Notes, "left: "+left.String())
			c.whatHappened(m)
		})
	}
}

// left lists the steps that are left: what is open, what a guard or the operator keeps from being done, and what is to be
// done on the running machine.
func (c *comparison) left() deeds {
	all := slices.Concat(c.operator.declined, c.done.of(execute.LeftAlone))
	everyPlanned(c.plan, func(s *plan.Step) {
		if s.State == plan.Open || s.State == plan.LeftToDo || s.State == plan.Blocked {
			all = append(all, deedOf(s))
		}
	})
	var out deeds
	for _, d := range all {
		if !slices.ContainsFunc(out, func(x deed) bool { return x.key == d.key }) {
			out = append(out, d)
		}
	}
	return out
}

// undoing compares how the run was taken back.
func (c *comparison) undoing(e *playbook.Expectation) {
	if c.unable != "" {
		at := playbook.Scalar{Span: e.Span}
		if all := append(e.Undone[:len(e.Undone):len(e.Undone)], e.UndoDid...); len(all) > 0 {
			at = all[0]
		}
		c.differs("undone", at, "the whole run is taken back", c.unable, func(m *Mismatch) {
			m.Notes = append(m.Notes, "taken back: "+c.undone.of(execute.TakenBack).String())
		})
		return
	}
	for _, x := range []struct {
		of       string
		expected []playbook.Scalar
		are      deeds
		missing  string
	}{{"undone", e.Undone, c.undone.of(execute.TakenBack), "it was not taken back"}, {"undo_did", e.UndoDid, c.undone, "the undo did nothing about it"}} {
		c.inOrder(x.of, x.expected, x.are, func(ref playbook.Scalar) {
			got := x.missing
			if !c.done.of(execute.Done).has(ref.Value) {
				got += ": it had not been done"
			}
			c.differs(x.of, ref, ref.Value, got, func(m *Mismatch) {
				m.Notes = append(m.Notes, "the undo did: "+x.are.String(), "done before: "+c.done.of(execute.Done).String())
			})
		})
	}
}
