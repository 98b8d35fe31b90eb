package execute

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// declining declines some steps, by key, and approves the others.
func declining(keys ...string) func(plan.Unit) Decision {
	return func(u plan.Unit) Decision {
		if slices.Contains(keys, u.Step.Key) {
			return No
		}
		return Yes
	}
}

// did lists what was done, by key.
func (l *records) did() string {
	var out []string
	for _, rec := range l.of(journal.Done) {
		out = append(out, rec.Step)
	}
	return strings.Join(out, " ")
}

const guarded = `
  - id: g
    title: The guard
    guard: true
    uses: w.set
    with: {name: g, value: x}
  - id: asked
    ask: Is it?
  - id: held
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: inner
        uses: w.set
        with: {name: inner, value: x}
    finally:
      - uses: w.start
        with: {names: [indexer]}
  - id: cured
    uses: w.set
    with: {name: cured, value: "yes"}
`

const group = `
  - id: held
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: a
        uses: w.set
        with: {name: a, value: x}
      - id: each
        each: ${{ tasks.names }}
        uses: w.set
        with: {name: '${{ each }}', value: "off"}
      - id: whole
        risk: high
        steps:
          - uses: w.stop
            with: {names: [updater]}
          - id: b
            uses: w.set
            with: {name: b, value: x}
        finally:
          - uses: w.start
            with: {names: [updater]}
    finally:
      - uses: w.start
        with: {names: [indexer]}
`

// late has instances that are known only on the way: of an action, and of a group.
func late(risk string) string {
	return `
  - id: held
` + risk + `    steps:
      - id: found
        uses: w.find
        with: {name: all}
      - id: each
        each: ${{ steps.found.parts }}
        uses: w.set
        with: {name: '${{ each }}', value: x}
      - id: parts
        each: ${{ steps.found.parts }}
        steps:
          - uses: w.stop
            with: {names: ['${{ each }}']}
          - id: part
            uses: w.set
            with: {name: 'part ${{ each }}', value: x}
        finally:
          - uses: w.start
            with: {names: ['${{ each }}']}
    finally:
      - uses: w.start
        with: {names: [indexer]}
`
}

func TestApproval(t *testing.T) {
	for name, test := range map[string]struct {
		steps   string
		decline []string
		asked   string
		did     string
	}{
		"a-group-asks-through-its-members": {group, nil, "a each[1] each[2] each[3] whole",
			"1.1 a each[1] each[2] each[3] 1.4.1 b 1.4.finally.1 1.finally.1"},
		"an-instance-is-declined": {group, []string{"each[2]"}, "a each[1] each[2] each[3] whole",
			"1.1 a each[1] each[3] 1.4.1 b 1.4.finally.1 1.finally.1"},
		"a-group-is-declined": {group, []string{"whole"}, "a each[1] each[2] each[3] whole",
			"1.1 a each[1] each[2] each[3] 1.finally.1"},
		"all-in-a-group-is-declined": {group, []string{"a", "each[1]", "each[2]", "each[3]", "whole"}, "a each[1] each[2] each[3] whole", ""},
		"known-on-the-way": {late(""), nil, "found each[1] each[2] parts[1]/part parts[2]/part",
			"found each[1] each[2] parts[1]/1.3.1 parts[1]/part parts[1]/1.3.finally.1 parts[2]/1.3.1 parts[2]/part parts[2]/1.3.finally.1"},
		"known-on-the-way-and-declined": {late(""), []string{"each[1]", "parts[2]/part"}, "found each[1] each[2] parts[1]/part parts[2]/part",
			"found each[2] parts[1]/1.3.1 parts[1]/part parts[1]/1.3.finally.1"},
		"known-on-the-way-and-covered": {late("    risk: low\n"), nil, "held",
			"found each[1] each[2] parts[1]/1.3.1 parts[1]/part parts[1]/1.3.finally.1 parts[2]/1.3.1 parts[2]/part parts[2]/1.3.finally.1"},
		"nothing-in-it-asks-for-itself": {"\n  - id: held\n    steps:\n      - {uses: w.stop, with: {names: [indexer]}}\n      - {uses: w.set, with: {name: x, value: x}}\n", nil, "held", "1.1 1.2"},
		"a-finally-is-for-good": {"\n  - id: held\n    loses: x\n    steps:\n      - {id: x, uses: w.set, with: {name: x, value: x}}\n    finally:\n      - {uses: w.final, with: {name: end, value: end}}\n",
			nil, "held", "x 1.finally.1"},
		"a-guard":             {guarded, nil, "g inner cured", "g 3.1 inner 3.finally.1 cured"},
		"a-guard-is-declined": {guarded, []string{"g"}, "g inner cured", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.steps)
			s.operator.approve = declining(test.decline...)
			if r := s.must(t.Context()); r.Stop != nil {
				t.Fatalf("got %+v\n%s", r.Stop, s.log)
			}
			if got := strings.Join(s.operator.asked, " "); got != test.asked {
				t.Errorf("asked for is %s, want %s", got, test.asked)
			}
			if got := s.log.did(); got != test.did {
				t.Errorf("done is %s, want %s\n%s", got, test.did, s.log)
			}
			if name == "a-guard-is-declined" && (len(s.log.of(journal.Answered)) != 1 || len(s.run.left) != 2) {
				t.Errorf("left is %v\n%s", s.run.left, s.log)
			}
		})
	}
}

