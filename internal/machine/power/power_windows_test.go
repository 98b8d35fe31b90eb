package power

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

// TestSuiteLive asks for no restart where one would come: on a Windows only what looks is run.
func TestSuiteLive(t *testing.T) {
	suite := Suite(Live())
	if !strings.HasPrefix(verification.System(), "Wine") {
		var looking []conformance.Check
		for _, c := range suite.Checks {
			if !c.Changes {
				looking = append(looking, c)
			}
		}
		suite.Checks = looking
		conformtest.Run(t, suite, nil)
		return
	}
	// Wine restarts nothing: these calls are empty there.
	conformtest.Run(t, suite, conformtest.Known{
		"the machine counts its starts":                               "missing: the number of this start is 0",
		"where nothing counts down there is nothing to abort":         "missing: it aborts a second time what it has aborted",
		"a restart that is asked for counts down, and can be aborted": "missing: InitiateShutdownW failed with 120",
	})
}

func TestTell(t *testing.T) {
	if !strings.HasPrefix(verification.System(), "Wine") {
		t.Skip("it would disturb whoever is logged on")
	}
	// Wine has one session, and shows nothing there.
	told, err := Tell("Rectify", "a test")
	if told != 0 || err == nil || !strings.Contains(err.Error(), "session 1") {
		t.Errorf("told %d sessions, %v", told, err)
	}
	if _, err := Tell("Rectify", "a\x00test"); err == nil || !strings.Contains(err.Error(), "NUL") {
		t.Errorf("a NUL: got %v", err)
	}
}

// TestShutdownThatIsNone holds that calls which report success and do nothing are caught.
func TestShutdownThatIsNone(t *testing.T) {
	if !strings.HasPrefix(verification.System(), "Wine") {
		t.Skip("this Windows would shut down")
	}
	if code := (calls{}).Abort(); code != codeDone {
		t.Errorf("AbortSystemShutdownW gives %d; this Wine is another than was known", code)
	}
	if aborted, err := Live().Abort(); aborted || !errors.Is(err, ErrNoEffect) {
		t.Errorf("got %v, %v; want %v", aborted, err, ErrNoEffect)
	}
	if err := Live().Restart(Request{Message: "a test", Delay: time.Hour}); err == nil {
		t.Error("a restart that nobody carries out is taken for one")
	}
	verification.InPart(t, "a shutdown that is reported as aborted or scheduled, and is not, is caught", "system.restart", "system.block_restart")
}
