package journal

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// tornJournal is the two files of a journal whose process died while it appended its last record.
type tornJournal struct {
	file          []byte
	before, after []byte // the -wal file, before and after the last append
	from, to      int    // what the last append wrote of it
	acknowledged  int64  // records before the last one
}

func tear(t *testing.T, l layout) tornJournal {
	t.Helper()
	s, err := open(folderTest(t), l, AcceptUnprotected())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := beginTest(t, s, "m1")
	for _, step := range []string{"a", "b", "c"} {
		appendTest(t, r, Intended, step, Intent{Uses: "file.rename", Attempt: 1})
	}
	read := func(suffix string) []byte {
		t.Helper()
		// Closing the file drops SQLite's locks on it; nobody else is there to mind.
		data, err := os.ReadFile(s.path() + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if _, err := s.db.Exec("PRAGMA wal_checkpoint(PASSIVE)"); err != nil { // so that there is less to recover each time
		t.Fatal(err)
	}
	appendTest(t, r, Done, "b", Outcome{})
	torn := tornJournal{file: read(""), before: read("-wal"), acknowledged: 5}
	appendTest(t, r, Done, "c", Outcome{Summary: "it is there"})
	torn.after = read("-wal")
	if again := read(""); !bytes.Equal(again, torn.file) {
		t.Fatal("the last append was moved into the file at once: choose a layout that does not")
	}
	for torn.from < len(torn.before) && torn.before[torn.from] == torn.after[torn.from] {
		torn.from++
	}
	for torn.to = len(torn.after); torn.to <= len(torn.before) && torn.before[torn.to-1] == torn.after[torn.to-1]; torn.to-- {
	}
	if torn.to-torn.from < 2*l.page {
		t.Fatalf("the last append wrote from %d to %d only", torn.from, torn.to)
	}
	return torn
}

// tears take back the bytes from n up to end of what the last append wrote, where all behind them is taken back already.
func (j *tornJournal) tears() map[string]func(wal *os.File, n, end int) error {
	return map[string]func(*os.File, int, int) error{
		"cut off": func(wal *os.File, n, _ int) error { return wal.Truncate(int64(n)) },
		"zeroes":  func(wal *os.File, n, end int) error { _, err := wal.WriteAt(make([]byte, end-n), int64(n)); return err },
		"never written": func(wal *os.File, n, end int) error {
			was := len(j.before) // what lies behind was not there
			if end > was {
				if err := wal.Truncate(int64(max(n, was))); err != nil || n >= was {
					return err
				}
			}
			_, err := wal.WriteAt(j.before[n:min(end, was)], int64(n))
			return err
		},
	}
}

// write lays the files out as they were after the last append, and gives the -wal file.
func (j *tornJournal) write(t *testing.T, dir string) *os.File {
	t.Helper()
	path := filepath.Join(dir, fileName)
	if err := errors.Join(os.WriteFile(path, j.file, 0o600), os.WriteFile(path+"-wal", j.after, 0o600)); err != nil {
		t.Fatal(err)
	}
	wal, err := os.OpenFile(path+"-wal", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wal.Close() }) // where it is not closed before
	return wal
}

// attached reads a journal as the store does, which recovers it, but through one connection for thousands of them: a
// connection of its own costs more than the rest of the test.
func attached(db *sql.DB, path string, do func(*sql.Tx) error) error {
	if _, err := db.Exec("ATTACH ? AS journal", "file:"+path+"?mode=ro"); err != nil {
		return err
	}
	tx, err := db.Begin()
	if err == nil {
		err = errors.Join(do(tx), tx.Rollback())
	}
	_, detached := db.Exec("DETACH journal")
	return errors.Join(err, detached)
}

// TestTornAppend takes back the last write byte by byte (with the race detector, which makes it slow and has nothing to
// look for here, and on Windows, where each call of the system takes long, in steps), as a loss of power may leave it. The
// journal can be read each time, no record that was acknowledged before is lost, and the last one is there or not.
func TestTornAppend(t *testing.T) {
	j := tear(t, small)
	for how, tear := range j.tears() {
		t.Run(how, func(t *testing.T) {
			s, err := at(folderTest(t), small)
			if err != nil {
				t.Fatal(err)
			}
			wal := j.write(t, s.dir)
			db, err := sql.Open("sqlite", ":memory:")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			db.SetMaxOpenConns(1)
			last := j.acknowledged + 1
			for n, end := j.to-1, j.to; n >= j.from; n-- {
				if n%tearStride != 0 && n > j.from {
					continue
				}
				if err := tear(wal, n, end); err != nil {
					t.Fatal(err)
				}
				end = n
				var count int64
				err := attached(db, s.path(), func(tx *sql.Tx) error {
					broken, err := walk(tx, 1, head{}, func(*row) { count++ })
					if broken != nil {
						t.Errorf("at byte %d: %s", n, broken.Text)
					}
					return err
				})
				// Once it is gone, no fewer bytes bring it back.
				if err != nil || count < j.acknowledged || count > last {
					t.Fatalf("at byte %d of %d to %d: %d records, %v; %d were acknowledged", n, j.from, j.to, count, err, j.acknowledged)
				}
				last = count
				if err := os.Remove(s.path() + "-shm"); err != nil { // what a crash of the machine leaves of it is nothing
					t.Fatal(err)
				}
			}
			if last != j.acknowledged {
				t.Error("the last record outlived all that was written of it")
			}
		})
	}
}

// TestOpenAfterTear does the same with the layout of real journals, and with the whole of opening and going on, at some
// of the bytes.
func TestOpenAfterTear(t *testing.T) {
	j := tear(t, standard)
	for how, tear := range j.tears() {
		t.Run(how, func(t *testing.T) {
			for stop := j.from; stop < j.to; stop += 1499 {
				dir := folderTest(t)
				wal := j.write(t, dir)
				if err := errors.Join(tear(wal, stop, j.to), wal.Close()); err != nil { // Windows deletes no file that somebody has open
					t.Fatal(err)
				}
				j.goOn(t, dir)
			}
		})
	}
}

// TestTornSector makes sure that an append which spoils the whole sector in which it begins spoils no record before it.
func TestTornSector(t *testing.T) {
	const sector = 4096
	j := tear(t, standard)
	dir := folderTest(t)
	wal := j.write(t, dir)
	from := j.from / sector * sector
	_, err := wal.WriteAt(make([]byte, j.to-from), int64(from))
	if err := errors.Join(err, wal.Close()); err != nil {
		t.Fatal(err)
	}
	j.goOn(t, dir)
}

// goOn reads the journal, opens it and goes on with its run.
func (j *tornJournal) goOn(t *testing.T, dir string) {
	t.Helper()
	reader, err := OpenToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	records, err := reader.Records("last")
	if err != nil || len(records) < int(j.acknowledged) {
		t.Fatalf("%d records, %v", len(records), err)
	}
	s, err := Open(dir, AcceptUnprotected())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Continue("last")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	appendTest(t, r, Stopped, "", Stop{Reason: "failed"})
	if check, err := s.Verify(); err != nil || !check.Whole() || check.Records != int64(len(records)+1) {
		t.Errorf("%+v, %v; %d records were there", check, err, len(records))
	}
}
