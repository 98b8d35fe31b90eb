package target

import (
	"errors"
	"io/fs"
	"os"
)

// renameChecked renames where the system or the file system cannot refuse to replace: it looks first. Whoever makes
// something of the new name between the look and the rename loses it, if it is a file or an empty folder.
func renameChecked(root *os.Root, from, to string) error {
	_, err := root.Lstat(to)
	switch {
	case err == nil:
		return fs.ErrExist
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return root.Rename(from, to)
}
