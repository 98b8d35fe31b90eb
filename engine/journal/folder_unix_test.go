//go:build unix

package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFolderIsPrivate(t *testing.T) {
	dir := filepath.Join(folderTest(t), "new", "state")
	s := openTest(t, dir)
	closeAll(t, beginTest(t, s, "m1"))
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFolderOfOthers(t *testing.T) {
	root := os.Geteuid() == 0
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  []string // none: it is opened
		root  bool     // it takes root to set up
	}{
		"readable":      {spoil: func(dir string) error { return os.Chmod(dir, 0o755) }},
		"group-writes":  {spoil: func(dir string) error { return os.Chmod(dir, 0o770) }, want: []string{"mode 0770", "chmod go-w"}},
		"all-write":     {spoil: func(dir string) error { return os.Chmod(dir, 0o777) }, want: []string{"chmod go-w"}},
		"file":          {spoil: func(dir string) error { return os.Chmod(filepath.Join(dir, fileName), 0o666) }, want: []string{fileName, "chmod go-w"}},
		"locks":         {spoil: func(dir string) error { return os.Chmod(filepath.Join(dir, locksFolder), 0o777) }, want: []string{locksFolder, "chmod go-w"}},
		"owner":         {spoil: func(dir string) error { return os.Chown(dir, 4711, -1) }, want: []string{"belongs to the user with id 4711", "chown 0"}, root: true},
		"owner-of-file": {spoil: func(dir string) error { return os.Chown(filepath.Join(dir, fileName), 4711, -1) }, want: []string{fileName, "4711"}, root: true},
		"link":          {spoil: func(dir string) error { return relink(dir, fileName, os.Symlink) }, want: []string{"a symbolic link"}},
		"link-to-none": {spoil: func(dir string) error {
			return errors.Join(relink(dir, fileName, os.Symlink), os.Remove(filepath.Join(dir, "moved")))
		}, want: []string{"a symbolic link"}},
		"linked-wal": {spoil: func(dir string) error { return os.Symlink("/nowhere", filepath.Join(dir, fileName+"-wal")) }, want: []string{"-wal is a symbolic link"}},
		"folder-as-file": {spoil: func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, fileName)), os.Mkdir(filepath.Join(dir, fileName), 0o700))
		}, want: []string{"is a folder"}},
		"linked-folder": {spoil: func(dir string) error { return errors.Join(os.Rename(dir, dir+"2"), os.Symlink(dir+"2", dir)) }},
	} {
		t.Run(name, func(t *testing.T) {
			if c.root && !root {
				t.Skip("only root can give a file away")
			}
			dir := filepath.Join(folderTest(t), "state")
			s := openTest(t, dir)
			closeAll(t, beginTest(t, s, "m1"), s)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			s, err := open(dir, small)
			if err == nil {
				closeAll(t, s)
			}
			if len(c.want) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
}

// relink moves a file and puts a link to it in its place.
func relink(dir, name string, link func(to, at string) error) error {
	path := filepath.Join(dir, name)
	return errors.Join(os.Rename(path, filepath.Join(dir, "moved")), link(filepath.Join(dir, "moved"), path))
}

// TestStrayWAL makes sure that a new journal is never made beside the rest of an old one: its records would be written
// into the new file.
func TestStrayWAL(t *testing.T) {
	dir := filepath.Join(folderTest(t), "state")
	openTest(t, dir).Close()
	if err := errors.Join(os.Remove(filepath.Join(dir, fileName)), os.WriteFile(filepath.Join(dir, fileName+"-wal"), []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := open(dir, small); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "journal.db-wal") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, fileName)); err == nil {
		t.Error("a new journal was made")
	}
}

// TestHalfMade makes a journal after a crash in the making of one.
func TestHalfMade(t *testing.T) {
	dir := filepath.Join(folderTest(t), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{".new", ".new-wal", ".new-shm"} {
		if err := os.WriteFile(filepath.Join(dir, fileName+left), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	closeAll(t, beginTest(t, openTest(t, dir), "m1"))
}
