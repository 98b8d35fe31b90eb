package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// DeleteTree deletes the keys of an export, inner ones first, each with its values. What the export does not have stops
// it: a key or value that came since is not deleted, nor a value that has changed. What is gone already is fine. Done is
// called after each key.
func (s *Store) DeleteTree(t *Tree, done func(path string)) error {
	if err := s.deleteTree(t, t.Name, done); err != nil {
		return err
	}
	_, err := s.system.Written(t.Name)
	if err == nil {
		return &NotSoError{"delete the key " + t.Name, "it is there"}
	}
	if !Absent(err) {
		return err
	}
	return nil
}

// ErrChanged is the error for a key that is no longer what was exported.
var ErrChanged = errors.New("somebody else has changed it meanwhile")

func (s *Store) deleteTree(t *Tree, path string, done func(string)) error {
	for _, k := range t.Keys {
		if err := s.deleteTree(k, path+`\`+k.Name, done); err != nil {
			return err
		}
	}
	e := export{system: s.system, bytes: maxTreeBytes}
	values, err := e.values(path)
	if Absent(err) { // it was deleted before
		if _, gone := s.system.Written(path); Absent(gone) {
			return nil
		}
	}
	if err != nil {
		return err
	}
	names, err := s.system.Subkeys(path)
	if err != nil && !Absent(err) {
		return err
	}
	now := &Tree{Values: values}
	for _, name := range names {
		now.Keys = append(now.Keys, &Tree{Name: name})
	}
	if diff := now.compare(&Tree{Values: t.Values}, path, true); diff != "" {
		return fmt.Errorf("the key is not deleted: %s: %w", diff, ErrChanged)
	}
	if err := s.deleteKey(path); err != nil {
		return err
	}
	done(path)
	return nil
}

// Import makes the keys of an export, and sets their values and access rights, outer ones first; what is there already as
// it was stays. The key above must be there. Then it reads everything back. Done is called after each key.
func (s *Store) Import(ctx context.Context, t *Tree, done func(path string)) error {
	above, _ := parent(t.Name)
	if _, err := s.system.Written(above); err != nil {
		return err
	}
	if err := s.importTree(t, t.Name, done); err != nil {
		return err
	}
	is, err := s.Export(ctx, t.Name)
	if err != nil {
		return err
	}
	if diff := is.Differs(t); diff != "" {
		return &NotSoError{"import " + t.Name, diff}
	}
	return nil
}

func (s *Store) importTree(t *Tree, path string, done func(string)) error {
	if _, err := s.system.Create(path, t.Form); err != nil {
		return err
	}
	is, err := s.system.Form(path)
	if err != nil {
		return err
	}
	for _, v := range t.Values {
		if old, err := s.system.Value(path, v.Name); err == nil && old.Type == v.Type && bytes.Equal(old.Data, v.Data) {
			continue
		}
		if err := s.system.Set(path, v); err != nil {
			return err
		}
	}
	for _, k := range t.Keys {
		if err := s.importTree(k, path+`\`+k.Name, done); err != nil {
			return err
		}
	}
	if !is.same(t.Form) { // last: they may forbid to write what is below
		if err := s.system.Secure(path, t.Form.Security); err != nil {
			return err
		}
	}
	done(path)
	return nil
}
