package processes_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/agent/processes"
	"github.com/rectify-project/rectify/internal/machine/agent/processes/fakeprocesses"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestConformance(t *testing.T) {
	own := uint32(os.Getpid())
	conformtest.RunFake(t, processes.Suite(&fakeprocesses.System{
		Processes: []processes.Process{{ID: 4, Name: "System"}, {ID: own, Name: filepath.Base(os.Args[0])}},
		Working:   map[uint32]bool{own: true},
	}), nil)
}
