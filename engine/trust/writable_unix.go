//go:build unix

package trust

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// CheckWritable refuses an executable that somebody else than this user and root may replace: the file or its folder is
// writable by the group or by others, or belongs to another user. Of a symbolic link both ends are looked at.
func CheckWritable(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for _, p := range []string{real, filepath.Dir(real), filepath.Dir(path)} {
		info, err := os.Stat(p)
		if err != nil {
			return err
		}
		if bad := info.Mode().Perm() & 0o022; bad != 0 {
			return fmt.Errorf("%s may be written by %s (mode %s): run chmod go-w %s", p, who(bad), info.Mode().Perm(), p)
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
			return fmt.Errorf("%s belongs to the user with id %d, who may change it: install it as yourself or as root", p, s.Uid)
		}
	}
	return nil
}

func who(bad fs.FileMode) string {
	switch bad {
	case 0o020:
		return "its group"
	case 0o002:
		return "everybody"
	}
	return "its group and everybody"
}

// Hold does nothing: here a file can be replaced while it runs or is read. [Binary.Unchanged] tells of it afterwards.
func Hold(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func hold(path string) (*os.File, error) { return os.Open(path) }
