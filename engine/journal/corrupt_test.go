package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// wholeTest makes a journal of two runs, and gives its file and the records of the first run.
func wholeTest(t testing.TB) (file []byte, run string, records []Record) {
	t.Helper()
	dir := folderTest(t)
	s := openTest(t, dir)
	r := beginTest(t, s, "m1")
	appendTest(t, r, Intended, "a", Intent{Uses: "file.rename", Attempt: 1, Summary: strings.Repeat("rename ", 100)})
	appendTest(t, r, Ended, "", Verdict{Outcome: "fixed"})
	closeAll(t, r, beginTest(t, s, "m2"))
	records, err := r.Records()
	if err != nil {
		t.Fatal(err)
	}
	closeAll(t, s)
	file, err = os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	return file, r.ID(), records
}

func TestNotAJournal(t *testing.T) {
	file, _, _ := wholeTest(t)
	for name, content := range map[string][]byte{
		"empty":        {},
		"one-byte":     {0},
		"text":         []byte("not a database\n"),
		"zeroes":       make([]byte, 8192),
		"garbage":      bytes.Repeat([]byte{0xa5, 0x5a, 0x00, 0xff, 0x13}, 2000),
		"header-alone": file[:100],
		"other-half":   file[len(file)/2:],
	} {
		t.Run(name, func(t *testing.T) {
			dir := folderTest(t)
			path := filepath.Join(dir, fileName)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			for how, open := range map[string]func(string) (*Store, error){"to write": func(dir string) (*Store, error) { return Open(dir) }, "to read": OpenToRead} {
				if s, err := open(dir); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "from a backup") {
					t.Errorf("%s: %v, %v", how, s, err)
				}
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
				t.Errorf("the file that was refused has been changed: %v", err)
			}
		})
	}
}

// TestCutFile cuts the file off in and between its pages. The last page holds nothing yet: a part of it may be missing.
func TestCutFile(t *testing.T) {
	file, run, records := wholeTest(t)
	dir := folderTest(t)
	path := filepath.Join(dir, fileName)
	for cut := 1; cut < len(file); cut += small.page / 2 {
		if err := os.WriteFile(path, file[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := open(dir, small)
		if err == nil && cut > len(file)-small.page {
			got, err := s.Records(run)
			if err != nil || !reflect.DeepEqual(got, records) {
				t.Errorf("%d of %d bytes: %d records, %v", cut, len(file), len(got), err)
			}
			closeAll(t, s)
			continue
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%d of %d bytes: %v, %v", cut, len(file), s, err)
		}
	}
}

// TestSpoiledByte makes sure that no byte of the file can change a record without being found: it is refused, or found
// by Verify, or weighs nothing.
func TestSpoiledByte(t *testing.T) {
	file, run, want := wholeTest(t)
	dir := folderTest(t)
	refused, found, harmless := 0, 0, 0
	for at := 0; at < len(file); at += 1 + at/64 {
		spoilt := bytes.Clone(file)
		spoilt[at] ^= 0x41
		if err := os.WriteFile(filepath.Join(dir, fileName), spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenToRead(dir)
		if err != nil {
			refused++
			continue
		}
		check, err := s.Verify()
		if err != nil || !check.Whole() {
			found++
			continue
		}
		if got, err := s.Records(run); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("byte %d changes records unseen: %v", at, err)
		}
		harmless++
	}
	t.Logf("%d were refused, %d found, %d harmless", refused, found, harmless)
	if refused == 0 || found == 0 {
		t.Error("some kind never came about")
	}
}

// FuzzFile opens any file as a journal, and reads all that it can.
func FuzzFile(f *testing.F) {
	file, run, _ := wholeTest(f)
	f.Add(file, []byte{})
	f.Add(file[:len(file)/2], file)
	f.Add([]byte{}, []byte{})
	f.Add([]byte("SQLite format 3\x00"), []byte("7\x7f\x06\x82"))
	f.Fuzz(func(t *testing.T, file, wal []byte) {
		dir := folderTest(t)
		path := filepath.Join(dir, fileName)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if len(wal) > 0 {
			if err := os.WriteFile(path+"-wal", wal, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := OpenToRead(dir)
		if err != nil {
			return
		}
		// What they say of a file of anybody's is theirs; they end, and say it.
		_, _ = s.Verify()
		_, _ = s.Runs()
		_, _ = s.Records(run)
		if w, err := open(dir, small); err == nil {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
