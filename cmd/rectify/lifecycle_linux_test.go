package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rectify-project/rectify/engine/report"
)

// maxPeak bounds the memory of each process of a run, in KiB.
const maxPeak = 120 << 10

// cbsLog is the servicing log of a disk.
var cbsLog = filepath.Join("Windows", "Logs", "CBS", "CBS.log")

// sparse makes a file that holds a text at its begin and then NULs, which take no place.
func sparse(path, begin string, size int64) error {
	return errors.Join(os.WriteFile(path, []byte(begin), 0o644), os.Truncate(path, size))
}

// TestOddLogs diagnoses disks with servicing logs as they are found on sick machines, and watches the memory.
func TestOddLogs(t *testing.T) {
	program := built(t)
	w := copyDisk(t, "corrupt-download")
	path := filepath.Join(w.root, cbsLog)
	whole := w.whole[cbsLog]
	text := func(b []byte) func() error { return func() error { return os.WriteFile(path, b, 0o644) } }
	lines := bytes.SplitAfter(bytes.ReplaceAll(whole, []byte("\r\n"), []byte("\n")), []byte("\n"))
	var mixed []byte
	for i, line := range lines {
		if i%2 == 0 {
			line = append(bytes.TrimSuffix(line, []byte("\n")), "\r\n"...)
		}
		mixed = append(mixed, line...)
	}
	wide := []byte{0xff, 0xfe}
	for _, c := range utf16.Encode([]rune(string(whole))) {
		wide = binary.LittleEndian.AppendUint16(wide, c)
	}
	tests := map[string]struct {
		make   func() error
		status string // of the fact that reads it
	}{
		"as-it-was":     {text(whole), "observed"},
		"utf-16":        {text(wide), "observed"},
		"mixed-ends":    {text(mixed), "observed"},
		"mark-only":     {text([]byte{0xff, 0xfe}), "partial"},
		"mark-and-half": {text(wide[:5]), "partial"},
		"one-line": {func() error {
			f, err := os.Create(path)
			block := bytes.Repeat([]byte("0x8024001e and no end of it, "), 1<<15)
			for n := 0; n < 100_000_000 && err == nil; n += len(block) {
				_, err = f.Write(block)
			}
			return errors.Join(err, f.Close())
		}, "partial"},
		"nothing-but-nul": {func() error { return sparse(path, "", 200<<20) }, "partial"},
		"nul-to-the-end":  {func() error { return sparse(path, string(whole), 200<<20) }, "partial"},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			if err := c.make(); err != nil {
				t.Fatal(err)
			}
			r := newRun(t, program, "diagnose", "0x8024001E", "--root", w.root, "--format", "json")
			r.start(t)
			most, stop := watchPeaks(r)
			code := r.wait(t)
			stop()
			if code != exitDone {
				t.Fatalf("exit code %d: %s", code, &r.stderr)
			}
			for process, kib := range most {
				if kib > maxPeak {
					t.Errorf("%s had %d MiB, want at most %d", process, kib>>10, maxPeak>>10)
				}
			}
			got := r.report(t)
			i := slices.IndexFunc(got.Facts, func(f report.Fact) bool { return f.Name == "servicing" })
			if got.Outcome != "seen" || got.Facts[i].Status != c.status {
				t.Errorf("outcome %q, the servicing log is %s (%s), want %s", got.Outcome, got.Facts[i].Status, got.Facts[i].Reason, c.status)
			}
		})
	}
}

// watchPeaks watches the memory of the processes of a run until it is stopped.
func watchPeaks(r *run) (most map[string]int, stop func()) {
	most = map[string]int{}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			for process, kib := range peaks(r.temp) {
				most[process] = max(most[process], kib)
			}
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return most, func() { close(done); <-stopped }
}

// slowDisk is a disk whose diagnosis takes long.
func slowDisk(t testing.TB) string {
	t.Helper()
	w := copyDisk(t, "task-interferes")
	for _, name := range []string{"CbsPersist_1.log", "CbsPersist_2.log"} {
		if err := sparse(filepath.Join(w.root, filepath.Dir(cbsLog), name), string(w.whole[cbsLog]), 64<<30); err != nil {
			t.Fatal(err)
		}
	}
	return w.root
}

