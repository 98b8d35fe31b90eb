package execute

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

const one = `
  - id: cured
    uses: w.set
    with: {name: cured, value: "yes"}
`

// kinds lists the kinds of records of a step, in order.
func (l *records) kinds(step string) string {
	var out []string
	for _, rec := range l.list {
		if rec.Step == step {
			out = append(out, string(rec.Kind))
		}
	}
	return strings.Join(out, " ")
}

func TestActionIsWrittenDownDoneAndReadBack(t *testing.T) {
	s := newScene(t, one)
	if r := s.must(t.Context()); r.Stop != nil || r.Outcome != Fixed {
		t.Fatalf("got %+v", r)
	}
	if got := s.log.kinds("cured"); got != "approved intended done" {
		t.Errorf("written down is %s", got)
	}
	if got := strings.Join(s.hands.calls, ", "); got != "prepare w.set, apply cured#1, assess cured#1" {
		t.Errorf("called is %s", got)
	}
}

func TestNoOpIsNotDone(t *testing.T) {
	for name, test := range map[string]struct{ expect, want string }{
		"as-expected":     {"", "approved needless"},
		"not-as-expected": {"    expect: hand.value == \"yes\"\n", "approved read failed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, one+test.expect)
			s.world.Values["cured"] = "yes"
			s.must(t.Context())
			if got := s.log.kinds("cured"); got != test.want {
				t.Errorf("written down is %s, want %s", got, test.want)
			}
			if slices.Contains(s.hands.calls, "apply cured#1") {
				t.Error("it was done")
			}
		})
	}
}

// TestMaterialState has the state that a change rests on differ from the plan's: when somebody else has changed it the
// step is refused, when an earlier step of the run has it is done.
func TestMaterialState(t *testing.T) {
	steps := func(first string) string {
		return `
  - id: first
    uses: w.set
    with: {name: ` + first + `, value: "1"}
  - id: cured
    uses: w.many
    with: {names: [cured, first], value: "yes"}
`
	}
	for name, test := range map[string]struct {
		first string // what an earlier step changes
		other string // what somebody else changes
		want  string
	}{
		"nothing-changed":       {"another", "", ""},
		"another-thing-changed": {"another", "queue", ""},
		"somebody-else-did":     {"another", "cured", `it is not as it was when the change was approved: was {"cured":"","first":""}, is {"cured":"else","first":""}`},
		"an-earlier-step-did":   {"first", "", ""},
		"in-another-case":       {"FIRST", "first", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps(test.first))
			s.begin()
			if test.other != "" {
				s.world.Values[test.other] = "else"
			}
			r := s.must(t.Context())
			if test.want == "" && r.Stop != nil || test.want != "" && (r.Stop == nil || r.Stop.Reason != stopFailed || !strings.Contains(r.Stop.Text, test.want)) {
				t.Errorf("got %+v\n%s", r.Stop, s.log)
			}
		})
	}
}

// TestComparesAsJSON has a plan that was written by a process which escapes what HTML would: its items, arguments and
// states are the same all the same.
func TestComparesAsJSON(t *testing.T) {
	s := newScene(t, "\n  - {id: x, uses: w.set, with: {name: '<x>', value: '<&>'}}\n  - {id: each, each: '${{ tasks.names }}', uses: w.set, with: {name: '${{ each }}', value: \"off\"}}"+one)
	s.world.Values["<x>"] = "a<b"
	s.hands.disturb = fails("cured", "apply", 1, disturbance{err: errors.New("no")})
	s.must(t.Context())
	s.world.Values["task/<3>&"] = "on" // nobody may notice, for the step is done
	if r := s.must(t.Context()); r.Stop != nil || s.log.did() != "x each[1] each[2] each[3] cured" || len(s.log.of(journal.Approved)) != 5 {
		t.Errorf("got %+v\n%s", r.Stop, s.log)
	}
}

