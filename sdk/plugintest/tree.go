package plugintest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// tree is what a folder holds, by path; the folder itself is ".". Times of access are no part of it.
type tree map[string]node

type node struct {
	mode     fs.FileMode
	content  []byte // of a file
	link     string // where a symbolic link leads
	modified time.Time
}

func readTree(t testing.TB, folder string) tree {
	t.Helper()
	got := tree{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		n := node{mode: info.Mode(), modified: info.ModTime()}
		switch {
		case info.Mode().IsRegular():
			n.content, err = os.ReadFile(path)
		case info.Mode()&fs.ModeSymlink != 0:
			n.link, err = os.Readlink(path)
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		got[name] = n
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// differs names what another tree has otherwise, sorted by path.
func (a tree) differs(b tree, times bool) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	var diffs []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, there := a[name]
		is, here := b[name]
		switch {
		case !there:
			diffs = append(diffs, name+" is new")
		case !here:
			diffs = append(diffs, name+" is gone")
		case was.mode != is.mode:
			diffs = append(diffs, fmt.Sprintf("%s had mode %v, has %v", name, was.mode, is.mode))
		case !bytes.Equal(was.content, is.content):
			diffs = append(diffs, fmt.Sprintf("%s had %d bytes, has %d others", name, len(was.content), len(is.content)))
		case was.link != is.link:
			diffs = append(diffs, fmt.Sprintf("%s led to %q, leads to %q", name, was.link, is.link))
		case times && !was.modified.Equal(is.modified):
			diffs = append(diffs, fmt.Sprintf("%s was changed at %v, now at %v", name, was.modified, is.modified))
		}
	}
	return diffs
}

// restore makes a folder hold the tree again, times included, save those of links. What is as it was is left alone, and
// so stays the same file.
func (a tree) restore(t testing.TB, folder string) {
	t.Helper()
	now := readTree(t, folder)
	names := slices.Sorted(maps.Keys(now))
	slices.Reverse(names) // what is in a folder before it
	for _, name := range names {
		if is, was := now[name], a[name]; is.mode.Type() == was.mode.Type() && a.has(name) && is.link == was.link {
			continue
		}
		delete(now, name)
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	names = slices.Sorted(maps.Keys(a))
	for _, name := range names {
		if err := a[name].put(filepath.Join(folder, name), now.has(name), now[name]); err != nil {
			t.Fatal(err)
		}
	}
	slices.Reverse(names) // a folder's own time comes last
	for _, name := range names {
		n, path := a[name], filepath.Join(folder, name)
		if !n.mode.IsDir() && !n.mode.IsRegular() {
			continue
		}
		if err := errors.Join(os.Chmod(path, n.mode), os.Chtimes(path, time.Time{}, n.modified)); err != nil {
			t.Fatal(err)
		}
	}
}

func (a tree) has(name string) bool { _, ok := a[name]; return ok }

// put makes one thing, where it is not there as it was.
func (n node) put(path string, there bool, is node) error {
	switch {
	case n.mode.IsRegular() && (!there || !bytes.Equal(n.content, is.content)):
		return os.WriteFile(path, n.content, 0o600)
	case there:
		return nil
	case n.mode.IsDir():
		return os.Mkdir(path, 0o700)
	case n.mode&fs.ModeSymlink != 0:
		return os.Symlink(n.link, path)
	}
	return fmt.Errorf("%s: neither a file, a folder nor a link can be put back: %v", path, n.mode)
}
