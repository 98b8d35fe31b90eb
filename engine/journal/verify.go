package journal

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
)

// Damage is what is wrong where a chain breaks.
type Damage string

// The kinds of damage.
const (
	Altered    Damage = "altered"      // a record is not what was appended
	Missing    Damage = "missing"      // one or more records are gone
	OutOfOrder Damage = "out of order" // a record stands where another one was
	Added      Damage = "added"        // there are records that were never appended
)

// Break is the first place where the chain does not hold. Behind it nothing can be told of any record.
type Break struct {
	Sequence int64  `json:"sequence"` // of the record that is wrong, or missing
	Run      string `json:"run,omitempty"`
	Damage   Damage `json:"damage"`
	Text     string `json:"text"` // for people
}

// Check is what walking the whole chain has found.
type Check struct {
	Records int64    `json:"records"`           // how many are there
	Head    string   `json:"head"`              // digest that the chain ends with, as the file says; empty without records
	Break   *Break   `json:"break,omitempty"`   // nil: the chain holds
	Storage []string `json:"storage,omitempty"` // what is wrong with the file itself, as SQLite says it
}

// Whole says that nothing is wrong. Somebody who can write the file can make a whole chain anew: only a digest that was
// noted elsewhere shows that.
func (c Check) Whole() bool { return c.Break == nil && len(c.Storage) == 0 }

// mostStorage bounds how much of a damaged file is told.
const mostStorage = 20

// Verify reads every record and walks the whole chain. A broken chain or file is a finding, not an error.
func (s *Store) Verify() (Check, error) {
	var c Check
	err := s.view(func(tx *sql.Tx) error {
		c = Check{}
		err := c.storage(tx)
		if err == nil {
			err = c.chain(tx)
		}
		if isDamage(sqliteCode(err)) || errors.Is(err, sql.ErrNoRows) {
			c.Storage = append(c.Storage, err.Error())
			return nil
		}
		return err
	})
	return c, err
}

func (c *Check) storage(tx *sql.Tx) error {
	rows, err := tx.Query(fmt.Sprintf("PRAGMA integrity_check(%d)", mostStorage))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			c.Storage = append(c.Storage, line)
		}
	}
	return rows.Err()
}

func (c *Check) chain(tx *sql.Tx) error {
	h, err := readHead(tx)
	if err != nil {
		return err
	}
	c.Head = h.digest
	c.Break, err = walk(tx, math.MinInt64, head{}, func(*row) { c.Records++ })
	return err
}
