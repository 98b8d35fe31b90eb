package tasks

import (
	"errors"
	"fmt"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// What callers tell apart of the errors of the Task Scheduler.
var (
	ErrNotFound    = errors.New("there is no such task")
	ErrDenied      = errors.New("the Task Scheduler denies access")
	ErrStopped     = errors.New("the Task Scheduler does not run")
	ErrUnsupported = errors.New("this system has no Task Scheduler, or one that does not carry this out")
)

// Codes of the Task Scheduler ([MS-TSCH] 2.3, winerror.h), and of what it rests on.
const (
	fileNotFound        hresult.Code = 0x80070002
	pathNotFound        hresult.Code = 0x80070003
	serviceNotInstalled hresult.Code = 0x8004130C // SCHED_E_SERVICE_NOT_INSTALLED
	serviceNotRunning   hresult.Code = 0x80041315 // SCHED_E_SERVICE_NOT_RUNNING
)

// classified adds to an error of a COM object of what kind it is.
func classified(err error) error {
	code, ok := com.CodeOf(err)
	if !ok {
		return err
	}
	switch code {
	case fileNotFound, pathNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case com.AccessDenied:
		return fmt.Errorf("%w: %w", ErrDenied, err)
	case serviceNotRunning, com.NoServer, com.NoEndpoint, com.CallFailed, com.Disconnected, com.ServiceDisabled, com.ServiceStopped:
		return fmt.Errorf("%w: %w", ErrStopped, err)
	case serviceNotInstalled, com.NotImplemented, com.NotRegistered, com.InvalidClass, com.NoInterface, com.NoMember:
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return err
}

// NotTakenError says that the Task Scheduler answered that it had enabled or disabled a task, and had not.
type NotTakenError struct {
	Path    string
	Asked   bool // to be enabled
	Says    bool // what the Task Scheduler says of it afterwards
	Defined bool // what its definition says afterwards
}

func (e *NotTakenError) Error() string {
	s := fmt.Sprintf("the Task Scheduler answered that it had %s %s, and did not do it: ", switched(e.Asked), e.Path)
	if e.Says == e.Defined {
		return s + fmt.Sprintf("read back, it and its definition are still %s", switched(e.Says))
	}
	return s + fmt.Sprintf("read back, it says %s, and its definition %s", switched(e.Says), switched(e.Defined))
}

func switched(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}

// NotAsRegisteredError says that a task reads back otherwise than it was registered.
type NotAsRegisteredError struct{ Path, Difference string }

func (e *NotAsRegisteredError) Error() string {
	return fmt.Sprintf("the Task Scheduler answered that it had registered %s, and it reads back otherwise: %s", e.Path, e.Difference)
}

// NotSeenError says that the Task Scheduler answered that it had started a task, and no run of it was seen. It may have run
// nonetheless.
type NotSeenError struct {
	Path string
	Task Task // as it was seen last
}

func (e *NotSeenError) Error() string {
	s := fmt.Sprintf("the Task Scheduler answered that it had started %s, and no run of it was seen", e.Path)
	if e.Task.Unsaid != nil {
		s += fmt.Sprintf(": it does not say whether there was one: %v", e.Task.Unsaid)
	}
	return s
}

// StillThereError says that the Task Scheduler answered that it had deleted a task, and had not.
type StillThereError struct{ Path string }

func (e *StillThereError) Error() string {
	return fmt.Sprintf("the Task Scheduler answered that it had deleted %s, and it is still there", e.Path)
}
