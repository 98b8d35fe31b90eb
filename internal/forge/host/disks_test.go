package host_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/etl"
	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/host"
	"github.com/rectify-project/rectify/internal/forge/host/example"
)

const (
	system = "System"
	tasks  = "Microsoft-Windows-TaskScheduler/Operational"
)

// TestCommittedDisks makes the disks anew and compares them with those in examples/hosts, byte for byte.
func TestCommittedDisks(t *testing.T) {
	committed := filepath.Join("..", "..", "..", "examples", "hosts")
	eachDisk(t, func(t *testing.T, d example.Disk, root string) {
		want, got := tree(t, root), tree(t, filepath.Join(committed, d.Name))
		for path, b := range want {
			switch old, ok := got[path]; {
			case !ok:
				t.Errorf("%s is missing; run: go run ./internal/forge/cmd/make-hosts", path)
			case !bytes.Equal(old, b):
				t.Errorf("%s differs; run: go run ./internal/forge/cmd/make-hosts", path)
			}
		}
		for path := range got {
			if _, ok := want[path]; !ok {
				t.Errorf("%s is not part of the disk; run: go run ./internal/forge/cmd/make-hosts", path)
			}
		}
	})
}

func tree(t *testing.T, root string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, root)] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhatDisksShow holds that each disk has the signs that it is there for.
func TestWhatDisksShow(t *testing.T) {
	for name, want := range map[string]struct {
		failed      int // with 0x8024001E
		others      int // failures with other codes
		restarts    int
		interrupted int // sessions of servicing
		taskLog     bool
		changes     bool // of services are logged
	}{
		"task-interferes":    {failed: 2, restarts: 1, taskLog: true, changes: true},
		"unexpected-restart": {failed: 1, restarts: 2, interrupted: 1, taskLog: true, changes: true},
		"update-restart":     {failed: 1, restarts: 2, interrupted: 1, taskLog: true, changes: true},
		"wsus-outage":        {failed: 2, restarts: 1, taskLog: true, changes: true},
		"corrupt-download":   {failed: 1, others: 2, restarts: 1, taskLog: true, changes: true},
		"task-log-off":       {failed: 1, restarts: 1},
		"two-failures":       {failed: 2, taskLog: true, changes: true},
		"healed":             {failed: 1, restarts: 1, taskLog: true, changes: true},
		"healthy":            {restarts: 2, taskLog: true, changes: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := disk(t, name)
			events := m.Channel(system)
			if len(events) <= 30 {
				t.Errorf("%d records in System, expected more than 30", len(events))
			}
			first, last := events[0].Time, events[len(events)-1].Time
			if last.Sub(first) > 11*24*time.Hour {
				t.Errorf("System goes from %s to %s, expected about 10 days", first, last)
			}
			failed, others, restarts, changes := 0, 0, 0, 0
			for _, e := range events {
				switch {
				case e.Provider == "Microsoft-Windows-WindowsUpdateClient" && e.ID == 20:
					if e.EventData[0].Value == evtx.HexInt32(host.ServiceStop) {
						failed++
					} else {
						others++
					}
				case e.ID == 1074:
					restarts++
				case e.ID == 7036:
					changes++
				}
			}
			if failed != want.failed || others != want.others || restarts != want.restarts || (changes > 0) != want.changes {
				t.Errorf("%d and %d failures, %d restarts, %d changes of services; expected %+v", failed, others, restarts, changes, want)
			}
			if got := len(m.Channel(tasks)) > 0; got != want.taskLog {
				t.Errorf("a log of tasks: %t, expected %t", got, want.taskLog)
			}
			files, err := m.Files()
			if err != nil {
				t.Fatal(err)
			}
			interrupted, idle := 0, 0
			for path, b := range files {
				if strings.HasSuffix(path, ".log") && strings.Contains(path, "/CBS/") {
					checkServicingLog(t, path, b, m.Zone.Bias)
					interrupted += strings.Count(string(b), "SHUTDOWN_REASON_NOTIFICATION:PRESHUTDOWN")
					idle += strings.Count(string(b), "SHUTDOWN_REASON_AUTOSTOP")
				}
			}
			if interrupted != want.interrupted || idle == 0 {
				t.Errorf("%d sessions of servicing interrupted, %d stops for want of work; expected %d, and some", interrupted, idle, want.interrupted)
			}
		})
	}
}

