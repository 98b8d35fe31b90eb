// Package fakeservices is a service control manager that behaves as Windows does where actions on services have to reckon with
// it: states that take their time, dependents, triggers, services that refuse to stop or never do.
package fakeservices

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rectify-project/rectify/internal/machine/services"
)

// Service is a service as a test sets it up. The zero values are those of one that does as it is told, at once.
type Service struct {
	Start     services.Start
	State     services.State // stopped where it is empty
	DependsOn []string
	Account   string
	Binary    string
	Triggered bool
	Shared    bool // it runs in the process that all shared ones run in

	Polls      int    // how often it is asked for its state until it has come from one to the next
	Restarts   int    // how often it is started by a trigger just after it was stopped, unless it is disabled
	Races      int    // the same although it is disabled: the trigger had come before
	Stuck      bool   // it never gets beyond stop_pending
	Refuses    error  // what a request to stop gives
	Fixed      error  // what a change of its start type gives
	Unstarted  error  // what a request to start gives
	EndsAtOnce bool   // it has nothing to do when it is started by an action
	Exit       uint32 // what it ends with then
	Forgetful  bool   // a change of its start type is reported done, and is not
	Unreadable error  // what its flag of delay and its triggers give
	Deleted    bool   // it is marked for deletion

	// Denies are the rights that nobody has, administrators neither.
	Denies []services.Right

	pid     uint32
	created time.Time
	left    int // polls until it gets on
	tick    uint32
}

// Machine is a fake of [services.Machine]. The methods may be used by several goroutines.
type Machine struct {
	// Changed, when it is set, is called after each single change of the machine, with what it was: an instant at which a crash
	// leaves the machine as it is then.
	Changed func(what string)
	// Limited says that whoever asks is not elevated: every right is denied.
	Limited bool

	mu       sync.Mutex
	services map[string]*Service
	ledger   map[string]string
	now      time.Time
	pids     uint32
}

// New makes a machine with services. Its clock stands at noon of a day and goes on when somebody waits.
func New(all map[string]Service) *Machine {
	m := &Machine{services: map[string]*Service{}, ledger: map[string]string{}, now: time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC), pids: 100}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		if s.State == "" {
			s.State = services.Stopped
		}
		s.left = s.Polls
		if s.State != services.Stopped {
			m.process(&s)
			if !s.Shared {
				s.created = m.now.Add(-time.Hour)
			}
		}
		m.services[name] = &s
	}
	return m
}

// Machine is the machine as actions get it.
func (m *Machine) Machine() services.Machine {
	return services.Machine{Manager: m, Ledger: m, Clock: m, Rights: m}
}

const sharedPID = 50

func (m *Machine) process(s *Service) {
	if s.Shared {
		s.pid, s.created = sharedPID, time.Date(2026, 1, 10, 8, 0, 0, 0, time.UTC)
		return
	}
	m.pids += 4
	s.pid, s.created = m.pids, m.now
}

func (m *Machine) find(call, name string) (string, *Service, error) {
	for n, s := range m.services {
		if strings.EqualFold(n, name) {
			return n, s, nil
		}
	}
	return "", nil, failed(call, name, services.ErrAbsent)
}

func failed(call, name string, kind error) error {
	err := kind
	if err == nil {
		err = errors.New("as the fake was told")
	}
	return &services.Error{Call: call, Name: name, Kind: kind, Err: err}
}

// read looks at a service under the lock.
func read[T any](m *Machine, call, name string, do func(name string, s *Service) (T, error)) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, s, err := m.find(call, name)
	if err != nil {
		var none T
		return none, err
	}
	return do(n, s)
}

// change changes a service under the lock, and tells of it outside.
func (m *Machine) change(ctx context.Context, call, name string, do func(name string, s *Service) (what string, err error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	what, err := read(m, call, name, do)
	if err == nil {
		m.tell(what)
	}
	return err
}

func (m *Machine) tell(what string) {
	if m.Changed != nil && what != "" {
		m.Changed(what)
	}
}

// Status lets a pending service get on with each question.
func (m *Machine) Status(ctx context.Context, name string) (services.Status, error) {
	if err := ctx.Err(); err != nil {
		return services.Status{}, err
	}
	what := ""
	status, err := read(m, "QueryServiceStatusEx", name, func(n string, s *Service) (services.Status, error) {
		if s.State.Pending() && (s.State != services.StopPending || !s.Stuck) {
			if s.left--; s.left < 0 {
				m.arrive(s)
				what = fmt.Sprintf("%s is %s", n, s.State)
			} else {
				s.tick++
			}
		}
		return services.Status{State: s.State, PID: s.pid, Shared: s.Shared, TakesStop: s.takesStop(), Exit: s.exit(), Checkpoint: s.tick, Hint: 2 * time.Second}, nil
	})
	m.tell(what)
	return status, err
}

func (s *Service) takesStop() bool {
	return (s.State == services.Running || s.State == services.Paused) && !errors.Is(s.Refuses, services.ErrRefused)
}

func (s *Service) exit() uint32 {
	if s.State == services.Stopped {
		return s.Exit
	}
	return 0
}

// arrive brings a pending service to where it goes, and a trigger on its way.
func (m *Machine) arrive(s *Service) {
	s.tick = 0
	if s.State != services.StopPending {
		s.State = services.Running
		if s.EndsAtOnce {
			s.State, s.pid = services.Stopped, 0
		}
		return
	}
	s.State, s.pid = services.Stopped, 0
	switch {
	case s.Races > 0:
		s.Races--
	case s.Restarts > 0 && s.Start.Type != services.Disabled:
		s.Restarts--
	default:
		return
	}
	s.State = services.Running
	m.process(s)
}

// Configuration tells of a service.
func (m *Machine) Configuration(ctx context.Context, name string) (services.Configuration, error) {
	return read(m, "QueryServiceConfig", name, func(n string, s *Service) (services.Configuration, error) {
		c := services.Configuration{
			DisplayName: "The service " + n, Account: s.Account, Binary: s.Binary, Type: s.Start.Type,
			Delayed: services.Flag{Value: s.Start.Delayed}, Triggered: services.Flag{Value: s.Triggered},
		}
		if s.Unreadable != nil {
			c.Delayed, c.Triggered = services.Flag{Err: s.Unreadable}, services.Flag{Err: s.Unreadable}
		}
		return c, ctx.Err()
	})
}

// Dependents gives also those that depend on dependents.
func (m *Machine) Dependents(ctx context.Context, name string) ([]string, error) {
	return read(m, "EnumDependentServices", name, func(n string, _ *Service) ([]string, error) {
		return m.dependents(n, nil), ctx.Err()
	})
}

func (m *Machine) dependents(name string, found []string) []string {
	for _, n := range slices.Sorted(maps.Keys(m.services)) {
		s := m.services[n]
		if s.State == services.Stopped || slices.Contains(found, n) || !slices.ContainsFunc(s.DependsOn, func(d string) bool { return strings.EqualFold(d, name) }) {
			continue
		}
		found = m.dependents(n, found)
		found = append(found, n)
	}
	return found
}

// Names lists the services.
func (m *Machine) Names(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.services)), nil
}

