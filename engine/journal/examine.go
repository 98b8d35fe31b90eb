package journal

import (
	"database/sql"
	"errors"
	"fmt"
)

// identify makes sure that the file is a journal of a version that is known.
func (s *Store) identify(tx *sql.Tx) error {
	var application, version int64
	if err := tx.QueryRow("PRAGMA application_id").Scan(&application); err != nil {
		return err
	}
	if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case application != applicationID:
		return s.damaged("it is a database, but not a journal of rectify")
	case version > schemaVersion:
		return fmt.Errorf("the journal %s was made by a newer rectify (version %d of the file, this one knows %d): use that one", s.path(), version, schemaVersion)
	case version != schemaVersion:
		return s.damaged(fmt.Sprintf("it has version %d, which there never was", version))
	}
	return nil
}

// examine makes sure that the journal is whole as far as can be told quickly: the structure of the file, the number of
// records, and that the newest one is the one that was appended last. The whole chain is for [Store.Verify]; the
// records of a run are looked at when they are used.
func (s *Store) examine(tx *sql.Tx) error {
	if err := s.identify(tx); err != nil {
		return err
	}
	var found string
	if err := tx.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return s.damaged(found)
	}
	h, err := readHead(tx)
	if errors.Is(err, sql.ErrNoRows) {
		return s.damaged("its head is missing")
	}
	if err != nil {
		return err
	}
	var count int64
	if err := tx.QueryRow("SELECT count(*) FROM record").Scan(&count); err != nil {
		return err
	}
	if count != h.sequence {
		return s.damaged(fmt.Sprintf("%d records were appended, %d are there; `rectify history verify` tells more", h.sequence, count))
	}
	if count == 0 {
		return nil
	}
	var last row
	var before string
	err = tx.QueryRow("SELECT " + columns + ", coalesce((SELECT digest FROM record WHERE sequence = r.sequence - 1), '') FROM record r ORDER BY r.sequence DESC LIMIT 1").
		Scan(append(last.targets(), &before)...)
	if err != nil {
		return err
	}
	if last.sequence != h.sequence || last.digest != h.digest || last.chained(before) != last.digest {
		return &BrokenError{File: s.path(), Break: *last.altered()}
	}
	return nil
}
