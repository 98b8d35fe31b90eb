package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tree is a key with all that is in it.
type Tree struct {
	Name   string  `json:"name"` // of the topmost key: its full path
	Form   Form    `json:"form"`
	Values []Value `json:"values,omitempty"` // sorted by name
	Keys   []*Tree `json:"keys,omitempty"`   // sorted by name
}

// Bounds of a tree that is exported: what undo needs is held in memory, and written at once.
const (
	maxTreeKeys  = 50_000
	maxTreeBytes = 64 << 20
)

// ErrNotExportable is the error for a key that could not be made again as it is.
var ErrNotExportable = errors.New("it could not be made again as it is")

// Export reads a key, which is no hive, with all that is below it. The error wraps [ErrNoKey] where it is not there, and [ErrNotExportable]
// where it holds a link to another key, names that are no text, or more than 50,000 keys or 64 MiB.
func (s *Store) Export(ctx context.Context, path string) (*Tree, error) {
	path, err := s.Resolve(path)
	if err != nil {
		return nil, err
	}
	if p, err := place(path); err != nil || p.rest == "" {
		return nil, &PathError{path, "a whole hive; expected a key of it"}
	}
	e := export{system: s.system, keys: maxTreeKeys, bytes: maxTreeBytes}
	t, err := e.read(ctx, path, path)
	if err != nil {
		return nil, err
	}
	// Its name is made again in the case that it has.
	above, name := parent(path)
	names, err := s.system.Subkeys(above)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if strings.EqualFold(n, name) {
			t.Name = above + `\` + n
		}
	}
	return t, nil
}

type export struct {
	system      Reader
	keys, bytes int // how many more may be read
}

func (e *export) read(ctx context.Context, path, name string) (*Tree, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if e.keys--; e.keys < 0 {
		return nil, fmt.Errorf("%s has more than %d keys below it: %w", path, maxTreeKeys, ErrNotExportable)
	}
	t := &Tree{Name: name}
	var err error
	if t.Form, err = e.system.Form(path); err != nil {
		return nil, err
	}
	if t.Form.Link {
		return nil, fmt.Errorf("%s is a link to another key: %w", path, ErrNotExportable)
	}
	if t.Values, err = e.values(path); err != nil {
		return nil, err
	}
	names, err := e.system.Subkeys(path)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := plainName(path, name); err != nil {
			return nil, err
		}
		sub, err := e.read(ctx, path+`\`+name, name)
		if err != nil {
			return nil, err
		}
		t.Keys = append(t.Keys, sub)
	}
	return t, nil
}

func (e *export) values(path string) ([]Value, error) {
	entries, err := e.system.Values(path)
	if err != nil {
		return nil, err
	}
	var values []Value
	for _, entry := range entries {
		if err := plainName(path, entry.Name); err != nil {
			return nil, err
		}
		v, err := e.system.Value(path, entry.Name)
		if err != nil {
			return nil, err
		}
		v.Name = entry.Name
		if e.bytes -= len(v.Data); e.bytes < 0 {
			return nil, fmt.Errorf("%s: more than %d MiB of data: %w", path, maxTreeBytes>>20, ErrNotExportable)
		}
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	return values, nil
}

// plainName refuses a name that Windows programs cannot use, and that a text cannot hold: programs that hide make such.
func plainName(path, name string) error {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%s: the name %q is no text: %w", path, name, ErrNotExportable)
	}
	return nil
}

// Count gives how many keys and values the tree has, the topmost key among them.
func (t *Tree) Count() (keys, values int) {
	keys, values = 1, len(t.Values)
	for _, sub := range t.Keys {
		k, v := sub.Count()
		keys, values = keys+k, values+v
	}
	return keys, values
}

// Differs says in words where another tree is not the same, "" where it is. Access rights count by their meaning.
func (t *Tree) Differs(other *Tree) string { return t.compare(other, t.Name, false) }

// Exceeds says in words what the tree has that another does not have, or has otherwise; "" where it is a part of it.
func (t *Tree) Exceeds(other *Tree) string { return t.compare(other, t.Name, true) }

func (t *Tree) compare(other *Tree, path string, part bool) string {
	if !part && !t.Form.same(other.Form) {
		return fmt.Sprintf("%s has the class, lifetime or access rights %+v, not %+v", path, t.Form, other.Form)
	}
	mine, theirs := byName(t.Values, valueName), byName(other.Values, valueName)
	for name, v := range mine {
		if o, ok := theirs[name]; !ok || o.Type != v.Type || !bytes.Equal(o.Data, v.Data) {
			return fmt.Sprintf("%s → %s is %s", path, v.Name, v.Show())
		}
	}
	below, others := byName(t.Keys, keyName), byName(other.Keys, keyName)
	for name, k := range below {
		o, ok := others[name]
		if !ok {
			return fmt.Sprintf(`%s\%s exists`, path, k.Name)
		}
		if diff := k.compare(o, path+`\`+k.Name, part); diff != "" {
			return diff
		}
	}
	if part {
		return ""
	}
	for name, o := range theirs {
		if _, ok := mine[name]; !ok {
			return fmt.Sprintf("%s → %s does not exist", path, o.Name)
		}
	}
	for name, o := range others {
		if _, ok := below[name]; !ok {
			return fmt.Sprintf(`%s\%s does not exist`, path, o.Name)
		}
	}
	return ""
}

// byName finds things by their names, of which Windows takes no notice of the case.
func byName[T any](things []T, name func(T) string) map[string]T {
	found := make(map[string]T, len(things))
	for _, t := range things {
		found[strings.ToLower(name(t))] = t
	}
	return found
}

func valueName(v Value) string { return v.Name }
func keyName(t *Tree) string   { return t.Name }

// flags are what Windows notes in a security descriptor of how its access rights came to be: they change nothing of who
// may do what, and are not kept when it is set.
var flags = strings.NewReplacer("D:PAI", "D:P", "D:AI", "D:", "D:AR", "D:", "D:PAR", "D:P", "D:PARAI", "D:P", "D:ARAI", "D:")

func (f Form) same(other Form) bool {
	return f.Class == other.Class && f.Volatile == other.Volatile && f.Link == other.Link &&
		(f.Security == "" || other.Security == "" || flags.Replace(f.Security) == flags.Replace(other.Security))
}
