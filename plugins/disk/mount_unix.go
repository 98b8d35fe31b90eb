//go:build !windows

package disk

import (
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mountPoint gives the folder where the volume that holds a path is mounted: the last one on the way up whose parent is
// on another device, or the root of all. The path is absolute, and has no symbolic links.
func mountPoint(path string) (string, error) {
	device, err := deviceOf(path)
	if err != nil {
		return "", err
	}
	for {
		parent := filepath.Dir(path)
		if parent == path {
			return path, nil
		}
		above, err := deviceOf(parent)
		if err != nil {
			return "", err
		}
		if above != device {
			return path, nil
		}
		path = parent
	}
}

func deviceOf(path string) (uint64, error) {
	var s unix.Stat_t
	if err := unix.Lstat(path, &s); err != nil {
		return 0, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return uint64(s.Dev), nil // its type is not the same on every system
}

// measure gives the space on the volume that holds a path, in bytes.
func measure(path string) (free, total uint64, err error) {
	s, err := statfs(path)
	if err != nil {
		return 0, 0, err
	}
	unit := blockSize(&s)
	left := max(int64(s.Bavail), 0) // less than nothing where the reserve of the system is in use
	return uint64(left) * unit, s.Blocks * unit, nil
}

func fileSystem(path string) (string, error) {
	s, err := statfs(path)
	if err != nil {
		return "", err
	}
	return typeName(&s), nil
}

func statfs(path string) (unix.Statfs_t, error) {
	for {
		var s unix.Statfs_t
		err := unix.Statfs(path, &s)
		if err == unix.EINTR { // a file system in user space can be interrupted
			continue
		}
		if err != nil {
			return s, &fs.PathError{Op: "statfs", Path: path, Err: err}
		}
		return s, nil
	}
}
