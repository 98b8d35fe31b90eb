package execute

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/sdk"
)

var thorough = flag.Bool("thorough", false, "kill a second time at every instant, not at some")

// moment is all that a process leaves when it is killed: the world, and what was written down.
type moment struct {
	at      string
	world   *world
	records []journal.Record
}

// killing lets a process be killed at any instant of it: it takes down what every instant would have left.
type killing struct {
	t        *testing.T
	playbook *check.Playbook
	begin    moment
	adjust   func(s *scene, cancel func()) // what happens to a process; may be nil
	wrong    map[string]bool
	known    map[string]*diagnose.Result
	intents  map[*byte]journal.Intent
	boots    func(*world) // what a restart of the machine brings; may be nil
	runs     int
}

// scene sets a moment up for a new process. moments gets what its every instant would leave; it may be nil.
func (k *killing) scene(from moment, moments *[]moment) *scene {
	s := sceneOf(k.t, k.playbook)
	s.world = from.world.clone()
	k.reboot(s.world)
	s.hands, s.known = newHands(s.world), k.known
	s.log.list = slices.Clip(from.records)
	if moments != nil {
		var last [2]int
		point := func(at string) {
			now := [2]int{len(s.log.list), s.world.changes}
			if now != last { // else nothing has happened since
				*moments, last = append(*moments, moment{from.at + " | " + at, s.world.clone(), slices.Clip(s.log.list)}), now
			}
		}
		s.hands.point, s.log.point = point, point
	}
	s.hands.effected = func(call string, c Call) { k.effect(s, from, call, c) }
	k.runs++
	return s
}

// reboot restarts the machine that was asked to.
func (k *killing) reboot(w *world) {
	if w.Asked {
		w.boot()
		if k.boots != nil {
			k.boots(w)
		}
	}
	w.trigger()
}

// effect makes sure that a single change was written down before, and is not one of an effect that is done: unless that
// was released by a `finally`, or lost by a restart.
func (k *killing) effect(s *scene, from moment, call string, c Call) {
	key, _, _ := strings.Cut(c.StateDir, "#")
	var intended, done bool
	for _, rec := range s.log.list {
		switch rec.Kind {
		case journal.Intended:
			data := k.intent(rec)
			intended = intended || rec.Step == key && data.StateDir == c.StateDir && (call == "apply") == (data.Role != roleUndo)
			if data.Role == roleFinally && shares(data.Changes, k.changesOf(s.log.list, c.StateDir)) {
				done = false
			}
		case journal.Done:
			role := k.intent(rec).Role // an outcome has one as well
			done = done || rec.Step == key && (role == "" || role == roleFinally)
			done = done && !(rec.Step == "again" && c.Uses == "w.block")
		case journal.Undoing:
			done = false
		}
	}
	switch {
	case !intended:
		k.fail(s, from, "%s of %s was not written down before", call, c.StateDir)
	case done && call == "apply":
		k.fail(s, from, "%s is done, and is done again", key)
	}
}

// intent reads a record, once.
func (k *killing) intent(rec journal.Record) journal.Intent {
	data, ok := k.intents[&rec.Data[0]]
	if !ok {
		data = read[journal.Intent](rec)
		k.intents[&rec.Data[0]] = data
	}
	return data
}

func (k *killing) changesOf(records []journal.Record, dir string) []sdk.Change {
	for _, rec := range records {
		if rec.Kind == journal.Intended && k.intent(rec).StateDir == dir {
			return k.intent(rec).Changes
		}
	}
	return nil
}

func (k *killing) fail(s *scene, from moment, format string, args ...any) {
	k.t.Helper()
	message := fmt.Sprintf(format, args...)
	if !k.wrong[message] && len(k.wrong) < 5 {
		k.t.Errorf("killed at%s: %s\n%s", from.at, message, s.log)
	}
	k.wrong[message] = true
}

// goOn goes on with the run from a moment to its end, over restarts, failures and stops. moments gets what each instant
// would leave; it may be nil.
func (k *killing) goOn(from moment, moments *[]moment) *scene {
	for range 6 {
		s, result := k.process(from, moments)
		if result.Stop == nil {
			return s
		}
		if len(s.log.of(journal.Failed)) == 0 && result.Stop.Reason == stopFailed {
			k.fail(s, from, "the run stopped: %+v", result.Stop)
		}
		from = moment{from.at, s.world.clone(), s.log.list}
	}
	k.t.Fatalf("killed at%s: it does not end", from.at)
	return nil
}

