package system

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
)

// TestBootsAsWindowsShowsThem reads events in the words of EvtRender.
func TestBootsAsWindowsShowsThem(t *testing.T) {
	at := disk.New(t, time.Date(2024, 1, 10, 12, 0, 0, 0, time.UTC), nil)
	a, err := fakeeventlog.Ask(t, bootsOf(eventlog.From(fakeeventlog.NightMachine())), at, `{}`)
	if err != nil || a.Partial != "" {
		t.Fatal(err, a.Partial)
	}
	var out BootsOutput
	if err := json.Unmarshal(a.Value, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Boots) != 2 {
		t.Fatalf("got %s", a.Value)
	}
	restart, crash := out.Boots[0], out.Boots[1]
	if restart.Kind != "restart" || restart.Initiator != "other" || restart.Process != `C:\Windows\system32\shutdown.exe` || restart.ReasonCode != "0x800000FF" ||
		restart.Comment != "R&D maintenance <night>" || restart.User != `NT AUTHORITY\SYSTEM` || !restart.Up.Equal(time.Date(2024, 1, 10, 3, 1, 0, 123456700, time.UTC)) {
		t.Errorf("restart %+v", restart)
	}
	if crash.Kind != "crash" || crash.Initiator != "nobody" || !crash.Down.Equal(time.Date(2024, 1, 10, 6, 30, 0, 25e6, time.UTC)) {
		t.Errorf("crash %+v", crash)
	}
}
