// Package target is the machine that a plugin looks at: this one, or the disk of a Windows that is not running. It
// resolves paths as Windows writes them (drive letters, %SystemRoot%, any case) and lets nothing lead out of the disk.
package target

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Kind is what a target is.
type Kind string

// The kinds.
const (
	Live    Kind = "live"
	Offline Kind = "offline"
)

// Spec names a target. It crosses to plugins as JSON.
type Spec struct {
	Kind Kind      `json:"kind"`
	Root string    `json:"root,omitempty"` // folder that holds the disk's Windows folder; offline only
	Now  time.Time `json:"now,omitzero"`   // the target's own time, see the playbook language; zero until it is known
}

// Errors that callers branch on.
var (
	// ErrOutside is a path or link that leads out of the root.
	ErrOutside = errors.New("leads out of the root of the disk")
	// ErrOtherDrive is a path on a drive that is not part of the target.
	ErrOtherDrive = errors.New("is on another drive than the system drive")
	// ErrNotWindows is a Windows path on a live machine that does not run Windows.
	ErrNotWindows = errors.New("this machine does not run Windows")
)

// Target is an opened target. It is safe for concurrent use. It is only read from, save through a [Folder].
type Target struct {
	spec Spec
	tree tree
	vars map[string]string // lower-case name → Windows path

	mu    sync.Mutex
	cases map[string]string // tree path as asked for → name that the folder had; see entry
}

// File is an open file of a target: it can be read at any place, from several goroutines.
type File interface {
	io.ReaderAt
	io.Reader
	io.Closer
	Stat() (fs.FileInfo, error)
}

// Open opens a target. An offline root must exist, and should hold a Windows folder: [Target.HasWindows] tells. The
// root itself may be a symbolic link.
func Open(spec Spec) (*Target, error) {
	switch spec.Kind {
	case Live:
		tree, vars := openLive()
		return newTarget(spec, tree, vars), nil
	case Offline:
		if spec.Root == "" {
			return nil, errors.New("an offline target needs a root: the folder that holds the disk's Windows folder")
		}
		abs, err := filepath.Abs(spec.Root)
		if err != nil {
			return nil, fmt.Errorf("the root %q cannot be opened: %w", spec.Root, err)
		}
		info, err := os.Stat(abs)
		if err != nil {
			return nil, fmt.Errorf("the root %q cannot be opened: %w", spec.Root, err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("the root %q is not a folder: mount a disk image first, then name the folder that holds Windows", spec.Root)
		}
		root, err := os.OpenRoot(abs)
		if err != nil {
			return nil, fmt.Errorf("the root %q cannot be opened: %w", spec.Root, err)
		}
		spec.Root = abs
		return newTarget(spec, rootTree{root}, offlineVariables()), nil
	}
	return nil, fmt.Errorf("unknown kind of target %q; known are live, offline", spec.Kind)
}

func newTarget(spec Spec, tree tree, vars map[string]string) *Target {
	return &Target{spec: spec, tree: tree, vars: vars, cases: map[string]string{}}
}

// Close releases the target.
func (t *Target) Close() error {
	if t.tree == nil {
		return nil
	}
	return t.tree.Close()
}

// Spec is what the target was opened with, the root absolute.
func (t *Target) Spec() Spec { return t.spec }

// Kind is live or offline.
func (t *Target) Kind() Kind { return t.spec.Kind }

// Now is the target's own time.
func (t *Target) Now() time.Time { return t.spec.Now }

// HasWindows says whether there is a Windows folder where it should be.
func (t *Target) HasWindows() bool {
	info, err := t.Stat(`%SystemRoot%`)
	return err == nil && info.IsDir()
}

var errNotRegular = errors.New("is not a regular file")

// Open opens a regular file for reading, by any spelling of its Windows path.
func (t *Target) Open(path string) (File, error) {
	name, display, err := t.locate(path)
	if err != nil {
		return nil, err
	}
	info, err := t.tree.Stat(name) // before opening, because opening a device can have an effect
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, pathError("open", display, err)
	}
	f, err := t.tree.open(name)
	if err != nil {
		return nil, pathError("open", display, err)
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() { // it was replaced in between
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, pathError("open", display, err)
	}
	return f, nil
}

// Stat tells of a file or folder; a symbolic link is followed as long as it stays inside.
func (t *Target) Stat(path string) (fs.FileInfo, error) {
	name, display, err := t.locate(path)
	if err != nil {
		return nil, err
	}
	info, err := t.tree.Stat(name)
	if err != nil {
		return nil, pathError("stat", display, err)
	}
	return info, nil
}

// ReadDir lists a folder, sorted by name. Names that a Windows path cannot spell (with a backslash or a colon, which
// other systems allow) are left out.
func (t *Target) ReadDir(path string) ([]fs.DirEntry, error) {
	name, display, err := t.locate(path)
	if err != nil {
		return nil, err
	}
	entries, err := t.tree.ReadDir(name)
	if err != nil {
		return nil, pathError("open", display, err)
	}
	return entries, nil
}

// Display is the full Windows path of any spelling: variables expanded, the drive's letter in front, in the case that
// the disk has, as far as the path exists. A path that the target cannot have is given back as it is.
func (t *Target) Display(path string) string {
	_, display, err := t.locate(path)
	if display == "" || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return path
	}
	return display
}

