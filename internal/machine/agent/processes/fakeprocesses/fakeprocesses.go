// Package fakeprocesses are the processes of a machine of tests.
package fakeprocesses

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/internal/machine/agent/processes"
)

// System has the processes that it is given.
type System struct {
	Processes []processes.Process
	// Working do more each time they are looked at; Hidden may not be looked at.
	Working, Hidden map[uint32]bool
	// Fails is why they cannot be listed.
	Fails error

	looks uint64
}

var _ processes.System = (*System)(nil)

// List implements [processes.System].
func (s *System) List(context.Context) ([]processes.Process, error) { return s.Processes, s.Fails }

// Done implements [processes.System].
func (s *System) Done(id uint32) (processes.Work, error) {
	for _, p := range s.Processes {
		switch {
		case p.ID != id:
		case s.Hidden[id]:
			return processes.Work{}, errors.New("OpenProcess: access is denied")
		case s.Working[id]:
			s.looks++
			return processes.Work{Processor: 10, Transfers: s.looks}, nil
		default:
			return processes.Work{Processor: 10}, nil
		}
	}
	return processes.Work{}, errors.New("OpenProcess: the parameter is incorrect")
}
