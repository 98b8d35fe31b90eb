package execute

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

const restartFirst = `
  - id: again
    uses: w.restart
    loses: Nothing.
`

// TestRestart has the world changed while the machine restarts. What remains and is the same goes on under its approval,
// what is not is asked for again; when the problem is gone it is dropped.
func TestRestart(t *testing.T) {
	steps := restartFirst + `
  - id: a
    uses: w.set
    with: {name: a, value: x}
  - id: each
    each: ${{ tasks.names }}
    uses: w.set
    with: {name: '${{ each }}', value: "off"}
  - id: held
    risk: low
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: b
        uses: w.set
        with: {name: b, value: '${{ hand.value }}'}
    finally:
      - uses: w.start
        with: {names: [indexer]}
` + one
	for name, test := range map[string]struct {
		change  func(*world)
		asked   string // behind the restart
		did     string
		outcome Outcome
	}{
		"nothing-changed":       {func(*world) {}, "a each[1] each[2] each[3] held cured", "again a each[1] each[2] each[3] 4.1 b 4.finally.1 cured", FixedAfterRestart},
		"an-item-is-gone":       {func(w *world) { delete(w.Values, "task/1") }, "a each[2] each[3] held cured", "again a each[2] each[3] 4.1 b 4.finally.1 cured", FixedAfterRestart},
		"an-item-is-new":        {func(w *world) { w.Values["task/0"] = "on" }, "a each[4] each[1] each[2] each[3] held cured", "again a each[4] each[1] each[2] each[3] 4.1 b 4.finally.1 cured", FixedAfterRestart},
		"an-argument-is-other":  {func(w *world) { w.Values["hand"] = "other" }, "a each[1] each[2] each[3] held cured", "again a each[1] each[2] each[3] 4.1 b 4.finally.1 cured", FixedAfterRestart},
		"a-state-is-other":      {func(w *world) { w.Values["a"] = "else" }, "a each[1] each[2] each[3] held cured", "again a each[1] each[2] each[3] 4.1 b 4.finally.1 cured", FixedAfterRestart},
		"the-problem-is-gone":   {func(w *world) { w.Values["sick"] = "no" }, "", "again", NotFixed},
		"gone-and-known-so":     {func(w *world) { w.Values["sick"], w.Values["cured"] = "no", "yes" }, "", "again", FixedAfterRestart},
		"it-is-not-known-there": {func(w *world) { w.Values["sick"] = "unknown" }, "", "again", NotFixed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			s.world.Values["hand"] = "one"
			r := s.must(t.Context())
			if r.Stop == nil || r.Stop.Reason != StopRestart || !s.world.Asked {
				t.Fatalf("got %+v", r)
			}
			if got := strings.Join(s.operator.asked, " "); got != "again" {
				t.Fatalf("asked before the restart is %s", got)
			}
			if r := s.must(t.Context()); r.Stop == nil || r.Stop.Reason != StopRestart || s.said("the machine has not restarted yet") != 1 {
				t.Fatalf("before it has restarted: %+v", r)
			}
			s.world.boot()
			test.change(s.world)
			s.operator.asked = nil
			r = s.must(t.Context())
			if got := strings.Join(s.operator.asked, " "); r.Stop != nil || r.Outcome != test.outcome || got != test.asked {
				t.Errorf("got %+v, asked %s, want %s", r, got, test.asked)
			}
			if got := s.log.did(); got != test.did {
				t.Errorf("done is %s, want %s\n%s", got, test.did, s.log)
			}
		})
	}
}

