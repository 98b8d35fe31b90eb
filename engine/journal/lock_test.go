package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/memdisk"
)

// TestMain lets the test binary be a process of its own that holds a run until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("RECTIFY_JOURNAL_TEST_HOLD"); dir != "" {
		hold := holdRun
		if os.Getenv("RECTIFY_JOURNAL_TEST_APPEND") != "" {
			hold = appendAndTell
		}
		if err := hold(dir, os.Getenv("RECTIFY_JOURNAL_TEST_RUN")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(memdisk.Run(m))
}

// holdRun begins a run, or continues one, prints its id and appends until stdin ends or the process is killed.
func holdRun(dir, id string) error {
	s, err := open(dir, small, AcceptUnprotected())
	if err != nil {
		return err
	}
	var r *Run
	if id == "" {
		r, err = s.Begin(startOn("m1"))
	} else {
		r, err = s.Continue(id)
	}
	if err != nil {
		return err
	}
	if err := r.Append(Intended, "a", Intent{Uses: "file.rename", Attempt: 1}); err != nil {
		return err
	}
	fmt.Println(r.ID())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// appendAndTell begins a run, and appends until it is killed; it prints the number of each record that is acknowledged.
func appendAndTell(dir, _ string) error {
	s, err := open(dir, small, AcceptUnprotected())
	if err != nil {
		return err
	}
	r, err := s.Begin(startOn("m1"))
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		if _, err := fmt.Println(n); err != nil {
			return err
		}
		if err := r.Append(Read, "a", Reading{Why: []string{strings.Repeat("x", n%900)}}); err != nil {
			return err
		}
	}
}

// TestKilledWriter kills a process that appends, wherever it is, and looks for all that it has told of.
func TestKilledWriter(t *testing.T) {
	dir := folderTest(t)
	var most int64
	for _, enough := range []int{1, 2, 7, 60, 250} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "RECTIFY_JOURNAL_TEST_HOLD="+dir, "RECTIFY_JOURNAL_TEST_APPEND=1")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		told, killed := 0, false
		for lines := bufio.NewScanner(out); lines.Scan(); told++ {
			if told == enough && !killed {
				killed = true
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); !killed {
			t.Fatalf("the other process ended by itself after %d records: %v", told, err)
		}
		s := openTest(t, dir)
		records, err := s.Records("last")
		if err != nil || len(records) < told || len(records) > told+1 {
			t.Errorf("%d records, %v; %d were acknowledged", len(records), err, told)
		}
		check, err := s.Verify()
		if err != nil || !check.Whole() || check.Records != most+int64(len(records)) {
			t.Errorf("%+v, %v", check, err)
		}
		most = check.Records
		closeAll(t, s)
	}
}

// holdElsewhere does holdRun in another process; kill ends it without a word.
func holdElsewhere(t *testing.T, dir, id string) (run string, pid int, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "RECTIFY_JOURNAL_TEST_HOLD="+dir, "RECTIFY_JOURNAL_TEST_RUN="+id)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill() // it may be dead already
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		kill()
		t.Fatalf("the other process: %v; %s", err, stderr.String())
	}
	return strings.TrimSpace(line), cmd.Process.Pid, kill
}

