package file

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// failure makes an error for the host of one of the target or of a file; an error that is one already stays as it is.
func failure(err error) *sdk.Error {
	var known *sdk.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return sdk.AsError(err)
	case errors.Is(err, target.ErrNotWindows):
		return sdk.Errorf(sdk.Unsupported, "%v", err).WithHint("name an offline disk instead")
	case errors.Is(err, target.ErrLink):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("look where the link leads, and name that place itself")
	case errors.Is(err, target.ErrInUse):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("stop the service or program that has it open, or something in it, then try again")
	case errors.Is(err, fs.ErrPermission):
		return sdk.Errorf(sdk.AccessDenied, "%v", err).WithHint("run with the rights to change the folder")
	case errors.Is(err, syscall.EROFS):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("mount the disk for writing")
	case errors.Is(err, syscall.ENOSPC):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("make room on the disk, then try again")
	case errors.Is(err, fs.ErrNotExist):
		return sdk.Errorf(sdk.NotFound, "%v", err)
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}

// argument is the failure of a path that the input names: one that no target can have is a wrong argument.
func argument(err error, pointer string) *sdk.Error {
	var known *sdk.Error
	var place *fs.PathError
	switch {
	case errors.As(err, &known) && known.Path != "":
		return known
	case known == nil && !errors.As(err, &place) && !errors.Is(err, target.ErrNotWindows) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded):
		return sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath(pointer)
	}
	return failure(err).WithPath(pointer)
}

// changed is the failure of a change whose ground is not what it was.
func changed(format string, args ...any) *sdk.Error {
	return sdk.Errorf(sdk.Unavailable, format, args...).WithHint("look at it, and plan again")
}

// spared is the failure of an undo that would lose what somebody else has made.
func spared(format string, args ...any) *sdk.Error {
	return sdk.Errorf(sdk.Unavailable, format, args...).WithHint("look at it; nothing was deleted")
}

// tokenVersion is that of all tokens and records of this plugin.
const tokenVersion = 1

// readable says whether a token is one that this version has made; sound is what else must hold of it.
func readable(version int, sound bool) error {
	switch {
	case version != tokenVersion:
		return sdk.Errorf(sdk.InvalidInput, "the token has version %d, this version of the plugin reads version %d", version, tokenVersion).
			WithHint("use the version of the plugin that made it")
	case !sound:
		return sdk.Errorf(sdk.InvalidInput, "the token is not one of this action")
	}
	return nil
}