// TestApprovalsBehindARestart has steps that were approved before the restart, because their group is asked for as a
// whole: the approval stands when they are the same, also for a process that is killed behind planning anew, and is
// forgotten when they are not.
func TestApprovalsBehindARestart(t *testing.T) {
	steps := `
  - id: held
    risk: low
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: again
        uses: w.restart
        loses: Nothing.
      - id: cured
        uses: w.set
        with: {name: cured, value: '${{ hand.value }}'}
      - id: never
        for: [perhaps]
        uses: w.set
        with: {name: never, value: x}
    finally:
      - uses: w.start
        with: {names: [indexer]}
`
	for name, test := range map[string]struct {
		hand  string
		cured string // as somebody else has left it
		asked string
	}{
		"the-same":              {"yes", "", ""},
		"with-other-arguments":  {"no", "", "held"},
		"on-top-of-other-state": {"yes", "else", "held"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			s.world.Values["hand"], s.world.Values["maybe"] = "yes", "no"
			s.must(t.Context())
			s.world.boot()
			s.world.Values["hand"], s.world.Values["cured"] = test.hand, test.cured
			s.operator.asked = nil
			s.log.refuse = func(kind journal.Kind, _ string) error {
				if len(s.log.of(journal.Rebound)) > 0 {
					return errors.New("the process ended")
				}
				return nil
			}
			if _, err := s.goes(t.Context()); err == nil {
				t.Fatal("the run did not end")
			}
			s.log.refuse, s.operator.asked = nil, nil
			if r := s.must(t.Context()); r.Stop != nil {
				t.Fatalf("got %+v\n%s", r, s.log)
			}
			if got := strings.Join(s.operator.asked, " "); got != test.asked || s.world.Values["cured"] != test.hand || !s.world.Services["indexer"].Runs {
				t.Errorf("asked is %s, want %s\n%s", got, test.asked, s.log)
			}
		})
	}
}

// TestUnattendedBehindARestart has nobody to ask for what is not the same any more: the run stops there, and the group
// that it was in is closed.
func TestUnattendedBehindARestart(t *testing.T) {
	s := newScene(t, `
  - id: held
    risk: low
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: again
        uses: w.restart
        loses: Nothing.
      - id: cured
        uses: w.set
        with: {name: cured, value: '${{ hand.value }}'}
    finally:
      - uses: w.start
        with: {names: [indexer]}
`)
	s.world.Values["hand"] = "no"
	s.must(t.Context())
	s.world.boot()
	s.world.Values["hand"] = "yes"
	s.operator.approve = func(plan.Unit) Decision { return Missing }
	r := s.must(t.Context())
	if r.Stop == nil || r.Stop.Reason != stopApproval || !s.world.Services["indexer"].Runs {
		t.Fatalf("got %+v\n%s", r, s.log)
	}
	s.operator.approve = nil
	if r := s.must(t.Context()); r.Stop != nil || r.Outcome != FixedAfterRestart || s.run.memory.replan || len(s.log.of(journal.Rebound)) != 1 {
		t.Errorf("got %+v\n%s", r, s.log)
	}
}

// TestHeldAgain has what a group holds still be lost while the run is not there, by a restart or by somebody else: it is
// held again before anything else is done in the group. What a later step has changed on purpose is not.
func TestHeldAgain(t *testing.T) {
	steps := `
  - id: held
    steps:
      - uses: w.block
      - uses: w.stop
        with: {names: [indexer]}
      - uses: w.stop
        with: {names: [updater]}
      - id: started
        uses: w.start
        with: {names: [updater]}
      - id: cured
        uses: w.set
        with: {name: cured, value: "yes"}
    finally:
      - uses: w.start
        with: {names: [indexer]}
      - uses: w.unblock
`
	s := newScene(t, steps)
	ctx, cancel := context.WithCancel(t.Context())
	s.hands.disturb = fails("cured", "apply", 1, disturbance{during: cancel})
	if r := s.must(ctx); r.Stop == nil || r.Stop.Reason != stopInterrupted {
		t.Fatalf("got %+v", r)
	}
	s.world.boot()
	s.world.Services["indexer"] = service{Runs: true, Type: "auto", Triggered: true}
	held := false
	s.hands.disturb = func(_ context.Context, call string, c Call) *disturbance {
		if call == "apply" && strings.HasPrefix(c.StateDir, "cured#") {
			held = s.world.Blocked == "yes" && !s.world.Services["indexer"].Runs && s.world.Services["updater"].Runs
		}
		return nil
	}
	if r := s.must(t.Context()); r.Stop != nil || !held {
		t.Errorf("got %+v, held %t\n%s", r.Stop, held, s.log)
	}
}