func TestTargetIsHeld(t *testing.T) {
	dir := folderTest(t)
	run, pid, kill := holdElsewhere(t, dir, "")
	s := openTest(t, dir)

	wantBusy := func(err error) {
		t.Helper()
		var busy *BusyError
		if !errors.As(err, &busy) {
			t.Fatalf("got %v, want a BusyError", err)
		}
		if busy.Run != run || busy.PID != pid || busy.Since.IsZero() || busy.Since.After(time.Now()) {
			t.Errorf("%+v, want run %s of process %d", busy, run, pid)
		}
		if text := err.Error(); !strings.Contains(text, run) || !strings.Contains(text, "rectify history show") {
			t.Errorf("the error %q does not tell enough", text)
		}
	}
	_, err := s.Begin(startOn("m1"))
	wantBusy(err)
	_, err = s.Continue(run)
	wantBusy(err)

	sum, err := s.Find("last")
	if err != nil || sum.ID != run || !sum.Alive || sum.PID != pid || sum.State != StateRunning {
		t.Errorf("%+v, %v", sum, err)
	}
	if left, err := s.Unfinished("m1"); err != nil || len(left) != 1 {
		t.Errorf("%+v, %v", left, err)
	}
	closeAll(t, beginTest(t, s, "m2")) // another target is free

	kill()
	sum, err = s.Find(run)
	if err != nil || sum.Alive || sum.PID != 0 || sum.State != StateInterrupted {
		t.Errorf("after the kill: %+v, %v", sum, err)
	}
	var unfinished *UnfinishedError
	if _, err := s.Begin(startOn("m1")); !errors.As(err, &unfinished) || unfinished.Run.ID != run {
		t.Fatalf("after the kill: %v", err)
	} else if text := err.Error(); !strings.Contains(text, "rectify resume "+run) || !strings.Contains(text, "rectify undo "+run) {
		t.Errorf("the error %q does not say what to do", text)
	}
	r, err := s.Continue(run)
	if err != nil {
		t.Fatal(err)
	}
	appendTest(t, r, Ended, "", Verdict{Outcome: "fixed"})
	closeAll(t, r)
	closeAll(t, beginTest(t, s, "m1"))
	if check, err := s.Verify(); err != nil || !check.Whole() {
		t.Errorf("%+v, %v", check, err)
	}
}

func TestContinueTwice(t *testing.T) {
	dir := folderTest(t)
	s := openTest(t, dir)
	r := beginTest(t, s, "m1")
	appendTest(t, r, Intended, "a", Intent{})
	if _, err := s.Continue(r.ID()); !errors.As(err, new(*BusyError)) {
		t.Errorf("in the same process: %v", err)
	}
	closeAll(t, r)
	run, pid, kill := holdElsewhere(t, dir, "last")
	if run != r.ID() {
		t.Fatalf("%s was continued, not %s", run, r.ID())
	}
	var busy *BusyError
	if _, err := s.Continue(run); !errors.As(err, &busy) || busy.PID != pid {
		t.Errorf("in another process: %v", err)
	}
	kill()
	again, err := s.Continue(run)
	if err != nil {
		t.Fatal(err)
	}
	closeAll(t, again)
}

// TestLookersDoNotHold makes sure that somebody who lists the runs keeps nobody from beginning one.
func TestLookersDoNotHold(t *testing.T) {
	dir := folderTest(t)
	s := openTest(t, dir)
	closeAll(t, beginTest(t, s, "m1"))
	stop, done := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := s.holding("m1"); err != nil {
				done <- err
				return
			}
		}
	}()
	for range 10 {
		r, err := s.Begin(startOn("m1"))
		if err != nil {
			t.Error(err)
			break
		}
		closeAll(t, r)
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLockFileOfAnybody makes sure that what a lock file says is never relied on.
func TestLockFileOfAnybody(t *testing.T) {
	for name, text := range map[string]string{"garbage": "\x00\xff{", "null": "null", "huge": strings.Repeat("[", 100000), "old": `{"run":"x","pid":1}`} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, folderTest(t))
			path := s.lockPath(lockName("m1"))
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r := beginTest(t, s, "m1")
			data, err := os.ReadFile(path)
			var h holder
			if err != nil || json.Unmarshal(data, &h) != nil || h.Run != r.ID() || h.PID != os.Getpid() || h.User != "ada" {
				t.Errorf("the lock says %s, %v", data, err)
			}
			// Somebody writes into it while it is held.
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Begin(startOn("m1")); !errors.As(err, new(*BusyError)) {
				t.Errorf("got %v", err)
			}
			if _, err := s.Runs(); err != nil {
				t.Error(err)
			}
		})
	}
}
