package target

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// renameNoReplace asks the kernel not to replace. Before Linux 3.15 it did not know how, and some file systems in user
// space do not to this day.
func (f *Folder) renameNoReplace(from, to string) error {
	fd := int(f.dir.Fd())
	for {
		err := unix.Renameat2(fd, from, fd, to, unix.RENAME_NOREPLACE)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOTSUP):
			return renameChecked(f.tree.root, from, to)
		default:
			return err
		}
	}
}

func identify(dir *os.File, name string, _ fs.FileInfo) (id string, born int64) {
	var s unix.Statx_t
	err := unix.Statx(int(dir.Fd()), name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO|unix.STATX_BTIME, &s)
	if err != nil || s.Ino == 0 {
		return "", 0
	}
	if s.Mask&unix.STATX_BTIME != 0 {
		born = s.Btime.Sec*1e6 + int64(s.Btime.Nsec)/1e3
	}
	return strconv.FormatUint(s.Ino, 10), born
}
