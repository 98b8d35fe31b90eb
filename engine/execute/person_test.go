package execute

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

func TestPerson(t *testing.T) {
	manual := "\n  - id: byhand\n    manual: Do it.\n"
	for name, test := range map[string]struct {
		steps   string
		hand    string // what the world says
		answers int    // how many are given
		does    int    // the answer with which it is done
		want    string // kinds of records
		stop    string
		reason  string
		left    string
	}{
		"asked":                   {steps: "\n  - id: byhand\n    ask: Is it?\n", answers: 1, want: "answered"},
		"not-answered":            {steps: "\n  - id: byhand\n    ask: Is it?\n", reason: stopApproval, stop: "approval is missing: byhand is not answered"},
		"done-by-hand":            {steps: manual, answers: 1, want: "answered"},
		"done-and-read-back":      {steps: manual + "    expect: hand.value == \"yes\"\n", answers: 1, does: 1, want: "answered read"},
		"done-at-the-second-time": {steps: manual + "    expect: hand.value == \"yes\"\n", answers: 3, does: 2, want: "answered read answered read"},
		"never-done":              {steps: manual + "    expect: hand.value == \"yes\"\n", answers: 2, want: "answered read answered read failed", reason: stopFailed, stop: "step byhand (byhand): `hand.value == \"yes\"` is false"},
		"always-said-to-be-done":  {steps: manual + "    expect: hand.value == \"yes\"\n", answers: 1 << 20, reason: stopFailed, stop: "step byhand (byhand): `hand.value == \"yes\"` is false"},
		"cannot-be-read-back":     {steps: manual + "    expect: hand.value == \"yes\"\n", hand: "unknown", answers: 1, want: "answered read", left: "byhand: whether it was done could not be read back: it cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.steps+one)
			if test.hand != "" {
				s.world.Values["hand"] = test.hand
			}
			asked := 0
			s.operator.answer = func(*plan.Step, string) Reply {
				if asked++; asked > test.answers {
					return Reply{}
				}
				if asked == test.does {
					s.world.Values["hand"] = "yes"
				}
				return Reply{true, "done", "test"}
			}
			r := s.must(t.Context())
			if got := s.log.kinds("byhand"); test.want != "" && got != test.want {
				t.Errorf("written down is %s, want %s", got, test.want)
			}
			if test.stop == "" && r.Stop != nil || test.stop != "" && (r.Stop == nil || r.Stop.Reason != test.reason || r.Stop.Text != test.stop) {
				t.Errorf("got %+v", r.Stop)
			}
			if strings.Join(r.Left, "\n") != test.left {
				t.Errorf("left is %v", r.Left)
			}
		})
	}
}

// TestAnswersStand has a run that stops behind its questions, and has changed what a person has done: it does not ask
// again.
func TestAnswersStand(t *testing.T) {
	s := newScene(t, `
  - id: backup
    ask: Is there one?
  - id: byhand
    manual: Do it.
    expect: not hand.there
  - id: over
    uses: w.set
    with: {name: hand, value: "used up"}
`+one)
	s.hands.disturb = fails("cured", "apply", 1, disturbance{err: errors.New("no")})
	s.must(t.Context())
	s.operator.answer = func(*plan.Step, string) Reply { return Reply{} }
	if r := s.must(t.Context()); r.Stop != nil || len(s.log.of(journal.Answered)) != 2 {
		t.Errorf("got %+v\n%s", r.Stop, s.log)
	}
}

// TestTextIsBoundWhenItIsSaid has a question about what an earlier step brings.
func TestTextIsBoundWhenItIsSaid(t *testing.T) {
	s := newScene(t, `
  - id: made
    uses: w.set
    with: {name: made, value: it, silent: true}
  - id: byhand
    manual: Look at ${{ steps.made.is }}.
`+one)
	s.must(t.Context())
	if got := s.plan.Find("byhand").Text; got != "(known after step made)" {
		t.Errorf("planned is %q", got)
	}
	if got := read[journal.Answer](s.log.of(journal.Answered)[0]).Question; got != "Look at it." {
		t.Errorf("asked was %q", got)
	}
}

