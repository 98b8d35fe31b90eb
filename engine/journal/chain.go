package journal

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// row is a record as it lies in the file.
type row struct {
	sequence                      int64
	run, time, kind, step, digest string
	data                          []byte
}

// chained is the digest that the row has behind the record with the digest before. The fields are written one after
// the other, each as its length in bytes, a colon, its bytes and a comma ("5:hello,"), so that no two records read
// alike: previous digest, sequence, run, time, kind, step, data.
func (r *row) chained(before string) string {
	h := sha256.New()
	for _, field := range []string{before, strconv.FormatInt(r.sequence, 10), r.run, r.time, r.kind, r.step} {
		fmt.Fprintf(h, "%d:%s,", len(field), field)
	}
	fmt.Fprintf(h, "%d:", len(r.data))
	h.Write(r.data)
	h.Write([]byte{','})
	return hex.EncodeToString(h.Sum(nil))
}

// record is the row as it is given to others. A time that is none is the zero time: the digest tells of it.
func (r *row) record() Record {
	at, _ := time.Parse(time.RFC3339Nano, r.time)
	record := Record{Sequence: r.sequence, Run: r.run, Time: at.UTC(), Kind: Kind(r.kind), Step: r.step, Digest: r.digest}
	if len(r.data) > 0 {
		record.Data = r.data
	}
	return record
}

// altered is the break of a row whose digest is not the one that it must have.
func (r *row) altered() *Break {
	return &Break{Sequence: r.sequence, Run: r.run, Damage: Altered,
		Text: fmt.Sprintf("record %d (run %s, %s) does not fit its digest: it, or the digest before it, was altered", r.sequence, r.run, r.kind)}
}

// columns are those of a row, in the order of row.targets.
const columns = "r.sequence, r.run, r.time, r.kind, r.step, r.digest, r.data"

func (r *row) targets() []any {
	return []any{&r.sequence, &r.run, &r.time, &r.kind, &r.step, &r.digest, &r.data}
}

// head is the last record that was appended: what the chain must end with.
type head struct {
	sequence int64
	digest   string
}

func readHead(tx *sql.Tx) (head, error) {
	var h head
	err := tx.QueryRow("SELECT sequence, digest FROM head").Scan(&h.sequence, &h.digest)
	return h, err
}
