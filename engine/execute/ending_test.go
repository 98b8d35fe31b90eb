package execute

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// TestLogFails has each append of a run, and of an undo, fail: nothing more is written or done, and the error comes out.
// When the log works again the run goes on, and ends as if nothing had happened.
func TestLogFails(t *testing.T) {
	full := errors.New("no space left")
	k := newKilling(t, everything)
	whole := k.goOn(k.begin, nil)
	k.complete(whole)
	end := moment{" the end", whole.world, whole.log.list}
	// tried does something while the n-th append fails, and says whether there was one.
	tried := func(from moment, n int, do func(*scene) error) (left moment, failed bool) {
		s := k.scene(from, nil)
		if len(s.log.list) == 0 {
			s.begin()
		}
		appends, then := 0, 0
		s.log.refuse = func(kind journal.Kind, step string) error {
			if failed {
				k.fail(s, from, "%s of %s is written down behind an error of the log", kind, step)
			}
			if appends++; appends <= n {
				return nil
			}
			failed, then = true, s.world.changes
			return full
		}
		err := do(s)
		if failed && (!errors.Is(err, full) || s.world.changes != then) {
			k.fail(s, from, "append %d failed: %v; %d more changes", n, err, s.world.changes-then)
		}
		return moment{fmt.Sprintf("%s | append %d", from.at, n), s.world, s.log.list}, failed
	}
	run := func(s *scene) error { _, err := s.goes(t.Context()); return err }
	undo := func(s *scene) error { _, err := s.undo(t.Context()); return err }
	for n := 0; ; n++ {
		left, failed := tried(k.begin, n, run)
		if !failed {
			break
		}
		again := k.goOn(left, nil)
		k.is(again, left, "the run that goes on is complete, and", whole.world)
	}
	for n := 0; ; n++ {
		left, failed := tried(end, n, undo)
		if !failed {
			break
		}
		k.undone(left, 0)
	}
}

// TestStopIsGentle stops a run in the middle of two groups: the step at hand and what is owed are finished, and nothing
// new is begun.
func TestStopIsGentle(t *testing.T) {
	s := newScene(t, group+one)
	s.hands.disturb = fails("b", "apply", 1, disturbance{during: func() { close(s.stop) }, after: 9})
	r := s.must(t.Context())
	if r.Stop == nil || r.Stop.Reason != stopCancelled || r.Outcome != CannotTell || r.Say != "" {
		t.Errorf("got %+v", r)
	}
	if got := s.log.did(); got != "1.1 a each[1] each[2] each[3] 1.4.1 b 1.4.finally.1 1.finally.1" {
		t.Errorf("done is %s", got)
	}
	if len(s.log.of(journal.Verified)) > 0 {
		t.Error("it was verified")
	}
}

// TestFinallyRuns has everything that can end a group early: all of its `finally` runs, even when a part of that fails,
// and that of the group round it.
func TestFinallyRuns(t *testing.T) {
	steps := `
  - id: outer
    steps:
      - id: inner
        steps:
          - uses: w.stop
            with: {names: [indexer]}
          - id: a
            uses: w.set
            with: {name: a, value: x}
        finally:
          - uses: w.set
            with: {name: f1, value: x}
          - uses: w.start
            with: {names: [indexer]}
    finally:
      - uses: w.set
        with: {name: f2, value: x}
` + one
	no := errors.New("no")
	for name, test := range map[string]struct {
		disturb map[string]disturbance // by the key of a step
		reason  string
		did     string
		left    string // the group that is still owed something
	}{
		"nothing-fails":       {nil, "", "1.1.1 a 1.1.finally.1 1.1.finally.2 1.finally.1 cured", ""},
		"a-member-fails":      {map[string]disturbance{"a": {err: no}}, stopFailed, "1.1.1 1.1.finally.1 1.1.finally.2 1.finally.1", ""},
		"a-finally-fails":     {map[string]disturbance{"1.1.finally.1": {err: no}}, stopFailed, "1.1.1 a 1.1.finally.2 1.finally.1", "inner"},
		"both-fail":           {map[string]disturbance{"a": {err: no}, "1.1.finally.1": {err: no}}, stopFailed, "1.1.1 1.1.finally.2 1.finally.1", "inner"},
		"the-last-one-fails":  {map[string]disturbance{"1.finally.1": {err: no}}, stopFailed, "1.1.1 a 1.1.finally.1 1.1.finally.2", "outer"},
		"the-first-one-fails": {map[string]disturbance{"1.1.1": {err: no}}, stopFailed, "1.1.finally.1 1.finally.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			s.hands.disturb = func(_ context.Context, call string, c Call) *disturbance {
				key, _, _ := strings.Cut(c.StateDir, "#")
				if d, ok := test.disturb[key]; ok && call == "apply" {
					return &d
				}
				return nil
			}
			r := s.must(t.Context())
			if test.reason == "" && r.Stop != nil || test.reason != "" && (r.Stop == nil || r.Stop.Reason != test.reason || strings.Contains(r.Stop.Text, "\n")) {
				t.Errorf("got %+v", r.Stop)
			}
			if got := s.log.did(); got != test.did {
				t.Errorf("done is %s, want %s", got, test.did)
			}
			for _, key := range []string{"outer", "inner"} {
				if open := s.run.memory.owed(key) != nil; open != (key == test.left) {
					t.Errorf("%s is open: %t", key, open)
				}
			}
			s.hands.disturb = nil
			if r := s.must(t.Context()); r.Stop != nil || r.Outcome != Fixed {
				t.Errorf("going on: %+v\n%s", r, s.log)
			}
			if test.left != "" && strings.Contains(s.log.kinds("a"), "intended failed done intended") {
				t.Errorf("what is owed is not all that is done: %s", s.log)
			}
			s.taken(newWorld())
		})
	}
}

