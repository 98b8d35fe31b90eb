package plan_test

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk/target"
)

const (
	hold    = "      - {uses: p.do, with: {name: hold}}\n"
	finally = "    finally:\n      - {uses: p.do, with: {name: release}}\n"
)

func do(id, more string) string {
	return "  - {id: " + id + ", uses: p.do, with: {name: " + id + "}" + more + "}\n"
}

// in makes a step a member of a group.
func in(step string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(step, "\n"), "\n", "\n    ") + "\n"
}

func TestBuild(t *testing.T) {
	for name, test := range map[string]struct {
		steps string
		set   func(*scene)
		want  string
	}{
		"order": {do("a", "") + "  - id: g\n    steps:\n" + hold + in(do("b", "")) + finally + do("c", ""), nil, `
a planned
g planned
  2.1 planned
  b planned
  /2.finally.1 planned
c planned`},
		"gates": {do("a", ", when: yes_.ok") + do("b", ", when: no_.ok") + do("c", ", unless: yes_.ok") + do("d", ", unless: no_.ok") + do("e", ", when: open.ok"), nil, `
a planned
b left out: ` + "`when: no_.ok` is false" + `
c left out: ` + "`unless: yes_.ok` is true" + `
d planned
e open: ` + "`when: open.ok` cannot be decided: it does not answer (open)"},
		"causes": {do("a", ", for: [not, sure]") + do("b", ", for: [not, maybe, unknown]") + do("c", ", for: [not, unknown]") + do("d", ", for: [not]"), nil, `
a planned
b planned; suspected maybe
c left out: none of its causes is confirmed or suspected; undetermined: unknown
d left out: none of its causes is there: not`},
		"each": {do("a", ", each: '${{ some.list }}'") + do("b", ", each: '${{ yes_.list }}'") + do("c", ", each: '${{ open.list }}'"), nil, `
a[1] planned
a[2] planned
b left out: there is nothing to do it for: yes_.list is empty
c open: its list is not known: it does not answer (open)`},
		"each-of-a-partial-list": {do("a", ", each: '${{ some.list }}'"), func(s *scene) {
			r := reading(true, "x")
			r.Status, r.Reason = fact.Partial, "the log begins later"
			s.probes["some"] = r
		}, `
a[1] planned`},
		"known-after": {"  - {id: a, uses: p.do, with: {name: a}}\n  - {id: b, each: '${{ steps.a.items }}', uses: p.do, with: {name: '${{ each }}'}}\n" +
			"  - {id: c, uses: p.do, with: {name: c, value: '${{ steps.a.made }}', at: '${{ run.started }}'}}\n  - {id: d, each: '${{ changed.b }}', uses: p.do, with: {name: '${{ each }}'}}\n", nil, `
a planned
b later: known after step a
c planned; value: known after step a; at: known after the run has begun; again after p.do
d later: known after step b`},
		"known-after-in-part": {"  - {id: a, uses: p.do, with: {name: a}}\n  - {id: b, each: '${{ filter(some.list, # == steps.a.made) }}', uses: p.do, with: {name: '${{ each }}'}}\n", nil, `
a planned
b later: known after step a`},
		"predicted": {"  - {id: a, uses: p.do, with: {name: brings x y}}\n  - {id: b, each: '${{ steps.a.items }}', uses: p.do, with: {name: '${{ each }}'}}\n", nil, `
a planned
b[1] planned
b[2] planned`},
		"predicted-in-an-instance": {"  - id: g\n    each: ${{ some.list }}\n    steps:\n      - {id: m, uses: p.do, with: {name: '${{ each == \"a\" ? \"tells it\" : \"silent\" }}'}}\n" +
			"      - {id: x, uses: p.do, with: {name: x, value: '${{ steps.m.made }}'}}\n", nil, `
g[1] planned
  g[1]/m planned
  g[1]/x planned
g[2] planned
  g[2]/m planned
  g[2]/x planned; value: known after step m; again after p.do`},
		"an-argument-that-is-not-known": {"  - {id: a, uses: p.do, with: {name: a, value: '${{ open.ok ? \"x\" : \"z\" }}'}}\n  - {id: b, uses: p.do, with: {name: b}}\n" +
			"  - {id: c, uses: p.do, with: {name: '${{ steps.b.made + (open.ok ? \"x\" : \"z\") }}'}}\n", nil, `
a open: an argument is not known: it does not answer (open)
b planned
c open: an argument is not known: it does not answer (open)`},
		"an-argument-of-what-is-left-out": {do("a", ", when: no_.ok") + "  - {id: b, uses: p.do, with: {name: b, value: '${{ steps.a.made }}'}}\n", nil, `
a left out: ` + "`when: no_.ok` is false" + `
b open: an argument is not known: step a was not carried out: left out`},
		"refused": {"  - {id: a, uses: p.do, with: {name: refuse}}\n  - {id: b, uses: p.do, with: {name: lost}}\n  - {id: c, uses: p.do, with: {name: broken}}\n" + do("d", "") + "  - {id: e, uses: p.do, with: {name: refuse}}\n", nil, `
a refused: it is busy
b refused: the plugin ended
c refused: its material state cannot be read: not JSON: unexpected EOF
d planned
e planned; again after p.do; now it is busy (wait)`},
		"needless": {"  - {id: a, uses: p.do, with: {name: idle a}}\n  - {id: b, uses: p.do, with: {name: idle b}}\n", nil, `
a planned
b planned; again after p.do`},
		"unsupported-takes-its-group": {"  - id: g\n    steps:\n" + in(do("a", "")) + "      - id: h\n        steps:\n    " + hold + "          - {id: b, uses: p.do, with: {name: unsupported}}\n    " + in(do("c", ""))[4:] + in(do("d", "")), nil, `
g planned
  a planned
  h unsupported: p.do: not on this build
    1.2.1 left out: with its group: p.do: not on this build
    b unsupported: not on this build
  c planned
  d planned`},
		"unsupported-at-the-top": {"  - {id: a, uses: p.planned, with: {name: a}}\n  - {id: b, uses: p.disk, with: {name: b}}\n" + do("c", ""), nil, `
a unsupported: p.planned is not possible in this version
b unsupported: p.disk works on a disk only
c planned`},
		"unsupported-in-a-finally": {"  - id: g\n    steps:\n" + in(do("a", "")) + "    finally:\n      - {uses: p.planned, with: {name: x}}\n", nil, `
g unsupported: p.planned: p.planned is not possible in this version
  a left out: with its group: p.planned: p.planned is not possible in this version
  /1.finally.1 unsupported: p.planned is not possible in this version`},
		"nothing-worthwhile": {"  - id: g\n    steps:\n" + hold + in(do("a", ", for: [not]")) + finally, nil, `
g left out: nothing in it is to be done
  1.1 left out: with its group: nothing in it is to be done
  a left out: none of its causes is there: not
  /1.finally.1 left out: with its group: nothing in it is to be done`},
		"a-finally-of-which-something-is-not-known": {"  - id: g\n    steps:\n" + in(do("a", "")) + "    finally:\n      - {uses: p.do, with: {name: '${{ open.ok ? \"x\" : \"z\" }}'}}\n", nil, `
g open: p.do, behind it: an argument is not known: it does not answer (open)
  a left out: with its group: p.do, behind it: an argument is not known: it does not answer (open)
  /1.finally.1 open: an argument is not known: it does not answer (open)`},
		"guard-open":        {do("g", ", guard: true, when: open.ok") + do("a", "") + "  - {id: b, ask: Is it so}\n  - {id: c, manual: Do it}\n  - {id: d, wait_until: yes_.ok}\n", nil, blocked("p.do", "g open: `when: open.ok` cannot be decided: it does not answer (open)")},
		"guard-unsupported": {"  - {id: g, guard: true, uses: p.planned, with: {name: g}}\n" + do("a", "") + "  - {id: b, ask: Is it so}\n  - {id: c, manual: Do it}\n  - {id: d, wait_until: yes_.ok}\n", nil, blocked("p.planned", "g unsupported: p.planned is not possible in this version")},
		"guard-refused":     {"  - {id: g, guard: true, uses: p.do, with: {name: refuse}}\n" + do("a", "") + "  - {id: b, ask: Is it so}\n  - {id: c, manual: Do it}\n  - {id: d, wait_until: yes_.ok}\n", nil, blocked("p.do", "g refused: it is busy")},
		"guard-that-is-not-needed": {do("g", ", guard: true, when: no_.ok") + do("a", ""), nil, `
g left out: ` + "`when: no_.ok` is false" + `
a planned`},
		"guard-in-a-group-that-cannot-be-done": {"  - id: h\n    steps:\n" + in(do("g", ", guard: true")) + "      - {id: x, uses: p.planned, with: {name: x}}\n" + do("a", ""), nil, `
h unsupported: p.planned: p.planned is not possible in this version
  g left out: with its group: p.planned: p.planned is not possible in this version
  x unsupported: p.planned is not possible in this version
a blocked: the guard "p.do" stands in the way`},
		"guard-and-a-group": {do("g", ", guard: true, when: open.ok") + "  - id: h\n    steps:\n" + in(do("a", "")) + finally, nil, `
g open: ` + "`when: open.ok` cannot be decided: it does not answer (open)" + `
h blocked: the guard "p.do" stands in the way`},
		"offline": {"  - {id: a, offline: not_needed, uses: p.live, with: {name: a}}\n  - {id: b, offline: left_to_do, uses: p.live, with: {name: b}}\n  - {id: c, uses: p.live, with: {name: c}}\n" +
			"  - {id: d, offline: left_to_do, each: '${{ open.list }}', uses: p.live, with: {name: d}}\n  - {id: e, uses: p.disk, with: {name: e}}\n", func(s *scene) { s.kind = target.Offline }, `
a not needed: nothing runs on this disk that would need it
b left to do: it is to be done on the running machine
c unsupported: p.live needs the running machine, this is its disk
d left to do: it is to be done on the running machine
e planned`},
		"offline-the-rest-of-the-group-stands": {"  - id: g\n    steps:\n      - {offline: not_needed, uses: p.live, with: {name: x}}\n      - {id: a, offline: left_to_do, uses: p.live, with: {name: a}}\n" + in(do("b", "")) +
			"    finally:\n      - {offline: not_needed, uses: p.live, with: {name: z}}\n", func(s *scene) { s.kind = target.Offline }, `
g planned
  1.1 not needed: nothing runs on this disk that would need it
  a left to do: it is to be done on the running machine
  b planned
  /1.finally.1 not needed: nothing runs on this disk that would need it`},
		"offline-nothing-of-the-group-stands": {"  - id: g\n    steps:\n" + hold + "      - {id: a, offline: left_to_do, uses: p.live, with: {name: a}}\n" + finally, func(s *scene) { s.kind = target.Offline }, `
g left to do: it is to be done on the running machine
  1.1 left out: with its group: it is to be done on the running machine
  a left to do: it is to be done on the running machine
  /1.finally.1 left out: with its group: it is to be done on the running machine`},
		"not-seen": {do("a", ""), func(s *scene) { s.probes["there"] = reading(false) }, ``},
		"whether-it-is-there-is-not-known": {do("a", "") + "  - {id: b, ask: Is it so}\n", func(s *scene) { s.probes["there"] = fact.Reading{Status: fact.Failed, Reason: "it does not answer"} }, `
a open: whether this problem is there at all cannot be told
b planned`},
		"not-known-and-assumed": {do("a", ", for: [not]"), func(s *scene) {
			s.probes["there"] = fact.Reading{Status: fact.Failed, Reason: "it does not answer"}
			s.assumed = diagnose.Assumptions{"not": condition.Confirmed}
		}, `
a planned`},
		"assumed-to-be-ruled-out": {do("a", ", for: [sure]"), func(s *scene) { s.assumed = diagnose.Assumptions{"sure": condition.RuledOut} }, `
a left out: none of its causes is there: sure`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.steps)
			if test.set != nil {
				test.set(s)
			}
			p := s.plan(t.Context())
			if got := told(p); got != strings.TrimSpace(test.want) {
				t.Errorf("planned is\n%s\nwant\n%s", got, strings.TrimSpace(test.want))
			}
			keys := map[string]bool{}
			plan.Walk(p.Steps, func(s *plan.Step) {
				if keys[s.Key] {
					t.Errorf("two steps have the key %s", s.Key)
				}
				keys[s.Key] = true
			})
		})
	}
}