// ProcessStarted knows the processes of services.
func (m *Machine) ProcessStarted(_ context.Context, pid uint32) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.services {
		if s.pid == pid && pid != 0 {
			return s.created, nil
		}
	}
	return time.Time{}, failed(fmt.Sprintf("OpenProcess %d", pid), "", nil)
}

// SetType changes a start type.
func (m *Machine) SetType(ctx context.Context, name string, t services.StartType) error {
	return m.change(ctx, "ChangeServiceConfig", name, func(n string, s *Service) (string, error) {
		switch {
		case !(services.Start{Type: t}).Valid():
			return "", failed("ChangeServiceConfig", n, nil)
		case m.denies(s, services.ToConfigure):
			return "", failed("OpenService", n, services.ErrDenied)
		case s.Fixed != nil:
			return "", failed("ChangeServiceConfig", n, s.Fixed)
		case s.Deleted:
			return "", failed("ChangeServiceConfig", n, services.ErrDeleted)
		case s.Forgetful:
			return "", nil
		}
		s.Start.Type = t
		return fmt.Sprintf("the start type of %s is %s", n, t), nil
	})
}

// SetDelayed is strict: it takes the flag of an automatic service only.
func (m *Machine) SetDelayed(ctx context.Context, name string, delayed bool) error {
	return m.change(ctx, "ChangeServiceConfig2", name, func(n string, s *Service) (string, error) {
		switch {
		case m.denies(s, services.ToConfigure):
			return "", failed("OpenService", n, services.ErrDenied)
		case s.Fixed != nil:
			return "", failed("ChangeServiceConfig2", n, s.Fixed)
		case s.Start.Type != services.Automatic:
			return "", failed("ChangeServiceConfig2", n, nil)
		}
		if !s.Forgetful {
			s.Start.Delayed = delayed
		}
		return fmt.Sprintf("the delay of %s is %v", n, delayed), nil
	})
}

// Start starts a service, and what it depends on before.
func (m *Machine) Start(ctx context.Context, name string) error {
	return m.change(ctx, "StartService", name, func(n string, s *Service) (string, error) {
		if m.denies(s, services.ToStart) {
			return "", failed("OpenService", n, services.ErrDenied)
		}
		if err := m.start(n, s); err != nil {
			return "", err
		}
		return n + " is started", nil
	})
}

func (m *Machine) start(n string, s *Service) error {
	switch {
	case s.Deleted:
		return failed("StartService", n, services.ErrDeleted)
	case s.Start.Type == services.Disabled:
		return failed("StartService", n, services.ErrDisabled)
	case s.State != services.Stopped:
		return failed("StartService", n, services.ErrRunning)
	case s.Unstarted != nil:
		return failed("StartService", n, s.Unstarted)
	}
	for _, d := range s.DependsOn {
		dn, dependency, err := m.find("StartService", d)
		if err == nil && dependency.State == services.Stopped {
			err = m.start(dn, dependency)
		}
		if err != nil {
			return failed("StartService", n, nil) // ERROR_SERVICE_DEPENDENCY_FAIL
		}
	}
	s.State, s.left, s.tick = services.StartPending, s.Polls, 0
	m.process(s)
	return nil
}

// Stop asks a service to stop.
func (m *Machine) Stop(ctx context.Context, name string) error {
	return m.change(ctx, "ControlService", name, func(n string, s *Service) (string, error) {
		switch {
		case m.denies(s, services.ToStop):
			return "", failed("OpenService", n, services.ErrDenied)
		case s.Refuses != nil:
			return "", failed("ControlService", n, s.Refuses)
		case s.State == services.Stopped:
			return "", failed("ControlService", n, services.ErrNotActive)
		case s.State.Pending():
			return "", failed("ControlService", n, services.ErrBusy)
		case len(m.dependents(n, nil)) > 0:
			return "", failed("ControlService", n, services.ErrDependents)
		}
		s.State, s.left, s.tick = services.StopPending, s.Polls, 0
		return n + " is asked to stop", nil
	})
}
