//go:build !windows

package kept

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// replace gives a file the name of another one, and comes back when that is on the disk.
func replace(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(to))
}

// remove takes a name away, durably. One that is gone may have been taken away by a call that was cut off.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// SyncFolder makes the names in a folder durable, for files that are put there otherwise than by this package. On Windows it
// does nothing: a folder cannot be flushed there, and NTFS journals its names.
func SyncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // this file system has no such thing, and what it keeps is not ours to say
	}
	return errors.Join(err, f.Close())
}

// patiently does something with a file; nobody who has it open is in the way here.
func patiently(do func() error) error { return do() }
