package update

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
)

// TestAttemptsAsWindowsShowsThem reads events in the words of EvtRender.
func TestAttemptsAsWindowsShowsThem(t *testing.T) {
	at := disk.New(t, time.Date(2024, 1, 10, 12, 0, 0, 0, time.UTC), nil)
	a, err := fakeeventlog.Ask(t, attemptsOf(eventlog.From(fakeeventlog.NightMachine())), at, `{"code":"0x8024001E"}`)
	if err != nil || a.Partial != "" {
		t.Fatal(err, a.Partial)
	}
	var out AttemptsOutput
	if err := json.Unmarshal(a.Value, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Failed) != 1 || len(out.Open) != 1 || len(out.Succeeded) != 1 || len(out.Others) != 0 {
		t.Fatalf("got %s", a.Value)
	}
	f := out.Failed[0]
	if f.KB != "KB5034441" || f.UpdateGUID != "25acae93-40d4-4e62-814c-efb2f29f1bca" || *f.Revision != 200 || f.Phase != "install" || f.StartedAssumed ||
		!f.Started.Equal(time.Date(2024, 1, 10, 2, 10, 0, 2e8, time.UTC)) || out.Succeeded[0].KB != "KB2267602" {
		t.Errorf("got %s", a.Value)
	}
}