// TestDecisionsStand has a run that stops behind its decisions: when it goes on nobody is asked for them again.
func TestDecisionsStand(t *testing.T) {
	for name, steps := range map[string]string{"known": group + one, "known-on-the-way": late("") + one} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			s.operator.approve = declining("each[2]", "whole", "parts[1]/part")
			s.hands.disturb = fails("cured", "apply", 1, disturbance{err: errors.New("no")})
			if r := s.must(t.Context()); r.Stop == nil {
				t.Fatal("it did not stop")
			}
			did, asked := s.log.did(), len(s.operator.asked)
			s.operator.approve = func(plan.Unit) Decision { return Missing }
			if r := s.must(t.Context()); r.Stop != nil || len(s.operator.asked) != asked {
				t.Errorf("got %+v, asked %v", r.Stop, s.operator.asked[asked:])
			}
			if got := s.log.did(); got != did+" cured" {
				t.Errorf("done is %s, want %s cured", got, did)
			}
		})
	}
}

// TestApprovalIsMissing has nobody to decide: the run stops there, what was entered is closed, and it goes on later.
func TestApprovalIsMissing(t *testing.T) {
	s := newScene(t, late("")+one)
	s.operator.approve = func(u plan.Unit) Decision {
		if u.Step.Key == "each[2]" {
			return Missing
		}
		return Yes
	}
	r := s.must(t.Context())
	if r.Stop == nil || r.Stop.Reason != stopApproval || r.Stop.Text != "approval is missing: each (w.set)" {
		t.Fatalf("got %+v", r.Stop)
	}
	if got := s.log.kinds("held"); got != "entered closed" || len(s.log.of(journal.Verified)) > 0 {
		t.Errorf("the group is %s\n%s", got, s.log)
	}
	s.operator.approve = nil
	if r := s.must(t.Context()); r.Stop != nil || r.Outcome != Fixed {
		t.Errorf("got %+v", r)
	}
}

// TestOperatorFails has the operator's terminal break in the middle of a group: its `finally` runs, and the error comes
// out.
func TestOperatorFails(t *testing.T) {
	s := newScene(t, late("")+one)
	broken := errors.New("the terminal is gone")
	config := func() Config { s.begin(); return s.config() }()
	config.Operator = brokenOperator{s.operator, broken}
	_, err := New(config).Go(t.Context())
	if !errors.Is(err, broken) || s.log.kinds("held") != "entered closed" || len(s.log.of(journal.Stopped)) != 1 {
		t.Errorf("got %v\n%s", err, s.log)
	}
}

type brokenOperator struct {
	*operator
	err error
}

func (o brokenOperator) Approve(ctx context.Context, u plan.Unit) (Approval, error) {
	if strings.HasPrefix(u.Step.Key, "each") {
		return Approval{}, o.err
	}
	return o.operator.Approve(ctx, u)
}

// TestAskedAnew has an output that is not what was predicted: what rests on it is asked for again, with what it would do
// now, and once.
func TestAskedAnew(t *testing.T) {
	steps := `
  - id: held
    risk: low
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: made
        uses: w.set
        with: {name: made, value: here, guess: there}
      - id: rests
        uses: w.set
        with: {name: '${{ steps.made.is }}', value: x}
    finally:
      - uses: w.start
        with: {names: [indexer]}
` + one
	for name, test := range map[string]struct {
		decision Decision
		stop     string
	}{
		"approved": {Yes, ""},
		"declined": {No, "what it would do turned out otherwise than was shown, and was declined"},
		"nobody":   {Missing, "approval is missing: rests (w.set)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			var shown []string
			s.operator.approve = func(u plan.Unit) Decision {
				if u.Step.Key == "rests" {
					shown = u.Lines()
					return test.decision
				}
				return Yes
			}
			s.hands.disturb = fails("rests", "apply", 1, disturbance{err: errors.New("no")})
			r := s.must(t.Context())
			if got := strings.Join(s.operator.asked, " "); got != "held rests" || !strings.Contains(strings.Join(shown, " "), "value here: x") {
				t.Errorf("asked for is %s; shown was %v", got, shown)
			}
			if !s.world.Services["indexer"].Runs || s.world.Values["there"] != "" {
				t.Errorf("the world is %s", s.world)
			}
			if test.stop != "" {
				if r.Stop == nil || !strings.Contains(r.Stop.Text, test.stop) {
					t.Errorf("got %+v", r.Stop)
				}
				return
			}
			if r := s.must(t.Context()); r.Stop != nil || s.world.Values["here"] != "x" || len(s.operator.asked) != 3 {
				t.Errorf("got %+v, asked %v\n%s", r.Stop, s.operator.asked, s.log)
			}
		})
	}
}

