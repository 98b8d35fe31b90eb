//go:build !windows

package target

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// syncFolder passes over file systems that cannot: some of those in user space.
func syncFolder(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

// lstatHeld has nothing to do: to look at what has a name takes no rights to it here.
func (r rootTree) lstatHeld(string, error) (fs.FileInfo, bool) { return nil, false }

// inUse is true of what something is mounted on; a file that is open keeps nobody from anything here.
func inUse(err error) bool { return errors.Is(err, syscall.EBUSY) }
