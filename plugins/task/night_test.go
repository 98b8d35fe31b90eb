package task

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
)

// TestRunsAsWindowsShowsThem reads events in the words of EvtRender.
func TestRunsAsWindowsShowsThem(t *testing.T) {
	at := disk.New(t, time.Date(2024, 1, 10, 12, 0, 0, 0, time.UTC), nil)
	a, err := fakeeventlog.Ask(t, runsOf(eventlog.From(fakeeventlog.NightMachine())), at, `{"windows":[{"from":"2024-01-10T02:10:00Z","to":"2024-01-10T02:15:01Z"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	var out RunsOutput
	if err := json.Unmarshal(a.Value, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Tasks) != 1 || len(out.Tasks[0].Runs) != 1 {
		t.Fatalf("got %s", a.Value)
	}
	task, run := out.Tasks[0], out.Tasks[0].Runs[0]
	if task.Path != `\Check WSUS Reg` || task.User != "S-1-5-18" || task.Command != `C:\Windows\SYSTEM32\cmd.exe` || task.WindowsHit != 1 ||
		run.Instance != "ffbedba1-9858-4250-beb7-f545ae86a0f5" || *run.Result != 2147942401 || !run.Ended.Equal(time.Date(2024, 1, 10, 2, 15, 30, 10e6, time.UTC)) {
		t.Errorf("got %s", a.Value)
	}
}
