package journal

import (
	"database/sql"
	"fmt"
)

// walk reads the records from one sequence on to the end, and follows the chain behind the record before. It gives the
// first break; the records behind one are read as well.
func walk(tx *sql.Tx, from int64, before head, each func(*row)) (*Break, error) {
	end, err := readHead(tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query("SELECT "+columns+" FROM record r WHERE r.sequence >= ? ORDER BY r.sequence", from)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var broken *Break
	last := before // that fits
	for rows.Next() {
		var r row
		if err := rows.Scan(r.targets()...); err != nil {
			return &Break{Sequence: last.sequence + 1, Damage: Altered, Text: fmt.Sprintf("record %d cannot be read: %v", last.sequence+1, err)}, nil
		}
		each(&r)
		if broken != nil {
			continue
		}
		if broken = r.breaks(last, end); broken == nil {
			last = head{r.sequence, r.digest}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	switch {
	case broken != nil && broken.Damage == Altered:
		return broken, displaced(tx, last, broken)
	case broken != nil:
		return broken, nil
	case last.sequence < end.sequence:
		return missing(last.sequence+1, end.sequence), nil
	case last.digest != end.digest:
		return &Break{Sequence: last.sequence, Damage: Altered,
			Text: fmt.Sprintf("the digest of record %d is not that of the one which was appended last: the end of the journal was replaced", last.sequence)}, nil
	}
	return nil, nil
}

// breaks says how the row does not fit behind the last one; nil when it does.
func (r *row) breaks(last, end head) *Break {
	next := last.sequence + 1
	switch {
	case r.sequence < next:
		return &Break{Sequence: r.sequence, Run: r.run, Damage: Added, Text: fmt.Sprintf("record %d was added by hand: the first one is 1", r.sequence)}
	case r.sequence > next:
		return missing(next, r.sequence-1)
	case next > end.sequence:
		return &Break{Sequence: next, Run: r.run, Damage: Added,
			Text: fmt.Sprintf("record %d (run %s, %s) was added by hand: the last one that was appended is %d", next, r.run, r.kind, end.sequence)}
	case r.chained(last.digest) != r.digest:
		return r.altered()
	}
	return nil
}

func missing(from, to int64) *Break {
	text := fmt.Sprintf("record %d is missing", from)
	if to > from {
		text = fmt.Sprintf("records %d to %d are missing", from, to)
	}
	return &Break{Sequence: from, Damage: Missing, Text: text}
}

// displaced looks whether the record that belongs at the break stands somewhere behind it: then records were moved.
func displaced(tx *sql.Tx, last head, broken *Break) error {
	rows, err := tx.Query("SELECT "+columns+" FROM record r WHERE r.sequence > ? ORDER BY r.sequence", broken.Sequence)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := rows.Scan(r.targets()...); err != nil {
			return nil // it is no better than altered
		}
		stands := r.sequence
		r.sequence = broken.Sequence
		if r.chained(last.digest) == r.digest {
			broken.Damage = OutOfOrder
			broken.Text = fmt.Sprintf("records are out of order: what was appended as record %d stands at %d", broken.Sequence, stands)
			return nil
		}
	}
	return rows.Err()
}
