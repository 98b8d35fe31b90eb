package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rectify-project/rectify/sdk/kept"
)

// create makes the file. It is built under another name and then renamed, so that a journal.db that is there is a whole
// one, whenever the power fails.
func (s *Store) create() error {
	l, err := s.lockFile("create", "", "", int(patience/lockPause))
	if busy := (*BusyError)(nil); errors.As(err, &busy) {
		return fmt.Errorf("the journal %s: another rectify has been making it for %s: try again when it is done", s.path(), patience)
	}
	if err != nil {
		return err
	}
	defer l.release()
	if _, err := os.Lstat(s.path()); !errors.Is(err, fs.ErrNotExist) {
		return nil // another process was faster
	}
	for _, left := range s.files()[1:] {
		if _, err := os.Lstat(left); err == nil {
			return s.damaged(fmt.Sprintf("the file is missing, yet %s, which belongs to it, is there", filepath.Base(left)))
		}
	}
	return s.fault("make it", s.build(s.path()+".new"))
}

func (s *Store) build(path string) error {
	for _, left := range []string{path, path + "-wal", path + "-shm"} { // by a crash
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // SQLite would let everybody read it
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", forWriting(path, s.layout))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;", schema, applicationID, schemaVersion))
	if err == nil {
		_, err = db.Exec("PRAGMA wal_checkpoint(TRUNCATE)") // closing would do it too, but not tell that the disk is full
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	// Where closing could not move everything into the file, renaming it would leave the rest behind.
	if _, err := os.Lstat(path + "-wal"); err == nil {
		return fmt.Errorf("%s-wal could not be moved into its file", path)
	}
	if err := os.Rename(path, s.path()); err != nil {
		return err
	}
	return kept.SyncFolder(s.dir)
}