// process is one process that goes on with the run from a moment.
func (k *killing) process(from moment, moments *[]moment) (*scene, Result) {
	s := k.scene(from, moments)
	ctx, cancel := context.WithCancel(k.t.Context())
	defer cancel()
	if k.adjust != nil {
		k.adjust(s, cancel)
	}
	if len(s.log.list) == 0 {
		s.begin()
	}
	result, err := s.goes(ctx)
	if err != nil {
		k.fail(s, from, "the run ended with %v", err)
	}
	if moments != nil {
		k.remembers(s, from)
	}
	return s, result
}

// remembers makes sure that a process which goes on would know what this one knows.
func (k *killing) remembers(s *scene, from moment) {
	again := recall(s.log.list)
	if !reflect.DeepEqual(s.run.memory, again) {
		k.fail(s, from, "what was remembered is not what the records say")
	}
	for key, list := range again.entries {
		for _, e := range list {
			if e.open && len(s.log.of(journal.Ended)) > 0 {
				k.fail(s, from, "the group %s is still open", key)
			}
		}
	}
	asked := map[string]int{}
	for _, rec := range s.log.list {
		switch rec.Kind {
		case journal.Approved, journal.Declined:
			if asked[rec.Step]++; asked[rec.Step] > 1 {
				k.fail(s, from, "%s is asked for twice", rec.Step)
			}
		case journal.Rebound:
			for _, key := range read[journal.Start](rec).Forgotten {
				asked[key]--
			}
		}
	}
}

// takeBack takes the run back from a moment; moments as with goOn.
func (k *killing) takeBack(from moment, moments *[]moment) *scene {
	s := k.scene(from, moments)
	result, err := s.undo(k.t.Context())
	switch {
	case err != nil && !errors.Is(err, ErrNothing):
		k.fail(s, from, "the undo ended with %v", err)
	case result.Stop != nil:
		k.fail(s, from, "the undo stopped: %+v", result.Stop)
	}
	if again := recall(s.log.list); slices.ContainsFunc(again.root.deeds, func(d deed) bool { return d.entry != nil && d.entry.undoOpen }) {
		k.fail(s, from, "an undo holds a group open")
	}
	return s
}

func (k *killing) is(s *scene, from moment, what string, want *world) {
	k.t.Helper()
	s.world.trigger()
	if got, want := s.world.String(), want.String(); got != want {
		k.fail(s, from, "%s the world is\n%s\nwant\n%s", what, got, want)
	}
}

// every gives each of some moments, or so many of them, evenly.
func every(moments []moment, most int) []moment {
	if len(moments) <= most || *thorough {
		return moments
	}
	var out []moment
	for n := range most {
		out = append(out, moments[n*len(moments)/most])
	}
	return out
}

// The playbooks that are killed: one with everything that a plan can hold but a restart, and two with one.
const everything = `
  - id: backup
    ask: Is there a backup?
  - id: begun
    uses: w.set
    with: {name: begun, value: "yes"}
    risk: low
  - id: quiet
    wait_until: indexer.runs
  - id: repair
    for: [bad]
    steps:
      - uses: w.stop
        with: {names: [indexer, idle]}
      - id: disable
        each: ${{ tasks.names }}
        uses: w.set
        with: {name: '${{ each }}', value: "off"}
        expect: steps.disable.is == "off"
      - id: byhand
        manual: Do it after ${{ changed.disable[0] }}.
        expect: not indexer.runs
      - id: reset
        steps:
          - uses: w.stop
            with: {names: [updater, sender]}
          - id: cache
            uses: w.rename
            with: {from: cache, to: cache.old, needs: updater}
          - id: many
            uses: w.many
            with: {names: [m1, m2, m3], value: "1"}
            expect: m2.value == "1"
          - id: found
            uses: w.find
            with: {name: all}
          - id: parts
            each: ${{ steps.found.parts }}
            steps:
              - uses: w.stop
                with: {names: ['${{ each }}']}
              - id: part
                uses: w.set
                with: {name: 'part ${{ each }}', value: '${{ steps.cache.is }}', silent: true}
              - id: of_part
                uses: w.set
                with: {name: 'of ${{ each }}', value: '${{ steps.part.is }}'}
            finally:
              - uses: w.start
                with: {names: ['${{ each }}']}
          - id: queue
            uses: w.rename
            with: {from: queue, to: queue.old, needs: sender}
        finally:
          - uses: w.start
            with: {names: [sender]}
          - uses: w.start
            with: {names: [updater]}
        risk: medium
      - id: note
        uses: w.set
        with: {name: noted, value: '${{ steps.cache.is }}'}
        expect: noted.value == "cache.old"
    finally:
      - uses: w.start
        with: {names: [indexer, idle]}
  - id: cured
    uses: w.set
    with: {name: cured, value: '${{ steps.note.is == "cache.old" and len(changed.disable) == 3 ? "yes" : "no" }}'}
afterwards:
  - id: enable
    each: ${{ changed.disable }}
    uses: w.set
    with: {name: '${{ each }}', value: "on again"}
`

