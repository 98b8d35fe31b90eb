package execute

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/sdk"
)

const two = `
  - id: first
    uses: w.set
    with: {name: first, value: x}
  - id: held
    steps:
      - uses: w.stop
        with: {names: [indexer, idle]}
      - id: each
        each: ${{ tasks.names }}
        uses: w.set
        with: {name: '${{ each }}', value: "off"}
      - id: a
        uses: w.many
        with: {names: [m1, m2], value: x}
      - id: b
        uses: w.rename
        with: {from: queue, to: queue.old, needs: indexer}
    finally:
      - uses: w.start
        with: {names: [indexer, idle]}
` + one

// undid lists what an undo did, by kind of record and key.
func (l *records) undid(from int) string {
	var out []string
	for _, rec := range l.list[from:] {
		switch rec.Kind {
		case journal.Done, journal.Undone, journal.Failed:
			role := ""
			if rec.Kind == journal.Done {
				role = read[journal.Outcome](rec).Role + ":"
			}
			out = append(out, role+string(rec.Kind)+":"+rec.Step)
		}
	}
	return strings.NewReplacer("done:", "", "undone:", "-").Replace(strings.Join(out, " "))
}

func TestUndo(t *testing.T) {
	s := newScene(t, two)
	before := s.world.clone()
	if r := s.must(t.Context()); r.Stop != nil {
		t.Fatal(r.Stop)
	}
	n := len(s.log.list)
	result, err := s.undo(t.Context())
	if err != nil || result.Stop != nil || len(result.Kept) > 0 || len(result.Undone) != 8 || !strings.HasPrefix(result.Undone[0], `w.set {"name":"cured"`) {
		t.Errorf("got %+v, %v", result, err)
	}
	want := "-cured hold:2.1 -b -a -each[3] -each[2] -each[1] -2.1 undo finally:2.finally.1 -2.1 -first"
	if got := s.log.undid(n); got != want {
		t.Errorf("done is %s, want %s\n%s", got, want, s.log)
	}
	s.same("after undo", before)
	if s.log.list[n].Kind != journal.Undoing || s.log.list[len(s.log.list)-1].Kind != journal.Restored {
		t.Errorf("written down is\n%s", s.log)
	}
	if _, err := s.undo(t.Context()); !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "it was all taken back before") {
		t.Errorf("undone again: %v", err)
	}
}

// TestUndoOfSteps takes some steps back: the rest of the run stays, and what a group holds still is released again.
func TestUndoOfSteps(t *testing.T) {
	for name, test := range map[string]struct {
		steps []string
		want  string
		err   string
		check func(*world) bool
	}{
		"one": {[]string{"a"}, "hold:2.1 -a undo finally:2.finally.1", "", func(w *world) bool {
			return w.Values["m1"] == "0" && w.Values["cured"] == "yes" && w.Values["task/1"] == "off"
		}},
		"an-instance": {[]string{"each[2]"}, "hold:2.1 -each[2] undo finally:2.finally.1", "", func(w *world) bool { return w.Values["task/2"] == "on" && w.Values["task/1"] == "off" }},
		"all-of-each": {[]string{"each"}, "hold:2.1 -each[3] -each[2] -each[1] undo finally:2.finally.1", "", func(w *world) bool { return w.Values["task/2"] == "on" && w.Values["m1"] == "x" }},
		"a-group": {[]string{"held"}, "hold:2.1 -b -a -each[3] -each[2] -each[1] -2.1 undo finally:2.finally.1 -2.1", "", func(w *world) bool {
			return w.Values["m1"] == "0" && w.Values["cured"] == "yes" && !w.Services["idle"].Runs
		}},
		"no-group": {[]string{"first", "cured"}, "-cured -first", "", func(w *world) bool { return w.Values["m1"] == "x" && w.Values["cured"] == "" }},
		"unknown":  {[]string{"nothing"}, "", "the run has changed nothing in nothing", func(w *world) bool { return w.Values["m1"] == "x" }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, two)
			before := s.world.clone()
			s.must(t.Context())
			n := len(s.log.list)
			result, err := s.undo(t.Context(), test.steps...)
			if test.err == "" && (err != nil || result.Stop != nil) || test.err != "" && (!errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), test.err)) {
				t.Fatalf("got %+v, %v", result, err)
			}
			if got := s.log.undid(n); got != test.want || !test.check(s.world) {
				t.Errorf("done is %s, want %s\n%s", got, test.want, s.world)
			}
			if !s.world.Services["indexer"].Runs || s.world.Services["indexer"].Held != "" {
				t.Errorf("it is held still\n%s", s.world)
			}
			s.taken(before)
		})
	}
}