// fails disturbs the first n calls of a step.
func fails(key, call string, n int, d disturbance) func(context.Context, string, Call) *disturbance {
	return func(_ context.Context, is string, c Call) *disturbance {
		if n == 0 || is != call || !strings.HasPrefix(c.StateDir, key+"#") {
			return nil
		}
		n--
		return &d
	}
}

func TestFailedStep(t *testing.T) {
	refused := sdk.Errorf(sdk.Unavailable, "it is busy").WithHint("come back later")
	many := `
  - id: cured
    uses: w.many
    with: {names: [m1, m2, cured], value: "yes"}
`
	for name, test := range map[string]struct {
		more   string // of the step
		d      disturbance
		times  int
		choice Choice
		want   string // kinds of records
		calls  string // of its effects
		undo   bool
		stop   string
	}{
		"left":              {d: disturbance{err: refused}, times: 9, want: "approved intended failed", stop: "it is busy", calls: "apply cured#1"},
		"retried":           {more: "    retry: 2\n", d: disturbance{err: refused}, times: 2, want: "approved intended failed intended failed intended done", calls: "apply cured#1, apply cured#2, apply cured#3"},
		"retried-too-often": {more: "    retry: 1\n", d: disturbance{err: refused}, times: 9, want: "approved intended failed intended failed", stop: "it is busy", calls: "apply cured#1, apply cured#2"},
		"retry-is-chosen":   {d: disturbance{err: refused}, times: 1, choice: Retry, want: "approved intended failed intended done", calls: "apply cured#1, apply cured#2"},
		"undo-is-chosen":    {d: disturbance{err: refused, after: 2}, times: 9, choice: TakeBack, want: "approved intended failed", undo: true, stop: "it is busy", calls: "apply cured#1"},
		"partial-goes-on-with-its-own-token": {more: "    retry: 1\n", d: disturbance{err: refused, after: 2}, times: 1,
			want: "approved intended failed done", calls: "apply cured#1, apply cured#1"},
		"lie":              {d: disturbance{lie: true}, times: 9, want: "approved intended failed", stop: `reading back shows otherwise: the state is "before"`, calls: "apply cured#1"},
		"lie-about-a-part": {more: "    retry: 1\n", d: disturbance{lie: true}, times: 1, want: "approved intended failed intended done", calls: "apply cured#1, apply cured#2"},
		"error-behind-it":  {d: disturbance{err: refused, after: 9}, times: 9, want: "approved intended failed", stop: "it is busy", calls: "apply cured#1"},
		"error-then-retry": {more: "    retry: 1\n", d: disturbance{err: refused, after: 9}, times: 1, want: "approved intended failed done", calls: "apply cured#1"},
		"process-lost":     {d: disturbance{err: errors.New("the plugin ended"), after: 9}, times: 1, want: "approved intended done", calls: "apply cured#1"},
		"lost-before":      {d: disturbance{err: errors.New("the plugin ended")}, times: 1, want: "approved intended failed", stop: "the plugin ended", calls: "apply cured#1"},
		"not-expected":     {more: "    expect: hand.value == \"yes\"\n", want: "approved intended read failed", stop: "what is expected of it, `hand.value == \"yes\"`, is false", calls: "apply cured#1"},
		"not-expected-retried": {more: "    expect: hand.value == \"yes\"\n    retry: 1\n", want: "approved intended read failed read failed",
			stop: "is false", calls: "apply cured#1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, many+test.more)
			s.hands.disturb = fails("cured", "apply", test.times, test.d)
			s.operator.failed = func(*plan.Step, journal.Failure) Choice { return test.choice }
			before := s.world.clone()
			r := s.must(t.Context())
			var calls []string
			for _, c := range s.hands.calls {
				if strings.HasPrefix(c, "apply") {
					calls = append(calls, c)
				}
			}
			if got := s.log.kinds("cured"); got != test.want || strings.Join(calls, ", ") != test.calls {
				t.Errorf("written down is %s, want %s\ncalled is %s, want %s", got, test.want, strings.Join(calls, ", "), test.calls)
			}
			switch {
			case test.stop == "" && r.Stop != nil:
				t.Errorf("got %+v", r.Stop)
			case test.stop != "" && (r.Stop == nil || r.Stop.Reason != stopFailed || !strings.Contains(r.Stop.Text, test.stop) || r.Undo != test.undo):
				t.Errorf("got %+v, undo %t; want %q", r.Stop, r.Undo, test.stop)
			case test.undo && (len(s.log.of(journal.Verified)) > 0 || r.Say != ""):
				t.Errorf("what is to be taken back is verified: %q", r.Say)
			}
			s.hands.disturb = nil
			s.taken(before)
		})
	}
}

