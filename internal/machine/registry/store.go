package registry

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/rectify-project/rectify/sdk/target"
)

// Store is the registry of a running Windows, to be read and changed. Each change is read back: what a call reports is
// not believed. Paths are as [Registry.Key] takes them. It is safe for use by several goroutines.
type Store struct {
	*Registry
	system System
}

// OpenStore opens the registry of a live target. The error wraps [target.ErrNotWindows] where this machine has none, and
// is [ErrOnDisk] for a disk, whose hives are only read.
func OpenStore(t *target.Target) (*Store, error) {
	if t.Kind() == target.Offline {
		return nil, ErrOnDisk
	}
	s, err := Live()
	if err != nil {
		return nil, err
	}
	return StoreOf(s), nil
}

// ErrOnDisk is the error for a change of a hive that no running Windows has.
var ErrOnDisk = errors.New("the hives of a disk that is not running are only read")

// StoreOf is the store that a system has.
func StoreOf(s System) *Store { return &Store{Of(s), s} }

// NotSoError says that a change was reported as done and is not there.
type NotSoError struct {
	Asked string // "Start of HKLM\… set to 4 (0x4)"
	Found string // what is there
}

func (e *NotSoError) Error() string {
	return fmt.Sprintf("%s: the registry reports that it is done, but %s", e.Asked, e.Found)
}

// Resolve gives the full path of a key that need not exist: the hive's name as it is written elsewhere, CurrentControlSet
// as the control set that it stands for. The error is a [*PathError] or a [*SystemError].
func (s *Store) Resolve(path string) (string, error) {
	p, err := place(path)
	if err != nil {
		return "", err
	}
	full := p.top
	if p.rest != "" {
		full += `\` + p.rest
	}
	k, err := s.Key(path)
	switch {
	case err == nil:
		return k.Path(), nil
	case !Absent(err):
		return "", err
	}
	const current = systemHive + `\CURRENTCONTROLSET\`
	if set, err := s.ControlSet(); err == nil && len(full) > len(current) && strings.EqualFold(full[:len(current)], current) {
		return systemHive + `\` + set + `\` + full[len(current):], nil
	}
	return full, nil
}

// Absentees gives the paths of a key, and of the keys above it, that do not exist, outermost first; none where it
// exists. The path is one that Resolve gave.
func (s *Store) Absentees(path string) ([]string, error) {
	var missing []string
	for {
		_, err := s.system.Written(path)
		switch {
		case err == nil:
			return missing, nil
		case !errors.Is(err, ErrNoKey):
			return nil, err
		}
		above, _ := parent(path)
		if _, err := place(above); err != nil {
			return nil, fmt.Errorf("%s: %w", path, ErrNoKey) // not even the hive
		}
		missing = append([]string{path}, missing...)
		path = above
	}
}

// Create makes a key, and what is missing of the keys above it. Made are those that it made, outermost first, also
// where it failed at a later one.
func (s *Store) Create(path string) (made []string, err error) {
	path, err = s.Resolve(path)
	if err != nil {
		return nil, err
	}
	missing, err := s.Absentees(path)
	if err != nil {
		return nil, err
	}
	for _, m := range missing {
		isNew, err := s.system.Create(m, Form{})
		if err != nil {
			return made, err
		}
		if isNew {
			made = append(made, m)
		}
	}
	if len(missing) > 0 {
		if _, err := s.system.Written(path); err != nil {
			return made, &NotSoError{"make the key " + path, err.Error()}
		}
	}
	return made, nil
}

// Stored reads a value as it is stored. The error wraps [ErrNoKey] or [ErrNoValue], or is a [*SystemError].
func (s *Store) Stored(path, name string) (Value, error) {
	k, err := s.Key(path)
	if err != nil {
		return Value{}, err
	}
	return k.Stored(name)
}

// Set sets a value of a key that exists.
func (s *Store) Set(path string, v Value) error {
	path, err := s.Resolve(path)
	if err != nil {
		return err
	}
	if err := s.system.Set(path, v); err != nil {
		return err
	}
	asked := fmt.Sprintf("set %s → %s to the %v %s", path, v.Name, v.Type, v.Show())
	is, err := s.system.Value(path, v.Name)
	switch {
	case err != nil:
		return &NotSoError{asked, err.Error()}
	case is.Type != v.Type || !bytes.Equal(is.Data, v.Data):
		return &NotSoError{asked, fmt.Sprintf("it is the %v %s", is.Type, is.Show())}
	}
	return nil
}

// DeleteValue deletes a value. One that is not there, or whose key is not, is fine.
func (s *Store) DeleteValue(path, name string) error {
	path, err := s.Resolve(path)
	if err != nil {
		return err
	}
	if err := s.system.DeleteValue(path, name); err != nil && !Absent(err) {
		return err
	}
	_, err = s.system.Value(path, name)
	switch {
	case err == nil:
		return &NotSoError{fmt.Sprintf("delete %s → %s", path, name), "it is there"}
	case !Absent(err):
		return err
	}
	return nil
}

// DeleteEmpty deletes a key that has no values and no keys below, and says whether it is gone. One that is not there is.
func (s *Store) DeleteEmpty(path string) (gone bool, err error) {
	path, err = s.Resolve(path)
	if err != nil {
		return false, err
	}
	values, err := s.system.Values(path)
	if Absent(err) {
		return true, nil
	}
	keys, below := s.system.Subkeys(path)
	if err := errors.Join(err, below); err != nil {
		return false, err
	}
	if len(values)+len(keys) > 0 {
		return false, nil
	}
	return true, s.deleteKey(path)
}

// deleteKey deletes a key without keys below.
func (s *Store) deleteKey(path string) error {
	if err := s.system.DeleteKey(path); err != nil && !Absent(err) {
		return err
	}
	_, err := s.system.Written(path)
	switch {
	case err == nil:
		return &NotSoError{"delete the key " + path, "it is there"}
	case !Absent(err):
		return err
	}
	return nil
}

// Flush returns when what was changed in the hive of a path is on the disk. A crash of the machine can otherwise take
// back what was done in the last seconds.
func (s *Store) Flush(path string) error {
	p, err := place(path)
	if err != nil {
		return err
	}
	err = s.system.Flush(p.top)
	if errors.Is(err, fs.ErrPermission) && p.rest != "" { // the hive's own key can be closed to who may change one below
		path, err = s.Resolve(path)
		if err == nil {
			err = s.system.Flush(path)
		}
	}
	return err
}
