// Package fakepower is a machine for tests that can be restarted without anybody noticing.
package fakepower

import (
	"sync"
	"time"

	"github.com/rectify-project/rectify/internal/machine/power"
)

// Machine has the calls of a machine. Its fields are set before it is used. The zero Machine was never started: use [New].
type Machine struct {
	// Ignores makes calls report success and do nothing, as on a system that has only their names.
	Ignores bool
	// Denies makes calls fail for lack of rights.
	Denies bool

	mu        sync.Mutex
	boot      power.Boot
	scheduled *power.Request
	asked     int
}

var _ power.Calls = (*Machine)(nil)

// New is a machine that was started at a time.
func New(started time.Time) *Machine { return &Machine{boot: power.Boot{ID: 7, Time: started}} }

// Win32 errors, as Windows gives them.
const (
	denied    = 5
	none      = 1116
	scheduled = 1190
)

// Boot implements [power.Calls].
func (m *Machine) Boot() (power.Boot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boot, nil
}

// Initiate implements [power.Calls].
func (m *Machine) Initiate(r power.Request) uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	switch {
	case m.Denies:
		return denied
	case m.Ignores:
		return 0
	case m.scheduled != nil:
		return scheduled
	}
	m.scheduled = &r
	return 0
}

// Abort implements [power.Calls].
func (m *Machine) Abort() uint32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.Denies:
		return denied
	case m.Ignores:
		return 0
	case m.scheduled == nil:
		return none
	}
	m.scheduled = nil
	return 0
}

// Start starts the machine anew at a time, whether it was asked for or not.
func (m *Machine) Start(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scheduled = nil
	m.boot = power.Boot{ID: m.boot.ID + 1, Time: at}
}

// Schedule has somebody else ask for a shutdown.
func (m *Machine) Schedule(r power.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scheduled = &r
}

// Scheduled is what counts down; nil: nothing.
func (m *Machine) Scheduled() *power.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.scheduled
}

// Asked is how often Initiate was called.
func (m *Machine) Asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}
