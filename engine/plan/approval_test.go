package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

func TestUnits(t *testing.T) {
	final := "      - {id: f, uses: p.final, with: {name: f}, loses: x}\n"
	for name, test := range map[string]struct {
		steps string
		set   func(*scene)
		want  string
	}{
		"a-step":                               {do("a", ", risk: high"), nil, "a high: p.do"},
		"the-risk-of-the-action":               {do("a", ""), nil, "a low: p.do"},
		"a-group-without-risk":                 {"  - id: g\n    steps:\n" + hold + in(do("a", "")) + in(do("b", ", risk: high")) + finally, nil, "a low: p.do; b high: p.do"},
		"a-group-with-risk":                    {"  - id: g\n    risk: medium\n    steps:\n" + hold + in(do("a", "")) + finally, nil, "g medium: 1.1 a 1.finally.1"},
		"a-step-in-it-says-more":               {"  - id: g\n    risk: medium\n    steps:\n" + in(do("a", ", risk: high")) + finally, nil, "g high: a 1.finally.1"},
		"a-step-in-it-says-less":               {"  - id: g\n    risk: medium\n    steps:\n" + in(do("a", ", risk: none")) + finally, nil, "g medium: a 1.finally.1"},
		"nothing-asks-for-itself":              {"  - id: g\n    steps:\n" + hold + finally, nil, "g low: 1.1 1.finally.1"},
		"a-finally-is-for-good":                {"  - id: g\n    steps:\n" + in(do("a", "")) + "    finally:\n      - {uses: p.final, with: {name: f}, loses: x}\n", nil, "g low: a 1.finally.1 (final 1.finally.1)"},
		"for-good":                             {"  - id: g\n    risk: low\n    steps:\n" + final + in(do("a", "")), nil, "g low: f a (final f)"},
		"unnamed-and-for-good":                 {"  - id: g\n    steps:\n      - {uses: p.final, with: {name: f}, loses: x}\n" + in(do("a", "")), nil, "1.1 low: p.final (final 1.1); a low: p.do"},
		"unnamed-with-risk":                    {"  - id: g\n    steps:\n      - {uses: p.do, with: {name: f}, risk: low}\n" + in(do("a", "")), nil, "1.1 low: p.do; a low: p.do"},
		"a-restart":                            {"  - {id: r, uses: p.restart, with: {name: r}, loses: x}\n", nil, "r low: p.restart (final r)"},
		"each":                                 {do("a", ", each: '${{ some.list }}'"), nil, "a[1] low: p.do; a[2] low: p.do"},
		"suspected":                            {"  - id: g\n    for: [maybe]\n    steps:\n" + in(do("a", "")), nil, "a low: p.do (suspected maybe)"},
		"suspected-inside":                     {"  - id: g\n    risk: low\n    steps:\n" + in(do("a", ", for: [maybe]")), nil, "g low: a (suspected maybe)"},
		"later":                                {do("a", "") + "  - {id: b, each: '${{ steps.a.items }}', uses: p.final, with: {name: b}, loses: x}\n", nil, "a low: p.do; b low: p.final (final b)"},
		"a-group-later":                        {do("a", "") + "  - id: g\n    each: ${{ steps.a.items }}\n    steps:\n" + in(do("b", ", risk: high")) + final, nil, "a low: p.do; g high: g (final g)"},
		"a-group-later-that-can-be-taken-back": {do("a", "") + "  - id: g\n    each: ${{ steps.a.items }}\n    steps:\n" + in(do("b", "")), nil, "a low: p.do; g low: g"},
		"later-inside":                         {"  - id: g\n    risk: medium\n    steps:\n" + in(do("a", "")) + "      - {id: b, each: '${{ steps.a.items }}', uses: p.do, with: {name: b}}\n", nil, "g medium: a b"},
		"what-is-left-out":                     {do("a", ", when: no_.ok") + "  - {id: b, ask: Is it so}\n  - {id: c, manual: Do it}\n", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.steps)
			var got []string
			for _, u := range plan.Units(s.plan(t.Context()).Steps) {
				var actions, final []string
				for _, a := range u.Actions {
					actions = append(actions, a.Key)
				}
				if len(actions) == 1 && !u.Step.IsGroup() {
					actions = []string{u.Step.Uses}
				}
				line := fmt.Sprintf("%s %s: %s", u.Step.Key, u.Risk, strings.Join(actions, " "))
				for _, a := range u.Final() {
					final = append(final, a.Key)
				}
				if len(final) > 0 {
					line += " (final " + strings.Join(final, " ") + ")"
				}
				if len(u.Suspected) > 0 {
					line += " (suspected " + strings.Join(u.Suspected, " ") + ")"
				}
				got = append(got, line)
			}
			if strings.Join(got, "; ") != test.want {
				t.Errorf("asked for is %s\nwant %s", strings.Join(got, "; "), test.want)
			}
		})
	}
}

func TestUnitLines(t *testing.T) {
	s := newScene(t, "  - id: g\n    risk: low\n    loses: The past.\n    steps:\n"+in(do("a", ""))+"      - {id: f, uses: p.final, with: {name: f}}\n      - {uses: p.do, with: {name: idle x}}\n"+
		"      - {id: b, uses: p.do, with: {name: b, value: '${{ steps.a.made }}'}}\n      - {id: c, each: '${{ steps.a.items }}', uses: p.do, with: {name: c}}\n      - {id: r, uses: p.do, with: {name: refuse}}\n")
	want := `do a
  a: done
do f
  f: done
do idle x: nothing to do as it is now; looked at again after "p.final"
p.do:
  value: known after step a
p.do: known after step a
p.do: looked at again after "p.do"; now: it is busy (wait)
lost: The past.
p.final cannot be taken back`
	if got := strings.Join(plan.Units(s.plan(t.Context()).Steps)[0].Lines(), "\n"); got != want {
		t.Errorf("shown is\n%s\nwant\n%s", got, want)
	}
}

func TestRiskAtMost(t *testing.T) {
	for _, test := range []struct {
		risk, most sdk.Risk
		want       bool
	}{{sdk.RiskLow, sdk.RiskLow, true}, {sdk.RiskNone, sdk.RiskLow, true}, {sdk.RiskHigh, sdk.RiskMedium, false}, {"", sdk.RiskMedium, false}, {"odd", sdk.RiskMedium, false}, {"", sdk.RiskHigh, true}} {
		if got := plan.RiskAtMost(test.risk, test.most); got != test.want {
			t.Errorf("%q at most %q: %t", test.risk, test.most, got)
		}
	}
}
