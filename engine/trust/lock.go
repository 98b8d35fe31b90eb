package trust

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

// LockFile is the usual name of a lock.
const LockFile = "rectify.lock"

const lockVersion = 1

// maxLock bounds the size of a lock file, in bytes: that of some thousand plugins.
const maxLock = 1 << 20

// Pin allows one executable of one plugin on one platform.
type Pin struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Platform string `json:"platform"` // GOOS/GOARCH
	SHA256   string `json:"sha256"`   // lower-case hex
}

// Lock is the set of vendor plugins that may run. The zero value allows none.
type Lock struct{ pins []Pin }

type lockDocument struct {
	Version int   `json:"version"`
	Plugins []Pin `json:"plugins"`
}

// Platform is the one that this program runs on.
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

var (
	pinName   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	pinDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Load reads a lock file. A file that does not exist is an empty lock: nothing is pinned yet.
func Load(path string) (*Lock, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Lock{}, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(): // opening a pipe would wait for ever
		return nil, fmt.Errorf("the lock %s is not a file", path)
	case info.Size() > maxLock:
		return nil, fmt.Errorf("the lock %s has %d bytes, at most %d are read", path, info.Size(), maxLock)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var d lockDocument
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("the lock %s cannot be read: %w", path, err)
	}
	if d.Version != lockVersion {
		return nil, fmt.Errorf("the lock %s has version %d, this program reads version %d", path, d.Version, lockVersion)
	}
	l := &Lock{}
	for i, p := range d.Plugins {
		switch _, dup := l.Find(p.Name, p.Platform); {
		case !pinName.MatchString(p.Name):
			return nil, fmt.Errorf("the lock %s: plugin %d: %q is not a plugin's name", path, i+1, p.Name)
		case !pinDigest.MatchString(p.SHA256):
			return nil, fmt.Errorf("the lock %s: plugin %s: %q is not a SHA-256 digest in lower-case hex", path, p.Name, p.SHA256)
		case dup:
			return nil, fmt.Errorf("the lock %s pins plugin %s for %s twice", path, p.Name, p.Platform)
		}
		l.Pin(p)
	}
	return l, nil
}

// Save writes the lock, sorted, in one step: a reader sees the old file or the new one.
func (l *Lock) Save(path string) error {
	b, err := json.MarshalIndent(lockDocument{lockVersion, append([]Pin{}, l.pins...)}, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".rectify.lock-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone when it was renamed
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("the lock %s cannot be written: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

// Pins are the pins, sorted by name and platform.
func (l *Lock) Pins() []Pin { return slices.Clone(l.pins) }

// Find finds the pin of a plugin on a platform.
func (l *Lock) Find(name, platform string) (Pin, bool) {
	if l == nil {
		return Pin{}, false
	}
	i := slices.IndexFunc(l.pins, func(p Pin) bool { return p.Name == name && p.Platform == platform })
	if i < 0 {
		return Pin{}, false
	}
	return l.pins[i], true
}

// Pin adds a pin; it takes the place of the plugin's earlier one on that platform.
func (l *Lock) Pin(p Pin) {
	l.pins = slices.DeleteFunc(l.pins, func(o Pin) bool { return o.Name == p.Name && o.Platform == p.Platform })
	l.pins = append(l.pins, p)
	slices.SortFunc(l.pins, func(a, b Pin) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Platform, b.Platform))
	})
}

// NotPinnedError is a plugin that the lock does not know.
type NotPinnedError struct{ Name, Path, SHA256 string }

func (e *NotPinnedError) Error() string {
	return fmt.Sprintf("plugin %s is not pinned for %s: when you trust %s (sha256 %s), run: rectify plugins lock --plugins %s",
		e.Name, Platform(), e.Path, e.SHA256, filepath.Dir(e.Path))
}

// MismatchError is a plugin whose executable is not the pinned one.
type MismatchError struct {
	Name, Path string
	Pinned     Pin
	Found      string // SHA-256
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("plugin %s is not the executable that was pinned as version %s: pinned sha256 %s, found %s at %s; when you trust the new one, run: rectify plugins lock --plugins %s",
		e.Name, e.Pinned.Version, e.Pinned.SHA256, e.Found, e.Path, filepath.Dir(e.Path))
}

// Verify reads the executable of a plugin and accepts it when it is the pinned one. What is launched must be the
// [Binary] that it gives. On Windows nobody can write or replace the file until the binary is closed; elsewhere
// [Binary.Unchanged] tells of it after the launch.
func (l *Lock) Verify(name, path string) (Binary, error) {
	if err := CheckWritable(path); err != nil {
		return Binary{}, err
	}
	b, err := digest(path)
	if err != nil {
		return Binary{}, err
	}
	pin, ok := l.Find(name, Platform())
	switch {
	case !ok:
		err = &NotPinnedError{name, path, b.SHA256}
	case pin.SHA256 != b.SHA256:
		err = &MismatchError{name, path, pin, b.SHA256}
	}
	if err != nil {
		_ = b.Close() // it was read only
		return Binary{}, err
	}
	return b, nil
}
