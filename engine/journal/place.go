package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// What lies in the state folder. SQLite keeps two more files beside the journal while it is open, or after a crash:
// journal.db-wal, which holds the newest records, and journal.db-shm, which holds nothing of worth.
const (
	fileName    = "journal.db"
	locksFolder = "locks"
	runsFolder  = "runs"
)

// Place gives the state folder of this machine, as an absolute path: the one that is named; else
// %ProgramData%\Rectify on Windows; else $XDG_STATE_HOME/rectify; else ~/.local/state/rectify. It creates nothing.
func Place(named string) (string, error) {
	if named != "" {
		dir, err := filepath.Abs(named)
		if err != nil {
			return "", fmt.Errorf("the state folder %q has no absolute path: %w", named, err)
		}
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		data := os.Getenv("ProgramData")
		if !filepath.IsAbs(data) {
			return "", fmt.Errorf("%%ProgramData%% is %q, no folder that can hold the journal: name a state folder with --state", data)
		}
		return filepath.Join(data, "Rectify"), nil
	}
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
