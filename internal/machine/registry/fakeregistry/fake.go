// Package fakeregistry is a registry in memory, which behaves as that of a running Windows does. Tests of what reads or
// changes the registry use it.
package fakeregistry

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rectify-project/rectify/internal/machine/registry"
)

// Registry is a registry in memory. It is safe for use by several goroutines.
type Registry struct {
	mu      sync.Mutex
	keys    map[string]*key // by path in lower case
	now     time.Time
	denied  map[string]bool // calls, or paths in lower case
	ignored map[string]bool // calls
	calls   []string
}

type key struct {
	path   string
	form   registry.Form
	at     time.Time
	values map[string]registry.Value // by name in lower case
}

// Security is what a key has that is made without access rights of its own.
const Security = "O:BAG:SYD:AI(A;CIID;KA;;;BA)(A;CIID;KA;;;SY)(A;CIID;KR;;;BU)"

var _ registry.System = (*Registry)(nil)

// New makes a registry with the hives that every Windows has, and with its first control set in use.
func New() *Registry {
	r := &Registry{keys: map[string]*key{}, now: time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC), denied: map[string]bool{}, ignored: map[string]bool{}}
	for _, path := range []string{`HKLM\SOFTWARE`, `HKLM\SYSTEM\ControlSet001\Control`, `HKLM\SYSTEM\ControlSet001\Services`, `HKU\.DEFAULT`} {
		r.Put(path)
	}
	r.Put(`HKLM\SYSTEM\Select`, registry.NumberValue("Current", 1), registry.NumberValue("Default", 1))
	r.Put(`HKLM\HARDWARE\DESCRIPTION`)
	return r
}

// Put makes a key, with the keys above it, and sets values of it. A path that no registry has panics.
func (r *Registry) Put(path string, values ...registry.Value) {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := strings.Split(path, `\`)
	for i := 2; i <= len(names); i++ {
		r.add(strings.Join(names[:i], `\`), registry.Form{})
	}
	for _, v := range values {
		r.keys[fold(path)].values[strings.ToLower(v.Name)] = v
	}
}

// Deny makes a call ("Set") of any path, or every call of a path and what is below it, end with a denied access.
func (r *Registry) Deny(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.denied[strings.ToLower(what)] = true
}

// Allow takes back what Deny did.
func (r *Registry) Allow(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.denied, strings.ToLower(what))
}

// Ignore makes a call ("Set") report that it is done, and do nothing.
func (r *Registry) Ignore(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ignored[call] = true
}

// Calls gives the changes and flushes that were asked for: `Set HKLM\SOFTWARE\x`.
func (r *Registry) Calls() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// Image is the registry at an instant: a line for each key and value, with all that a system tells of it but times.
type Image map[string]string

// Image is what is in the registry now.
func (r *Registry) Image() Image {
	r.mu.Lock()
	defer r.mu.Unlock()
	image := Image{}
	for _, k := range r.keys {
		image[k.path] = fmt.Sprintf("%+v", k.form)
		for _, v := range k.values {
			image[k.path+" → "+v.Name] = fmt.Sprintf("%v %x", v.Type, v.Data)
		}
	}
	return image
}

// Differs says in which lines two images differ, sorted; nothing when they are the same.
func (i Image) Differs(other Image) []string {
	var lines []string
	for name, was := range i {
		if is, ok := other[name]; !ok {
			lines = append(lines, name+": only in the first")
		} else if is != was {
			lines = append(lines, fmt.Sprintf("%s: %s in the first, %s in the second", name, was, is))
		}
	}
	for name := range other {
		if _, ok := i[name]; !ok {
			lines = append(lines, name+": only in the second")
		}
	}
	slices.Sort(lines)
	return lines
}

// Copy is a registry with the same contents, which denies and ignores nothing.
func (r *Registry) Copy() *Registry {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &Registry{keys: map[string]*key{}, now: r.now, denied: map[string]bool{}, ignored: map[string]bool{}}
	for path, k := range r.keys {
		twin := *k
		twin.values = maps.Clone(k.values)
		c.keys[path] = &twin
	}
	return c
}

// Return makes the contents those of a copy.
func (r *Registry) Return(to *Registry) {
	c := to.Copy()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = c.keys
}

func fold(path string) string {
	path = strings.ToLower(path)
	const current = `hklm\system\currentcontrolset`
	if rest, ok := strings.CutPrefix(path, current); ok && (rest == "" || rest[0] == '\\') {
		return `hklm\system\controlset001` + rest
	}
	return path
}

// tick is the time of a change. Each is later than the one before.
func (r *Registry) tick() time.Time {
	r.now = r.now.Add(time.Second)
	return r.now
}

func (r *Registry) add(path string, form registry.Form) bool {
	if r.keys[fold(path)] != nil {
		return false
	}
	form.Security = Security
	r.keys[fold(path)] = &key{path, form, r.tick(), map[string]registry.Value{}}
	return true
}

// find gives a key, unless the call is denied.
func (r *Registry) find(call, path string) (*key, error) {
	at := fold(path)
	for d := range r.denied {
		if d == strings.ToLower(call) || at == d || strings.HasPrefix(at, d+`\`) {
			return nil, &registry.SystemError{Call: call, Key: path, Err: fmt.Errorf("%w (Access is denied.)", fs.ErrPermission)}
		}
	}
	k := r.keys[at]
	if k == nil {
		return nil, fmt.Errorf("%s: %w", path, registry.ErrNoKey)
	}
	return k, nil
}

// below gives the names of the keys below a key.
func (r *Registry) below(path string) []string {
	var names []string
	for at, k := range r.keys {
		if rest, ok := strings.CutPrefix(at, fold(path)+`\`); ok && !strings.Contains(rest, `\`) {
			names = append(names, k.path[strings.LastIndexByte(k.path, '\\')+1:])
		}
	}
	slices.Sort(names)
	return names
}

func copied(v registry.Value) registry.Value {
	v.Data = bytes.Clone(v.Data)
	return v
}