// TestUndoOfWhatAFinallyDid has a group in which nothing was done, and whose `finally` has changed something all the same:
// an undo puts it back.
func TestUndoOfWhatAFinallyDid(t *testing.T) {
	s := newScene(t, `
  - id: held
    steps:
      - id: a
        uses: w.set
        with: {name: a, value: x}
    finally:
      - uses: w.start
        with: {names: [idle]}
`)
	before := s.world.clone()
	s.hands.disturb = preparing("w.set")
	s.begin()
	if r := s.must(t.Context()); r.Stop == nil || !s.world.Services["idle"].Runs {
		t.Fatalf("got %+v\n%s", r.Stop, s.log)
	}
	s.taken(before)
}

// TestStoppedAndFailed has a `finally` fail behind a stop: that is a failure.
func TestStoppedAndFailed(t *testing.T) {
	s := newScene(t, group)
	s.hands.disturb = func(_ context.Context, call string, c Call) *disturbance {
		switch {
		case call == "apply" && c.StateDir == "a#1":
			close(s.stop)
		case call == "apply" && c.StateDir == "1.finally.1#1":
			return &disturbance{err: errors.New("no")}
		}
		return nil
	}
	r := s.must(t.Context())
	if r.Stop == nil || r.Stop.Reason != stopFailed || r.Stop.Text != "the operator stopped the run; step 1.finally.1 (w.start): no" || len(s.log.of(journal.Verified)) > 0 {
		t.Errorf("got %+v", r.Stop)
	}
}

