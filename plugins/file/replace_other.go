//go:build !windows

package file

import (
	"errors"
	"os"
	"path/filepath"
)

// replace gives a file the name of another one, and comes back when that is on the disk.
func replace(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
