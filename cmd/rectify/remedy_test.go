package main

import (
	"errors"
	"maps"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
)

// repair are the arguments that repair a copy of the disk corrupt-download.
func repair(root, state string) []string {
	return []string{"run", "0x8024001E", "--root", root, "--state", state, "--yes", "--answer", "backup=test"}
}

// TestKilledRepair kills rectify in the middle of the rename. The next start says so, resume completes it, and undo
// leaves the disk as it was.
func TestKilledRepair(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the repair of a disk on Windows is not tried here")
	}
	program := built(t)
	w := copyDisk(t, "corrupt-download")
	before, err := contents(w.root)
	if err != nil {
		t.Fatal(err)
	}
	interrupted := 0
	for _, later := range []time.Duration{0, 4 * time.Millisecond} {
		state := t.TempDir()
		r := newRun(t, program, repair(w.root, state)...)
		r.start(t)
		awaitEffect(t, state)
		time.Sleep(later)
		if err := r.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = r.cmd.Wait() // it was killed, or it was faster
		r.checkGone(t)
		if left := unfinishedRuns(t, state); left != "" {
			interrupted++
			again := newRun(t, program, repair(w.root, state)...)
			again.start(t)
			if code := again.wait(t); code != exitBusy || !strings.Contains(again.stderr.String(), "rectify resume "+left) {
				t.Errorf("a new run on a disk with a dead one: exit code %d\n%s", code, &again.stderr)
			}
			if told := rectifyTalk(t, program, "plan", "0x8024001E", "--root", w.root, "--state", state); !strings.Contains(told, "note: run "+left) {
				t.Errorf("a plan does not tell of the dead run:\n%s", told)
			}
		}
		resumed := newRun(t, program, "resume", "--state", state)
		resumed.start(t)
		if code := resumed.wait(t); code != exitUndetermined && code != exitDone {
			t.Fatalf("resume: exit code %d\n%s", code, &resumed.stderr)
		}
		undone := newRun(t, program, "undo", "last", "--state", state)
		undone.start(t)
		if code := undone.wait(t); code != exitDone && code != exitPlan { // nothing was changed
			t.Fatalf("undo: exit code %d\n%s", code, &undone.stderr)
		}
		same(t, w.root, before)
	}
	if interrupted == 0 {
		t.Error("no kill came in the middle of the repair")
	}
}

// awaitEffect waits until a run makes the folder of its first effect: that is just before the effect is written down.
func awaitEffect(t *testing.T, state string) {
	t.Helper()
	for end := time.Now().Add(runTimeout); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if dirs, _ := filepath.Glob(filepath.Join(state, "runs", "*", "*")); len(dirs) > 0 {
			return
		}
	}
	t.Fatal("no effect was begun")
}

// rectifyTalk runs a program to its good end and gives what it said on stderr.
func rectifyTalk(t testing.TB, program string, args ...string) string {
	t.Helper()
	r := newRun(t, program, args...)
	r.start(t)
	if code := r.wait(t); code != exitDone {
		t.Fatalf("%s: exit code %d\n%s", r.cmd, code, &r.stderr)
	}
	return r.stderr.String()
}

// unfinishedRuns names the run that a journal has as left behind; empty when there is none, or no journal.
func unfinishedRuns(t *testing.T, state string) string {
	t.Helper()
	s, err := journal.OpenToRead(state)
	if errors.Is(err, journal.ErrNoJournal) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	left, err := s.Unfinished("")
	if err != nil {
		t.Fatal(err)
	}
	if len(left) == 0 {
		return ""
	}
	return left[0].ID
}

func same(t *testing.T, root string, want map[string]string) {
	t.Helper()
	got, err := contents(root)
	if err != nil {
		t.Fatal(err)
	}
	if maps.Equal(want, got) {
		return
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
	for name, text := range got {
		if was, ok := want[name]; !ok || was != text {
			t.Errorf("%s is new or changed", name)
		}
	}
	t.FailNow()
}

// TestSecondRun has a run that holds a disk: another one is refused and names it, and so are undo and resume.
func TestSecondRun(t *testing.T) {
	program := built(t)
	w := copyDisk(t, "corrupt-download")
	state := t.TempDir()
	r := newRun(t, program, repair(w.root, state)...)
	r.start(t)
	if code := r.wait(t); code != exitUndetermined {
		t.Fatalf("exit code %d\n%s", code, &r.stderr)
	}
	s, err := journal.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first, err := s.Continue("last")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{repair(w.root, state), {"undo", "last", "--state", state}} {
		second := newRun(t, program, args...)
		second.start(t)
		if code := second.wait(t); code != exitBusy || !strings.Contains(second.stderr.String(), first.ID()) {
			t.Errorf("%s: exit code %d\n%s", args[0], code, &second.stderr)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	rectifyOK(t, program, "undo", "last", "--state", state)
}
