package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStates(t *testing.T) {
	type step struct {
		kind Kind
		data any
	}
	intended, done := step{Intended, Intent{Attempt: 1}}, step{Done, Outcome{}}
	stopped := step{Stopped, Stop{Reason: "failed", Text: "the disk is gone"}}
	ended := step{Ended, Verdict{Outcome: "fixed"}}
	undoing, restored := step{Undoing, Undo{}}, step{Restored, Undo{}}
	undoingOne, restoredOne := step{Undoing, Undo{Steps: []string{"a"}}}, step{Restored, Undo{Steps: []string{"a"}}}
	for name, c := range map[string]struct {
		steps   []step
		want    State // of a run whose process is dead
		running State // of one that lives; the same when empty
		owed    bool
		outcome string
		stop    string
	}{
		"just-started":         {want: StateInterrupted, running: StateRunning},
		"approved":             {steps: []step{{Approved, Decision{}}}, want: StateInterrupted, running: StateRunning},
		"intended":             {steps: []step{intended}, want: StateInterrupted, running: StateRunning, owed: true},
		"done":                 {steps: []step{intended, done}, want: StateInterrupted, running: StateRunning, owed: true},
		"stopped-before":       {steps: []step{stopped}, want: StateStopped, stop: "the disk is gone"},
		"stopped":              {steps: []step{intended, stopped}, want: StateStopped, owed: true, stop: "the disk is gone"},
		"stopped-without-text": {steps: []step{intended, {Stopped, Stop{Reason: "restart"}}}, want: StateStopped, owed: true, stop: "restart"},
		"resumed":              {steps: []step{intended, stopped, {Approved, Decision{}}}, want: StateInterrupted, running: StateRunning, owed: true},
		"resumed-by":           {steps: []step{intended, stopped, {Resumed, Person{User: "bo"}}}, want: StateInterrupted, running: StateRunning, owed: true},
		"rebound":              {steps: []step{intended, stopped, {Rebound, startOn("m1")}}, want: StateInterrupted, running: StateRunning, owed: true},
		"verified":             {steps: []step{intended, done, {Verified, Verdict{Outcome: "fixed"}}}, want: StateInterrupted, running: StateRunning, owed: true, outcome: "fixed"},
		"ended":                {steps: []step{intended, done, ended}, want: StateEnded, outcome: "fixed"},
		"ended-then-read":      {steps: []step{intended, done, ended, {Read, Reading{}}}, want: StateEnded, outcome: "fixed"},
		"ended-then-intended":  {steps: []step{intended, done, ended, intended}, want: StateInterrupted, running: StateRunning, owed: true, outcome: "fixed"},
		"undoing":              {steps: []step{intended, done, ended, undoing, intended}, want: StateUndoing, owed: true, outcome: "fixed"},
		"undo-stopped":         {steps: []step{intended, undoing, intended, stopped}, want: StateUndoing, owed: true, stop: "the disk is gone"},
		"undo-again":           {steps: []step{intended, undoing, stopped, undoing}, want: StateUndoing, owed: true},
		"undone":               {steps: []step{intended, undoing, {Undone, Outcome{}}, restored}, want: StateUndone},
		"one-step-undone":      {steps: []step{intended, done, ended, undoingOne, restoredOne}, want: StateEnded, outcome: "fixed"},
		"one-of-stopped":       {steps: []step{intended, stopped, undoingOne, restoredOne}, want: StateStopped, owed: true},
		"one-cut-then-all":     {steps: []step{intended, undoingOne, undoing, restored}, want: StateUndone},
		"one-cut-then-it":      {steps: []step{intended, undoingOne, undoingOne, restoredOne}, want: StateInterrupted, running: StateRunning, owed: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, folderTest(t))
			r := beginTest(t, s, "m1")
			for _, step := range c.steps {
				appendTest(t, r, step.kind, "a", step.data)
			}
			alive, err := s.Find(r.ID())
			if err != nil || !alive.Alive || alive.State != cmp.Or(c.running, c.want) {
				t.Errorf("alive: %+v, %v", alive, err)
			}
			closeAll(t, r)
			sum, err := s.Find("last")
			if err != nil || sum.State != c.want || sum.Alive || sum.Outcome != c.outcome || sum.Stop != c.stop {
				t.Errorf("%+v, %v; want %s", sum, err, c.want)
			}
			if sum.Playbook != "windows-update/0x8024001e" || sum.Title == "" || sum.Target.Identity != "m1" || sum.Who.User != "ada" || sum.Began.IsZero() || sum.Last.Before(sum.Began) {
				t.Errorf("%+v", sum)
			}
			left, err := s.Unfinished("m1")
			if err != nil || (len(left) == 1) != c.owed {
				t.Errorf("unfinished: %+v, %v", left, err)
			}
			if other, err := s.Unfinished("m2"); err != nil || len(other) != 0 {
				t.Errorf("unfinished elsewhere: %+v, %v", other, err)
			}
			next, err := s.Begin(startOn("m1"))
			if c.owed {
				if !errors.As(err, new(*UnfinishedError)) || !strings.Contains(err.Error(), "rectify undo "+sum.ID) {
					t.Errorf("another run: %v", err)
				}
				if undoing := sum.State == StateUndoing; strings.Contains(err.Error(), "rectify resume") == undoing {
					t.Errorf("another run: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			closeAll(t, next)
		})
	}
}

func TestFind(t *testing.T) {
	s := openTest(t, folderTest(t))
	if _, err := s.Find("last"); err == nil || !strings.Contains(err.Error(), "none yet") {
		t.Errorf("an empty journal: %v", err)
	}
	day := 0
	s.now = func() time.Time { return time.Date(2026, 11, day, 21, 18, 0, 0, time.UTC) }
	var ids []string
	for day = 20; day < 28; day++ {
		r := beginTest(t, s, fmt.Sprint("m", day))
		ids = append(ids, r.ID())
		closeAll(t, r)
	}
	for name, c := range map[string]struct{ id, want string }{
		"whole":  {ids[2], ids[2]},
		"prefix": {"20261123", ids[3]},
		"last":   {"last", ids[7]},
	} {
		t.Run(name, func(t *testing.T) {
			sum, err := s.Find(c.id)
			if err != nil || sum.ID != c.want {
				t.Errorf("%+v, %v", sum, err)
			}
			records, err := s.Records(c.id)
			if err != nil || len(records) != 1 || records[0].Run != c.want {
				t.Errorf("%+v, %v", records, err)
			}
		})
	}
	for name, c := range map[string]struct {
		id   string
		want []string
	}{
		"ambiguous": {"202611", []string{"8 runs begin with", ids[7], ids[3], "…"}},
		"unknown":   {"x", []string{`there is no run "x"`, ids[7], "rectify history"}},
		"misspelt":  {ids[4][:16] + "?", []string{"did you mean " + ids[4]}},
		"empty":     {"", []string{"no run is named", ids[7]}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Find(c.id)
			if err == nil || slices.ContainsFunc(c.want, func(w string) bool { return !strings.Contains(err.Error(), w) }) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, again := s.Records(c.id); again == nil || again.Error() != err.Error() {
				t.Errorf("records: %v", again)
			}
			if _, again := s.Continue(c.id); again == nil || again.Error() != err.Error() {
				t.Errorf("continue: %v", again)
			}
		})
	}
}