func TestWait(t *testing.T) {
	steps := "\n  - id: idle\n    wait_until: hand.value == \"yes\"\n    timeout: 1m\n" + one
	for name, test := range map[string]struct {
		hand   string
		after  time.Duration // when it becomes true; 0 for never
		choice Choice
		want   string // kinds of records
		reason string
		stop   string
	}{
		"true-at-once":      {hand: "yes", want: "read"},
		"true-later":        {after: 20 * time.Second, want: "read"},
		"never-true":        {want: "read failed", reason: stopFailed, stop: "step idle (idle): `hand.value == \"yes\"` was not true within 1m"},
		"undetermined":      {hand: "unknown", want: "read failed", reason: stopFailed, stop: "step idle (idle): `hand.value == \"yes\"` was not true within 1m: it cannot be read"},
		"waited-for-again":  {after: 90 * time.Second, choice: Retry, want: "read failed read"},
		"taken-back-for-it": {choice: TakeBack, want: "read failed", reason: stopFailed, stop: "the operator wants everything taken back; step idle (idle): `hand.value == \"yes\"` was not true within 1m"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			s.world.Values["hand"] = test.hand
			s.clock.waited = func(time.Duration) {
				if test.after > 0 && s.clock.now.Sub(start) >= test.after {
					s.world.Values["hand"] = "yes"
				}
			}
			s.operator.failed = func(*plan.Step, journal.Failure) Choice { return test.choice }
			r := s.must(t.Context())
			if got := s.log.kinds("idle"); got != test.want {
				t.Errorf("written down is %s, want %s", got, test.want)
			}
			if test.stop == "" && (r.Stop != nil || r.Outcome != Fixed) || test.stop != "" && (r.Stop == nil || r.Stop.Reason != test.reason || r.Stop.Text != test.stop) {
				t.Errorf("got %+v", r.Stop)
			}
		})
	}
}

// TestWaitIsStopped stops a run while it waits.
func TestWaitIsStopped(t *testing.T) {
	for name, test := range map[string]struct {
		stop func(s *scene, cancel func())
		want string
	}{
		"gently":  {func(s *scene, _ func()) { close(s.stop) }, stopCancelled},
		"at-once": {func(_ *scene, cancel func()) { cancel() }, stopInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, "\n  - id: idle\n    wait_until: hand.value == \"yes\"\n"+one)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			waits := 0
			s.clock.waited = func(time.Duration) {
				if waits++; waits == 3 {
					test.stop(s, cancel)
				}
			}
			if r := s.must(ctx); r.Stop == nil || r.Stop.Reason != test.want || waits != 3 {
				t.Errorf("got %+v after %d waits", r.Stop, waits)
			}
		})
	}
}

// TestWaitOnResume has a run that stops behind a wait, and by then what was waited for is not so any more. It is not waited
// for again when a step behind it has changed something, unless it guards those that remain.
func TestWaitOnResume(t *testing.T) {
	for name, test := range map[string]struct {
		guard bool
		steps string // behind the wait
		want  int    // readings
	}{
		"nothing-was-done-behind-it":   {false, one, 2},
		"something-was-done-behind-it": {false, "\n  - {id: use, uses: w.set, with: {name: hand, value: used}}" + one, 1},
		"it-guards-what-remains":       {true, "\n  - {id: use, uses: w.set, with: {name: hand, value: used}}" + one, 2},
	} {
		t.Run(name, func(t *testing.T) {
			guard := ""
			if test.guard {
				guard = "    guard: true\n"
			}
			s := newScene(t, "\n  - id: idle\n    wait_until: hand.value == \"yes\"\n"+guard+test.steps)
			s.world.Values["hand"] = "yes"
			s.log.refuse = func(kind journal.Kind, step string) error {
				if step == "cured" && len(s.log.of(journal.Stopped)) == 0 && kind == journal.Intended {
					return errors.New("the process ended")
				}
				return nil
			}
			if _, err := s.goes(t.Context()); err == nil {
				t.Fatal("the run did not end")
			}
			s.log.refuse = nil
			s.world.Values["hand"] = "no"
			s.clock.waited = func(time.Duration) { s.world.Values["hand"] = "yes" }
			if r := s.must(t.Context()); r.Stop != nil {
				t.Fatalf("got %+v", r.Stop)
			}
			reads := 0
			for _, rec := range s.log.of(journal.Read) {
				if rec.Step == "idle" {
					reads++
				}
			}
			if reads != test.want {
				t.Errorf("it was read %d times, want %d\n%s", reads, test.want, s.log)
			}
		})
	}
}
