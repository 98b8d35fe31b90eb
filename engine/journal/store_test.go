package journal

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk/target"
)

// small is a layout whose commits are short, so that a test can try each byte of one.
var small = layout{page: 512, reserve: 32 << 10, checkpoint: 1000}

// openTest accepts a folder that is not protected: on Wine none is.
func openTest(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := open(dir, small, AcceptUnprotected())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// folderTest makes a folder that is nobody else's to write, whatever the umask: in memory where that can be, because
// many tests would wait for a disk most of their time.
func folderTest(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "rectify-journal-")
	if err != nil {
		return privateTest(t)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if dir, err = filepath.Abs(dir); err != nil { // Wine shows it on a drive
		t.Fatal(err)
	}
	return dir
}

// privateTest is folderTest on a disk.
func privateTest(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func startOn(identity string) Start {
	return Start{
		Playbook: "windows-update/0x8024001e", Title: "Update stops half way", Source: "rectify: 1\n",
		Target:  Target{Identity: identity, Spec: target.Spec{Kind: target.Live}, Name: "SERVER7"},
		Who:     Person{User: "ada", Host: "desk"},
		Version: "1.2.3", Command: []string{"rectify", "run"}, Plan: json.RawMessage(`{"steps":[]}`), Facts: json.RawMessage(`{}`),
	}
}

func beginTest(t testing.TB, s *Store, identity string) *Run {
	t.Helper()
	r, err := s.Begin(startOn(identity))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func appendTest(t testing.TB, r *Run, kind Kind, step string, data any) {
	t.Helper()
	if err := r.Append(kind, step, data); err != nil {
		t.Fatal(err)
	}
}

func closeAll(t testing.TB, closers ...interface{ Close() error }) {
	t.Helper()
	for _, c := range closers {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// rawTest opens the file without the store, as somebody with a database tool would.
func rawTest(t testing.TB, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestRoundTrip(t *testing.T) {
	odd := "a b%?#" // characters that mean something in a URI
	if os.PathSeparator == '\\' {
		odd = "a b%+#" // a name has no question mark there
	}
	dir := filepath.Join(folderTest(t), odd, "state")
	s := openTest(t, dir)
	r := beginTest(t, s, "m1")
	intent := Intent{Uses: "file.rename", Input: json.RawMessage(`{"to":"<b>"}`), Token: json.RawMessage(`{"n":9007199254740993}`), Attempt: 1}
	steps := []string{"rename", "each[ü/\"1\"]", "a\nb", "", "x\x00y"}
	for _, step := range steps {
		appendTest(t, r, Intended, step, intent)
	}
	appendTest(t, r, Closed, "g", nil)
	closeAll(t, r, s)

	reader, err := OpenToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	records, err := reader.Records(r.ID())
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != len(steps)+2 {
		t.Fatalf("got %d records, want %d", len(records), len(steps)+2)
	}
	for i, record := range records {
		if record.Sequence != int64(i+1) || record.Run != r.ID() || record.Time.IsZero() || record.Time.Location() != time.UTC {
			t.Errorf("record %d: %+v", i, record)
		}
	}
	var start Start
	err = json.Unmarshal(records[0].Data, &start)
	start.Unprotected = "" // what Wine gives a folder
	if err != nil || !reflect.DeepEqual(start, startOn("m1")) {
		t.Errorf("start: %+v, %v", start, err)
	}
	for i, step := range steps {
		var got Intent
		if err := json.Unmarshal(records[i+1].Data, &got); err != nil || records[i+1].Step != step || !reflect.DeepEqual(got, intent) {
			t.Errorf("record %d: step %q, %+v, %v", i+2, records[i+1].Step, got, err)
		}
	}
	if last := records[len(records)-1]; last.Kind != Closed || last.Data != nil {
		t.Errorf("last: %+v", last)
	}
	check, err := reader.Verify()
	if err != nil || !check.Whole() || check.Records != int64(len(records)) || check.Head != records[len(records)-1].Digest {
		t.Errorf("%+v, %v", check, err)
	}
}

// TestExportedRecords makes sure that a record's digest can be recomputed from its export.
func TestExportedRecords(t *testing.T) {
	s := openTest(t, folderTest(t))
	r := beginTest(t, s, "m1")
	appendTest(t, r, Answered, "backup", Answer{Question: "a < b & c?", Text: "yes\u2028 \xff", By: "terminal"})
	appendTest(t, r, Intended, "raw", Intent{Token: json.RawMessage("{ \"a\": \"<\u2028>\" }")})
	records, err := r.Records()
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetEscapeHTML(false)
	if err := e.Encode(records); err != nil {
		t.Fatal(err)
	}
	var exported []struct {
		Record
		Time string `json:"time"`
	}
	if err := json.Unmarshal(data.Bytes(), &exported); err != nil {
		t.Fatal(err)
	}
	before := ""
	for _, e := range exported {
		again := row{sequence: e.Sequence, run: e.Run, time: e.Time, kind: string(e.Kind), step: e.Step, data: e.Data}
		if got := again.chained(before); got != e.Digest {
			t.Errorf("record %d: %s, want %s", e.Sequence, got, e.Digest)
		}
		before = e.Digest
	}
}

func TestDigestIsStable(t *testing.T) {
	r := row{sequence: 7, run: "20261122-2118-kfwz", time: "2026-11-22T21:18:00.5Z", kind: "intended", step: "a/b", data: []byte(`{"x":1}`)}
	// printf '2:ab,1:7,18:20261122-2118-kfwz,22:2026-11-22T21:18:00.5Z,8:intended,3:a/b,7:{"x":1},' | sha256sum
	const want = "45ca989e10d062f86477c53cbba52c6b305a8dd8eec8c55816fb6ea9422497bd"
	if got := r.chained("ab"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPlace(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/xdg")
	t.Setenv("HOME", "/home/ada")
	for name, c := range map[string]struct{ named, xdg, want string }{
		"named":        {named: "/somewhere", xdg: "/xdg", want: "/somewhere"},
		"xdg":          {xdg: "/xdg", want: "/xdg/rectify"},
		"relative-xdg": {xdg: "xdg", want: "/home/ada/.local/state/rectify"},
		"home":         {want: "/home/ada/.local/state/rectify"},
	} {
		t.Run(name, func(t *testing.T) {
			if os.PathSeparator == '\\' {
				t.Skip("the places of Unix")
			}
			t.Setenv("XDG_STATE_HOME", c.xdg)
			if got, err := Place(c.named); err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestNoJournal(t *testing.T) {
	for name, dir := range map[string]string{"empty-folder": folderTest(t), "no-folder": filepath.Join(folderTest(t), "x")} {
		t.Run(name, func(t *testing.T) {
			if _, err := OpenToRead(dir); !errors.Is(err, ErrNoJournal) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v", err)
			}
			if left, err := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("reading made %v, %v", left, err)
			}
		})
	}
}

// TestReadingLeavesNothing makes sure that looking at a journal that nobody has open makes no file beside it.
func TestReadingLeavesNothing(t *testing.T) {
	dir := folderTest(t)
	s := openTest(t, dir)
	closeAll(t, beginTest(t, s, "m1"), s)
	reader, err := OpenToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := reader.Runs(); err != nil || len(runs) != 1 {
		t.Errorf("%v, %v", runs, err)
	}
	if _, err := reader.Begin(startOn("m2")); err == nil || !strings.Contains(err.Error(), "read only") {
		t.Errorf("Begin: %v", err)
	}
	for _, path := range reader.files()[1:] {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is there", path)
		}
	}
}

// TestManyWriters lets several stores append at once while another reads: the chain holds, and a reader never sees half
// a record.
func TestManyWriters(t *testing.T) {
	const writers, each = 4, 15
	dir := privateTest(t) // on a disk, where a commit takes long
	first := openTest(t, dir)
	closeAll(t, beginTest(t, first, "first"))
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			s, err := open(dir, small, AcceptUnprotected())
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			r, err := s.Begin(startOn(fmt.Sprint("m", w)))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			for i := range each {
				if err := r.Append(Intended, fmt.Sprint(i), Intent{Attempt: i}); err != nil {
					t.Error(err)
				}
			}
			if records, err := r.Records(); err != nil || len(records) != each+1 {
				t.Errorf("%d records, %v", len(records), err)
			}
		})
	}
	reader, err := OpenToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	var seen int64
	for range 20 {
		check, err := reader.Verify()
		if err != nil || !check.Whole() || check.Records < seen {
			t.Fatalf("%+v after %d records, %v", check, seen, err)
		}
		seen = check.Records
	}
	group.Wait()
	if check, err := reader.Verify(); err != nil || !check.Whole() || check.Records != 1+writers*(each+1) {
		t.Errorf("%+v, %v", check, err)
	}
}

// TestManyMakers opens a journal that is not there yet from several sides at once.
func TestManyMakers(t *testing.T) {
	dir := filepath.Join(folderTest(t), "state")
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			s, err := open(dir, small, AcceptUnprotected())
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			r, err := s.Begin(startOn(fmt.Sprint("m", i)))
			if err != nil {
				t.Error(err)
				return
			}
			r.Close()
		})
	}
	group.Wait()
	if runs, err := openTest(t, dir).Runs(); err != nil || len(runs) != 4 {
		t.Errorf("%v, %v", runs, err)
	}
}

// TestClockSetBack makes sure that the order of records and runs is that of their appending.
func TestClockSetBack(t *testing.T) {
	s := openTest(t, folderTest(t))
	at := time.Date(2026, 11, 22, 21, 18, 0, 0, time.FixedZone("", 3600))
	s.now = func() time.Time { at = at.Add(-time.Hour); return at }
	first := beginTest(t, s, "m1")
	appendTest(t, first, Ended, "", Verdict{Outcome: "fixed"})
	second := beginTest(t, s, "m2")
	runs, err := s.Runs()
	if err != nil || len(runs) != 2 || runs[0].ID != second.ID() || runs[1].ID != first.ID() {
		t.Fatalf("%+v, %v", runs, err)
	}
	if !runs[1].Last.Before(runs[1].Began) || runs[1].State != StateEnded {
		t.Errorf("%+v", runs[1])
	}
	if sum, err := s.Find("last"); err != nil || sum.ID != second.ID() {
		t.Errorf("last: %+v, %v", sum, err)
	}
	if check, err := s.Verify(); err != nil || !check.Whole() {
		t.Errorf("%+v, %v", check, err)
	}
}

// TestFailedAppend makes sure that a run does not go on after a record that was not written.
func TestFailedAppend(t *testing.T) {
	s := openTest(t, folderTest(t))
	r := beginTest(t, s, "m1")
	first := r.Append(Intended, "a", Intent{Input: json.RawMessage(`{`)})
	if first == nil {
		t.Fatal("broken JSON was appended")
	}
	if again := r.Append(Intended, "b", nil); !errors.Is(again, first) {
		t.Errorf("got %v, want %v", again, first)
	}
	if records, err := r.Records(); err != nil || len(records) != 1 {
		t.Errorf("%d records, %v", len(records), err)
	}
	closed := beginTest(t, s, "m2")
	closeAll(t, closed)
	if err := closed.Append(Done, "a", nil); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: %v", err)
	}
}

func TestStateDir(t *testing.T) {
	dir := folderTest(t)
	s := openTest(t, dir)
	r := beginTest(t, s, "m1")
	seen := map[string]string{}
	for _, step := range []string{"rename", "Rename", "a/b", "a-b", "../../x", "", "con", strings.Repeat("ü", 300), "a\x00b"} {
		got, err := r.StateDir(step)
		if err != nil {
			t.Fatalf("%q: %v", step, err)
		}
		folded := strings.ToLower(got)
		if other, ok := seen[folded]; ok {
			t.Errorf("%q and %q share %s", step, other, got)
		}
		seen[folded] = step
		if filepath.Dir(got) != filepath.Join(dir, "runs", r.ID()) || len(filepath.Base(got)) > longestName+9 {
			t.Errorf("%q: %s", step, got)
		}
		info, err := os.Stat(got)
		if err != nil || !info.IsDir() || os.PathSeparator == '/' && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", got, info, err)
		}
		if again, err := r.StateDir(step); err != nil || again != got {
			t.Errorf("%q again: %s, %v", step, again, err)
		}
	}
}
