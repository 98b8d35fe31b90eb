package journal

import (
	"database/sql"
	"errors"
	"fmt"
)

// Records gives the records of a run, in order; the run may be named as in [Store.Find]. The chain is followed from the
// run's first record to the end of the journal. When it breaks there is a [BrokenError] beside the records: they can be
// shown then, but nothing may be done by them, since records of this run may be altered or gone.
func (s *Store) Records(run string) ([]Record, error) {
	id, err := s.resolve(run)
	if err != nil {
		return nil, err
	}
	var records []Record
	var broken *Break
	err = s.view(func(tx *sql.Tx) error {
		records, broken = nil, nil
		var first int64
		if err := tx.QueryRow("SELECT min(sequence) FROM record WHERE run = ?", id).Scan(&first); err != nil {
			return err
		}
		before := head{sequence: first - 1}
		err := tx.QueryRow("SELECT digest FROM record WHERE sequence = ?", before.sequence).Scan(&before.digest)
		gone := errors.Is(err, sql.ErrNoRows) && before.sequence > 0
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		broken, err = walk(tx, first, before, func(r *row) {
			if r.run == id {
				records = append(records, r.record())
			}
		})
		switch {
		case err != nil:
			return err
		case gone:
			broken = missing(before.sequence, before.sequence)
		case broken == nil && records[0].Kind != Started:
			broken = &Break{Sequence: first, Run: id, Damage: Missing, Text: fmt.Sprintf("the first record of run %s is missing: the first one that is there is record %d (%s)", id, first, records[0].Kind)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if broken != nil {
		return records, &BrokenError{File: s.path(), Break: *broken}
	}
	return records, nil
}