// TestFailureKeepsWhatItSays makes sure that a failure has what the action said of it.
func TestFailureKeepsWhatItSays(t *testing.T) {
	s := newScene(t, one)
	s.hands.disturb = fails("cured", "apply", 1, disturbance{err: sdk.Errorf(sdk.Unavailable, "it is busy").WithHint("come back later")})
	s.must(t.Context())
	got := read[journal.Failure](s.log.of(journal.Failed)[0])
	if got.Message != "it is busy" || got.Hint != "come back later" || got.State != sdk.StateBefore || got.Attempt != 1 {
		t.Errorf("got %+v", got)
	}
}

// TestChangedByAnother has somebody else change what a run was at when it was cut off: it stops, and goes on when that is
// mended.
func TestChangedByAnother(t *testing.T) {
	s := newScene(t, one)
	ctx, cancel := context.WithCancel(t.Context())
	s.hands.disturb = fails("cured", "apply", 1, disturbance{during: cancel})
	if r := s.must(ctx); r.Stop == nil || r.Stop.Reason != stopInterrupted {
		t.Fatalf("got %+v", r)
	}
	s.world.Values["cured"] = "mine"
	if r := s.must(t.Context()); r.Stop == nil || r.Stop.Reason != stopFailed || !strings.Contains(r.Stop.Text, "somebody else has changed it since") {
		t.Fatalf("got %+v", r)
	}
	delete(s.world.Values, "cured")
	if r := s.must(t.Context()); r.Stop != nil || r.Outcome != Fixed {
		t.Fatalf("got %+v", r)
	}
}

// TestTimeout has an action that does not end in its time. One that may be cut off is, and the state is looked at; one that
// must not be cut off is waited for, which is told once.
func TestTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		steps string
		key   string
		waits bool
	}{
		"interruptible":     {"\n  - id: slow\n    uses: w.set\n    with: {name: slow, value: x}\n    timeout: 1m\n", "slow", false},
		"not-interruptible": {"\n  - id: slow\n    uses: w.stop\n    with: {names: [indexer]}\n    timeout: 1m\n", "slow", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := checked(t, test.steps+one)
			synctest.Test(t, func(t *testing.T) {
				s := sceneOf(t, p)
				s.hands.disturb = func(ctx context.Context, call string, c Call) *disturbance {
					if call != "apply" || c.StateDir != "slow#1" {
						return nil
					}
					return &disturbance{during: func() {
						select {
						case <-ctx.Done():
						case <-time.After(time.Hour):
						}
					}}
				}
				r := s.must(t.Context())
				if test.waits && (r.Stop != nil || s.said("it must not be cut off and is waited for") != 1) {
					t.Errorf("got %+v\n%s", r.Stop, strings.Join(s.events, "\n"))
				}
				if !test.waits && (r.Stop == nil || !strings.Contains(r.Stop.Text, "w.set did not end within 1m")) {
					t.Errorf("got %+v", r.Stop)
				}
			})
		})
	}
}