// TestKilled kills a run at every instant: before and after each record, before, in the middle of and behind each single
// change. What goes on from there ends as if nothing had happened; killed a second time as well. And an undo from there,
// killed at every instant again, ends where everything began.
func TestKilled(t *testing.T) {
	for name, test := range map[string]struct {
		steps string
		pairs int // how many second kills of each first one
		boots func(*world)
	}{
		"everything":             {everything, 2, nil},
		"restart":                {restarts, 2, nil},
		"restart-in-a-group":     {restartsInside, 2, nil},
		"healed-by-a-restart":    {restartsInside, 1, func(w *world) { w.Values["sick"], w.Values["cured"] = "no", "yes" }},
		"other-behind-a-restart": {restarts, 1, func(w *world) { w.Values["task/0"], w.Values["hand"] = "on", "moved" }},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKilling(t, test.steps)
			k.boots = test.boots
			var first []moment
			whole := k.goOn(k.begin, &first)
			k.complete(whole)
			for n, m := range first {
				var second []moment
				again := k.goOn(m, &second)
				k.is(again, m, "the run that goes on is complete, and", whole.world)
				for _, mm := range every(second, test.pairs) {
					third := k.goOn(mm, nil)
					k.is(third, mm, "killed twice, gone on with and complete,", whole.world)
				}
				if n%3 == 0 && len(second) > 0 {
					k.undone(second[len(second)/2], 2)
				}
				k.undone(m, test.pairs)
			}
			k.undone(moment{" the end", whole.world, whole.log.list}, 1<<20)
			t.Logf("%d instants, %d processes", len(first), k.runs)
		})
	}
}

// TestStoppedAnywhere stops a run at every instant, gently and at once. Gently, no group is left open; in both cases what
// goes on ends as if nothing had happened, and an undo where everything began.
func TestStoppedAnywhere(t *testing.T) {
	for name, stop := range map[string]func(s *scene, cancel func()){
		"gently":  func(s *scene, _ func()) { close(s.stop) },
		"at-once": func(_ *scene, cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKilling(t, everything)
			whole := k.goOn(k.begin, nil)
			k.complete(whole)
			ended := false
			for n := 0; !ended; n += 3 {
				ended = true
				k.adjust = func(s *scene, cancel func()) {
					points := 0
					point := func(string) {
						if points == n {
							stop(s, cancel)
							ended = false
						}
						points++
					}
					s.hands.point, s.log.point = point, point
				}
				stopped, result := k.process(k.begin, nil)
				k.adjust = nil
				left := moment{fmt.Sprintf(" (stopped) instant %d", n), stopped.world, stopped.log.list}
				if result.Stop == nil {
					k.is(stopped, left, "the run that was not stopped is complete, and", whole.world)
					continue
				}
				want, open := stopCancelled, false
				if name == "at-once" {
					want = stopInterrupted
				}
				for _, list := range stopped.run.memory.entries {
					open = open || list[len(list)-1].open
				}
				if result.Stop.Reason != want || open && want == stopCancelled {
					k.fail(stopped, left, "it stopped with %+v; a group is open: %t", result.Stop, open)
				}
				again := k.goOn(left, nil)
				k.is(again, left, "the run that goes on is complete, and", whole.world)
				if n%4 == 0 {
					k.undone(left, 1)
				}
			}
		})
	}
}

