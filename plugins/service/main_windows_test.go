package service

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/windows/svc"
)

// asService is the argument that makes this program a service: what it is told by the service control manager cannot be seen on
// every system.
const asService = "rectify-test-service"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == asService {
		if err := svc.Run(os.Args[2], behaviour(os.Args[3])); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// behaviour is how the service behaves: "plain", "slow" to stop, telling so; "stuck", never stopping; "firm", taking no request to stop; "idle", ending at once; "broken",
// ending with an error of its own.
type behaviour string

func (b behaviour) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop}
	status <- svc.Status{State: svc.StartPending}
	switch b {
	case "idle":
		return false, 0
	case "broken":
		return true, 42
	}
	if b == "firm" {
		running.Accepts = 0
	}
	status <- running
	for r := range requests {
		switch r.Cmd {
		case svc.Interrogate:
			status <- r.CurrentStatus
		case svc.Stop:
			if b == "stuck" {
				status <- svc.Status{State: svc.StopPending, CheckPoint: 1, WaitHint: 100}
				continue
			}
			for i := uint32(1); b == "slow" && i <= 5; i++ {
				status <- svc.Status{State: svc.StopPending, CheckPoint: i, WaitHint: 1000}
				time.Sleep(20 * time.Millisecond)
			}
			return false, 0
		}
	}
	return false, 0
}
