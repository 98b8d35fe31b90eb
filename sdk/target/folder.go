package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// Errors of changes that callers branch on.
var (
	// ErrLink is a symbolic link, a junction or another reparse point where something is to be changed.
	ErrLink = errors.New("is a link, and nothing is changed through links")
	// ErrInUse is a file or folder that a process has open, or a folder with something in it that one has; it may be free
	// a moment later.
	ErrInUse = errors.New("is in use")
)

var (
	errNotFolder = errors.New("is not a folder")
	errReplaced  = errors.New("was replaced while it was opened")
)

// Folder is a folder of a target, opened to change what is in it. No link is followed on the way to it, and it is the
// opened folder that is changed, whatever its path comes to lead to meanwhile: so no change leads out of the target.
// Names are bare names, of any case; what it makes has a name that Windows can have (see [CheckName]), and never one
// that differs in case only from another. It is safe for concurrent use. Close it.
//
// Probes have no use for it: looking never changes anything.
type Folder struct {
	tree rootTree
	dir  *os.File // the same folder, for what needs a handle
	path string   // as Windows writes it
}

// Folder opens a folder by any spelling of its Windows path. A link on the way is [ErrLink].
func (t *Target) Folder(path string) (*Folder, error) {
	parts, err := t.resolve(path)
	if err != nil {
		return nil, err
	}
	return t.descend(parts)
}

// Parent opens the folder that a Windows path is in, and gives the last name of the path as it is written. Nothing needs
// to have that name; that the folder is not there is fs.ErrNotExist.
func (t *Target) Parent(path string) (f *Folder, name string, err error) {
	parts, err := t.resolve(path)
	if err != nil {
		return nil, "", err
	}
	last := len(parts) - 1
	if last < 0 || last == 0 && t.spec.Kind == Live {
		return nil, "", fmt.Errorf("%q: the path of something in a folder is expected, this is a drive", path)
	}
	if !isPart(parts[last]) {
		return nil, "", fmt.Errorf("%q: the path of one thing is expected, without wildcards", path)
	}
	f, err = t.descend(parts[:last])
	return f, parts[last], err
}

// resolve takes a path apart as locate does: a full path as it stands, where that leads to something.
func (t *Target) resolve(path string) ([]string, error) {
	if _, _, full := cutDrive(path); full && strings.Contains(path, "%") {
		if parts, err := t.split(path, false); err == nil {
			if _, _, err := t.walk(parts); err == nil {
				return parts, nil
			}
		}
	}
	return t.split(path, true)
}

func (t *Target) descend(parts []string) (*Folder, error) {
	root, rest, err := t.tree.enter(parts)
	if err != nil {
		return nil, pathError("open", t.windows(join(parts...)), err)
	}
	f, err := newFolder(root, t.windows(join(parts[:len(parts)-len(rest)]...)))
	for _, part := range rest {
		if err != nil {
			return nil, err
		}
		var next *Folder
		next, err = f.Folder(part)
		f.Close()
		f = next
	}
	return f, err
}

// newFolder takes over root.
func newFolder(root *os.Root, path string) (*Folder, error) {
	tree := rootTree{root}
	dir, err := tree.folder(".")
	if err != nil {
		root.Close()
		return nil, pathError("open", path, err)
	}
	return &Folder{tree, dir, path}, nil
}

// Close releases the folder.
func (f *Folder) Close() error { return errors.Join(f.dir.Close(), f.tree.Close()) }

// Path is the folder's full Windows path, in the case that the disk has.
func (f *Folder) Path() string { return f.path }

