package trace

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	forge "github.com/rectify-project/rectify/internal/forge/etl"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// TestSearchOfThisMachine searches traces of the running system: a whole one, one that a session still writes to, and one that
// nobody else may read.
func TestSearchOfThisMachine(t *testing.T) {
	folder := filepath.Join(os.Getenv("ProgramData"), "USOShared", "Logs", "RectifyTest")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	put("a.etl", written(t, plain(0), failure(time.Minute)))
	open := forge.Trace{Session: "s", File: `C:\s.etl`, Build: 19041, Start: start.Add(11 * time.Hour), Records: []forge.Record{failure(12 * time.Hour)}}
	unclosed, err := open.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	put("b.etl", unclosed[:len(unclosed)-100])
	search := func(windows []sdk.Window) (SearchOutput, sdk.Answer) {
		t.Helper()
		a, err := plugintest.Serve(t, Plugin()).Observe("search", target.Spec{Kind: target.Live, Now: start.Add(24 * time.Hour)}, SearchInput{
			Files:    []schema.TargetPath{`%PROGRAMDATA%\usoshared\logs\rectifytest\*.etl`},
			Patterns: map[string]schema.Regexp{"handler": `UpdateDownloadResult:\d+`}, Windows: windows,
		})
		if err != nil {
			t.Fatal(err)
		}
		var out SearchOutput
		if err := json.Unmarshal(a.Value, &out); err != nil {
			t.Fatal(err)
		}
		return out, a
	}
	out, a := search(nil)
	if out.Patterns["handler"].Count != 2 || out.Events != 3 || !strings.Contains(a.Partial, `b.etl: is still written to`) || a.Covers == nil {
		t.Errorf("got %s, partial %q", a.Value, a.Partial)
	}
	if e := a.Evidence[0]; !strings.EqualFold(e.File, filepath.Join(folder, "a.etl")) {
		t.Errorf("evidence %+v", e)
	}
	if out, a := search(window(0, time.Hour)); out.Patterns["handler"].Count != 1 || a.Partial != "" {
		t.Errorf("got %s, partial %q", a.Value, a.Partial)
	}
	name, err := windows.UTF16PtrFromString(filepath.Join(folder, "b.etl"))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(alone)
	if out, a := search(nil); out.Patterns["handler"].Count != 1 || !strings.Contains(a.Partial, "another program has it open and lets nobody else read it") || a.Covers != nil {
		t.Errorf("got %s, partial %q", a.Value, a.Partial)
	}
	verification.Shown(t, "traces below %ProgramData% of a running Windows are searched, and one that is still written to or locked makes the answer partial", "trace.search")
	verification.ShownByFake(t, "traces that the tests have written are decoded as on a disk", "trace.search")
}
