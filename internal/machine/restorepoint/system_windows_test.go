package restorepoint

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestSuiteLive(t *testing.T) {
	suite := Suite(Live())
	if !strings.HasPrefix(verification.System(), "Wine") {
		suite.Checks = []conformance.Check{suite.Checks[0]} // a Windows would make a restore point
		conformtest.Run(t, suite, nil)
		return
	}
	conformtest.Run(t, suite, conformtest.Known{
		"restore points are listed":              "differs: a restore point has the number 0",
		"a restore point that is made is listed": "differs: SRSetRestorePointW failed with 0",
	})
}