// TestCompleteGroupStays has a group fail behind one in it that was complete: that one is not entered again when the run
// goes on, unless something of it is not there any more.
func TestCompleteGroupStays(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		want   string
	}{
		"it-is-there": {func(*world) {}, "entered closed"},
		"it-is-gone":  {func(w *world) { w.Values["a"] = "" }, "entered closed entered closed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, `
  - id: outer
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: inner
        steps:
          - uses: w.stop
            with: {names: [updater]}
          - id: a
            uses: w.set
            with: {name: a, value: x}
        finally:
          - uses: w.start
            with: {names: [updater]}
      - id: cured
        uses: w.set
        with: {name: cured, value: '${{ steps.a.is == "x" ? "yes" : "no" }}'}
    finally:
      - uses: w.start
        with: {names: [indexer]}
`)
			s.hands.disturb = fails("cured", "apply", 1, disturbance{err: errors.New("no")})
			s.must(t.Context())
			test.change(s.world)
			if r := s.must(t.Context()); r.Stop != nil || r.Outcome != Fixed || s.log.kinds("inner") != test.want {
				t.Errorf("got %+v, the group is %s\n%s", r, s.log.kinds("inner"), s.log)
			}
		})
	}
}

// TestFinallyKnowsWhatStepsBrought has a `finally` rest on what a member brought, in a process that is killed in front of
// it.
func TestFinallyKnowsWhatStepsBrought(t *testing.T) {
	k := newKilling(t, `
  - id: held
    steps:
      - id: made
        uses: w.set
        with: {name: made, value: it, silent: true}
      - id: each
        each: ${{ tasks.names }}
        uses: w.set
        with: {name: '${{ each }}', value: "off"}
    finally:
      - uses: w.set
        with: {name: 'by ${{ steps.made.is }}', value: '${{ len(changed.each) == 3 ? "three" : "less" }}'}
`+one)
	var moments []moment
	whole := k.goOn(k.begin, &moments)
	if whole.world.Values["by it"] != "three" {
		t.Fatalf("the world is %s", whole.world)
	}
	for _, m := range moments {
		again := k.goOn(m, nil)
		k.is(again, m, "the run that goes on is complete, and", whole.world)
		// What was written down is not enough for an undo to know what the `finally` needs: it is told.
		s := k.takeBack(m, nil)
		bare := s.world.clone()
		delete(bare.Values, "by it")
		if bare.String() != k.begin.world.String() {
			k.fail(s, m, "after undo the world is %s", s.world)
		}
	}
}

func TestJudge(t *testing.T) {
	const yes, no, open = condition.True, condition.False, condition.Undetermined
	for _, test := range []struct {
		fixed, pending condition.Truth
		restarted      bool
		want           Outcome
	}{
		{yes, no, false, Fixed}, {yes, no, true, FixedAfterRestart}, {yes, yes, false, CannotTell}, {yes, open, false, CannotTell},
		{no, yes, false, RestartNeeded}, {no, yes, true, RestartNeeded}, {no, no, false, NotFixed}, {no, no, true, NotFixed},
		{no, open, false, CannotTell}, {open, no, false, CannotTell}, {open, yes, false, CannotTell}, {open, open, true, CannotTell},
	} {
		if got := judge(test.fixed, test.pending, test.restarted); got != test.want {
			t.Errorf("fixed %s, pending %s, restarted %t: %s, want %s", test.fixed, test.pending, test.restarted, got, test.want)
		}
	}
}

func TestOutcome(t *testing.T) {
	for name, test := range map[string]struct {
		steps  string
		values map[string]string
		kind   target.Kind
		want   Outcome
		left   string
		say    string
	}{
		"fixed":                {steps: one, want: Fixed},
		"not-fixed":            {steps: "\n  - {id: x, uses: w.set, with: {name: x, value: x}}\n", want: NotFixed, say: "Call somebody."},
		"cannot-be-read":       {steps: "\n  - {id: x, uses: w.set, with: {name: cured, value: unknown}}\n", want: CannotTell, say: "Call somebody."},
		"pending":              {steps: "\n  - {id: x, uses: w.set, with: {name: pending, value: \"yes\"}}\n", want: RestartNeeded, say: "Call somebody."},
		"left-to-do-elsewhere": {steps: "\n  - {id: x, title: X, offline: left_to_do, uses: w.set, with: {name: x, value: x}}\n", kind: target.Offline, want: CannotTell, left: "X: it is to be done on the running machine", say: "Call somebody."},
		"left-to-do-and-fixed": {steps: "\n  - {id: x, title: X, offline: left_to_do, uses: w.set, with: {name: x, value: x}}" + one, kind: target.Offline, want: Fixed, left: "X: it is to be done on the running machine"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.steps)
			if test.kind != "" {
				s.kind = test.kind
			}
			r := s.must(t.Context())
			if r.Outcome != test.want || r.Stop != nil || strings.Join(r.Left, "\n") != test.left || r.Say != test.say {
				t.Errorf("got %+v, want %s", r, test.want)
			}
			last := s.log.list[len(s.log.list)-1]
			if v := read[journal.Verdict](last); last.Kind != journal.Ended || v.Outcome != test.want.String() || strings.Join(v.Left, "\n") != test.left {
				t.Errorf("written down is %s", s.log)
			}
		})
	}
}

// TestNeedsRestart has an action that takes effect after a restart: it is pending until one that comes behind it.
func TestNeedsRestart(t *testing.T) {
	for name, test := range map[string]struct {
		steps string
		want  Outcome
	}{
		"before-the-restart": {"\n  - {id: x, uses: w.set, with: {name: x, value: x}}\n  - {id: again, uses: w.restart, loses: x}\n", NotFixed},
		"behind-the-restart": {"\n  - {id: again, uses: w.restart, loses: x}\n  - {id: x, uses: w.set, with: {name: x, value: x}}\n", RestartNeeded},
		"without-one":        {"\n  - {id: x, uses: w.set, with: {name: x, value: x}}\n", RestartNeeded},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.steps)
			s.begin()
			config := s.config()
			config.Hands = needing{s.hands}
			r, err := New(config).Go(t.Context())
			for err == nil && r.Stop != nil && r.Stop.Reason == StopRestart {
				s.world.boot()
				config = s.config()
				config.Hands = needing{s.hands}
				r, err = New(config).Go(t.Context())
			}
			if err != nil || r.Outcome != test.want {
				t.Errorf("got %+v, %v\n%s", r, err, s.log)
			}
		})
	}
}

// needing are hands of which w.set needs a restart.
type needing struct{ *hands }

func (n needing) Apply(ctx context.Context, c Call, p func(sdk.Progress)) (Applied, error) {
	a, err := n.hands.Apply(ctx, c, p)
	a.NeedsRestart = c.Uses == "w.set"
	return a, err
}

const after = one + `afterwards:
  - id: first
    uses: w.set
    with: {name: first, value: x}
  - id: later
    each: ${{ changed.many }}
    uses: w.set
    with: {name: '${{ each }}', value: again}
`

// TestAfterwards does what comes afterwards only when it was fixed, and what was approved.
func TestAfterwards(t *testing.T) {
	many := "\n  - {id: many, each: '${{ tasks.names }}', uses: w.set, with: {name: '${{ each }}', value: \"off\"}}"
	for name, test := range map[string]struct {
		steps   string
		missing string
		did     string
		left    string
	}{
		"fixed":         {many + after, "", "many[1] many[2] many[3] cured first later[1] later[2] later[3]", ""},
		"not-fixed":     {many + strings.Replace(after, `value: "yes"`, `value: "no"`, 1), "", "many[1] many[2] many[3] cured", ""},
		"not-approved":  {many + after, "first", "many[1] many[2] many[3] cured later[1] later[2] later[3]", "w.set: it was not approved"},
		"one-is-not":    {many + after, "later[2]", "many[1] many[2] many[3] cured first later[1] later[3]", "w.set: it was not approved"},
		"one-never-was": {many + after, "many[2]", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.steps)
			s.operator.approve = func(u plan.Unit) Decision {
				if u.Step.Key == test.missing {
					return Missing
				}
				return Yes
			}
			r := s.must(t.Context())
			if name == "one-never-was" {
				if r.Stop == nil || r.Stop.Reason != stopApproval {
					t.Errorf("got %+v", r)
				}
				return
			}
			if got := s.log.did(); r.Stop != nil || got != test.did || strings.Join(r.Left, "\n") != test.left {
				t.Errorf("got %+v\ndone is %s, want %s", r, got, test.did)
			}
		})
	}
}

// TestAfterwardsStops has what comes afterwards end early, in each way.
func TestAfterwardsStops(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(s *scene, cancel func()) *disturbance
		want string
		undo bool
	}{
		"failed":  {func(*scene, func()) *disturbance { return &disturbance{err: errors.New("no")} }, stopFailed, true},
		"stopped": {func(s *scene, _ func()) *disturbance { close(s.stop); return nil }, stopCancelled, false},
		"cut-off": {func(_ *scene, cancel func()) *disturbance { cancel(); return nil }, stopInterrupted, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, one+"afterwards:\n  - {id: first, uses: w.set, with: {name: first, value: x}}\n  - {id: last, uses: w.set, with: {name: last, value: x}}\n")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.operator.failed = func(*plan.Step, journal.Failure) Choice { return TakeBack }
			s.hands.disturb = func(_ context.Context, call string, c Call) *disturbance {
				if call != "apply" || c.StateDir != "first#1" {
					return nil
				}
				return test.do(s, cancel)
			}
			r := s.must(ctx)
			if r.Stop == nil || r.Stop.Reason != test.want || r.Undo != test.undo || r.Outcome != Fixed {
				t.Fatalf("got %+v", r)
			}
			s.stop, s.hands.disturb = make(chan struct{}), nil
			if r := s.must(t.Context()); r.Stop != nil || s.world.Values["last"] != "x" {
				t.Errorf("going on: %+v\n%s", r, s.log)
			}
		})
	}
}

// TestVerifyIsCutOff ends the context while the outcome is read: the run is not complete.
func TestVerifyIsCutOff(t *testing.T) {
	s := newScene(t, one)
	ctx, cancel := context.WithCancel(t.Context())
	s.log.point = func(at string) {
		if at == "after done cured" {
			cancel()
		}
	}
	if r := s.must(ctx); r.Stop == nil || r.Stop.Reason != stopInterrupted || len(s.log.of(journal.Verified, journal.Ended)) > 0 {
		t.Errorf("got %+v\n%s", r, s.log)
	}
}

// TestPlanOfAnotherPlaybook has a plan that the playbook does not fit.
func TestPlanOfAnotherPlaybook(t *testing.T) {
	s := newScene(t, one)
	s.begin()
	config := s.config()
	config.Plan.Steps[0].ID = "gone"
	if _, err := New(config).Go(t.Context()); err == nil || !strings.Contains(err.Error(), `the plan has a step "gone", which the playbook test/world has not`) {
		t.Errorf("got %v", err)
	}
}
