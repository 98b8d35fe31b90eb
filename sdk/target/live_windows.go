package target

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/windows"
)

// liveTree is the running Windows: the first part of a name is the drive.
type liveTree struct{}

func openLive() (tree, map[string]string) { return liveTree{}, liveVariables(os.Environ()) }

func (liveTree) path(name string) string {
	if len(name) == len(systemDrive) {
		name += `\` // "C:" alone is the device of the drive
	}
	return literal(name)
}

// literal spells a full path so that Windows takes it as it is, without a longest path.
func literal(path string) string {
	path = strings.ReplaceAll(path, "/", `\`)
	if strings.HasPrefix(path, `\\`) { // of a server, or literal already
		return path
	}
	return `\\?\` + path
}

// listed gives a name as its folder lists it; the name as it is where that cannot be told, or where Windows knows the same
// thing by another one, a short one.
func listed(root, dir, name string) string {
	p, err := windows.UTF16PtrFromString(literal(filepath.Join(root, dir, name)))
	if err != nil {
		return name
	}
	var found windows.Win32finddata
	h, err := windows.FindFirstFile(p, &found)
	if err != nil {
		return name
	}
	_ = windows.FindClose(h)
	if exact := windows.UTF16ToString(found.FileName[:]); strings.EqualFold(exact, name) {
		return exact
	}
	return name
}

func (l liveTree) Stat(name string) (fs.FileInfo, error)  { return os.Stat(l.path(name)) }
func (l liveTree) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(l.path(name)) }
func (liveTree) Close() error                             { return nil }

func (l liveTree) spell(dir, name string) string {
	if dir == "." { // a drive
		return name
	}
	return listed(l.path(dir), ".", name)
}

func (l liveTree) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := l.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// open keeps nobody from renaming or deleting the file meanwhile, as os.Open would: looking changes nothing, for others
// neither.
func (l liveTree) open(name string) (*os.File, error) {
	path := l.path(name)
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	h, err := windows.CreateFile(p, windows.GENERIC_READ, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

func (liveTree) enter(parts []string) (*os.Root, []string, error) {
	root, err := os.OpenRoot(parts[0] + `\`)
	return root, parts[1:], err
}

// lookup finds nothing: Windows itself has looked in any case already.
func (liveTree) lookup(string, string) (string, error) { return "", fs.ErrNotExist }