// Join is the full Windows path of a name in the folder.
func (f *Folder) Join(name string) string { return strings.TrimSuffix(f.path, `\`) + `\` + name }

// Look tells what has a name. Nothing is fs.ErrNotExist.
func (f *Folder) Look(name string) (Entry, error) {
	exact, info, err := f.find(name)
	if err != nil {
		return Entry{}, f.failed("stat", name, err)
	}
	e := Entry{Name: exact, Kind: kindOf(info.Mode()), Modified: info.ModTime().UnixMicro()}
	if e.Kind == FileEntry {
		e.Size = info.Size()
	}
	e.ID, e.Born = identify(f.dir, exact, info)
	return e, nil
}

// ReadDir lists the folder as [Target.ReadDir] does.
func (f *Folder) ReadDir() ([]fs.DirEntry, error) {
	entries, err := f.tree.ReadDir(".")
	if err != nil {
		return nil, pathError("open", f.path, err)
	}
	return entries, nil
}

// Folder opens a folder in this one.
func (f *Folder) Folder(name string) (*Folder, error) {
	exact, info, err := f.find(name)
	if err == nil {
		switch kindOf(info.Mode()) {
		case FolderEntry:
		case LinkEntry:
			err = ErrLink
		default:
			err = errNotFolder
		}
	}
	if err != nil {
		return nil, f.failed("open", name, err)
	}
	root, err := f.tree.root.OpenRoot(exact)
	if err != nil {
		return nil, f.failed("open", name, err)
	}
	// OpenRoot follows a link that has taken the folder's place since; then it is not the folder that was looked at.
	if opened, err := root.Stat("."); err != nil || !os.SameFile(info, opened) {
		root.Close()
		return nil, f.failed("open", name, errors.Join(errReplaced, err))
	}
	return newFolder(root, f.Join(exact))
}

// Open opens a regular file for reading; a link is [ErrLink].
func (f *Folder) Open(name string) (File, error) {
	exact, info, err := f.find(name)
	if err == nil {
		switch kindOf(info.Mode()) {
		case FileEntry:
		case LinkEntry:
			err = ErrLink
		default:
			err = errNotRegular
		}
	}
	if err != nil {
		return nil, f.failed("open", name, err)
	}
	file, err := f.tree.open(exact)
	if err != nil {
		return nil, f.failed("open", name, err)
	}
	if opened, err := file.Stat(); err != nil || !os.SameFile(info, opened) {
		file.Close()
		return nil, f.failed("open", name, errors.Join(errReplaced, err))
	}
	return file, nil
}

// Create makes a file and opens it for writing. It never opens one that is there: that is fs.ErrExist.
func (f *Folder) Create(name string) (*os.File, error) {
	if err := f.free(name); err != nil {
		return nil, f.failed("create", name, err)
	}
	file, err := f.tree.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, f.failed("create", name, err)
	}
	return file, nil
}

// MakeFolder makes a folder; something that is there already is fs.ErrExist.
func (f *Folder) MakeFolder(name string) error {
	err := f.free(name)
	if err == nil {
		err = f.tree.root.Mkdir(name, 0o755)
	}
	return f.failed("mkdir", name, err)
}

// Rename gives a file or folder another name in the same folder, in one step or not at all. It never replaces:
// something that has the name already, in any case, is fs.ErrExist. A link itself is renamed, not what it leads to.
func (f *Folder) Rename(from, to string) error {
	exact, _, err := f.find(from)
	if err != nil {
		return f.failed("rename", from, err)
	}
	if err := f.free(to); err != nil {
		return f.failed("rename", to, err)
	}
	err = f.renameNoReplace(exact, to)
	if errors.Is(err, fs.ErrExist) {
		return f.failed("rename", to, err)
	}
	return f.failed("rename", from, err)
}

// Remove deletes a file or an empty folder; of a link the link itself.
func (f *Folder) Remove(name string) error {
	exact, _, err := f.find(name)
	if err == nil {
		err = f.tree.root.Remove(exact)
	}
	return f.failed("remove", name, err)
}

// Sync makes what was made, renamed and removed in the folder outlast a loss of power.
func (f *Folder) Sync() error { return f.failed("sync", "", syncFolder(f.dir)) }

// find gives the exact name that the folder has for a name of any case.
func (f *Folder) find(name string) (exact string, info fs.FileInfo, err error) {
	if !isPart(name) {
		return "", nil, fmt.Errorf("%q: a bare name is expected", name)
	}
	if runtime.GOOS == "windows" && isCut(name) {
		return "", nil, CheckName(name)
	}
	info, err = f.tree.Lstat(name)
	if wrong := CheckName(name); isEscape(err) && wrong != nil { // where Windows itself looks, it takes the name for a device
		return "", nil, wrong
	}
	if err == nil {
		return f.tree.spell(".", name), info, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", nil, err
	}
	exact, err = f.tree.lookup(".", name)
	if err != nil {
		return "", nil, err
	}
	info, err = f.tree.Lstat(exact)
	return exact, info, err
}

// free makes sure that Windows can have the name and nothing has it yet, in any case: on a disk that tells case apart
// its own Windows would see one of both only.
func (f *Folder) free(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	_, _, err := f.find(name)
	switch {
	case err == nil:
		return fs.ErrExist
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// failed tells of a failure by its Windows path; nil stays nil.
func (f *Folder) failed(op, name string, err error) error {
	if err == nil {
		return nil
	}
	path := f.path
	if name != "" {
		path = f.Join(name)
	}
	return pathError(op, path, err)
}

// cause is what an error of the os package says without the paths of this system.
func cause(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}
