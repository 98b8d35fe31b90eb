package kept

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/windows"
)

// replace gives a file the name of another one, and comes back when that is on the disk. os.Rename does not wait for it.
func replace(from, to string) error {
	f, err := windows.UTF16PtrFromString(long(from))
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(long(to))
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(f, t, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// maxPath is how long a path may be, in bytes, to have no more than the UTF-16 units that every Windows takes as it is.
const maxPath = 247

// long writes a path as one that may be longer than MAX_PATH, where it is.
func long(path string) string {
	if len(path) <= maxPath || !filepath.IsAbs(path) || strings.HasPrefix(path, `\\?\`) || strings.HasPrefix(path, `\\.\`) {
		return path
	}
	path = filepath.Clean(path)
	if share, ok := strings.CutPrefix(path, `\\`); ok {
		return `\\?\UNC\` + share
	}
	return `\\?\` + path
}

// remove takes a name away, durably: Windows waits for the disk when it renames, not when it deletes. What a crash leaves
// under the temporary name is nobody's.
func remove(path string) error {
	if err := replace(path, path+scratch); err != nil {
		return err
	}
	_ = os.Remove(path + scratch) // the name is gone already
	return nil
}

// SyncFolder makes the names in a folder durable, for files that are put there otherwise than by this package. On Windows it
// does nothing: a folder cannot be flushed there, and NTFS journals its names.
func SyncFolder(string) error { return nil }

// Windows does not let a file be read, replaced or deleted while another process has it open for something that does not go
// with it: a reader for an instant, a virus scanner for some. It is tried again so often, and so long apart.
const (
	tries = 100
	pause = 10 * time.Millisecond
)

// patiently does something with a file again while others have it open, or are replacing it.
func patiently(do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if !held(err) || try == tries {
			return err
		}
		time.Sleep(pause)
	}
}

// held says that others have a file open. Access is denied to a name that one who reads it keeps from being replaced, too.
func held(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
}
