// Package services is the service control manager of a running Windows. Services are named by their key ("wuauserv"), never by
// their display name, which is localised.
//
// A [Machine] is what actions on services need: the manager, the [Ledger] of what is owed to services that are held, and a
// clock. Each call of the manager is one question or one request; what takes longer, and what has to be read back, is in the
// methods of [Machine].
package services

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// State is what a service does.
type State string

// The states, in the words of Windows (SERVICE_STOPPED and so on).
const (
	Stopped         State = "stopped"
	StartPending    State = "start_pending"
	StopPending     State = "stop_pending"
	Running         State = "running"
	ContinuePending State = "continue_pending"
	PausePending    State = "pause_pending"
	Paused          State = "paused"
)

// Runs says whether a service runs or is about to: whether it would have to be stopped.
func (s State) Runs() bool { return s != Stopped && s != StopPending }

// Pending says whether a service is on its way to another state.
func (s State) Pending() bool {
	return s == StartPending || s == StopPending || s == ContinuePending || s == PausePending
}

// StartType is how a service is started.
type StartType string

// The start types.
const (
	Boot      StartType = "boot"
	System    StartType = "system"
	Automatic StartType = "automatic"
	Manual    StartType = "manual"
	Disabled  StartType = "disabled"
)

// startTypes are SERVICE_BOOT_START (0) to SERVICE_DISABLED (4).
var startTypes = [...]StartType{Boot, System, Automatic, Manual, Disabled}

// Start is how a service is started, with the flag that counts for automatic ones only.
type Start struct {
	Type    StartType `json:"type"`
	Delayed bool      `json:"delayed,omitempty"`
}

// Same says whether two are the same to Windows: the flag of a service that is not automatic says nothing.
func (s Start) Same(other Start) bool {
	return s.Type == other.Type && (s.Type != Automatic || s.Delayed == other.Delayed)
}

// String is the start type as playbooks name it: "manual", "automatic_delayed".
func (s Start) String() string {
	if s.Type == Automatic && s.Delayed {
		return "automatic_delayed"
	}
	return string(s.Type)
}

// Valid says whether it names a start type.
func (s Start) Valid() bool {
	for _, t := range startTypes {
		if s.Type == t {
			return true
		}
	}
	return false
}

// Status is what a service does now.
type Status struct {
	State State
	// PID is the process that it runs in; 0 where it does not run.
	PID uint32
	// Shared says that other services may run in the same process.
	Shared bool
	// TakesStop says that it takes a request to stop now. One on its way to another state takes none until it is there.
	TakesStop bool
	// Exit is the error that it ended with, Specific the service's own one where Exit is 1066. A service that was not started
	// since the machine was has 1077.
	Exit, Specific uint32
	// Checkpoint rises while a pending service gets on; Hint is how long it says that it takes until then.
	Checkpoint uint32
	Hint       time.Duration
}

// Flag is a part of a configuration that may be impossible to read by itself.
type Flag struct {
	Value bool
	Err   error // why it is not known
}

// Configuration is how a service is set up.
type Configuration struct {
	DisplayName string
	Account     string
	Binary      string
	Type        StartType
	Delayed     Flag
	// Triggered says whether Windows starts it when something happens, whatever its start type except disabled.
	Triggered Flag
}

// Start is how the service is started. A flag that is not known counts as not set.
func (c Configuration) Start() Start { return Start{c.Type, c.Delayed.Value} }

// Looker looks at services and changes nothing. Names are case-insensitive. Errors wrap one of this package where there is one for
// them.
type Looker interface {
	Status(ctx context.Context, name string) (Status, error)
	Configuration(ctx context.Context, name string) (Configuration, error)
	// Dependents names the services that cannot run without this one and do run, those that must be stopped first before others.
	Dependents(ctx context.Context, name string) ([]string, error)
	// Names lists all services that are no drivers.
	Names(ctx context.Context) ([]string, error)
	// ProcessStarted is when a process was started.
	ProcessStarted(ctx context.Context, pid uint32) (time.Time, error)
}

// Changer asks for changes. None of its answers says that the change has come about.
type Changer interface {
	// SetType changes the start type and nothing else.
	SetType(ctx context.Context, name string, t StartType) error
	// SetDelayed changes the flag of an automatic service.
	SetDelayed(ctx context.Context, name string, delayed bool) error
	Start(ctx context.Context, name string) error
	Stop(ctx context.Context, name string) error
}

// Manager is the service control manager.
type Manager interface {
	Looker
	Changer
}

// Right is something that may be done to a service, or not.
type Right string

// The rights that actions need.
const (
	ToConfigure Right = "configure"
	ToStart     Right = "start"
	ToStop      Right = "stop"
)

// Rights tells what this process may do to services, without doing it.
type Rights interface {
	// Granted gives nil where the service can be opened with all of the rights; the error wraps [ErrDenied] where it cannot for
	// want of one. That it can says less than that the request succeeds: Windows refuses some requests to protected services
	// only when they are made.
	Granted(ctx context.Context, name string, rights ...Right) error
	// Elevated says whether the process has the full rights of its account. Without, a service that denies something
	// may be like any other.
	Elevated() bool
}

// Clock tells the time and lets it pass.
type Clock interface {
	Now() time.Time
	// Sleep waits; it ends with the context, with its error.
	Sleep(ctx context.Context, d time.Duration) error
}

// Machine is a Windows as actions on services need it.
type Machine struct {
	Manager
	Ledger Ledger
	Clock  Clock
	Rights Rights
}

// Errors that callers branch on.
var (
	ErrAbsent       = errors.New("the service does not exist")
	ErrDisabled     = errors.New("the service is disabled")
	ErrRunning      = errors.New("the service is running already")
	ErrNotActive    = errors.New("the service is not running")
	ErrBusy         = errors.New("the service cannot be asked for that in its present state")
	ErrDependents   = errors.New("services that depend on it are running")
	ErrRefused      = errors.New("the service takes no request to stop")
	ErrDeleted      = errors.New("the service is marked for deletion")
	ErrDenied       = errors.New("access is denied")
	ErrShuttingDown = errors.New("the system is being shut down")
	ErrSilent       = errors.New("the service control manager did not answer in time")
	ErrNotWindows   = errors.New("this needs a running Windows")
)

// Error is a call that failed.
type Error struct {
	Call string // "ControlService"
	Name string // of the service
	Kind error  // one of this package; nil where there is none for it
	Err  error  // what the system said
}

func (e *Error) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("%s: %v", e.Call, e.Err)
	}
	return fmt.Sprintf("the service %s: %s: %v", e.Name, e.Call, e.Err)
}

func (e *Error) Unwrap() []error {
	if e.Kind == nil {
		return []error{e.Err}
	}
	return []error{e.Kind, e.Err}
}

// maxName is the most characters that Windows lets the key name of a service have.
const maxName = 256

// CheckName says what is wrong with a key name.
func CheckName(name string) error {
	switch {
	case name == "", strings.ContainsAny(name, `\/`), len(name) > maxName, strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%.300q is not the key name of a service; expected for instance wuauserv", name)
	}
	return nil
}
