package registry

import (
	"errors"
	"fmt"
	"io/fs"
)

// Errors that callers branch on. Both come from a registry that was read.
var (
	ErrNoKey   = errors.New("the key does not exist")
	ErrNoValue = errors.New("the value does not exist")
)

// PathError says that a path names nothing that the registry of this target can have.
type PathError struct {
	Path   string
	Reason string
}

func (e *PathError) Error() string { return fmt.Sprintf("%q: %s", e.Path, e.Reason) }

// HiveError says that a hive of a disk, and so anything in it, could not be read.
type HiveError struct {
	Hive string // SOFTWARE
	File string // C:\Windows\System32\config\SOFTWARE
	Err  error  // wraps fs.ErrNotExist where the file is missing
}

func (e *HiveError) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return fmt.Sprintf("the registry hive %s is not on this disk (%s)", e.Hive, e.File)
	}
	return fmt.Sprintf("the registry hive %s cannot be read: %v", e.File, e.Err)
}

func (e *HiveError) Unwrap() error { return e.Err }

// SystemError says what a running Windows refused. Errors.Is tells [fs.ErrPermission] from the rest.
type SystemError struct {
	Call string // "RegOpenKeyExW"
	Key  string // full path
	Err  error
}

func (e *SystemError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Key, e.Call, e.Err) }

func (e *SystemError) Unwrap() error { return e.Err }
