// Package power is about starting and stopping the machine: when it was started, how to have it restart, how to call that off,
// and how to tell those who are logged on.
package power

import (
	"errors"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

// Machine is what starts and stops.
type Machine interface {
	// Boot tells which start of the machine this is.
	Boot() (Boot, error)
	// Restart asks for a restart after a delay, and makes sure that it is scheduled: when it returns nil, the machine
	// counts down. The error wraps [ErrScheduled] where a shutdown was scheduled already, [ErrDenied] or [ErrNoEffect].
	Restart(Request) error
	// Abort calls off a shutdown or restart that is counting down, whoever asked for it, and says whether there was one.
	// The error wraps [ErrDenied] or [ErrNoEffect].
	Abort() (aborted bool, err error)
}

// Boot tells one start of a machine from another.
type Boot struct {
	ID   uint32    `json:"id,omitempty"` // counted by Windows; 0 where it does not
	Time time.Time `json:"time"`         // of the start, by the machine's clock, as far as that was right then
}

// clockSlack is how far the time of the same start can seem to move, when the clock is set.
const clockSlack = 2 * time.Minute

// Precedes says whether the machine has been started anew between two readings. Where Windows does not count its starts, a clock
// that was set forward by more than two minutes looks like a start.
func (b Boot) Precedes(now Boot) bool {
	if b.ID != 0 && now.ID != 0 {
		return b.ID != now.ID
	}
	return now.Time.Sub(b.Time) > clockSlack
}

// Request asks for a restart.
type Request struct {
	Message string        // for those who are logged on, and for the event log
	Delay   time.Duration // whole seconds, at most [LongestDelay]
}

// LongestDelay is the longest countdown that Windows takes: ten years.
const LongestDelay = 315360000 * time.Second

// Errors that callers branch on.
var (
	ErrScheduled  = errors.New("a shutdown is scheduled already")
	ErrDenied     = errors.New("this account may not shut the machine down")
	ErrNoEffect   = errors.New("it is reported as done, and it is not")
	ErrNotWindows = errors.New("this needs a running Windows")
)

// Of makes a machine of the calls of a system.
func Of(c Calls) Machine { return machine{c} }

// Calls are the calls of the system as they are, their results not looked at. System's are [Live]; a test may have its own.
type Calls interface {
	Boot() (Boot, error)
	Initiate(Request) uint32 // InitiateShutdownW for a planned restart: a Win32 error
	Abort() uint32           // AbortSystemShutdownW: a Win32 error
}

// Win32 errors of the calls.
const (
	codeDone         = 0
	codeDenied       = 5    // ERROR_ACCESS_DENIED
	codeMissing      = 120  // ERROR_CALL_NOT_IMPLEMENTED
	codeInProgress   = 1115 // ERROR_SHUTDOWN_IN_PROGRESS
	codeNone         = 1116 // ERROR_NO_SHUTDOWN_IN_PROGRESS
	codeScheduled    = 1190 // ERROR_SHUTDOWN_IS_SCHEDULED
	codePrivileges   = 1300 // ERROR_NOT_ALL_ASSIGNED
	codeNotPrivilege = 1314 // ERROR_PRIVILEGE_NOT_HELD
)

type machine struct{ calls Calls }

func (m machine) Boot() (Boot, error) { return m.calls.Boot() }

// Restart asks a second time to see what the first has achieved: Windows refuses to schedule a second shutdown. There is no call
// that only looks.
func (m machine) Restart(r Request) error {
	if r.Delay < 0 || r.Delay > LongestDelay {
		return fmt.Errorf("a delay of %s: expected 0 to %s", r.Delay, LongestDelay)
	}
	switch code := m.calls.Initiate(r); code {
	case codeDone:
	case codeScheduled, codeInProgress:
		return ErrScheduled
	default:
		return failed("InitiateShutdownW", code)
	}
	switch code := m.calls.Initiate(r); code {
	case codeScheduled, codeInProgress:
		return nil
	case codeDone:
		_, err := m.Abort() // should it be so after all, nobody must be surprised
		return errors.Join(fmt.Errorf("InitiateShutdownW: %w: it schedules a restart a second time, as if there were none", ErrNoEffect), ignoreNoEffect(err))
	default:
		return failed("InitiateShutdownW, asked again,", code)
	}
}

func ignoreNoEffect(err error) error {
	if errors.Is(err, ErrNoEffect) {
		return nil
	}
	return err
}

// Abort calls twice for the same reason.
func (m machine) Abort() (bool, error) {
	switch code := m.calls.Abort(); code {
	case codeDone:
	case codeNone:
		return false, nil
	default:
		return false, failed("AbortSystemShutdownW", code)
	}
	switch code := m.calls.Abort(); code {
	case codeNone:
		return true, nil
	case codeDone:
		return false, fmt.Errorf("AbortSystemShutdownW: %w: it aborts a second time what it has aborted", ErrNoEffect)
	default:
		return false, failed("AbortSystemShutdownW, asked again,", code)
	}
}

// CallError is a call that failed with another Win32 error than those with a meaning here.
type CallError struct {
	Call string
	Code uint32
}

func (e *CallError) Error() string { return fmt.Sprintf("%s failed with %d", e.Call, e.Code) }

func failed(call string, code uint32) error {
	switch code {
	case codeDenied, codePrivileges, codeNotPrivilege:
		return fmt.Errorf("%s: %w", call, ErrDenied)
	}
	return &CallError{call, code}
}

// Missing says whether this system lacks the call.
func (e *CallError) Missing() bool { return e.Code == codeMissing }

// Explain gives an error of this package its code.
func Explain(err error) error {
	call, is := errors.AsType[*CallError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrDenied):
		return sdk.Errorf(sdk.AccessDenied, "%v", err).WithHint("run as an administrator")
	case errors.Is(err, ErrNotWindows), errors.Is(err, ErrNoEffect), is && call.Missing():
		return sdk.Errorf(sdk.Unsupported, "%v", err).WithHint("restart the machine by hand")
	case errors.Is(err, ErrScheduled):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("let it come, or call it off: shutdown /a")
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}
