package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/elevation"
	"github.com/rectify-project/rectify/internal/machine/protection"
)

// makeFolder makes the state folder, for administrators and the system alone, and those above it.
func makeFolder(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is %s, not a folder", path, describe(info.Mode()))
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := protection.MakeFolder(path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil // whose it is will be seen
}

// makeBelow makes a folder below the state folder; it takes over who may do what.
func makeBelow(path string) error { return os.MkdirAll(path, 0o700) }

// checkOwn refuses a file or folder that somebody else than administrators, the system and this account may write: a folder of
// a user's who was faster in making it, where everybody may make one.
func checkOwn(path string) error {
	standing, err := elevation.Read()
	if err != nil {
		return err
	}
	s, err := protection.Read(path)
	if err != nil {
		return err
	}
	strangers := s.Strangers(protection.Administrators, protection.System, standing.Account)
	if len(strangers) == 0 {
		return nil
	}
	if slices.Contains(strangers, s.Owner) {
		return fmt.Errorf("%s belongs to %s, who may change it: have a look at what is in it, then run takeown /A /R /F \"%s\", or name another state folder with --state", path, s.Owner, path)
	}
	return fmt.Errorf("%s may be written by %s, who could change what is undone, and how: have a look at what is in it, then run %s", path, strings.Join(strangers, ", "), reset(path))
}

// reset is the command that makes a folder what makeFolder makes it.
func reset(path string) string {
	return fmt.Sprintf(`icacls "%s" /inheritance:r /grant:r *%s:(OI)(CI)F *%s:(OI)(CI)F`, path, protection.Administrators, protection.System)
}

// exposed says how the state folder is not for administrators and the system alone (where this account is no administrator:
// for it too); nil when it is.
func exposed(path string) (*UnprotectedError, error) {
	circle, err := protection.Circle()
	if err != nil {
		return nil, err
	}
	s, err := protection.Read(path)
	if err != nil {
		return nil, err
	}
	if err := s.Exclusive(circle...); err != nil {
		return &UnprotectedError{Dir: path, Reason: err.Error(), Remedy: fmt.Sprintf(`takeown /A /F "%s" and `, path) + reset(path)}, nil
	}
	return nil, nil
}

// commonPlace is the state folder where none is named. The system is asked, not %ProgramData%: a user may set that for the
// programs of an administrator too.
func commonPlace() (string, error) {
	data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, windows.KF_FLAG_DEFAULT)
	if err != nil || !filepath.IsAbs(data) {
		return "", fmt.Errorf("the system names no folder for the data of programs that can hold the journal (%q, %v): name a state folder with --state", data, err)
	}
	return filepath.Join(data, "Rectify"), nil
}
