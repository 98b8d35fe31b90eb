package processes_test

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/agent/processes"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestConformanceOnWindows(t *testing.T) {
	conformtest.Run(t, processes.Suite(processes.Live()), nil)
}
