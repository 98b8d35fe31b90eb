package target

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// renameNoReplace asks the kernel not to replace; not every file system of macOS can.
func (f *Folder) renameNoReplace(from, to string) error {
	fd := int(f.dir.Fd())
	err := unix.RenameatxNp(fd, from, fd, to, unix.RENAME_EXCL)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) {
		return renameChecked(f.tree.root, from, to)
	}
	return err
}

func identify(_ *os.File, _ string, info fs.FileInfo) (id string, born int64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || s.Ino == 0 {
		return "", 0
	}
	return strconv.FormatUint(s.Ino, 10), s.Birthtimespec.Sec*1e6 + s.Birthtimespec.Nsec/1e3
}