// startSlow starts a diagnosis that takes long, and waits until the plugin that makes it so is at work.
func startSlow(t *testing.T) *run {
	t.Helper()
	r := newRun(t, "rectify", "diagnose", "0x8024001E", "--root", slowDisk(t))
	r.start(t)
	for range 600 {
		if slices.ContainsFunc(processesOf(r.temp), func(p string) bool { return strings.Contains(p, "plugin serve log") }) {
			time.Sleep(500 * time.Millisecond)
			return r
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the plugin log was not started: %s", &r.stderr)
	return nil
}

// TestInterrupted presses Ctrl-C while a diagnosis is at work.
func TestInterrupted(t *testing.T) {
	r := startSlow(t)
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := r.wait(t); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if r.stderr.String() != "rectify: interrupted\n" || r.stdout.Len() > 0 {
		t.Errorf("stdout %q, stderr %q", &r.stdout, &r.stderr)
	}
}

// TestKilled kills the program while a diagnosis is at work: its plugins end by themselves.
func TestKilled(t *testing.T) {
	r := startSlow(t)
	if n := len(processesOf(r.temp)); n < 3 {
		t.Fatalf("%d processes, want the program and some plugins", n)
	}
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = r.cmd.Wait() // it was killed
	r.checkGone(t)
}

// TestUnreadableFiles diagnoses disks, a file of which the user may not read, as a user who may not read everything.
func TestUnreadableFiles(t *testing.T) {
	program := "rectify"
	var user *syscall.SysProcAttr
	if os.Getuid() == 0 {
		program = built(t)
		user = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	w := copyDisk(t, "task-interferes")
	for dir := w.root; dir != filepath.Dir(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o005 != 0o005 {
			if err := os.Chmod(dir, info.Mode().Perm()|0o055); err != nil {
				t.Fatal(err)
			}
		}
	}
	diagnose := func(t *testing.T) *report.Report {
		r := newRun(t, program, "diagnose", "0x8024001E", "--root", w.root, "--format", "json")
		if err := os.Chmod(r.temp, 0o777); err != nil {
			t.Fatal(err)
		}
		r.cmd.SysProcAttr = user
		r.start(t)
		if code := r.wait(t); code != exitDone {
			t.Fatalf("exit code %d: %s", code, &r.stderr)
		}
		return r.report(t)
	}
	whole := diagnose(t)
	if whole.Outcome != "seen" {
		t.Fatalf("outcome %q on the readable disk", whole.Outcome)
	}
	tests := map[string]struct {
		paths   []string
		outcome string
		said    string // by a fact
	}{
		"system-channel":     {w.named("System.evtx"), "seen", "System.evtx"},
		"task-channel":       {w.named("TaskScheduler"), "seen", "TaskScheduler"},
		"what-tells-updates": {w.named("System.evtx", "ReportingEvents", "WindowsUpdateClient", ".etl"), "undetermined", "System.evtx"},
		"servicing-log":      {[]string{cbsLog}, "seen", "CBS.log"},
		"servicing-folder":   {[]string{filepath.Dir(cbsLog)}, "seen", "CBS"},
		"task":               {w.named("Check WSUS Reg"), "seen", "Check WSUS Reg"},
		"hives":              {w.named("config"), "seen", "SYSTEM"},
		"logs-folder":        {[]string{filepath.Join("Windows", "System32", "winevt", "Logs")}, "seen", "Logs"},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			for _, rel := range c.paths {
				path := filepath.Join(w.root, rel)
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, 0); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = os.Chmod(path, info.Mode().Perm()) })
			}
			got := diagnose(t)
			for _, wrong := range judgeWreck(whole, got) {
				t.Error(wrong)
			}
			said := slices.ContainsFunc(got.Facts, func(f report.Fact) bool {
				return strings.Contains(f.Reason, c.said) && strings.Contains(f.Reason, "permission")
			})
			if got.Outcome != c.outcome || !said {
				t.Errorf("outcome %q, want %q; the facts: %+v", got.Outcome, c.outcome, got.Facts)
			}
		})
	}
}
