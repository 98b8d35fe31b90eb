package fakeregistry

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/registry"
)

// Written is when the key or one of its values was changed.
func (r *Registry) Written(path string) (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find("Written", path)
	if err != nil {
		return time.Time{}, err
	}
	return k.at, nil
}

// Subkeys gives the names of the keys below.
func (r *Registry) Subkeys(path string) ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.find("Subkeys", path); err != nil {
		return nil, err
	}
	names := r.below(path)
	if fold(path) == `hklm\system` {
		names = append(names, "CurrentControlSet")
	}
	return names, nil
}

// Values gives the values without their data.
func (r *Registry) Values(path string) ([]registry.Entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find("Values", path)
	if err != nil {
		return nil, err
	}
	var entries []registry.Entry
	for _, v := range k.values {
		entries = append(entries, registry.Entry{Name: v.Name, Type: v.Type, Size: len(v.Data)})
	}
	return entries, nil
}

// Value gives a value.
func (r *Registry) Value(path, name string) (registry.Value, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find("Value", path)
	if err != nil {
		return registry.Value{}, err
	}
	v, ok := k.values[strings.ToLower(name)]
	if !ok {
		return registry.Value{}, fmt.Errorf("%s → %s: %w", path, name, registry.ErrNoValue)
	}
	return copied(v), nil
}

// Form gives what a key is besides what it holds.
func (r *Registry) Form(path string) (registry.Form, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find("Form", path)
	if err != nil {
		return registry.Form{}, err
	}
	form := k.form
	form.Link = form.Link || strings.EqualFold(path, `HKLM\SYSTEM\CurrentControlSet`)
	return form, nil
}

// change notes a call that changes a key, and says whether it is to be done.
func (r *Registry) change(call, path string) bool {
	r.calls = append(r.calls, call+" "+path)
	return !r.ignored[call]
}

// Create makes a key.
func (r *Registry) Create(path string, form registry.Form) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := strings.LastIndexByte(path, '\\')
	above, err := r.find("Create", path[:i])
	if err != nil {
		return false, err
	}
	if !r.change("Create", path) {
		return true, nil
	}
	if above.form.Volatile && !form.Volatile && r.keys[fold(path)] == nil {
		return false, &registry.SystemError{Call: "Create", Key: path, Err: errors.New("a volatile key has volatile keys below only")}
	}
	made := r.add(above.path+path[i:], registry.Form{Class: form.Class, Volatile: form.Volatile})
	if made {
		above.at = r.tick()
	}
	return made, nil
}

// Set sets a value.
func (r *Registry) Set(path string, v registry.Value) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find("Set", path)
	if err != nil {
		return err
	}
	if !r.change("Set", path) {
		return nil
	}
	if old, ok := k.values[strings.ToLower(v.Name)]; ok {
		v.Name = old.Name // a value keeps the case that it was made with
	}
	k.values[strings.ToLower(v.Name)], k.at = copied(v), r.tick()
	return nil
}

// DeleteValue deletes a value.
func (r *Registry) DeleteValue(path, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find("DeleteValue", path)
	if err != nil {
		return err
	}
	if _, ok := k.values[strings.ToLower(name)]; !ok {
		return fmt.Errorf("%s → %s: %w", path, name, registry.ErrNoValue)
	}
	if r.change("DeleteValue", path) {
		delete(k.values, strings.ToLower(name))
		k.at = r.tick()
	}
	return nil
}

// DeleteKey deletes a key that has no keys below.
func (r *Registry) DeleteKey(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.find("DeleteKey", path); err != nil {
		return err
	}
	if len(r.below(path)) > 0 {
		return &registry.SystemError{Call: "DeleteKey", Key: path, Err: errors.New("it has keys below")}
	}
	if r.change("DeleteKey", path) {
		delete(r.keys, fold(path))
		if above := r.keys[fold(path[:strings.LastIndexByte(path, '\\')])]; above != nil {
			above.at = r.tick()
		}
	}
	return nil
}

// Secure sets the access rights.
func (r *Registry) Secure(path, sddl string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find("Secure", path)
	if err != nil {
		return err
	}
	if r.change("Secure", path) {
		k.form.Security = sddl
	}
	return nil
}

// Flush notes that it was called.
func (r *Registry) Flush(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.find("Flush", path); err != nil {
		return err
	}
	r.change("Flush", path)
	return nil
}
