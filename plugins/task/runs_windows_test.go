package task

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	win "golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

// put writes a file of this machine until the test ends.
func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
}

// TestRunsReadDefinitionsOfThisMachine has the events of a fake and the files of this system: a definition, a script, and a
// definition that cannot be read.
func TestRunsReadDefinitionsOfThisMachine(t *testing.T) {
	script := filepath.Join(t.TempDir(), "stop it.cmd")
	folder := filepath.Join(os.Getenv("SystemRoot"), "System32", "Tasks", "RectifyTest")
	t.Cleanup(func() { os.Remove(folder) })
	put(t, script, []byte("@echo off\r\nnet stop WUAUSERV\r\n"))
	put(t, filepath.Join(folder, "Readable"), definition(`cmd.exe`, `/c "`+script+`"`, "S-1-5-18"))
	put(t, filepath.Join(folder, "Locked"), definition(`cmd.exe`, ``, "S-1-5-18"))
	name, err := win.UTF16PtrFromString(filepath.Join(folder, "Locked"))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := win.CreateFile(name, win.GENERIC_READ|win.GENERIC_WRITE, 0, nil, win.OPEN_EXISTING, win.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer win.CloseHandle(alone)

	events := append([]evtx.Event{logged(taskCompleted, -60*24*5, `\Old`, runA)}, ran(`\RectifyTest\Readable`, runA, 1, 2, 0)...)
	events = append(append(events, ran(`\RectifyTest\Locked`, runB, 1, 2, 0)...), logged(106, 120, `\New`, ""))
	at := disk.New(t, moment(125), map[string][]byte{taskLog: disk.Log(t, events...)})
	a, err := fakeeventlog.Ask(t, runsOf(eventlog.From(fakeeventlog.Like(t, at))), at, windows)
	if err != nil {
		t.Fatal(err)
	}
	var out RunsOutput
	if err := json.Unmarshal(a.Value, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Tasks) != 2 {
		t.Fatalf("got %s", a.Value)
	}
	locked, readable := out.Tasks[0], out.Tasks[1]
	if !readable.Defined || readable.Executable != "cmd.exe" || strings.Join(readable.ScriptMentions, " ") != "wuauserv" {
		t.Errorf("task %+v", readable)
	}
	if locked.Defined || !strings.Contains(a.Partial, `the definition of the task \RectifyTest\Locked cannot be read: `) ||
		!strings.Contains(a.Partial, "another program has it open") {
		t.Errorf("task %+v, partial %q", locked, a.Partial)
	}
	verification.InPart(t, `definitions below %SystemRoot%\System32\Tasks of a running Windows and the scripts that they run are read, and one that cannot be makes the answer partial`, "task.runs")
}

// TestRunsOnThisSystem asks the system that the tests run on. Wine has no event log.
func TestRunsOnThisSystem(t *testing.T) {
	_, err := fakeeventlog.Ask(t, runsOf(eventlog.Source{}), disk.New(t, noon, nil), windows)
	if !strings.HasPrefix(verification.System(), "Wine") {
		if err != nil && sdk.AsError(err).Code != sdk.Unavailable { // it is off where nobody has switched it on
			t.Error(err)
		}
		return
	}
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable || !strings.Contains(e.Message, "EvtOpenLog failed and gave no reason (error 0)") {
		t.Errorf("got %v", err)
	}
	verification.InPart(t, "a system without an event log is told as such, and its process goes on", "task.runs")
}
