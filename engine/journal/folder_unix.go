//go:build unix

package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rectify-project/rectify/sdk/kept"
)

// makeFolder makes the state folder and those above it, each for its owner only, so that they are there after a crash
// of the machine.
func makeFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is a file, not a folder", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	above := filepath.Dir(path)
	if above == path {
		return err
	}
	if err := makeFolder(above); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return kept.SyncFolder(above)
}

// makeBelow makes a folder below the state folder.
func makeBelow(path string) error { return makeFolder(path) }

// checkOwn refuses a file or folder that somebody else than this user and root may write.
func checkOwn(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if bad := info.Mode().Perm() & 0o022; bad != 0 {
		return fmt.Errorf("%s may be written by others (mode %04o), who could change what is undone, and how: run chmod go-w %s, after a look at what is in it", path, info.Mode().Perm(), path)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to the user with id %d, who may change it: run rectify as that user, name another state folder with --state, or run chown %d %s, after a look at what is in it",
			path, s.Uid, os.Geteuid(), path)
	}
	return nil
}

// exposed says nothing: what checkOwn lets pass is its owner's alone to write.
func exposed(string) (*UnprotectedError, error) { return nil, nil }

// commonPlace is the state folder where none is named.
func commonPlace() (string, error) {
	// A relative path is to be ignored: it would give every working folder a journal of its own.
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "rectify"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", fmt.Errorf("there is no home folder (%q) that can hold the journal: set XDG_STATE_HOME, or name a state folder with --state", home)
	}
	return filepath.Join(home, ".local", "state", "rectify"), nil
}