// locate finds the exact name in the tree of a Windows path, and its full Windows spelling. A path that does not exist
// gives both as far as they are known and fs.ErrNotExist.
//
// A full path is tried as it stands before its variables are expanded: a path that Glob or Display gave leads to the
// same file again, even where a name has percent signs round it.
func (t *Target) locate(path string) (name, display string, err error) {
	if _, _, full := cutDrive(path); full && strings.Contains(path, "%") {
		if parts, err := t.split(path, false); err == nil {
			if name, display, err = t.walk(parts); err == nil {
				return name, display, nil
			}
		}
	}
	parts, err := t.split(path, true)
	if err != nil {
		return "", "", err
	}
	return t.walk(parts)
}

func (t *Target) walk(parts []string) (name, display string, err error) {
	at := "."
	for i, part := range parts {
		exact, err := t.entry(at, part)
		if err != nil {
			display := t.windows(join(append([]string{at}, parts[i:]...)...))
			return "", display, pathError("open", display, err)
		}
		at = join(at, exact)
	}
	return at, t.windows(at), nil
}

// maxCases bounds the memory that entry has of names.
const maxCases = 4096

// entry finds the name that a folder has for a name of any case; an exact match wins. What it found is remembered, and
// looked at before it is believed, so that a file which is renamed or deleted meanwhile is not seen where it was.
func (t *Target) entry(dir, name string) (string, error) {
	asked := join(dir, name)
	_, err := t.tree.Lstat(asked)
	if err == nil {
		return t.tree.spell(dir, name), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	t.mu.Lock()
	known, remembered := t.cases[asked]
	t.mu.Unlock()
	if remembered {
		if _, err := t.tree.Lstat(join(dir, known)); err == nil {
			return known, nil
		}
	}
	found, err := t.tree.lookup(dir, name)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.cases) >= maxCases {
		clear(t.cases)
	}
	t.cases[asked] = found
	return found, nil
}

func join(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" && p != "." {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return "."
	}
	return strings.Join(kept, "/")
}

func pathError(op, path string, err error) error {
	err = cause(err)
	switch {
	case isEscape(err):
		err = ErrOutside
	case inUse(err) && !errors.Is(err, ErrInUse):
		err = fmt.Errorf("%w (%w)", ErrInUse, err)
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

// isEscape recognises what os.Root says of a path that leads out; the error has no exported name.
func isEscape(err error) bool {
	return err != nil && strings.Contains(err.Error(), "path escapes from parent")
}