func disk(t *testing.T, name string) *host.Machine {
	t.Helper()
	for _, d := range example.Disks() {
		if d.Name == name {
			return d.Machine
		}
	}
	t.Fatalf("no disk %s", name)
	return nil
}

// checkServicingLog holds that a log has the form of those of Windows, and that its local times agree with its UTC ones.
func checkServicingLog(t *testing.T, name string, b []byte, bias int) {
	t.Helper()
	text, ok := strings.CutPrefix(string(b), "\ufeff")
	if !ok {
		t.Errorf("%s has no byte order mark", name)
	}
	anchor := regexp.MustCompile(`^(\S+ \S+), .*Universal Time is: (.*)$`)
	anchors := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("%s: a line does not end in CRLF: %q", name, line)
		}
		if m := anchor.FindStringSubmatch(line); m != nil {
			anchors++
			local, err := time.Parse(time.DateTime, m[1])
			if err != nil {
				t.Fatal(err)
			}
			utc, err := time.Parse("2006-01-02 15:04:05.000", m[2])
			if err != nil {
				t.Fatal(err)
			}
			if d := utc.Truncate(time.Second).Sub(local); d != time.Duration(bias)*time.Minute {
				t.Errorf("%s: %s is %s before UTC, expected %d minutes", name, m[1], d, bias)
			}
		}
	}
	if anchors == 0 {
		t.Errorf("%s has no time in UTC", name)
	}
}

// TestTraceLines holds that the trace of the article's machine shows the article's lines.
func TestTraceLines(t *testing.T) {
	files, err := disk(t, "task-interferes").Files()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for path, b := range files {
		if !strings.Contains(path, "USOShared") {
			continue
		}
		trace, err := etl.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		stats, err := trace.Scan(context.Background(), func(e *etl.Event) error {
			lines = append(lines, e.Text())
			return nil
		})
		if err != nil {
			t.Fatal(err, stats)
		}
	}
	for _, want := range []string{
		`*Error Originate:DownloadHandler::UpdateDownloadResult:1893* -> [hr] : -2145124322 (0x8024001E);`,
		`*Download finished* -> [Results] : {85604fae-a5c5-4f6d-9012-3d86be1bccce}:2021-01 Update for Windows Server 2016 for x64-based Systems (KB4589210):hr=0x8024001e;`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %s among\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

func TestRunOfUnknownTask(t *testing.T) {
	at := time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)
	m := host.New(host.Server2022, host.Pacific, "SRV", at)
	m.RunTask(at, time.Second, `\Nothing`, 0)
	if _, err := m.Files(); err == nil || !strings.Contains(err.Error(), `\\Nothing`) {
		t.Errorf("error %v, expected one that names the task", err)
	}
}

// TestWriteSystem puts a story into a disk whose folders have names in another case.
func TestWriteSystem(t *testing.T) {
	root := t.TempDir()
	logs := filepath.Join(root, "WINDOWS", "system32", "WinEvt", "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(logs, "system.EVTX"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2023, 5, 17, 15, 47, 36, 0, time.UTC)
	e := host.NewEvents(host.Server2022, "SPLICED")
	e.Attempt(host.Attempt{
		Update:     host.Update{Title: "An update (KB5900999)", KB: "KB5900999", GUID: "{85604fae-a5c5-4f6d-9012-3d86be1bccce}", Revision: 1},
		Installing: at.Add(-time.Minute), Ended: at.Add(time.Minute), Result: host.ServiceStop,
	})
	e.Restart(host.ByWindowsUpdate(at, at.Add(2*time.Minute)))
	if err := host.WriteSystem(root, e); err != nil {
		t.Fatal(err)
	}
	got := tree(t, root)
	if len(got) != 1 {
		t.Fatalf("%d files, expected the one that was there", len(got))
	}
	var want bytes.Buffer
	if err := e.Write(&want, system); err != nil {
		t.Fatal(err)
	}
	for path, b := range got {
		if !bytes.Equal(b, want.Bytes()) {
			t.Errorf("%s does not hold the events", path)
		}
	}
	var ids []uint16
	for _, ev := range e.Channel(system) {
		if ev.Provider != "Service Control Manager" {
			ids = append(ids, ev.ID)
		}
	}
	if want := []uint16{43, 1074, 6006, 109, 13, 20, 12, 20, 6009, 6005, 6013}; !slices.Equal(ids, want) {
		t.Errorf("events %v, expected %v", ids, want)
	}
}