// blocked is a plan behind a guard that is not carried out.
func blocked(guard, first string) string {
	in := "blocked: the guard \"" + guard + "\" stands in the way"
	return first + "\na " + in + "\nb planned\nc " + in + "\nd " + in
}

func TestChoice(t *testing.T) {
	steps := do("a", "") + "  - {uses: p.do, with: {name: unnamed}}\n  - {id: asked, ask: Is it so}\n" + do("guard", ", guard: true") +
		"  - id: g\n    steps:\n" + hold + in(do("b", "")) + in(do("c", "")) + "      - steps:\n          - {uses: p.do, with: {name: inner}}\n" + finally +
		"  - id: h\n    steps:\n" + in(do("d", "")) + in(do("e", ", guard: true")) + "  - steps:\n      - {uses: p.do, with: {name: free}}\n" + "afterwards:\n" + do("z", "")
	for name, test := range map[string]struct {
		choice plan.Choice
		want   string // what holds
		err    string
	}{
		"all":                {plan.Choice{}, "a 2 asked guard g 5.1 b c 5.4 5.4.1 5.finally.1 h d e 7 7.1 z", ""},
		"only-one":           {plan.Choice{Only: []string{"a"}}, "a asked guard h e", ""},
		"only-in-a-group":    {plan.Choice{Only: []string{"b"}}, "asked guard g 5.1 b 5.4 5.4.1 5.finally.1 h e", ""},
		"only-a-group":       {plan.Choice{Only: []string{"g"}}, "asked guard g 5.1 b c 5.4 5.4.1 5.finally.1 h e", ""},
		"only-and-skip":      {plan.Choice{Only: []string{"g"}, Skip: []string{"c"}}, "asked guard g 5.1 b 5.4 5.4.1 5.finally.1 h e", ""},
		"skip":               {plan.Choice{Skip: []string{"b", "z"}}, "a 2 asked guard g 5.1 c 5.4 5.4.1 5.finally.1 h d e 7 7.1", ""},
		"skip-all-named":     {plan.Choice{Skip: []string{"b", "c"}}, "a 2 asked guard h d e 7 7.1 z", ""},
		"skip-a-group":       {plan.Choice{Skip: []string{"g"}}, "a 2 asked guard h d e 7 7.1 z", ""},
		"afterwards":         {plan.Choice{Only: []string{"z"}}, "asked guard h e z", ""},
		"unknown":            {plan.Choice{Only: []string{"guar"}}, "", "--only guar: the playbook sample/p has no step with this id; it has a, asked, guard, g, b, c, h, d, e, z; did you mean guard?"},
		"skip-a-guard":       {plan.Choice{Skip: []string{"guard"}}, "", "--skip guard: this step guards those after it and cannot be left out"},
		"skip-a-question":    {plan.Choice{Skip: []string{"asked"}}, "", "--skip asked: this step is a question; answer it with --answer asked=TEXT"},
		"skip-round-a-guard": {plan.Choice{Skip: []string{"h"}}, "", "--skip h: the step e in it guards those after it and cannot be left out; skip the others in it by their own ids"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			s.choice = test.choice
			err := test.choice.Check(s.playbook)
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("got %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			p := s.plan(t.Context())
			hold := func(s *plan.Step) {
				if s.Holds() {
					got = append(got, s.Key)
				}
			}
			plan.Walk(p.Steps, hold)
			plan.Walk(p.Afterwards, hold)
			if strings.Join(got, " ") != test.want {
				t.Errorf("planned is %s\nwant %s", strings.Join(got, " "), test.want)
			}
		})
	}
}

