package services

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// patience is how long a service may go without getting on, unless it hints that it takes longer.
	patience = 30 * time.Second
	// longest bounds every wait, whatever a service hints.
	longest = 5 * time.Minute

	shortestPoll = 100 * time.Millisecond
	longestPoll  = time.Second
)

// StuckError says that a service did not get where it was asked to go.
type StuckError struct {
	Name   string
	Wanted State
	Is     State
	After  time.Duration
}

func (e *StuckError) Error() string {
	return fmt.Sprintf("the service %s was asked to be %s and is %s after %s", e.Name, e.Wanted, e.Is, e.After.Round(time.Second))
}

// EndedError says that a service was started and has ended with an error.
type EndedError struct {
	Name           string
	Exit, Specific uint32
}

// exitSpecific is ERROR_SERVICE_SPECIFIC_ERROR.
const exitSpecific = 1066

func (e *EndedError) Error() string {
	if e.Exit == exitSpecific {
		return fmt.Sprintf("the service %s was started and has ended with its own error %d", e.Name, e.Specific)
	}
	return fmt.Sprintf("the service %s was started and has ended with error %d", e.Name, e.Exit)
}

// wait is one wait for a service.
type wait struct {
	m          Machine
	name       string
	begun, got time.Time // when it began, and when the service last got on
	last       Status
}

func (m Machine) wait(name string) *wait {
	now := m.Clock.Now()
	return &wait{m: m, name: name, begun: now, got: now}
}

// look reads the status. It is an error when the service has not got on for longer than it may.
func (w *wait) look(ctx context.Context, wanted State) (Status, error) {
	s, err := w.m.Status(ctx, w.name)
	if err != nil {
		return s, err
	}
	now := w.m.Clock.Now()
	if s.State != w.last.State || s.Checkpoint != w.last.Checkpoint {
		w.got = now
	}
	w.last = s
	if now.Sub(w.got) > max(patience, s.Hint) || now.Sub(w.begun) > longest {
		return s, &StuckError{w.name, wanted, s.State, now.Sub(w.begun)}
	}
	return s, nil
}

// pause lets a part of the time pass that the service has hinted at.
func (w *wait) pause(ctx context.Context) error {
	return w.m.Clock.Sleep(ctx, min(max(w.last.Hint/10, shortestPoll), longestPoll))
}

// settled waits until a service is not on its way to another state.
func (m Machine) settled(ctx context.Context, name string, s Status, wanted State) (Status, error) {
	w := m.wait(name)
	w.last = s
	for s.State.Pending() {
		err := w.pause(ctx)
		if err == nil {
			s, err = w.look(ctx, wanted)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// maxAsked bounds how often a service is asked for the same when its state changes under our hands.
const maxAsked = 10

// Halt stops a service and waits until it has stopped; one that does not run is fine. It never ends a process. That the service
// runs again by then is no error: the status says so. The error is a [*StuckError], or wraps [ErrDependents], [ErrDenied] and so
// on.
func (m Machine) Halt(ctx context.Context, name string) (Status, error) {
	for range maxAsked {
		s, err := m.Status(ctx, name)
		if err != nil || s.State == Stopped {
			return s, err
		}
		if s.State == StopPending {
			return m.stops(ctx, name, s)
		}
		if s, err = m.settled(ctx, name, s, Stopped); err != nil {
			return s, err
		}
		switch err := m.Stop(ctx, name); {
		case err == nil:
			return m.stops(ctx, name, s)
		case errors.Is(err, ErrNotActive), errors.Is(err, ErrBusy):
			if err := m.Clock.Sleep(ctx, shortestPoll); err != nil {
				return s, err
			}
		default:
			return s, err
		}
	}
	return m.undecided(ctx, name, Stopped)
}

// stops waits for a service that was asked to stop. One that is on its way up again, or in another process, had stopped.
func (m Machine) stops(ctx context.Context, name string, was Status) (Status, error) {
	w := m.wait(name)
	w.last = was
	for stopping := was.State == StopPending; ; {
		s, err := w.look(ctx, Stopped)
		if err != nil {
			return s, err
		}
		again := s.State == StartPending || s.PID != was.PID && s.PID != 0 || stopping && s.State == Running
		if s.State == Stopped || again {
			return s, nil
		}
		stopping = stopping || s.State == StopPending
		if err := w.pause(ctx); err != nil {
			return s, err
		}
	}
}

// Launch starts a service and waits until it runs; one that runs is fine, and so is one that has ended again without an error: it
// had nothing to do. The status tells. The error is a [*StuckError] or an [*EndedError], or wraps [ErrDisabled] and so on.
func (m Machine) Launch(ctx context.Context, name string) (Status, error) {
	for range maxAsked {
		s, err := m.Status(ctx, name)
		if err != nil {
			return s, err
		}
		starting := s.State == StartPending
		if s, err = m.settled(ctx, name, s, Running); err != nil {
			return s, err
		}
		switch {
		case s.State != Stopped:
			return s, nil
		case starting:
			return m.ended(name, s)
		}
		switch err := m.Start(ctx, name); {
		case err == nil:
			if s, err = m.Status(ctx, name); err == nil {
				s, err = m.settled(ctx, name, s, Running)
			}
			if err != nil || s.State != Stopped {
				return s, err
			}
			return m.ended(name, s)
		case errors.Is(err, ErrRunning), errors.Is(err, ErrBusy):
			if err := m.Clock.Sleep(ctx, shortestPoll); err != nil {
				return s, err
			}
		default:
			return s, err
		}
	}
	return m.undecided(ctx, name, Running)
}

func (m Machine) ended(name string, s Status) (Status, error) {
	if s.Exit != 0 {
		return s, &EndedError{name, s.Exit, s.Specific}
	}
	return s, nil
}

func (m Machine) undecided(ctx context.Context, name string, wanted State) (Status, error) {
	s, err := m.Status(ctx, name)
	if err == nil {
		err = &StuckError{name, wanted, s.State, 0}
	}
	return s, err
}
