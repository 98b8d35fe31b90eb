package rehearse

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
)

// usualNow is the time of a test that gives no time at all.
var usualNow = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// stage is what a test gives the diagnosis.
type stage struct {
	observer *observer
	inputs   map[string]any
	now      time.Time
}

// prepare reads what a test gives and checks every name in it. The stage is of use when no diagnostic is an error.
func prepare(files fs.FS, dir string, p *check.Playbook, file string, t *playbook.Test) (*stage, diag.List) {
	b := &preparation{reader: reader{file: file, kind: "fact"}, playbook: p, test: t}
	s := &stage{observer: &observer{given: map[string]*givenFact{}, healthy: t.Defaults != nil}}
	s.observer.offline = t.Target != nil && t.Target.Value == "offline"
	if t.Bundle != nil {
		s.observer.bundle = b.bundle(files, dir)
	}
	for _, f := range t.Facts {
		if given, ok := b.fact(f); ok {
			s.observer.given[f.Probe.Value] = given
		}
	}
	for _, f := range t.After {
		b.fact(f)
	}
	s.inputs = b.inputs()
	s.now = b.now(s.observer)
	b.names()
	return s, b.list.Sorted()
}

// preparation is the reading of one test.
type preparation struct {
	reader
	playbook *check.Playbook
	test     *playbook.Test
}

func (b *preparation) bundle(files fs.FS, dir string) *fact.Bundle {
	at := b.test.Bundle
	name := path.Join(dir, at.Value)
	if !fs.ValidPath(name) {
		b.errorAt(at.Span, "bundle", fmt.Sprintf("the bundle %q is not below the folder of the playbooks", at.Value), "write its path relative to the test file, with /")
		return nil
	}
	bundle, err := fact.ReadBundle(files, name)
	if err != nil {
		b.errorAt(at.Span, "bundle", err.Error(), "a bundle stands beside the test file; rectify record makes one")
	}
	return bundle
}

// fact reads a fact by hand.
func (b *preparation) fact(f playbook.TestFact) (*givenFact, bool) {
	probe := b.playbook.Probe(f.Probe.Value)
	if probe == nil {
		var names []string
		for _, x := range b.playbook.Probes {
			names = append(names, x.Name)
		}
		b.unknownName(f.Probe, "probe", names)
		return nil, false
	}
	given := &givenFact{state: f.State, fields: b.object(f.Fields, probe.Output)}
	if f.Covers != nil {
		given.covers = &sdk.Window{From: moment(f.Covers.From), To: moment(f.Covers.To)}
		given.reason = "only a part of the time was seen"
	}
	if f.Reason != nil {
		given.reason = f.Reason.Value
	}
	return given, true
}

// moment reads a time that the parser has checked; zero when it is not given.
func moment(s *playbook.Scalar) time.Time {
	if s == nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, s.Value)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// inputs types what the test sets, and fills in the defaults.
func (b *preparation) inputs() map[string]any {
	b.kind = "input"
	defer func() { b.kind = "fact" }()
	out := map[string]any{}
	var names []string
	for _, in := range b.playbook.Inputs {
		names = append(names, in.Name)
		i := slices.IndexFunc(b.test.Inputs, func(a playbook.Argument) bool { return a.Name.Value == in.Name })
		switch {
		case i >= 0:
			if v := b.value(b.test.Inputs[i].Value, in.Type); v != nil {
				out[in.Name] = v
			}
		case in.Default != nil:
			out[in.Name] = in.Default
		case !in.Optional:
			b.errorAt(b.test.Name.Span, "input", fmt.Sprintf("the input %q must be set", in.Name), fmt.Sprintf("add inputs: {%s: …}, of type %s", in.Name, in.Type))
		}
	}
	for _, a := range b.test.Inputs {
		if !slices.Contains(names, a.Name.Value) {
			b.unknownName(a.Name, "input", names)
		}
	}
	return out
}