// TestShownIsWhatIsDone has an output that is not what was predicted before what rests on it is asked for: it is asked
// for as it is.
func TestShownIsWhatIsDone(t *testing.T) {
	s := newScene(t, `
  - id: made
    uses: w.set
    with: {name: made, value: here, guess: there}
  - id: rests
    uses: w.set
    with: {name: '${{ steps.made.is }}', value: x}
`)
	var shown []string
	s.operator.approve = func(u plan.Unit) Decision { shown = u.Lines(); return Yes }
	if r := s.must(t.Context()); r.Stop != nil || strings.Join(s.operator.asked, " ") != "made rests" || !strings.Contains(strings.Join(shown, " "), "value here: x") {
		t.Errorf("got %+v, asked %v, shown %v", r.Stop, s.operator.asked, shown)
	}
}

func TestPolicy(t *testing.T) {
	final := &plan.Step{Key: "f[1]", ID: "f", Uses: "w.final", Kind: "action", State: plan.Planned, Effect: sdk.Irreversible, Risk: sdk.RiskLow}
	restart := &plan.Step{Key: "r", ID: "r", Uses: "w.restart", Kind: "action", State: plan.Planned, Effect: sdk.Restarts, Risk: sdk.RiskLow}
	set := func(risk sdk.Risk) plan.Unit {
		s := &plan.Step{Key: "s", ID: "s", Uses: "w.set", Kind: "action", State: plan.Planned, Effect: sdk.Reversible, Risk: risk}
		return plan.Unit{Step: s, Actions: []*plan.Step{s}, Risk: risk}
	}
	suspected := set(sdk.RiskLow)
	suspected.Suspected = []string{"perhaps"}
	for name, test := range map[string]struct {
		policy Policy
		unit   plan.Unit
		want   string
	}{
		"nothing-is-approved":       {Policy{}, set(sdk.RiskNone), "it is not approved: --yes"},
		"yes":                       {Policy{Yes: true}, set(sdk.RiskMedium), ""},
		"too-risky":                 {Policy{Yes: true}, set(sdk.RiskHigh), "its risk is high, above medium: --max-risk high"},
		"risky-and-allowed":         {Policy{Yes: true, MaxRisk: sdk.RiskHigh}, set(sdk.RiskHigh), ""},
		"above-what-is-allowed":     {Policy{Yes: true, MaxRisk: sdk.RiskNone}, set(sdk.RiskLow), "its risk is low, above none: --max-risk low"},
		"unknown-risk-is-high":      {Policy{Yes: true}, set(""), "its risk is high, above medium: --max-risk high"},
		"suspected":                 {Policy{Yes: true}, suspected, "its cause is only suspected (perhaps): --assume perhaps=confirmed, or --skip s"},
		"final":                     {Policy{Yes: true}, plan.Unit{Step: final, Actions: []*plan.Step{final}, Risk: sdk.RiskLow}, "w.final cannot be taken back: --allow-irreversible f"},
		"final-and-allowed":         {Policy{Yes: true, AllowFinal: []string{"f"}}, plan.Unit{Step: final, Actions: []*plan.Step{final}, Risk: sdk.RiskLow}, ""},
		"final-is-no-yes":           {Policy{AllowFinal: []string{"f"}}, plan.Unit{Step: final, Actions: []*plan.Step{final}, Risk: sdk.RiskLow}, "it is not approved: --yes"},
		"restart":                   {Policy{Yes: true}, plan.Unit{Step: restart, Actions: []*plan.Step{restart}, Risk: sdk.RiskLow}, "w.restart restarts the machine: --allow-irreversible r"},
		"final-in-an-allowed-group": {Policy{Yes: true, AllowFinal: []string{"g"}}, plan.Unit{Step: &plan.Step{ID: "g"}, Actions: []*plan.Step{final}, Risk: sdk.RiskLow}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.policy.Refusal(test.unit); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			a, err := test.policy.Approve(t.Context(), test.unit)
			if err != nil || (a.Decision == Yes) != (test.want == "") || a.Decision == No {
				t.Errorf("got %+v, %v", a, err)
			}
		})
	}
}

func TestPolicyUnmet(t *testing.T) {
	s := newScene(t, "\n  - {id: backup, ask: Is it so}\n  - {id: byhand, manual: Do it}\n"+late("")+one+"afterwards:\n  - {id: later, uses: w.set, with: {name: later, value: x}, risk: high}\n")
	s.begin()
	want := "each (w.set): it is not approved: --yes\ncured (w.set): it is not approved: --yes\nbackup (Is it so): --answer backup=TEXT\nbyhand (Do it): --answer byhand=TEXT"
	got := strings.Join(Policy{}.Unmet(s.plan), "\n")
	for _, line := range strings.Split(want, "\n") {
		if !strings.Contains(got, line) {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
	if got := (Policy{Yes: true, Answers: map[string]string{"backup": "x", "byhand": "x"}}).Unmet(s.plan); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
