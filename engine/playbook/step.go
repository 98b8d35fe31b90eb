package playbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/engine/diag"
)

// deeds are the keys of which a step has exactly one.
var deeds = map[string]StepKind{
	"ask": AskStep, "manual": ManualStep, "steps": GroupStep, "uses": ActionStep, "wait_until": WaitStep,
}

const deedList = "ask, manual, steps, uses, wait_until"

// steps accepts a key whose value is a list of steps.
func (m *mapping) steps(key string) []Step {
	var all []Step
	m.each(key, func(v Value) {
		if s, ok := m.step(v); ok {
			all = append(all, s)
		}
	})
	return all
}

func (r *reader) step(v Value) (Step, bool) {
	m := r.mapping(v, "a step", diag.Span{})
	if m == nil {
		return Step{}, false
	}
	s := Step{Span: v.Span, Kind: m.deed()}
	if s.ID = m.text("id"); s.ID != nil {
		m.checkName(*s.ID)
	}
	s.Title = m.text("title")
	s.Article = m.text("article")
	s.When = m.expression("when")
	s.Unless = m.expression("unless")
	s.For = m.texts("for")
	s.Each = m.wrapped("each")
	s.Guard = m.flag("guard")

	s.Uses = m.uses("action")
	s.With = m.arguments("with")
	s.Steps = m.steps("steps")
	s.Finally = m.steps("finally")
	s.Ask = m.template("ask")
	s.Manual = m.template("manual")
	s.WaitUntil = m.expression("wait_until")

	s.Expect = m.expression("expect")
	s.Risk = m.word("risk", "none", "low", "medium", "high")
	s.Offline = m.word("offline", "left_to_do", "not_needed")
	s.Loses = m.text("loses")
	s.Timeout = m.text("timeout")
	s.Retry = m.retry()

	m.only("with", s.Kind, ActionStep)
	m.only("finally", s.Kind, GroupStep)
	m.only("retry", s.Kind, ActionStep)
	m.only("timeout", s.Kind, ActionStep, WaitStep)
	if s.Kind == AskStep || s.Kind == ManualStep {
		m.need("id")
	}
	m.finish()
	return s, true
}

// deed finds what a step does and reports a step that does nothing or several things.
func (m *mapping) deed() StepKind {
	var found []Entry
	for _, e := range m.entries {
		if _, ok := deeds[e.Key.Value]; ok {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 1:
		return deeds[found[0].Key.Value]
	case 0:
		if !m.misspelt() {
			m.report(m.at, "step", "this step does nothing", "a step needs exactly one of "+deedList)
		}
		return NoStep
	}
	d := diag.Diagnostic{Span: found[1].Key.Span, Kind: "step", Hint: "a step needs exactly one of " + deedList + "; make it two steps"}
	names := make([]string, len(found))
	for i, e := range found {
		names[i] = e.Key.Value
		if i != 1 {
			d.Related = append(d.Related, diag.Related{Span: e.Key.Span, Message: e.Key.Value + " stands here"})
		}
	}
	d.Message = "this step does several things: " + strings.Join(names, ", ")
	m.add(d)
	return NoStep
}

// misspelt says whether an unknown key was probably meant to be a deed: it is reported as unknown then.
func (m *mapping) misspelt() bool {
	return slices.ContainsFunc(m.entries, func(e Entry) bool {
		return diag.Suggest(e.Key.Value, strings.Split(deedList, ", ")) != "" && !slices.Contains(stepKeys, e.Key.Value)
	})
}

var stepKeys = []string{"id", "title", "article", "when", "unless", "for", "each", "guard", "with", "finally", "expect", "risk", "offline", "loses", "timeout", "retry"}

// only reports a key that stands in a step of another kind than those that it belongs to.
func (m *mapping) only(key string, kind StepKind, belongs ...StepKind) {
	e := m.find(key)
	if e == nil || kind == NoStep || slices.Contains(belongs, kind) {
		return
	}
	var words []string
	for word, k := range deeds {
		if slices.Contains(belongs, k) {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	m.report(e.Key.Span, "step", fmt.Sprintf("%q does not belong to this step", key),
		fmt.Sprintf("%q goes with %s", key, strings.Join(words, " or ")))
}

const maxRetries = 10

func (m *mapping) retry() *Retry {
	v := m.value("retry")
	if v == nil {
		return nil
	}
	if v.Kind == ScalarValue {
		times, ok := m.count(*v, `"retry"`, maxRetries)
		if !ok {
			return nil
		}
		return &Retry{Span: v.Span, Times: times}
	}
	sub := m.part("retry", `"retry"`)
	if sub == nil {
		return nil
	}
	retry := &Retry{Span: v.Span, Delay: sub.text("delay")}
	sub.need("times")
	if times := sub.value("times"); times != nil {
		retry.Times, _ = m.count(*times, `"times"`, maxRetries)
	}
	sub.finish()
	return retry
}

// count reads a whole number from 1 to most.
func (r *reader) count(v Value, what string, most int) (int, bool) {
	if v.Kind == ScalarValue && v.Scalar.Kind == Int && v.Template == nil {
		if n, err := strconv.Atoi(v.Scalar.Value); err == nil && n >= 1 && n <= most {
			return n, true
		}
	}
	r.report(v.Span, "wrong-kind", fmt.Sprintf("%s must be a whole number from 1 to %d", what, most), "")
	return 0, false
}