// TestGroupsBehindARestart has groups in which the machine restarts, and whose steps are called for no more then: what is
// owed for them is done, and nothing else.
func TestGroupsBehindARestart(t *testing.T) {
	steps := `
  - id: outer
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: inner
        for: [bad]
        when: hand.value == "on"
        steps:
          - uses: w.stop
            with: {names: [updater]}
          - id: again
            uses: w.restart
            loses: Nothing.
          - id: more
            uses: w.set
            with: {name: more, value: x}
        finally:
          - uses: w.start
            with: {names: [updater]}
    finally:
      - uses: w.start
        with: {names: [indexer]}
` + one
	for name, change := range map[string]func(*world){
		"its-gate-is-closed":  func(w *world) { w.Values["hand"] = "off" },
		"the-problem-is-gone": func(w *world) { w.Values["sick"] = "no" },
		"it-is-not-known":     func(w *world) { w.Values["sick"] = "unknown" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			s.world.Values["hand"] = "on"
			before := s.world.clone()
			s.must(t.Context())
			if s.world.Services["updater"].Runs {
				t.Fatal("nothing is held still")
			}
			s.world.boot()
			change(s.world)
			r := s.must(t.Context())
			if r.Stop != nil || !s.world.Services["updater"].Runs || !s.world.Services["indexer"].Runs || s.world.Values["more"] != "" {
				t.Errorf("got %+v\n%s", r, s.log)
			}
			if s.run.memory.owed("outer") != nil || s.run.memory.owed("inner") != nil {
				t.Errorf("a group is still open\n%s", s.log)
			}
			before.boot()
			change(before)
			s.taken(before)
		})
	}
}

// TestOnlyVerifyIsLeft restarts the machine behind everything else: nothing is planned anew.
func TestOnlyVerifyIsLeft(t *testing.T) {
	s := newScene(t, "\n  - {id: idle, uses: w.set, with: {name: sick, value: \"yes\"}}\n  - {id: backup, ask: Is it so}\n  - {id: quiet, wait_until: indexer.runs, guard: true}"+one+restartFirst)
	s.must(t.Context())
	s.world.boot()
	s.world.Services["indexer"] = service{Type: "manual"} // what was waited for is not so any more
	r := s.must(t.Context())
	if r.Stop != nil || r.Outcome != FixedAfterRestart || len(s.log.of(journal.Rebound)) > 0 || len(s.log.of(journal.Answered)) != 1 {
		t.Errorf("got %+v\n%s", r, s.log)
	}
}

// TestRestartFails has a restart that does not come about, or of which nobody can say whether it did.
func TestRestartFails(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		s := newScene(t, restartFirst+one)
		s.hands.disturb = nil
		s.hands.disturb = fails("again", "apply", 1, disturbance{err: errors.New("no"), lie: true})
		if r := s.must(t.Context()); r.Stop == nil || r.Stop.Reason != stopFailed && r.Stop.Reason != StopRestart {
			t.Errorf("got %+v", r.Stop)
		}
	})
	t.Run("cannot-be-told", func(t *testing.T) {
		s := newScene(t, restartFirst+one)
		s.must(t.Context())
		s.hands.disturb = fails("again", "assess", 1, disturbance{err: errors.New("no")})
		if r := s.must(t.Context()); r.Stop == nil || !strings.Contains(r.Stop.Text, "whether the machine has restarted cannot be told: no") {
			t.Errorf("got %+v", r.Stop)
		}
		s.world.boot()
		if r := s.must(t.Context()); r.Stop != nil || r.Outcome != FixedAfterRestart {
			t.Errorf("got %+v\n%s", r, s.log)
		}
	})
	t.Run("the-process-is-lost", func(t *testing.T) {
		s := newScene(t, restartFirst+one)
		s.hands.disturb = fails("again", "apply", 1, disturbance{err: errors.New("the plugin ended"), after: 9})
		if r := s.must(t.Context()); r.Stop == nil || r.Stop.Reason != StopRestart || len(s.log.of(journal.Failed)) > 0 {
			t.Errorf("got %+v\n%s", r.Stop, s.log)
		}
	})
}

// TestPlanningAnewFails ends in front of anything else, and goes on later.
func TestPlanningAnewFails(t *testing.T) {
	s := newScene(t, restartFirst+one)
	s.must(t.Context())
	s.world.boot()
	config := s.config()
	no := errors.New("it cannot be diagnosed")
	config.Replan = func(context.Context) (Replanned, error) { return Replanned{}, no }
	if _, err := New(config).Go(t.Context()); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if r := s.must(t.Context()); r.Stop != nil || r.Outcome != FixedAfterRestart {
		t.Errorf("got %+v", r)
	}
}
