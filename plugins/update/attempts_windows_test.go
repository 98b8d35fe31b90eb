package update

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

// TestAttemptsOnThisSystem asks the system that the tests run on. Wine has no event log: without the log of the Windows Update
// agent nothing is known, and with it what it has.
func TestAttemptsOnThisSystem(t *testing.T) {
	if !strings.HasPrefix(verification.System(), "Wine") {
		t.Skipf("%s has a log of its own, which is not to be replaced", verification.System())
	}
	const input = `{"code":"0x8024001E","since":"1d"}`
	at := disk.New(t, moment(60), nil)
	_, err := fakeeventlog.Ask(t, attemptsOf(eventlog.Source{}), at, input)
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable || !strings.Contains(e.Message, "EvtOpenLog failed and gave no reason (error 0)") {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(os.Getenv("SystemRoot"), "SoftwareDistribution", "ReportingEvents.log")
	if err := os.Mkdir(filepath.Dir(path), 0o777); err == nil {
		t.Cleanup(func() { os.Remove(filepath.Dir(path)) })
	} else if !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	line := reported(182, 20, guidA, 0x8024001E, "Installation Failure: Windows failed to install the following update with error 0x8024001E: "+title+".")
	if err := os.WriteFile(path, reporting(t, line), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	a, err := fakeeventlog.Ask(t, attemptsOf(eventlog.Source{}), at, input)
	if err != nil {
		t.Fatal(err)
	}
	var out AttemptsOutput
	if err := json.Unmarshal(a.Value, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Failed) != 1 || out.Failed[0].Source != sourceHistory || !strings.Contains(a.Partial, "EvtOpenLog failed") {
		t.Errorf("partial %q: %s", a.Partial, a.Value)
	}
	if e := a.Evidence[0]; !strings.EqualFold(e.File, path) || e.Line != 1 {
		t.Errorf("evidence %+v", e)
	}
	verification.InPart(t, "without an event log the answer is partial, of what ReportingEvents.log of the running Windows has", "update.attempts")
}
