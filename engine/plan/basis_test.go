package plan_test

import (
	"context"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/plan"
)

const based = `  - {id: a, for: [sure, maybe], when: moving.count < 1000, uses: p.do, with: {name: a, value: '${{ inputs.word }}'}, expect: moving.ok}
  - {id: b, each: '${{ some.list }}', uses: p.do, with: {name: '${{ each }}'}}
  - {id: c, for: [not], uses: p.do, with: {name: c}}
  - {id: d, when: no_.ok, uses: p.live, with: {name: d}}
`

// TestFingerprint changes one thing of what a plan rests on: the fingerprint changes with it, and the difference is
// told. What moves by itself changes nothing.
func TestFingerprint(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*scene, *plan.Plan) *plan.Plan
		want   string // of the difference; empty when there is none
	}{
		"nothing":                {func(s *scene, p *plan.Plan) *plan.Plan { return p }, ""},
		"a-raw-fact":             {set(func(s *scene) { s.probes["moving"] = reading(false, "1", "2", "3") }), ""},
		"a-gate":                 {set(func(s *scene) { s.probes["moving"] = fact.Reading{Status: fact.Failed} }), "step a: was planned, is open"},
		"another-gate":           {set(func(s *scene) { s.probes["no_"] = reading(true) }), "the cause maybe: was suspected, is confirmed\nthe cause not: was nothing, is confirmed\nthe manifest of p.live: "},
		"the-verdict-of-a-cause": {set(func(s *scene) { s.assumed = diagnose.Assumptions{"maybe": condition.RuledOut} }), "the cause maybe: was suspected, is ruled out"},
		"of-a-cause-of-no-step":  {set(func(s *scene) { s.assumed = diagnose.Assumptions{"unknown": condition.RuledOut} }), ""},
		"of-a-step-that-is-out":  {set(func(s *scene) { s.assumed = diagnose.Assumptions{"not": condition.Confirmed} }), "step c: was left out, is planned"},
		"an-input":               {set(func(s *scene) { s.inputs = map[string]any{"word": "v"} }), "the input word: was \"w\", is \"v\"\nthe arguments of step a: was {\"name\":\"a\",\"value\":\"w\"}, is {\"name\":\"a\",\"value\":\"v\"}"},
		"the-target":             {set(func(s *scene) { s.identity = "that" }), "the target: was this, is that"},
		"an-item-less":           {set(func(s *scene) { s.probes["some"] = reading(true, "a") }), "step b[2]: was planned, is nothing"},
		"another-item":           {set(func(s *scene) { s.probes["some"] = reading(true, "a", "x") }), "the arguments of step b[2]: was {\"name\":\"b\"}, is {\"name\":\"x\"}"},
		"an-item-more":           {set(func(s *scene) { s.probes["some"] = reading(true, "a", "b", "x") }), "step b[3]: was nothing, is planned"},
		"a-state":                {set(func(s *scene) { s.material = "otherwise" }), "the state that step a rests on: was {\"a\":\"so\"}, is {\"a\":\"otherwise\"}"},
		"what-is-chosen":         {set(func(s *scene) { s.choice = plan.Choice{Skip: []string{"a"}} }), "the steps of --skip: was nothing, is a"},
		"only-what-is-chosen":    {set(func(s *scene) { s.choice = plan.Choice{Only: []string{"a"}} }), "the steps of --only: was nothing, is a"},
		"the-diagnosis":          {set(func(s *scene) { s.probes["there"] = fact.Reading{Status: fact.Failed} }), "what the diagnosis came to: was seen, is undetermined"},
		"the-playbook": {func(s *scene, p *plan.Plan) *plan.Plan {
			p.Playbook.SHA256 = "def"
			return s.seal(p)
		}, "the playbook's text: was abc, is def"},
		"an-assumption": {func(s *scene, p *plan.Plan) *plan.Plan {
			p.Assumed = map[string]string{"sure": "confirmed"}
			return s.seal(p)
		}, "the assumption sure: was nothing, is confirmed"},
		"the-manifest-of-an-action": {func(s *scene, p *plan.Plan) *plan.Plan {
			for _, step := range s.playbook.Steps {
				step.Action.Summary = "Does more"
			}
			return s.seal(p)
		}, "the manifest of p.do: was "},
		"the-manifest-of-a-probe": {func(s *scene, p *plan.Plan) *plan.Plan {
			for _, probe := range s.playbook.Probes {
				probe.Manifest.Summary = "Asks more"
			}
			return s.seal(p)
		}, "the manifest of p.ask: was "},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, based)
			was := s.plan(t.Context())
			is := test.change(s, s.plan(t.Context()))
			var told []string
			for _, d := range plan.Compare(was.Basis, is.Basis) {
				told = append(told, d.String())
			}
			got := strings.Join(told, "\n")
			if (got == "") != (test.want == "") || (was.Fingerprint == is.Fingerprint) != (test.want == "") {
				t.Fatalf("the difference is %q; the fingerprint is the same: %t", got, was.Fingerprint == is.Fingerprint)
			}
			for _, line := range strings.Split(test.want, "\n") {
				if !strings.Contains(got, line) {
					t.Errorf("%q is not in\n%s", line, got)
				}
			}
		})
	}
}

// set plans anew with something changed.
func set(change func(*scene)) func(*scene, *plan.Plan) *plan.Plan {
	return func(s *scene, _ *plan.Plan) *plan.Plan {
		change(s)
		return s.plan(context.Background())
	}
}

func (s *scene) seal(p *plan.Plan) *plan.Plan {
	p.Seal(s.playbook, s.builder(context.Background()).Result, map[string]any{"word": "w"})
	return p
}

func TestCompareIsStable(t *testing.T) {
	s := newScene(t, based)
	was := s.plan(t.Context())
	s.inputs, s.identity, s.material, s.assumed = map[string]any{"word": "v", "more": "x"}, "that", "else", diagnose.Assumptions{"not": condition.Confirmed, "maybe": condition.Confirmed}
	is := s.plan(t.Context())
	first := plan.Compare(was.Basis, is.Basis)
	for range 20 {
		again := plan.Compare(was.Basis, is.Basis)
		for i := range first {
			if again[i] != first[i] {
				t.Fatalf("%v, then %v", first, again)
			}
		}
	}
	if len(plan.Compare(plan.Basis{}, plan.Basis{})) > 0 {
		t.Error("nothing differs from nothing")
	}
}

func TestSameJSON(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"", "", true}, {"{}", "", false}, {`{"a":1,"b":2}`, "{ \"b\": 2,\n \"a\": 1 }", true}, {`"<"`, `"\u003c"`, true}, {"1", "1.0", true}, {"1", "2", false},
		{"[1,2]", "[2,1]", false}, {"{", "{", true}, {"{", "[", false}, {"null", "", false},
	} {
		if got := plan.SameJSON([]byte(test.a), []byte(test.b)); got != test.want {
			t.Errorf("%s and %s: %t", test.a, test.b, got)
		}
	}
}
