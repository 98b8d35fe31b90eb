package fakeservices

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/services"
)

// Set changes a service behind everybody's back, as another program would.
func (m *Machine) Set(name string, change func(s *Service)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.services[name]
	ran := s.State != services.Stopped
	change(s)
	switch runs := s.State != services.Stopped; {
	case runs && !ran:
		m.process(s)
	case !runs:
		s.pid = 0
	}
}

// Remove takes a service away.
func (m *Machine) Remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.services, name)
}

// Image is a whole machine at an instant.
type Image struct {
	services map[string]Service
	ledger   map[string]string
	now      time.Time
	pids     uint32
}

// Image takes one.
func (m *Machine) Image() Image {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := Image{map[string]Service{}, maps.Clone(m.ledger), m.now, m.pids}
	for n, s := range m.services {
		i.services[n] = *s
	}
	return i
}

// Restore makes the machine what it was.
func (m *Machine) Restore(i Image) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.services, m.ledger, m.now, m.pids = map[string]*Service{}, maps.Clone(i.ledger), i.now, i.pids
	for n, s := range i.services {
		m.services[n] = &s
	}
}

// Same says whether two images show the same.
func (i Image) Same(other Image) bool { return reflect.DeepEqual(i, other) }

// String is all that is to be the same after an action was taken back: start types, states, and what is owed. What is pending counts
// as where it goes; processes and times do not count.
func (m *Machine) String() string {
	i := m.Image()
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(i.services)) {
		s := i.services[n]
		state := services.Stopped
		if s.State.Runs() {
			state = services.Running
		}
		fmt.Fprintf(&b, "%s %s %s delayed=%v\n", n, state, s.Start.Type, s.Start.Delayed)
	}
	for _, n := range slices.Sorted(maps.Keys(i.ledger)) {
		e, err := services.DecodeEntry(i.ledger[n])
		if err != nil {
			fmt.Fprintf(&b, "ledger %s %v\n", n, err)
			continue
		}
		fmt.Fprintf(&b, "ledger %s", n)
		if e.Held != nil {
			fmt.Fprintf(&b, " is owed %s, is %s", e.Held.Start, e.Held.As)
		}
		fmt.Fprintf(&b, " ran=%v started=%v\n", e.Ran, e.Started != nil)
	}
	return b.String()
}
