package service

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
)

// TestChangesAsWindowsShowsThem reads events in the words of EvtRender.
func TestChangesAsWindowsShowsThem(t *testing.T) {
	at := disk.New(t, time.Date(2024, 1, 10, 12, 0, 0, 0, time.UTC), nil)
	a, err := fakeeventlog.Ask(t, changesOf(eventlog.From(fakeeventlog.NightMachine())), at, `{"names":["wuauserv"]}`)
	if err != nil || a.Partial != "" {
		t.Fatal(err, a.Partial)
	}
	var out ChangesOutput
	if err := json.Unmarshal(a.Value, &out); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range out.Changes {
		got = append(got, c.Time.Format("15:04:05.000 ")+c.State)
	}
	want := []string{"02:14:59.900 stop_pending", "02:15:00.300 stopped", "02:16:00.500 running"}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if e := a.Evidence[1]; e.Channel != "System" || e.Record != 41204 || e.File != "" || e.Text != "The Windows Update service entered the stopped state (wuauserv/1)" {
		t.Errorf("evidence %+v", e)
	}
}
