package holders_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/holders"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

// The executable of the test is open as long as the test runs.
func TestSystemConforms(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	known := conformtest.Known{}
	if strings.HasPrefix(verification.System(), "Wine ") {
		known["an open file is held by a process that has a number and a name"] = "missing: nobody is named"
	}
	conformtest.Run(t, holders.Suite(holders.Live(), self), known)
}
