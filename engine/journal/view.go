package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// look is what tells how the file can be read, and whether it was changed meanwhile.
type look struct {
	size, changed int64 // of the file itself
	wal, shm      bool
}

func (s *Store) look() (look, error) {
	info, err := os.Lstat(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return look{}, fmt.Errorf("%w in %s", ErrNoJournal, s.dir)
	}
	if err != nil {
		return look{}, s.fault("look at it", err)
	}
	l := look{size: info.Size(), changed: info.ModTime().UnixNano()}
	if wal, err := os.Lstat(s.path() + "-wal"); err == nil {
		l.wal = true
		if _, err := os.Lstat(s.path() + "-shm"); err == nil {
			l.shm = true
		} else {
			l.wal = wal.Size() > 0
		}
	}
	return l, nil
}

// view reads the journal in one transaction, as it stands at one moment, without changing or creating anything in its
// folder. What do gathers it must gather anew when it is called again.
func (s *Store) view(do func(*sql.Tx) error) error {
	for range 5 {
		before, err := s.look()
		if err != nil {
			return err
		}
		err = s.read(before, do)
		if before.shm {
			return err // SQLite has kept readers and writers apart
		}
		if after, again := s.look(); again == nil && after == before {
			return err
		}
		// A writer came while nothing told it of us: what was read may be half old, half new.
	}
	return fmt.Errorf("the journal %s is changed all the time: try again when no run begins or ends", s.path())
}

// read opens the file in the way that what lies beside it calls for.
func (s *Store) read(l look, do func(*sql.Tx) error) error {
	switch {
	case l.shm: // a process has it open, or had it open when it died
		return s.readFrom(dsn(s.path(), "mode=ro"), do)
	case !l.wal: // nobody has it open; SQLite would make files beside it
		return s.readFrom(dsn(s.path(), "mode=ro", "immutable=1"), do)
	}
	// A copy, or what a crash of the machine left: the newest records are in the -wal file, and SQLite would need to
	// make a file to read them.
	dir, err := os.MkdirTemp("", "rectify-journal-")
	if err != nil {
		return s.fault("copy it for reading", err)
	}
	defer os.RemoveAll(dir)
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(filepath.Join(dir, fileName+suffix), s.path()+suffix); err != nil {
			return s.fault("copy it for reading", err)
		}
	}
	return s.readFrom(dsn(filepath.Join(dir, fileName), "mode=rw"), do)
}

func (s *Store) readFrom(name string, do func(*sql.Tx) error) error {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return s.fault("read it", err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		return s.fault("read it", err)
	}
	defer tx.Rollback()
	err = do(tx)
	if sqliteCode(err) != 0 {
		return s.fault("read it", err)
	}
	return err
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