// now is the test's own time: as it says, else that of the bundle, else the newest time in facts by hand, else a fixed
// one. It never is the clock's: a test has the same outcome on every day.
func (b *preparation) now(o *observer) time.Time {
	switch {
	case b.test.Now != nil:
		return moment(b.test.Now)
	case o.bundle != nil:
		return o.bundle.Now
	}
	var newest time.Time
	for _, f := range o.given {
		newest = latest(newest, f.fields)
		if f.covers != nil {
			newest = latest(newest, []any{f.covers.From, f.covers.To})
		}
	}
	if newest.IsZero() {
		return usualNow
	}
	return newest
}

func latest(than time.Time, v any) time.Time {
	switch x := v.(type) {
	case time.Time:
		if x.After(than) {
			return x
		}
	case []any:
		for _, item := range x {
			than = latest(than, item)
		}
	case map[string]any:
		for _, item := range x {
			than = latest(than, item)
		}
	}
	return than
}

func (b *preparation) unknownName(at playbook.Scalar, what string, names []string) {
	hint := ""
	if s := diag.Suggest(at.Value, names); s != "" {
		hint = "did you mean " + s + "?"
	}
	b.errorAt(at.Span, "unknown-name", fmt.Sprintf("the playbook has no %s %q; it has %s", what, at.Value, words(names)), hint)
}

// names checks the names of conclusions, steps and actions.
func (b *preparation) names() {
	t := b.test
	causes, symptoms := conclusionNames(b.playbook.Causes), conclusionNames(b.playbook.Symptoms)
	b.known("cause or applies", append([]string{"applies"}, causes...), named(t.Assume)...)
	steps, asked := b.steps()
	if t.Approve != nil {
		b.known("step", steps, t.Approve.IDs...)
	}
	for _, a := range t.Answers {
		b.known("question", asked, a.Name)
	}
	for _, a := range t.Actions {
		b.action(a)
	}
	e := t.Expect
	if e == nil {
		return
	}
	b.known("cause", causes, named(e.Causes)...)
	b.known("symptom", symptoms, named(e.Symptoms)...)
	b.known("step", steps, e.Plan...)
	b.known("step", steps, e.Never...)
	if e.PlanExactly != nil {
		b.known("step", steps, *e.PlanExactly...)
	}
	b.codes(e.OtherFailures)
}

func (b *preparation) known(what string, names []string, given ...playbook.Scalar) {
	for _, s := range given {
		if !slices.Contains(names, s.Value) {
			b.unknownName(s, what, names)
		}
	}
}

func named(list []playbook.Assumption) []playbook.Scalar {
	var out []playbook.Scalar
	for _, a := range list {
		out = append(out, a.Name)
	}
	return out
}

func conclusionNames(list []*check.Conclusion) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Name)
	}
	return out
}

// steps lists the ids of the playbook's steps, and of those that ask.
func (b *preparation) steps() (ids, asked []string) {
	check.Walk(slices.Concat(b.playbook.Steps, b.playbook.Afterwards), func(s *check.Step) {
		if !s.Named {
			return
		}
		ids = append(ids, s.ID)
		if s.Kind == playbook.AskStep {
			asked = append(asked, s.ID)
		}
	})
	return ids, asked
}

// action checks a simulated action and what it answers.
func (b *preparation) action(a playbook.TestAction) {
	var uses []string
	var step *check.Step
	check.Walk(slices.Concat(b.playbook.Steps, b.playbook.Afterwards), func(s *check.Step) {
		if s.Kind != playbook.ActionStep {
			return
		}
		if s.Uses() == a.Uses.Value {
			step = s
		}
		if !slices.Contains(uses, s.Uses()) {
			uses = append(uses, s.Uses())
		}
	})
	if step == nil {
		b.unknownName(a.Uses, "step that uses", uses)
		return
	}
	if len(a.Outputs) > 0 {
		b.object(a.Outputs, step.Output)
	}
}

// codes checks the expected codes of other failures.
func (b *preparation) codes(list *[]playbook.Scalar) {
	if list == nil {
		return
	}
	if b.playbook.Others == nil && len(*list) > 0 {
		b.errorAt((*list)[0].Span, "expect", "the playbook does not say which failures it is not about", "it says so in applies.others")
	}
	for _, s := range *list {
		if _, err := code(s); err != nil {
			b.errorAt(s.Span, "expect", strings.TrimSpace(err.Error()), "")
		}
	}
}
