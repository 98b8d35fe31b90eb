package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// Store is the journal of a machine: one file in the state folder. It is safe for concurrent use, by several processes
// too: runs on different targets append to one chain.
type Store struct {
	dir    string // absolute
	layout layout
	now    func() time.Time
	db     *sql.DB // one connection that writes; nil in a store that only reads

	exposed *UnprotectedError // nil when the folder is for administrators alone
	accepts bool              // runs may begin nevertheless
}

// Open opens the journal for runs, and makes it where there is none: the folder for its owner only (on Windows for
// Administrators and SYSTEM only). Before anything is changed it makes sure that the folder is nobody else's to write,
// that the journal is whole and of a version that is known, and that there is room on the disk for the records to
// come. The errors say what to do; [ErrFull] and [ErrDamaged] can be told apart. A folder that others may read is opened,
// but no run begins or goes on in it without [AcceptUnprotected].
func Open(dir string, options ...Option) (*Store, error) { return open(dir, standard, options...) }

func open(dir string, l layout, options ...Option) (*Store, error) {
	s, err := at(dir, l)
	if err != nil {
		return nil, err
	}
	for _, o := range options {
		o(s)
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.view(s.examine); err != nil {
		return nil, err
	}
	s.db, err = sql.Open("sqlite", forWriting(s.path(), l))
	if err != nil {
		return nil, s.fault("open it", err)
	}
	s.db.SetMaxOpenConns(1) // two would only wait for each other
	if err := errors.Join(s.isWAL(), s.reserve()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenToRead opens the journal for looking at it, also while runs write it, and where nothing can be written. It
// creates nothing and never changes a record. A folder without a journal gives [ErrNoJournal].
func OpenToRead(dir string) (*Store, error) {
	s, err := at(dir, standard)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(s.path()); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s: nothing has been run with this state folder yet", ErrNoJournal, s.dir)
	}
	if err := s.checkFiles(); err != nil {
		return nil, err
	}
	if err := s.view(s.identify); err != nil {
		return nil, err
	}
	return s, nil
}

func at(dir string, l layout) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("the state folder %q has no absolute path: %w", dir, err)
	}
	return &Store{dir: abs, layout: l, now: time.Now}, nil
}

// Close closes the journal. Runs of it cannot append any more; each keeps its lock until it is closed itself.
func (s *Store) Close() error {
	if s.db == nil {
		return nil
	}
	return s.fault("close it", s.db.Close())
}

func (s *Store) path() string { return filepath.Join(s.dir, fileName) }

// prepare makes the folder and the file where they are missing, and makes sure that they are nobody else's to write.
func (s *Store) prepare() error {
	if err := makeFolder(s.dir); err != nil {
		return s.fault("make its folder", err)
	}
	if err := checkOwn(s.dir); err != nil {
		return err
	}
	var err error
	if s.exposed, err = exposed(s.dir); err != nil {
		return err
	}
	for _, folder := range []string{locksFolder, runsFolder} {
		path := filepath.Join(s.dir, folder)
		if err := makeBelow(path); err != nil {
			return s.fault("make the folder "+folder, err)
		}
		if err := checkOwn(path); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(s.path()); errors.Is(err, fs.ErrNotExist) {
		if err := s.create(); err != nil {
			return err
		}
	}
	if err := s.checkFiles(); err != nil {
		return err
	}
	for _, path := range s.files() {
		if err := checkOwn(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *Store) files() []string { return []string{s.path(), s.path() + "-wal", s.path() + "-shm"} }

// checkFiles refuses links and anything else that is no plain file: what is read and what is written could be two
// different files. The files are never opened here: closing one would drop the locks that SQLite holds on it in this
// process.
func (s *Store) checkFiles() error {
	for i, path := range s.files() {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && i > 0:
			continue
		case err != nil:
			return s.fault("look at it", err)
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is %s, not a plain file: the journal is not kept behind links; move the state folder as a whole, and name it with --state", path, describe(info.Mode()))
		case i == 0 && info.Size() == 0:
			return s.damaged("the file is empty")
		}
	}
	return nil
}

func describe(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode.IsDir():
		return "a folder"
	}
	return "a special file"
}

func (s *Store) isWAL() error {
	var mode string
	err := s.db.QueryRow("PRAGMA journal_mode").Scan(&mode)
	if err == nil && mode != "wal" {
		err = fmt.Errorf("the file system does not let it be written as it must be (journal mode %q, not wal): keep the state folder on a local disk", mode)
	}
	return s.fault("open it", err)
}

// reserve makes sure that there is room for the records to come, and keeps it: the filler grows the file, where its
// pages stay free for records, and the -wal file, which is written from its beginning again. On file systems that write
// in place those writes then need no more room, even when somebody else fills the disk.
func (s *Store) reserve() error {
	err := s.write(func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO reserve VALUES (zeroblob(?))", s.layout.reserve)
		return err
	})
	if err == nil {
		err = s.write(func(tx *sql.Tx) error {
			_, err := tx.Exec("DELETE FROM reserve")
			return err
		})
	}
	if err == nil {
		_, err = s.db.Exec("PRAGMA wal_checkpoint(PASSIVE)")
	}
	return s.fault("make room for the records to come", err)
}

// write does something in a transaction of its own, which is on the disk when write returns. After an error nothing of
// it is there, save when the disk failed in the last moment: then it may turn up later.
func (s *Store) write(do func(*sql.Tx) error) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // SQLite has done it already after some errors
		return err
	}
	return tx.Commit()
}
