package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors that callers branch on.
var (
	// ErrNoJournal is a folder without a journal: nothing has been run yet, or it is another folder.
	ErrNoJournal = errors.New("there is no journal")
	// ErrFull is a disk without room for another record.
	ErrFull = errors.New("the disk is full")
	// ErrDamaged is a journal that is not whole: not a database, cut off, or altered.
	ErrDamaged = errors.New("it is damaged")
)

// BusyError says that a run holds its target: another one, or the same one a second time, would change it at the same
// time.
type BusyError struct {
	Run   string // empty when the holder has not said it yet
	PID   int
	User  string
	Since time.Time
}

func (e *BusyError) Error() string {
	if e.Run == "" {
		return "another run holds this target: wait until it ends; `rectify history` lists the runs"
	}
	return fmt.Sprintf("run %s of %s has held this target since %s (process %d): wait until it ends, or see `rectify history show %s`",
		e.Run, e.User, e.Since.UTC().Format("2006-01-02 15:04:05 UTC"), e.PID, e.Run)
}

// UnfinishedError says that an earlier run has left a target with changes that are neither complete nor taken back. A
// new run on top of them could not be taken back rightly.
type UnfinishedError struct {
	Run Summary
}

func (e *UnfinishedError) Error() string {
	r := e.Run
	if r.State == StateUndoing {
		return fmt.Sprintf("run %s of %s on %s is taken back in part only: go on with `rectify undo %s`, then try again", r.ID, r.Playbook, r.Target.Name, r.ID)
	}
	how := "was interrupted"
	if r.State == StateStopped {
		how = "stopped"
		if r.Stop != "" {
			how += " (" + r.Stop + ")"
		}
	}
	return fmt.Sprintf("run %s of %s on %s %s; what it changed is neither complete nor taken back: finish it with `rectify resume %s`, or take it back with `rectify undo %s`, then try again",
		r.ID, r.Playbook, r.Target.Name, how, r.ID, r.ID)
}

// BrokenError is a break in the chain of records.
type BrokenError struct {
	File  string
	Break Break
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the journal %s cannot be trusted: %s; `rectify history verify` tells more", e.File, e.Break.Text)
}

// Unwrap makes every break an [ErrDamaged].
func (e *BrokenError) Unwrap() error { return ErrDamaged }

// fault says what an error of the database or the file system means for people, and what to do.
func (s *Store) fault(doing string, err error) error {
	if err == nil {
		return nil
	}
	cannot := fmt.Sprintf("the journal %s: cannot %s", s.path(), doing)
	switch code := sqliteCode(err); {
	case code&0xff == sqlite3.SQLITE_FULL, code == sqlite3.SQLITE_IOERR_SHMSIZE, isFull(err):
		return fmt.Errorf("%s: %w; make room on the disk that holds %s, then try again", cannot, ErrFull, s.dir)
	case isDamage(code):
		return s.damaged(err.Error())
	case code&0xff == sqlite3.SQLITE_BUSY:
		return fmt.Errorf("%s: another rectify has been writing it for %s: try again when it is done", cannot, patience)
	case code&0xff == sqlite3.SQLITE_READONLY, code&0xff == sqlite3.SQLITE_CANTOPEN, code&0xff == sqlite3.SQLITE_PERM,
		errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%s: %w; its folder must be on a disk that can be written, and belong to whoever runs rectify: make it so, or name another state folder with --state", cannot, err)
	}
	return fmt.Errorf("%s: %w", cannot, err)
}

func (s *Store) damaged(what string) error {
	return fmt.Errorf("the journal %s: %w: %s; put the folder %s back from a backup, or move it away to begin a new journal (the runs in it can then be neither resumed nor undone)",
		s.path(), ErrDamaged, what, s.dir)
}

// isDamage says that the file is not what it was. SQLITE_ERROR is among it: the statements are fixed, so a table or
// column that they do not find is gone.
func isDamage(code int) bool {
	switch code & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR:
		return true
	}
	return false
}

// sqliteCode is the extended result code of an error of the database; 0 for any other error.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}
