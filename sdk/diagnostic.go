package sdk

import (
	"context"
	"errors"
	"fmt"
)

// ErrorCode is the one thing of an error that a caller may branch on.
type ErrorCode string

// The error codes.
const (
	InvalidInput ErrorCode = "invalid_input" // an argument is wrong; Path says which
	Unsupported  ErrorCode = "unsupported"   // this target or this version cannot do it
	NotFound     ErrorCode = "not_found"     // what was named is not there
	AccessDenied ErrorCode = "access_denied"
	Unavailable  ErrorCode = "unavailable" // it exists, and cannot be read now: a channel that is off, a damaged file
	Canceled     ErrorCode = "canceled"
	Internal     ErrorCode = "internal" // a fault of the plugin
)

// Error crosses from a plugin to the host as data.
type Error struct {
	Code    ErrorCode `json:"code"`
	Message string    `json:"message"`        // lower case, no final period
	Path    string    `json:"path,omitempty"` // JSON pointer into the input: "/files/0"
	Hint    string    `json:"hint,omitempty"` // what would settle it, or what to do
}

func (e *Error) Error() string {
	s := e.Message
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Errorf makes an error with a code.
func Errorf(code ErrorCode, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// WithPath says which part of the input is wrong.
func (e *Error) WithPath(pointer string) *Error {
	c := *e
	c.Path = pointer
	return &c
}

// WithHint says what to do about it.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// AsError finds the [Error] in err, or makes one of it: canceled when a context has ended, else internal.
func AsError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: Canceled, Message: err.Error()}
	}
	return &Error{Code: Internal, Message: err.Error()}
}
