package agent

import (
	"errors"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// What callers branch on. An [*Error] is one of the first three by its code.
var (
	// ErrNotImplemented is an agent that is not there or does not carry out what it is asked.
	ErrNotImplemented = errors.New("this Windows does not implement the Windows Update agent")
	// ErrAccessDenied is an agent that refuses: the rights are missing, or the session is a remote one, from which
	// nothing can be downloaded or installed.
	ErrAccessDenied = errors.New("the Windows Update agent refuses access")
	// ErrDisabled is an agent whose service is disabled.
	ErrDisabled = errors.New("the Windows Update service is disabled")
	// ErrNotWindows is a machine without such an agent.
	ErrNotWindows = errors.New("the Windows Update agent is a part of a running Windows")

	// ErrNotOffered is an update that the agent does not know of, also when it asks its source.
	ErrNotOffered = errors.New("the update is not offered to this machine")
	// ErrBusy is an agent that installs something else.
	ErrBusy = errors.New("the Windows Update agent installs something else")
	// ErrRestartFirst is a restart that must come before anything can be installed.
	ErrRestartFirst = errors.New("a restart must come before anything can be installed")
)

// Error is an HRESULT that the agent gave.
type Error struct {
	Op   string // "IUpdateSearcher.Search"
	Code hresult.Code
}

func (e *Error) Error() string { return (&com.Error{Method: e.Op, Code: e.Code}).Error() }

// Is says which of the errors that callers branch on the code stands for.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case com.NotImplemented, com.NotRegistered, com.InvalidClass:
		return target == ErrNotImplemented
	case com.AccessDenied:
		return target == ErrAccessDenied
	case com.ServiceDisabled:
		return target == ErrDisabled
	}
	return false
}
