package registry

import (
	"errors"
	"io/fs"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Absent says whether an error means that a key or value is not there, in a registry that was read.
func Absent(err error) bool { return errors.Is(err, ErrNoKey) || errors.Is(err, ErrNoValue) }

// Explain makes an error of this package one that a probe answers with.
func Explain(err error) *sdk.Error {
	var known *sdk.Error
	var damaged *HiveError
	var path *PathError
	var refused *SystemError
	switch {
	case errors.As(err, &path):
		return sdk.Errorf(sdk.InvalidInput, "%v", err)
	case errors.As(err, &known):
		return known
	case errors.Is(err, target.ErrNotWindows), errors.Is(err, ErrOnDisk), errors.Is(err, ErrNotExportable):
		return sdk.Errorf(sdk.Unsupported, "%v", err)
	case Absent(err):
		return sdk.Errorf(sdk.NotFound, "%v", err)
	case errors.As(err, &refused) && errors.Is(err, fs.ErrPermission):
		return sdk.Errorf(sdk.AccessDenied, "%v", err).
			WithHint("run as an administrator; keys of TrustedInstaller or SYSTEM may be closed to administrators too")
	case errors.Is(err, fs.ErrPermission):
		return sdk.Errorf(sdk.AccessDenied, "%v", err).WithHint("read the disk as an administrator, or as root")
	case errors.As(err, &damaged) && errors.Is(err, fs.ErrNotExist):
		return sdk.Errorf(sdk.Unavailable, "%v", err).
			WithHint(`copy the hive with its .LOG1 and .LOG2 files, or name the folder that holds the disk's Windows folder`)
	case errors.As(err, &damaged):
		return sdk.Errorf(sdk.Unavailable, "%v", err).
			WithHint("read a copy of the hive from a shadow copy, or from System32\\config\\RegBack")
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}
