package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/report"
)

// run is rectify in a process of its own, whose end is watched: it leaves nothing behind.
type run struct {
	cmd            *exec.Cmd
	temp           string // folder for temporary files, which marks its processes
	stdout, stderr bytes.Buffer
}

// runTimeout bounds a run: it is there to fail a test that would hang.
const runTimeout = 2 * time.Minute

// newRun prepares a run. program is the path of an executable, or "rectify" for the one that scripts use.
func newRun(t testing.TB, program string, args ...string) *run {
	t.Helper()
	temp, err := os.MkdirTemp("", "run") // sockets are made in it: their paths must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), runTimeout)
	t.Cleanup(cancel)
	r := &run{cmd: exec.CommandContext(ctx, program, args...), temp: temp}
	r.cmd.Env = append(os.Environ(), "TMPDIR="+temp, "TEMP="+temp, "TMP="+temp, "XDG_CACHE_HOME="+filepath.Join(temp, "cache"), "XDG_STATE_HOME="+filepath.Join(temp, "state"))
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	return r
}

// start starts it.
func (r *run) start(t testing.TB) {
	t.Helper()
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// wait waits for its end and gives the exit code. Nothing of it may be left: no process, no folder of a socket.
func (r *run) wait(t testing.TB) int {
	t.Helper()
	if err := r.cmd.Wait(); r.cmd.ProcessState == nil {
		t.Fatal(err)
	}
	r.checkGone(t)
	if sockets, _ := filepath.Glob(filepath.Join(r.temp, "plugin*")); len(sockets) > 0 {
		t.Errorf("%s left %v", r.cmd, sockets)
	}
	for _, word := range []string{"panic:", "goroutine ", "DATA RACE"} {
		if strings.Contains(r.stderr.String(), word) {
			t.Errorf("%s says:\n%s", r.cmd, &r.stderr)
		}
	}
	return r.cmd.ProcessState.ExitCode()
}

// checkGone fails the test when processes of a run that has ended are there still.
func (r *run) checkGone(t testing.TB) {
	t.Helper()
	var left []string
	for range 200 {
		if left = processesOf(r.temp); len(left) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s left processes behind: %v", r.cmd, left)
}

// report is what diagnose printed as JSON.
func (r *run) report(t testing.TB) *report.Report {
	t.Helper()
	out := &report.Report{}
	if err := json.Unmarshal(r.stdout.Bytes(), out); err != nil || out.Version == 0 {
		t.Fatalf("%s printed no report: %v\n%.200q", r.cmd, err, &r.stdout)
	}
	return out
}

// rectifyOK runs a program to its good end and gives what it printed.
func rectifyOK(t testing.TB, program string, args ...string) string {
	t.Helper()
	r := newRun(t, program, args...)
	r.start(t)
	if code := r.wait(t); code != exitDone {
		t.Fatalf("%s: exit code %d\n%s", r.cmd, code, &r.stderr)
	}
	return r.stdout.String()
}

// built is this program as its users have it, which the test binary is not.
func built(t testing.TB, flags ...string) string {
	t.Helper()
	return goBuild(t, "rectify", ".", flags...)
}

// goBuild builds a package into a folder of its own that any user can read.
func goBuild(t testing.TB, name, pkg string, flags ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "built")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), pkg)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return path
}

// sampleDisks lists the disks of examples/hosts.
func sampleDisks(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("..", "..", "examples", "hosts", "*", "Windows"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no sample disks: %v", err)
	}
	for i, f := range found {
		found[i] = filepath.Dir(f)
	}
	return found
}
