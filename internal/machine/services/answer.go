package services

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/sdk"
)

// Explain makes an error of this package one that a plugin answers with.
func Explain(err error) *sdk.Error {
	var known *sdk.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return sdk.Errorf(sdk.Canceled, "%v", err)
	case errors.Is(err, ErrNotWindows):
		return sdk.Errorf(sdk.Unsupported, "%v", err)
	case errors.Is(err, ErrAbsent):
		return sdk.Errorf(sdk.NotFound, "%v", err)
	case errors.Is(err, ErrDenied):
		return sdk.Errorf(sdk.AccessDenied, "%v", err).WithHint("run it elevated, as an administrator; some Windows versions protect some of their services even then")
	case errors.Is(err, ErrDisabled):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("give it another start type first, with service.configure")
	case errors.Is(err, ErrShuttingDown):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("go on after the machine has started again")
	case errors.Is(err, ErrDeleted):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("it is gone after a restart of the machine")
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}
