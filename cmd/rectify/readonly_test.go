package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/sdk"
)

// treeState gives all that can be seen of a folder without reading it again: for each name in it the mode, the size, the
// time of the last change and the content.
func treeState(t *testing.T, root string) map[string]string {
	t.Helper()
	state := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var content []byte
		if info.Mode().IsRegular() {
			if content, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		state[path] = fmt.Sprintf("%v %d %d %x", info.Mode(), info.Size(), info.ModTime().UnixNano(), sha256.Sum256(content))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// lookEverywhere has arguments for each probe that works on a disk, which let it read as much as it can.
var lookEverywhere = map[string]map[string]any{
	"disk.space":             {"path": `%SystemDrive%\`},
	"event.query":            {"channel": "System"},
	"event.channel":          {"channel": "System"},
	"file.stat":              {"path": `%SystemRoot%\Logs\CBS\*`},
	"log.search":             {"files": []any{`%SystemRoot%\Logs\*\*`}, "patterns": map[string]any{"all": "."}},
	"registry.read":          {"key": `HKLM\SYSTEM\CurrentControlSet\Services\wuauserv`},
	"service.status":         {"name": "wuauserv"},
	"service.changes":        {"names": []any{"wuauserv", "BITS"}},
	"system.clock":           {},
	"system.info":            {},
	"system.boots":           {},
	"system.pending_restart": {},
	"task.list":              {},
	"task.runs":              {},
	"trace.search":           {"files": []any{`%ProgramData%\USOShared\Logs\System\*.etl`, `%SystemRoot%\Logs\WindowsUpdate\*.etl`}, "patterns": map[string]any{"all": "."}},
	"update.attempts":        {},
	"update.history":         {},
	"update.source":          {},
	"update.installed":       {"updates": []any{map[string]any{"kb": "KB5900101", "title": "An update (KB5900101)", "update_guid": "abd74871-ea87-49aa-b3fe-866aca9b23f2"}}},
	"update.busy":            {},
}

// TestLookingChangesNothing looks at disks with everything that can look, and compares them before and after.
func TestLookingChangesNothing(t *testing.T) {
	e := newEngine(t)
	p := bundled(t, e, "0x8024001E")
	inputs, err := engine.Inputs(p, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	var offline []string
	for _, plugin := range e.Plugins(t.Context()) {
		for _, m := range plugin.Manifest.Probes {
			if slices.Contains(m.Targets, sdk.TargetKind("offline")) && plugin.Name != "network" {
				offline = append(offline, plugin.Name+"."+m.Name)
			}
		}
	}
	answered := map[string]bool{"disk.space": true} // it knows nothing of a folder
	for _, disk := range sampleDisks(t) {
		name := filepath.Base(disk)
		t.Run(name, func(t *testing.T) {
			root := copyDisk(t, name).root
			before := treeState(t, root)
			diagnoseDisk(t, e, p, root)
			s, err := e.Open(t.Context(), engine.Where{Root: root, Record: true})
			if err != nil {
				t.Fatal(err)
			}
			e.Record(t.Context(), p, s, inputs)
			for _, uses := range offline {
				args, known := lookEverywhere[uses]
				if !known {
					t.Fatalf("this test has no arguments for the probe %s", uses)
				}
				probe, err := e.Probe(t.Context(), uses)
				if err != nil {
					t.Fatal(err)
				}
				fitted, _ := probe.Input.Fit(args).(map[string]any)
				if s.Observe(t.Context(), probe, probe.Input.WithDefaults(fitted)).Known() {
					answered[uses] = true
				}
			}
			after := treeState(t, root)
			for path, was := range before {
				if after[path] != was {
					t.Errorf("%s was %s, is %s", path, was, after[path])
				}
			}
			if len(after) != len(before) {
				t.Errorf("%d names before, %d after", len(before), len(after))
			}
		})
	}
	for _, uses := range offline {
		if !answered[uses] {
			t.Errorf("%s answers on no disk: its arguments are wrong, and it has not looked", uses)
		}
	}
}
