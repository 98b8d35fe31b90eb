package system

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

// TestBootsOnThisSystem asks the system that the tests run on. Wine has no event log.
func TestBootsOnThisSystem(t *testing.T) {
	_, err := fakeeventlog.Ask(t, bootsOf(eventlog.Source{}), disk.New(t, noon, nil), `{}`)
	if !strings.HasPrefix(verification.System(), "Wine") {
		if err != nil {
			t.Error(err)
		}
		return
	}
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable || !strings.Contains(e.Message, "EvtOpenLog failed and gave no reason (error 0)") {
		t.Errorf("got %v", err)
	}
	verification.InPart(t, "a system without an event log is told as such, and its process goes on", "system.boots")
}