// TestCutOff ends the context while an action is at work: one that may be cut off is, and nothing more happens; one that
// must not be cut off is waited for first, and that is told once. The run goes on from there.
func TestCutOff(t *testing.T) {
	const group = `
  - id: held
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: cured
        uses: w.many
        with: {names: [m1, cured], value: "yes"}
    finally:
      - uses: w.start
        with: {names: [indexer]}
`
	for name, test := range map[string]struct {
		dir   string
		done  string // what is there behind it
		waits int
	}{
		"interruptible":     {"cured#1", "", 0},
		"not-interruptible": {"1.1#1", "1.1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := checked(t, group)
			synctest.Test(t, func(t *testing.T) {
				s := sceneOf(t, p)
				ctx, cancel := context.WithCancel(t.Context())
				s.hands.disturb = fails(strings.TrimSuffix(test.dir, "#1"), "apply", 1, disturbance{during: func() { cancel(); synctest.Wait() }})
				r := s.must(ctx)
				if r.Stop == nil || r.Stop.Reason != stopInterrupted || s.said("must not be cut off: it is waited for") != test.waits {
					t.Fatalf("got %+v\n%s", r.Stop, strings.Join(s.events, "\n"))
				}
				if s.world.Services["indexer"].Runs || len(s.log.of(journal.Closed)) > 0 {
					t.Errorf("something more has happened\n%s", s.log)
				}
				s.hands.disturb = nil
				if r := s.must(t.Context()); r.Stop != nil || !s.world.Services["indexer"].Runs {
					t.Errorf("going on: %+v\n%s", r.Stop, s.log)
				}
			})
		})
	}
}

// TestOutputs makes sure that what a step has brought is known behind it, also where the process was lost before it could
// say so.
func TestOutputs(t *testing.T) {
	for name, silent := range map[string]string{"predicted": "false", "not-predicted": "true"} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, `
  - id: made
    uses: w.set
    with: {name: made, value: it, silent: `+silent+`}
  - id: cured
    uses: w.set
    with: {name: cured, value: '${{ steps.made.is == "it" ? "yes" : "no" }}'}
`)
			ctx, cancel := context.WithCancel(t.Context())
			s.log.refuse = func(kind journal.Kind, step string) error {
				if kind == journal.Done && step == "made" {
					cancel()
					return errors.New("the process ended")
				}
				return nil
			}
			if _, err := s.goes(ctx); err == nil {
				t.Fatal("the run went on")
			}
			s.log.refuse = nil
			if r := s.must(t.Context()); r.Stop != nil || r.Outcome != Fixed {
				t.Errorf("got %+v\n%s", r, s.log)
			}
		})
	}
}

// TestInstancesAreApart has a repeated group of which the members bring something: each instance knows its own alone, and
// nobody outside knows any.
func TestInstancesAreApart(t *testing.T) {
	k := newKilling(t, `
  - id: outer
    each: ${{ tasks.names }}
    steps:
      - id: made
        when: sick.value == "yes"
        uses: w.set
        with: {name: 'made ${{ each }}', value: '${{ each }}', silent: true}
      - id: idle
        uses: w.set
        with: {name: parts, value: "p1,p2"}
      - id: inner
        each: '${{ filter(tasks.names, # == steps.made.is) }}'
        uses: w.set
        with: {name: 'inner ${{ each }}', value: x}
      - id: told
        uses: w.set
        with: {name: 'told ${{ each }}', value: '${{ steps.made.is == each and steps.idle.is == "p1,p2" and len(changed.inner) == 1 and changed.inner[0] == each ? "own" : "other" }}'}
`+one)
	var moments []moment
	whole := k.goOn(k.begin, &moments)
	for _, task := range []string{"task/1", "task/2", "task/<3>&"} {
		if whole.world.Values["told "+task] != "own" {
			t.Errorf("%s is told of another\n%s", task, whole.log)
		}
	}
	for _, m := range moments {
		k.is(k.goOn(m, nil), m, "the run that goes on is complete, and", whole.world)
	}
}
