package trust

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/elevation"
	"github.com/rectify-project/rectify/internal/machine/protection"
)

// CheckWritable refuses an executable that somebody else than administrators and the system may replace: by the file or its
// folder, of a link by both ends. This account is trusted where it is not elevated: then the plugin can do no more than
// whoever put it there.
func CheckWritable(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	standing, err := elevation.Read()
	if err != nil {
		return err
	}
	trusted := []string{protection.Administrators, protection.System, protection.TrustedInstaller}
	if !standing.Elevated {
		trusted = append(trusted, standing.Account)
	}
	for _, p := range []string{real, filepath.Dir(real), filepath.Dir(path)} {
		s, err := protection.Read(p)
		if err != nil {
			return err
		}
		if strangers := s.Strangers(trusted...); len(strangers) > 0 {
			return fmt.Errorf("%s may be written by %s, and would run with the rights of rectify: install plugins below Program Files, where administrators alone write", p, strings.Join(strangers, ", "))
		}
	}
	return nil
}

// Hold keeps everybody from writing, renaming and removing a file until it is closed; it may be read and started. A file that
// somebody has open for writing is refused.
func Hold(path string) (io.Closer, error) { return hold(path) }

func hold(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "hold", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}
