package target

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// tree is a file system with rooted slash paths of exact case; the two targets differ in it only.
type tree interface {
	Stat(name string) (fs.FileInfo, error)
	Lstat(name string) (fs.FileInfo, error)
	// ReadDir lists a folder, sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// lookup finds the name that a folder has for a name of another case, or fs.ErrNotExist.
	lookup(dir, name string) (string, error)
	// spell gives the name as the folder lists it where the system has found it in another case; else the name as it is.
	spell(dir, name string) string
	// open opens a file for reading, and never waits, not for the other end of a pipe either.
	open(name string) (*os.File, error)
	// enter opens the root that the parts of a path begin in, and gives the parts below it.
	enter(parts []string) (root *os.Root, below []string, err error)
	io.Closer
}

// rootTree is a folder that nothing leads out of: os.Root refuses links and paths that would. Names that Windows could
// not spell (see spellable) are not seen: their Windows path would name another file.
type rootTree struct{ root *os.Root }

func (r rootTree) Close() error { return r.root.Close() }

func (r rootTree) Stat(name string) (fs.FileInfo, error) {
	info, err := r.root.Stat(name)
	if err == nil {
		return info, nil
	}
	if held, ok := r.lstatHeld(name, err); ok && kindOf(held.Mode()) != LinkEntry {
		return held, nil
	}
	return nil, err
}

func (r rootTree) Lstat(name string) (fs.FileInfo, error) {
	info, err := r.root.Lstat(name)
	if err == nil {
		return info, nil
	}
	if held, ok := r.lstatHeld(name, err); ok {
		return held, nil
	}
	return nil, err
}

func (r rootTree) spell(dir, name string) string { return listed(r.root.Name(), dir, name) }

func (r rootTree) open(name string) (*os.File, error) {
	return r.root.OpenFile(name, os.O_RDONLY|openNoWait, 0)
}

func (r rootTree) enter(parts []string) (*os.Root, []string, error) {
	root, err := r.root.OpenRoot(".")
	return root, parts, err
}

// folder opens a folder. Not through root.FS: that refuses names that are not UTF-8, and waits on a pipe.
func (r rootTree) folder(name string) (*os.File, error) {
	return r.root.OpenFile(name, os.O_RDONLY|openFolder, 0)
}

func (r rootTree) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := r.folder(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !spellable(e.Name()) })
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// lookup reads names in batches, because a folder can have millions; of several that fit, the first in order wins.
func (r rootTree) lookup(dir, name string) (string, error) {
	f, err := r.folder(dir)
	if err != nil {
		return "", err
	}
	defer f.Close()
	found, any := "", false
	for {
		names, err := f.Readdirnames(1024)
		for _, n := range names {
			if strings.EqualFold(n, name) && spellable(n) && (!any || n < found) {
				found, any = n, true
			}
		}
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF):
			return "", err
		case !any:
			return "", fs.ErrNotExist
		default:
			return found, nil
		}
	}
}

// spellable says whether a name can stand in a Windows path: a backslash separates there, and a colon begins the name of
// a stream. Other systems allow both in names.
func spellable(name string) bool { return !strings.ContainsAny(name, `\:`) }
