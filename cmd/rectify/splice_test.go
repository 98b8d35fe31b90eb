package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/internal/forge/host"
)

// shutdownLine is a line of a real servicing log that says why the servicing service ends.
type shutdownLine struct {
	disk   string
	at     time.Time
	reason string // AUTOSTOP, NOTIFICATION:PRESHUTDOWN
}

// shutdownLines finds the lines in the servicing log of a disk.
func shutdownLines(t *testing.T, e *engine.Engine, root string) []shutdownLine {
	t.Helper()
	probe, err := e.Probe(t.Context(), "log.search")
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Open(t.Context(), engine.Where{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	r := s.Observe(t.Context(), probe, probe.Input.WithDefaults(map[string]any{
		"files":       []any{`%SystemRoot%\Logs\CBS\CBS.log`},
		"format":      "cbs",
		"max_matches": int64(200),
		"patterns":    map[string]any{"end": `Trusted Installer is shutting down because: SHUTDOWN_REASON_(?P<reason>[A-Z:]+)`},
	}))
	if !r.Known() {
		return nil // a disk without a servicing log
	}
	var lines []shutdownLine
	end := r.Value.(map[string]any)["patterns"].(map[string]any)["end"].(map[string]any)
	for _, m := range end["matches"].([]any) {
		match := m.(map[string]any)
		at, timed := match["time"].(time.Time)
		if !timed {
			t.Errorf("%s: a line without a time: %v", root, match["text"])
			continue
		}
		lines = append(lines, shutdownLine{root, at, match["captures"].(map[string]any)["reason"].(string)})
	}
	return lines
}

// TestSplicedFailures puts a failure with 0x8024001E round every end of the servicing service in real servicing logs:
// the ordinary idle stop never bears on a restart, a shutdown notification does, unless Windows Update itself restarted.
func TestSplicedFailures(t *testing.T) {
	disks := layOut(t)
	entries, err := os.ReadDir(disks)
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t)
	p := bundled(t, e, "0x8024001E")
	count := map[string]int{}
	logs := 0
	for _, entry := range entries {
		lines := shutdownLines(t, e, filepath.Join(disks, entry.Name()))
		if len(lines) > 0 {
			logs++
		}
		for _, line := range lines {
			count[line.reason]++
			switch {
			case line.reason == "AUTOSTOP":
				if v := splice(t, e, p, line, nil); v == "confirmed" || v == "suspected" {
					t.Errorf("%s, idle stop at %s: maintenance is %s", entry.Name(), line.at, v)
				}
			case strings.HasSuffix(line.reason, "PRESHUTDOWN"):
				foreign := host.Restart{Process: `C:\Program Files\Vendor\patch.exe`, User: `CONTOSO\svc-patch`, Reason: "Other (Planned)", Code: 0x84000000}
				own := host.ByWindowsUpdate(time.Time{}, time.Time{})
				for name, c := range map[string]struct {
					restart *host.Restart
					want    string
				}{"no restart in the System log": {nil, "suspected"}, "foreign restart": {&foreign, "confirmed"}, "Windows Update's own": {&own, "ruled out"}} {
					if v := splice(t, e, p, line, c.restart); v != c.want {
						t.Errorf("%s, %s at %s, %s: maintenance is %s, want %s", entry.Name(), line.reason, line.at, name, v, c.want)
					}
				}
			default:
				t.Errorf("%s: unexpected reason %s", entry.Name(), line.reason)
			}
		}
	}
	if logs != 7 || count["AUTOSTOP"] != 49 || count["NOTIFICATION:PRESHUTDOWN"] != 3 {
		t.Errorf("%d logs with %v, want 7 logs with 49 AUTOSTOP and 3 NOTIFICATION:PRESHUTDOWN", logs, count)
	}
}

// splice writes a System channel with a failure from a minute before to a minute after a line, and a restart at the line
// if there is one, and gives the verdict of the cause "maintenance".
func splice(t *testing.T, e *engine.Engine, p *check.Playbook, line shutdownLine, restart *host.Restart) string {
	t.Helper()
	events := host.NewEvents(host.Server2022, "SPLICED")
	events.Attempt(host.Attempt{
		Update:     host.Update{Title: "An update (KB5900999)", KB: "KB5900999", GUID: "{85604fae-a5c5-4f6d-9012-3d86be1bccce}", Revision: 1},
		Installing: line.at.Add(-time.Minute), Ended: line.at.Add(time.Minute), Result: host.ServiceStop,
	})
	if restart != nil {
		r := *restart
		r.Asked, r.Up = line.at, line.at.Add(45*time.Second)
		events.Restart(r)
	}
	if err := host.WriteSystem(line.disk, events); err != nil {
		t.Fatal(err)
	}
	r := diagnoseDisk(t, e, p, line.disk)
	if r.Outcome != "seen" {
		t.Errorf("%s at %s: outcome %q, want seen", filepath.Base(line.disk), line.at, r.Outcome)
	}
	return verdicts(r)["maintenance"]
}