func TestRunIDs(t *testing.T) {
	now := time.Date(2026, 11, 22, 23, 18, 59, 0, time.FixedZone("", 7200))
	seen := map[string]bool{}
	for range 100 {
		id, err := newID(now)
		if err != nil || len(id) != len("20261122-2118-kfwz") || !strings.HasPrefix(id, "20261122-2118-") {
			t.Fatalf("%q, %v", id, err)
		}
		seen[id] = true
	}
	if len(seen) < 90 {
		t.Errorf("%d different ids of 100", len(seen))
	}
}

// TestRunIDIsTaken makes sure that no second run gets the records of a first.
func TestRunIDIsTaken(t *testing.T) {
	s := openTest(t, folderTest(t))
	r := beginTest(t, s, "m1")
	if err := s.append(r.ID(), Started, "", startOn("m2")); !errors.Is(err, errTaken) {
		t.Errorf("got %v", err)
	}
}

// TestReadFront holds the short way of reading a Start to the long one.
func TestReadFront(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		bad  bool
	}{
		"as-written":   {data: `{"playbook":"p","title":"t","source":"x","target":{"identity":"i"},"who":{"user":"u"},"plan":{"who":1}}`},
		"without-some": {data: `{"playbook":"p","source":{"who":1},"target":{"identity":"i"}}`},
		"cut-behind":   {data: `{"playbook":"p","who":{"user":"u"},"plan":`},
		"empty":        {data: ``, bad: true},
		"null":         {data: `null`, bad: true},
		"list":         {data: `[{"playbook":"p"}]`, bad: true},
		"wrong-type":   {data: `{"playbook":5}`, bad: true},
		"cut":          {data: `{"playbook":"p","target":{"ident`, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readFront([]byte(c.data))
			if (err != nil) != c.bad {
				t.Fatalf("%+v, %v", got, err)
			}
			var whole Start
			if json.Unmarshal([]byte(c.data), &whole) != nil {
				return // cut off behind what is read
			}
			if got.Playbook != whole.Playbook || got.Title != whole.Title || got.Target != whole.Target || got.Who != whole.Who {
				t.Errorf("%+v, want %+v", got, whole)
			}
		})
	}
}

// TestUnreadableStart makes sure that a run whose first record cannot be read keeps nobody from seeing the others.
func TestUnreadableStart(t *testing.T) {
	dir := folderTest(t)
	first, second := chainOfTen(t, dir)
	raw := rawTest(t, dir)
	if _, err := raw.Exec("DROP TRIGGER record_stays; UPDATE record SET data = x'00' WHERE sequence = 1"); err != nil {
		t.Fatal(err)
	}
	closeAll(t, raw)
	s := openTest(t, dir)
	runs, err := s.Runs()
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "record 1") || len(runs) != 2 || runs[0].ID != second || runs[0].Playbook == "" || runs[1].ID != first {
		t.Errorf("%+v, %v", runs, err)
	}
	if r, err := s.Begin(startOn("m1")); !errors.Is(err, ErrDamaged) {
		t.Errorf("a run begins although it cannot be told whether another is owed: %v, %v", r, err)
	}
}