func TestNeeded(t *testing.T) {
	p := checked(t, "  - {id: a, when: yes_.ok, each: '${{ some.list }}', uses: p.do, with: {name: '${{ inputs.word }}', value: '${{ no_.ok ? \"x\" : \"z\" }}'}, expect: moving.ok}\n"+
		"  - {id: b, manual: 'See ${{ open.count }}'}\n")
	if got := strings.Join(plan.Needed(p), " "); got != "no_ open some yes_" {
		t.Errorf("needed is %s", got)
	}
}

// TestExpand makes the instances of a step that is known only on the way. Nothing is prepared for them.
func TestExpand(t *testing.T) {
	s := newScene(t, "  - {id: a, uses: p.do, with: {name: a}}\n  - id: g\n    each: ${{ steps.a.items }}\n    steps:\n      - {id: m, uses: p.do, with: {name: '${{ each }}'}}\n")
	b := s.builder(t.Context())
	scope := plan.NewScope(b.Result.Environment.Value, "stamp", s.builder(t.Context()).Result.Now)
	scope.Output("a", map[string]any{"made": "", "items": []any{"x", "z"}})
	s.asked = nil
	got := told(&plan.Plan{Steps: b.Expand(t.Context(), s.playbook.Steps[1], scope, "outer[1]/")})
	want := "outer[1]/g[1] planned\n  outer[1]/g[1]/m planned\nouter[1]/g[2] planned\n  outer[1]/g[2]/m planned"
	if got != want || len(s.asked) > 0 {
		t.Errorf("got\n%s\nwant\n%s\nprepared was %v", got, want, s.asked)
	}
	scope.Output("a", nil)
	if got := told(&plan.Plan{Steps: b.Expand(t.Context(), s.playbook.Steps[1], scope, "")}); got != "g open: its list is not known: what step a has brought is not known" {
		t.Errorf("got\n%s", got)
	}
}
