package journal

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

const (
	applicationID = 0x52637446 // "RctF", in the header of the file, so that file(1) and we can tell what it is
	schemaVersion = 1          // PRAGMA user_version
)

// patience is how long a writer waits for another process that writes: an append holds the file for milliseconds.
const patience = 10 * time.Second

// layout is the sizes of the file, in bytes. A test takes small ones, so that it can try every byte of them.
type layout struct {
	page       int
	reserve    int // room on the disk that is kept for the records to come
	checkpoint int // pages in the -wal file after which they are moved into the file
	// padded fills a commit up to a whole sector of the disk, so that a later write which is torn by a loss of power
	// cannot touch it. It is for pages that are as large as a sector.
	padded bool
}

// With this layout the -wal file hardly outgrows the reserve that was made in it.
var standard = layout{page: 4096, reserve: 1 << 20, checkpoint: 240, padded: true}

// A record's digest stands before its data, so that links of the chain are read without the data.
const schema = `
CREATE TABLE record (
	sequence INTEGER PRIMARY KEY,
	run      TEXT NOT NULL,
	time     TEXT NOT NULL,
	kind     TEXT NOT NULL,
	step     TEXT NOT NULL,
	digest   TEXT NOT NULL,
	data     BLOB NOT NULL
) STRICT;
CREATE INDEX record_run ON record (run);
CREATE TRIGGER record_stays BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER record_remains BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;
CREATE TABLE head (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	sequence INTEGER NOT NULL,
	digest   TEXT NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, '');
CREATE TABLE reserve (filler BLOB NOT NULL) STRICT;
`

// dsn names a database file with options: mode and immutable are SQLite's, the rest are the driver's. Settings stand
// here, not in statements, because each connection needs them.
func dsn(path string, options ...string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/ProgramData
	}
	uri := url.URL{Scheme: "file", Path: slashed}
	options = append(options,
		fmt.Sprintf("_busy_timeout=%d", patience.Milliseconds()),
		"_defensive=1", "_dqs=0", "_error_rc=1", // the file may be anybody's work
		"_pragma=trusted_schema(0)", "_pragma=cell_size_check(1)",
	)
	return uri.String() + "?" + strings.Join(options, "&")
}

// forWriting names the file for a connection that writes it. A commit is on the disk when it returns: synchronous(FULL),
// and on a Mac fullfsync. psow, "power-safe overwrite", is SQLite's word for not padding. The driver sets the values of
// _pragma in the order of the alphabet, and _journal_mode after them: the size of pages must be set before.
func forWriting(path string, l layout) string {
	return dsn(path, "mode=rw", fmt.Sprintf("psow=%t", !l.padded), "_txlock=immediate",
		fmt.Sprintf("_pragma=page_size(%d)", l.page), "_journal_mode=WAL", "_synchronous=FULL", "_pragma=fullfsync(1)",
		fmt.Sprintf("_pragma=wal_autocheckpoint(%d)", l.checkpoint))
}
