package playbook

import (
	"fmt"
	"strconv"
)

// expectation accepts what a test demands.
func (m *mapping) expectation() *Expectation {
	sub := m.part("expect", `"expect"`)
	if sub == nil {
		return nil
	}
	e := &Expectation{Span: m.value("expect").Span}
	e.Applies = sub.spacedWord("applies", "confirmed", "ruled out", "undetermined")
	e.Causes = sub.someVerdicts("causes")
	e.Symptoms = sub.someVerdicts("symptoms")
	e.Plan = sub.some("plan", "plan_exactly: [] expects that no step is planned")
	e.PlanExactly = sub.exactly("plan_exactly")
	e.Never = sub.some("never", "plan_exactly names all that is planned")
	e.Outcome = sub.spacedWord("outcome", "cannot tell", "fixed", "fixed after restart", "not fixed", "not seen", "restart needed", "was transient")
	e.OtherFailures = sub.exactly("other_failures")
	e.Did = sub.some("did", nothingChanged)
	e.DidNot = sub.some("did_not", nothingChanged)
	e.Failed = sub.some("failed", "stopped: never expects that no step stopped the run")
	e.Left = sub.some("left", "")
	e.Changed = sub.truth("changed")
	e.Stopped = sub.word("stopped", "approval", "cancelled", "failed", "never", "restart")
	e.Escalates = sub.truth("escalates")
	e.Undone = sub.some("undone", "")
	e.UndoDid = sub.some("undo_did", "")
	if len(sub.entries) == 0 {
		sub.report(sub.at, "missing-key", "the test expects nothing", "add causes, plan, did or outcome")
	}
	sub.finish()
	return e
}

const nothingChanged = "changed: false expects that nothing was done to the target"

// some is texts for a list that expects nothing when it is empty. instead says how what may have been meant is written.
func (m *mapping) some(key, instead string) []Scalar {
	all := m.texts(key)
	if v := m.value(key); v != nil && v.Kind == ListValue && len(v.List) == 0 {
		hint := "name a step, or leave the key out"
		if instead != "" {
			hint += "; " + instead
		}
		m.report(v.Span, "no-value", fmt.Sprintf("%q is empty: it expects nothing", key), hint)
	}
	return all
}

// someVerdicts is verdicts for a mapping that expects nothing when it is empty.
func (m *mapping) someVerdicts(key string) []Assumption {
	all := m.verdicts(key)
	if v := m.value(key); v != nil && v.Kind == MapValue && len(v.Map) == 0 {
		m.report(v.Span, "no-value", fmt.Sprintf("%q is empty: it expects nothing", key), "name one with its verdict, or leave the key out")
	}
	return all
}

// exactly is texts for a list that means something when it is empty: nil is a list that was not given.
func (m *mapping) exactly(key string) *[]Scalar {
	if m.value(key) == nil {
		return nil
	}
	all := m.texts(key)
	return &all
}

// truth accepts a key whose value is true or false, and tells one that is not there from false.
func (m *mapping) truth(key string) *Scalar {
	v := m.value(key)
	if v == nil {
		return nil
	}
	if v.Kind != ScalarValue || v.Scalar.Kind != Bool {
		m.report(v.Span, "wrong-kind", strconv.Quote(key)+" must be true or false", "write true or false, without quotes")
		return nil
	}
	return &v.Scalar
}
