package task

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/sdk"
)

// failure makes an error for the host of one of the Task Scheduler.
func failure(err error) *sdk.Error {
	var untaken *tasks.NotTakenError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return sdk.AsError(err)
	case errors.As(err, &untaken):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("the task is as it was; see in the Task Scheduler (taskschd.msc) whether it can be %s by hand", switched(untaken.Asked))
	case errors.Is(err, tasks.ErrNotFound):
		return sdk.Errorf(sdk.NotFound, "%v", err).WithHint("task.list names the tasks that there are; some are shown to administrators alone")
	case errors.Is(err, tasks.ErrDenied):
		return sdk.Errorf(sdk.AccessDenied, "%v", err).WithHint("run as an administrator; some tasks of Windows itself are open to SYSTEM or TrustedInstaller alone")
	case errors.Is(err, tasks.ErrStopped):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("start the service Schedule")
	case errors.Is(err, tasks.ErrUnsupported):
		return sdk.Errorf(sdk.Unsupported, "%v", err)
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}

// undefined is the failure of a task whose definition cannot be read.
func undefined(path string, err error) *sdk.Error {
	return sdk.Errorf(sdk.Unavailable, "the definition of the task %s cannot be read: %v", path, err).WithHint("what cannot be read is not changed; look at it in the Task Scheduler (taskschd.msc)")
}

// changed is the failure of a change whose ground is not what it was.
func changed(code sdk.ErrorCode, format string, args ...any) *sdk.Error {
	return sdk.Errorf(code, format, args...).WithHint("look at it, and plan again")
}