// TestFailedAnywhere has each action fail in each way, in a process that may be killed on the way. What goes on when it
// is mended ends as if nothing had happened, and an undo where everything began.
func TestFailedAnywhere(t *testing.T) {
	refused := sdk.Errorf(sdk.Unavailable, "not now")
	for name, d := range map[string]disturbance{
		"before":         {err: refused},
		"in-the-middle":  {err: refused, after: 1},
		"behind":         {err: refused, after: 9},
		"process-lost":   {err: errors.New("its process ended"), after: 9},
		"it-lies":        {lie: true},
		"cannot-be-read": {found: "unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKilling(t, everything)
			whole := k.goOn(k.begin, nil)
			k.complete(whole)
			for _, rec := range whole.log.of(journal.Intended) {
				dir := read[journal.Intent](rec).StateDir
				k.adjust = func(s *scene, _ func()) { s.hands.disturb = failing(s, dir, d) }
				var moments []moment
				again := k.goOn(k.begin, &moments)
				left := moment{" (failed) " + dir, again.world, again.log.list}
				k.is(again, left, "the run that goes on behind a failure is complete, and", whole.world)
				k.undone(left, 0)
				for _, m := range every(moments, 2) {
					third := k.goOn(m, nil)
					k.is(third, m, "killed round a failure, gone on with and complete,", whole.world)
				}
				k.undone(moments[len(moments)/2], 0)
			}
		})
	}
}

// failing disturbs one effect until the failure is written down.
func failing(s *scene, dir string, d disturbance) func(context.Context, string, Call) *disturbance {
	return func(_ context.Context, call string, c Call) *disturbance {
		if c.StateDir != dir || len(s.log.of(journal.Failed)) > 0 {
			return nil
		}
		if d.found != "" {
			if call == "assess" {
				return &disturbance{err: errors.New("it cannot be looked at")}
			}
			return nil
		}
		if call != "apply" {
			return nil
		}
		return &d
	}
}

func newKilling(t *testing.T, steps string) *killing {
	w := newWorld()
	w.trigger()
	return &killing{t: t, playbook: checked(t, steps), begin: moment{"", w, nil}, wrong: map[string]bool{}, known: map[string]*diagnose.Result{}, intents: map[*byte]journal.Intent{}}
}

// complete makes sure that a run came to its end, and did something.
func (k *killing) complete(s *scene) {
	k.t.Helper()
	last := s.log.list[len(s.log.list)-1]
	if last.Kind != journal.Ended || !strings.HasPrefix(read[journal.Verdict](last).Outcome, "fixed") || s.world.String() == k.begin.world.String() {
		k.t.Fatalf("the run is not complete\n%s", s.log)
	}
}

// undone takes back from a moment, and again from so many instants of that.
func (k *killing) undone(from moment, most int) {
	if len(from.records) == 0 {
		return
	}
	want := k.begin.world.clone()
	want.Asked = from.world.Asked
	if want.Boots = from.world.Boots; want.Boots > 0 && k.boots != nil {
		k.boots(want)
	}
	k.reboot(want)
	var moments []moment
	into := &moments
	if most == 0 {
		into = nil
	}
	s := k.takeBack(from, into)
	k.is(s, from, "after undo", want)
	for _, m := range every(moments, min(most, 25)) {
		again := k.takeBack(m, nil)
		k.is(again, m, "after an undo that was killed, and undone again,", want)
	}
}

// restarts restarts the machine between two steps, and plans anew.
const restarts = `
  - id: begun
    uses: w.set
    with: {name: begun, value: "yes"}
  - id: disable
    each: ${{ tasks.names }}
    uses: w.set
    with: {name: '${{ each }}', value: "off"}
  - id: again
    uses: w.restart
    loses: Nothing.
  - id: held
    steps:
      - uses: w.stop
        with: {names: [indexer]}
      - id: cured
        uses: w.set
        with: {name: cured, value: '${{ len(changed.disable) >= 3 and steps.begun.is == "yes" ? "yes" : "no" }}'}
    finally:
      - uses: w.start
        with: {names: [indexer]}
  - id: last
    uses: w.many
    with: {names: [m1, m2], value: "1"}
`

// restartsInside restarts the machine in a group. What the group holds still until the next start is held again.
const restartsInside = `
  - id: held
    steps:
      - uses: w.block
      - uses: w.stop
        with: {names: [indexer]}
      - id: disable
        each: ${{ tasks.names }}
        uses: w.set
        with: {name: '${{ each }}', value: "off"}
      - id: inner
        steps:
          - uses: w.stop
            with: {names: [updater]}
          - id: cache
            uses: w.rename
            with: {from: cache, to: cache.old, needs: updater}
          - id: again
            uses: w.restart
            loses: Nothing.
          - id: cured
            uses: w.set
            with: {name: cured, value: '${{ len(changed.disable) == 3 and steps.cache.is == "cache.old" ? "yes" : "no" }}'}
        finally:
          - uses: w.start
            with: {names: [updater]}
      - id: last
        uses: w.many
        with: {names: [m1, m2], value: "1"}
    finally:
      - uses: w.start
        with: {names: [indexer]}
      - uses: w.unblock
`
