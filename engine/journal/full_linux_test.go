package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mountTest mounts a small file system of its own, which takes root.
func mountTest(t *testing.T, size int) string {
	t.Helper()
	dir := folderTest(t)
	if err := unix.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
		t.Skipf("no file system can be mounted here (%v): run as root", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fillTest takes the room of a file system but for some pages; the result gives it back.
func fillTest(t *testing.T, mount string, leave int64) (empty func()) {
	t.Helper()
	var stat unix.Statfs_t
	if err := unix.Statfs(mount, &stat); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(mount, "filler")
	if err := os.WriteFile(path, make([]byte, (int64(stat.Bavail)-leave)*stat.Bsize), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func wantFull(t *testing.T, dir string, err error) {
	t.Helper()
	if err != nil && (!errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "make room on the disk that holds "+dir)) {
		t.Errorf("got %v, want that the disk of %s is full", err, dir)
	}
}

// TestFullDisk runs with each amount of free room, from none to enough: at each point where it may end there is a clear
// error, and no record is lost that was there.
func TestFullDisk(t *testing.T) {
	for name, begun := range map[string]bool{"new-journal": false, "journal-with-a-run": true} {
		t.Run(name, func(t *testing.T) {
			mount := mountTest(t, 4<<20)
			var refused, appended, failed int
			for leave := int64(0); ; leave++ {
				dir := filepath.Join(mount, "state")
				kept := 0
				if begun {
					s := openTest(t, dir)
					r := beginTest(t, s, "m1")
					appendTest(t, r, Intended, "a", Intent{})
					appendTest(t, r, Ended, "", Verdict{})
					closeAll(t, r, s)
					kept = 3
				}
				empty := fillTest(t, mount, leave)
				more, ran, err := runUntilFull(t, dir)
				empty()
				wantFull(t, dir, err)
				switch {
				case !ran:
					refused++
				case err != nil:
					failed++
				}
				appended += more
				s := openTest(t, dir)
				check, verr := s.Verify()
				closeAll(t, s)
				// The record that failed, and the word that nothing was begun, may be there or not.
				if most := int64(kept + more + 2); verr != nil || !check.Whole() || check.Records < int64(kept+more) || check.Records > most {
					t.Fatalf("with %d pages: %+v, %v; %d records were acknowledged", leave, check, verr, kept+more)
				}
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				if err == nil && ran {
					break
				}
			}
			if refused == 0 || failed == 0 || appended == 0 {
				t.Errorf("%d were refused, %d failed, %d records appended: some point was not reached", refused, failed, appended)
			}
		})
	}
}

// runUntilFull begins a run and appends up to twelve records. It gives how many records were acknowledged.
func runUntilFull(t *testing.T, dir string) (acknowledged int, ran bool, err error) {
	t.Helper()
	s, err := open(dir, small)
	if err != nil {
		return 0, false, err
	}
	defer s.Close()
	r, err := s.Begin(startOn("m1"))
	if err != nil {
		return 0, false, err
	}
	defer r.Close()
	for i := range 12 {
		if err := r.Append(Intended, fmt.Sprint(i), Intent{Summary: strings.Repeat("x", 2000)}); err != nil {
			if again := r.Append(Done, "", nil); !errors.Is(again, err) {
				t.Errorf("the run goes on after %v: %v", err, again)
			}
			return 1 + i, true, err
		}
	}
	return 13, true, nil
}

// TestReserve makes sure that a run which has begun can go on although somebody else fills the disk to the last byte.
func TestReserve(t *testing.T) {
	mount := mountTest(t, 8<<20)
	dir := filepath.Join(mount, "state")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := beginTest(t, s, "m1")
	empty := fillTest(t, mount, 0)
	n := 0
	for n < 2000 && err == nil {
		err = r.Append(Intended, fmt.Sprint(n), Intent{Summary: strings.Repeat("x", 1000)})
		n++
	}
	t.Logf("%d records of 1 kB went into the reserve", n-1)
	if n < 400 {
		t.Errorf("only %d records went into the reserve: %v", n-1, err)
	}
	wantFull(t, dir, err)
	if err == nil {
		t.Error("the disk never was full")
	}
	// History can be read, and nothing is lost.
	reader, err := OpenToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	if records, err := reader.Records(r.ID()); err != nil || len(records) < n {
		t.Errorf("%d records, %v; %d were acknowledged", len(records), err, n)
	}
	closeAll(t, r, s)
	if _, err := Open(dir); !errors.Is(err, ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	if records, err := reader.Records(r.ID()); err != nil || len(records) < n {
		t.Errorf("after Close: %d records, %v; %d were acknowledged", len(records), err, n)
	}
	empty()
	s = openTest(t, dir)
	if check, err := s.Verify(); err != nil || !check.Whole() || check.Records < int64(n) {
		t.Errorf("%+v, %v; %d were acknowledged", check, err, n)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	mount := mountTest(t, 4<<20)
	remount := func(flags uintptr) {
		t.Helper()
		if err := unix.Mount("none", mount, "", unix.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(mount, "state")
	s := openTest(t, dir)
	r := beginTest(t, s, "m1")
	closeAll(t, r, s)

	// What a crash leaves: the newest records are in the -wal file alone. A copy may lack the -shm file.
	crashed, copied := filepath.Join(mount, "crashed"), filepath.Join(mount, "copied")
	_, _, kill := holdElsewhere(t, crashed, "")
	kill()
	if err := os.Mkdir(copied, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fileName, fileName + "-wal"} {
		if err := copyFile(filepath.Join(copied, name), filepath.Join(crashed, name)); err != nil {
			t.Fatal(err)
		}
	}
	remount(unix.MS_RDONLY)
	for name, c := range map[string]struct {
		dir  string
		want int
	}{"closed": {dir, 1}, "crashed": {crashed, 2}, "copied": {copied, 2}} {
		t.Run(name, func(t *testing.T) {
			reader, err := OpenToRead(c.dir)
			if err != nil {
				t.Fatal(err)
			}
			records, err := reader.Records("last")
			if err != nil || len(records) != c.want {
				t.Errorf("%d records, want %d; %v", len(records), c.want, err)
			}
			if check, err := reader.Verify(); err != nil || !check.Whole() {
				t.Errorf("%+v, %v", check, err)
			}
			if sum, err := reader.Find("last"); err != nil || sum.State != StateInterrupted {
				t.Errorf("%+v, %v", sum, err)
			}
			if s, err := open(c.dir, small); err == nil || !strings.Contains(err.Error(), "name another state folder") {
				t.Errorf("to write: %v, %v", s, err)
			}
		})
	}
	t.Run("new", func(t *testing.T) {
		if s, err := open(filepath.Join(mount, "new"), small); err == nil || !strings.Contains(err.Error(), "name another state folder") {
			t.Errorf("%v, %v", s, err)
		}
	})
	remount(0)
	if check, err := openTest(t, crashed).Verify(); err != nil || !check.Whole() || check.Records != 2 {
		t.Errorf("written again: %+v, %v", check, err)
	}
}
