package rehearse

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// usualNow is the time of a test that gives no time at all.
var usualNow = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// stage is what a test gives.
type stage struct {
	observer   *observer      // of the first readings
	later      *laterObserver // of those in expect, wait_until and verify, and after a restart
	kind       target.Kind
	inputs     map[string]any
	assumed    diagnose.Assumptions
	behaviours map[string]*behaviour // of actions, by full name
	now        time.Time
}

// prepare reads what a test gives and checks every name in it. The stage is of use when no diagnostic is an error.
func prepare(files fs.FS, dir string, p *check.Playbook, file string, t *playbook.Test) (*stage, diag.List) {
	b := &preparation{reader: reader{file: file, kind: "fact"}, playbook: p, test: t}
	s := &stage{observer: &observer{given: map[string]*givenFact{}, healthy: t.Defaults != nil}, behaviours: map[string]*behaviour{}}
	s.later = &laterObserver{s.observer, map[string]*givenFact{}}
	if t.Bundle != nil {
		s.observer.bundle = b.bundle(files, dir)
	}
	s.kind = kindOf(t, s.observer.bundle)
	s.observer.offline = s.kind == target.Offline
	for _, f := range t.Facts {
		if given, ok := b.fact(f); ok {
			s.observer.given[f.Probe.Value] = given
		}
	}
	for _, f := range t.After {
		if given, ok := b.fact(f); ok {
			s.later.after[f.Probe.Value] = given
		}
	}
	for _, a := range t.Actions {
		s.behaviours[a.Uses.Value] = b.action(a)
	}
	s.inputs = b.inputs()
	s.assumed = assumptions(t)
	s.now = b.now(s.observer)
	b.names()
	return s, b.list.Sorted()
}

// kindOf is what a test is about: as it says, else what its bundle was recorded of, else a running machine.
func kindOf(t *playbook.Test, recorded *fact.Bundle) target.Kind {
	switch {
	case t.Target != nil:
		return target.Kind(t.Target.Value)
	case recorded != nil && recorded.Target.Kind == string(target.Offline):
		return target.Offline
	}
	return target.Live
}

// assumptions are the verdicts that a test sets.
func assumptions(t *playbook.Test) diagnose.Assumptions {
	out := diagnose.Assumptions{}
	for _, a := range t.Assume {
		for _, v := range []condition.Verdict{condition.Confirmed, condition.Suspected, condition.RuledOut, condition.VerdictUndetermined} {
			if v.String() == a.Verdict.Value {
				out[a.Name.Value] = v
			}
		}
	}
	return out
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
