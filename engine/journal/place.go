package journal

import (
	"fmt"
	"path/filepath"
)

// What lies in the state folder. SQLite keeps two more files beside the journal while it is open, or after a crash:
// journal.db-wal, which holds the newest records, and journal.db-shm, which holds nothing of worth.
const (
	fileName    = "journal.db"
	locksFolder = "locks"
	runsFolder  = "runs"
)

// Place gives the state folder of this machine, as an absolute path: the one that is named; else
// Rectify in the folder for the data of programs on Windows (C:\ProgramData); else $XDG_STATE_HOME/rectify; else
// ~/.local/state/rectify. It creates nothing.
func Place(named string) (string, error) {
	if named != "" {
		dir, err := filepath.Abs(named)
		if err != nil {
			return "", fmt.Errorf("the state folder %q has no absolute path: %w", named, err)
		}
		return dir, nil
	}
	return commonPlace()
}