// TestUndoOfStepsThenGoOn takes a step of a run back that has failed, and then goes on with the run: that step is done
// again, and so is what failed.
func TestUndoOfStepsThenGoOn(t *testing.T) {
	s := newScene(t, two)
	whole := newScene(t, two)
	whole.must(t.Context())
	s.hands.disturb = fails("b", "apply", 1, disturbance{err: errors.New("no")})
	s.must(t.Context())
	if r, err := s.undo(t.Context(), "a"); err != nil || r.Stop != nil {
		t.Fatalf("got %+v, %v", r, err)
	}
	if r := s.must(t.Context()); r.Stop != nil {
		t.Fatalf("got %+v\n%s", r.Stop, s.log)
	}
	s.same("after undo of a step and going on", whole.world)
}

// TestUndoKeeps has a run that did something for good: it stays, and is told.
func TestUndoKeeps(t *testing.T) {
	steps := "\n  - {id: final, uses: w.final, with: {name: end, value: end}, loses: x}\n"
	for name, test := range map[string]struct {
		steps string
		d     *disturbance
		kept  string
		err   string
	}{
		"beside-others":  {steps + one, nil, `final: w.final {"name":"end","value":"end"}`, ""},
		"alone":          {steps, nil, `final: w.final {"name":"end","value":"end"}`, `what was done cannot be undone: final: w.final {"name":"end","value":"end"}`},
		"it-failed":      {one[1:] + steps, &disturbance{err: errors.New("no")}, "", ""},
		"it-failed-late": {one[1:] + steps, &disturbance{err: sdk.Errorf(sdk.Unavailable, "no"), after: 9}, `final: w.final {"name":"end","value":"end"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, "\n"+strings.TrimPrefix(test.steps, "\n"))
			if test.d != nil {
				s.hands.disturb = fails("final", "apply", 1, *test.d)
			}
			s.must(t.Context())
			result, err := s.undo(t.Context())
			if strings.Join(result.Kept, "\n") != test.kept || (test.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %+v, %v", result, err)
			}
			if (test.kept != "") != (s.world.Values["end"] == "end") || err == nil && s.world.Values["cured"] != "" {
				t.Errorf("the world is %s", s.world)
			}
		})
	}
}

// TestUndoStops has somebody else change what is to be taken back, or the undo itself not work: it stops there, with
// nothing held still, and goes on when that is mended.
func TestUndoStops(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*scene)
		mend  func(*scene)
		want  string
	}{
		"changed-by-another": {func(s *scene) { s.world.Values["task/2"] = "mine" }, func(s *scene) { s.world.Values["task/2"] = "off" }, "somebody else has changed it since: task/2 is \"mine\""},
		"undo-fails":         {func(s *scene) { s.hands.disturb = fails("a", "undo", 1, disturbance{err: errors.New("no"), after: 1}) }, func(*scene) {}, "it cannot be taken back: no"},
		"undo-lies":          {func(s *scene) { s.hands.disturb = fails("a", "undo", 1, disturbance{lie: true}) }, func(*scene) {}, `reading back shows otherwise: the state is "after"`},
		"cannot-be-looked-at": {func(s *scene) { s.hands.disturb = fails("each[3]", "assess", 1, disturbance{err: errors.New("no")}) }, func(*scene) {},
			"how it is now cannot be told: no"},
		"hold-fails":      {func(s *scene) { s.hands.disturb = fails("2.1", "apply", 1, disturbance{err: errors.New("no")}) }, func(*scene) {}, "it cannot be held still again: no"},
		"hold-lies":       {func(s *scene) { s.hands.disturb = fails("2.1", "apply", 1, disturbance{lie: true}) }, func(*scene) {}, "it cannot be held still again: its state is"},
		"finally-fails":   {func(s *scene) { s.hands.disturb = fails("2.finally.1", "apply", 1, disturbance{err: errors.New("no")}) }, func(*scene) {}, "no"},
		"finally-lies":    {func(s *scene) { s.hands.disturb = fails("2.finally.1", "apply", 1, disturbance{lie: true}) }, func(*scene) {}, "reading back shows otherwise"},
		"finally-refuses": {func(s *scene) { s.hands.disturb = preparing("w.start") }, func(s *scene) { s.hands.disturb = nil }, "not now"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, two)
			before := s.world.clone()
			s.must(t.Context())
			test.spoil(s)
			result, err := s.undo(t.Context())
			if err != nil || result.Stop == nil || result.Stop.Reason != stopFailed || !strings.Contains(result.Stop.Text, test.want) {
				t.Fatalf("got %+v, %v\n%s", result.Stop, err, s.log)
			}
			if last := s.log.list[len(s.log.list)-1]; last.Kind != journal.Stopped {
				t.Errorf("the last record is %s", last.Kind)
			}
			if !strings.HasPrefix(name, "finally") && !s.world.Services["indexer"].Runs {
				t.Errorf("it is held still\n%s", s.log)
			}
			test.mend(s)
			s.taken(before)
		})
	}
}

// preparing has an action refuse.
func preparing(uses string) func(context.Context, string, Call) *disturbance {
	return func(_ context.Context, call string, c Call) *disturbance {
		if call == "prepare" && c.Uses == uses {
			return &disturbance{err: sdk.Errorf(sdk.Unavailable, "not now")}
		}
		return nil
	}
}

// TestUndoIsStopped stops an undo in the middle of a group, gently and at once.
func TestUndoIsStopped(t *testing.T) {
	for name, test := range map[string]struct {
		stop func(s *scene, cancel func())
		held bool
	}{
		"gently":  {func(s *scene, _ func()) { close(s.stop) }, false},
		"at-once": {func(_ *scene, cancel func()) { cancel() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, two)
			before := s.world.clone()
			s.must(t.Context())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.hands.disturb = fails("a", "undo", 1, disturbance{during: func() { test.stop(s, cancel) }})
			result, err := s.undo(ctx)
			if err != nil || result.Stop == nil || result.Stop.Reason != stopCancelled || s.world.Services["indexer"].Runs == test.held {
				t.Fatalf("got %+v, %v\n%s", result.Stop, err, s.log)
			}
			s.stop = make(chan struct{})
			s.taken(before)
		})
	}
}

// TestUndoNeedsItsPlugins refuses before anything is begun when the binary that did a step is not there, or is another.
func TestUndoNeedsItsPlugins(t *testing.T) {
	vendor := journal.Plugin{Name: "w", Version: "1", SHA256: "aa", Path: "/w"}
	linked := journal.Plugin{Name: "w", Version: "1", SHA256: "aa"}
	for name, test := range map[string]struct {
		was, now journal.Plugin
		gone     bool
		accept   []string
		want     string
	}{
		"the-same":               {was: vendor, now: vendor},
		"another":                {was: vendor, now: journal.Plugin{Name: "w", Version: "2", SHA256: "bb", Path: "/w"}, want: "or let this one try with --accept-plugin w"},
		"another-and-accepted":   {was: vendor, now: journal.Plugin{Name: "w", Version: "2", SHA256: "bb", Path: "/w"}, accept: []string{"w"}},
		"built-in":               {was: linked, now: journal.Plugin{Name: "w", Version: "1", SHA256: "bb"}},
		"built-in-newer":         {was: linked, now: journal.Plugin{Name: "w", Version: "2", SHA256: "bb"}, want: "(sha256 aa, a part of rectify); the one at hand is 2"},
		"built-in-was-a-vendors": {was: vendor, now: journal.Plugin{Name: "w", Version: "1", SHA256: "bb"}, want: "--accept-plugin w"},
		"gone":                   {was: vendor, now: vendor, gone: true, accept: []string{"w"}, want: "step cured was done with the plugin w 1 (sha256 aa, /w), which cannot be used: there is no plugin"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, one)
			s.hands.plugin = test.was
			s.must(t.Context())
			s.hands.plugin = test.now
			if test.gone {
				s.hands.disturb = func(_ context.Context, call string, _ Call) *disturbance {
					if call == "plugin" {
						return &disturbance{err: errors.New("there is no plugin")}
					}
					return nil
				}
			}
			n := len(s.log.list)
			p, _ := s.recorded()
			_, err := Undo(t.Context(), UndoConfig{Hands: s.hands, Log: s.log, Records: s.log.list, Plan: p, AcceptPlugins: test.accept})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v", err)
			}
			if err != nil && len(s.log.list) != n {
				t.Errorf("something was begun\n%s", s.log)
			}
		})
	}
}

// TestUndoOfNothing has runs that changed nothing.
func TestUndoOfNothing(t *testing.T) {
	for name, steps := range map[string]string{
		"needless": "\n  - {id: x, uses: w.set, with: {name: sick, value: \"yes\"}}\n",
		"asked":    "\n  - {id: x, ask: Is it so}\n",
		"restart":  restartFirst,
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			s.must(t.Context())
			result, err := s.undo(t.Context())
			if !errors.Is(err, ErrNothing) || len(result.Kept) > 0 || len(s.log.of(journal.Undoing)) > 0 {
				t.Errorf("got %+v, %v", result, err)
			}
		})
	}
}

// TestUndoWithoutPlan takes back with the records alone, also what was known only on the way.
func TestUndoWithoutPlan(t *testing.T) {
	s := newScene(t, late("")+one)
	before := s.world.clone()
	s.must(t.Context())
	result, err := Undo(t.Context(), UndoConfig{Hands: s.hands, Log: s.log, Records: slices.Clone(s.log.list)})
	if err != nil || result.Stop != nil {
		t.Fatalf("got %+v, %v", result, err)
	}
	s.same("after undo", before)
}
