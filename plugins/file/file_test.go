package file

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestConform(t *testing.T) { plugintest.Conform(t, Plugin()) }

var day = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

func disk(t *testing.T) target.Spec {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{"Windows/a.log": "12345", "Windows/b.log": "1", "Windows/Logs/c.txt": "123"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		when := day.Add(time.Duration(len(text)) * time.Hour)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	return target.Spec{Kind: target.Offline, Root: root}
}

func TestStat(t *testing.T) {
	spec := disk(t)
	tests := map[string]struct {
		path   schema.TargetPath
		exists bool
		count  int
		size   schema.Bytes
		newest time.Time
		first  schema.TargetPath
		kind   string
		items  int
	}{
		"file":          {path: `%SystemRoot%\A.LOG`, exists: true, count: 1, size: 5, newest: day.Add(5 * time.Hour), first: `C:\Windows\a.log`, kind: "file"},
		"files":         {path: `%SystemRoot%\*.log`, exists: true, count: 2, size: 6, newest: day.Add(5 * time.Hour), first: `C:\Windows\a.log`, kind: "file"},
		"folder":        {path: `%SystemRoot%\logs`, exists: true, count: 1, first: `C:\Windows\Logs`, kind: "folder", items: 1},
		"nothing":       {path: `%SystemRoot%\none`},
		"no-parent":     {path: `%SystemRoot%\none\deep\x.log`},
		"no-such-match": {path: `%SystemRoot%\*.evtx`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := plugintest.Serve(t, Plugin()).Observe("stat", spec, StatInput{test.path})
			if err != nil {
				t.Fatal(err)
			}
			var out StatOutput
			if err := json.Unmarshal(a.Value, &out); err != nil {
				t.Fatal(err)
			}
			if out.Exists != test.exists || out.Count != test.count || out.Size != test.size || a.Partial != "" {
				t.Fatalf("got %s, partial %q", a.Value, a.Partial)
			}
			if !test.newest.IsZero() && !out.Newest.Equal(test.newest) {
				t.Errorf("newest %v, want %v", out.Newest, test.newest)
			}
			if test.count == 0 {
				return
			}
			p := out.Paths[0]
			if p.Path != test.first || p.Kind != test.kind || (p.Items != nil) != (test.items > 0) || p.Items != nil && *p.Items != test.items {
				t.Errorf("first: %+v", p)
			}
			if len(a.Evidence) != test.count || a.Evidence[0].File != string(test.first) {
				t.Errorf("evidence: %+v", a.Evidence)
			}
		})
	}
}

func TestStatRefusals(t *testing.T) {
	spec := disk(t)
	for name, path := range map[string]schema.TargetPath{"upwards": `C:\..\x`, "other-drive": `D:\x`, "unknown-variable": `%Nowhere%\x`} {
		t.Run(name, func(t *testing.T) {
			_, err := plugintest.Serve(t, Plugin()).Observe("stat", spec, StatInput{path})
			if e := sdk.AsError(err); err == nil || e.Code != sdk.InvalidInput || e.Path != "/path" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLinkOutOfTheDisk(t *testing.T) {
	skipLink(t, "link")
	spec := disk(t)
	if err := os.Symlink(t.TempDir(), filepath.Join(spec.Root, "Windows", "out")); err != nil {
		t.Fatal(err)
	}
	_, err := plugintest.Serve(t, Plugin()).Observe("stat", spec, StatInput{`C:\Windows\out`})
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable {
		t.Errorf("a link that leads out: got %v, want %s", err, sdk.Unavailable)
	}
}
