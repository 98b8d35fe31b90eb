package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
)

// stored finds a value, in the case that it has; false where it or its key does not exist.
func stored(s *registry.Store, key, name string) (registry.Value, bool, error) {
	none := registry.Value{Name: name}
	k, err := s.Key(key)
	if registry.Absent(err) {
		return none, false, nil
	}
	if err != nil {
		return none, false, err
	}
	v, err := k.Stored(name)
	if registry.Absent(err) {
		return none, false, nil
	}
	if err != nil {
		return none, false, err
	}
	entries, err := k.Values()
	for _, e := range entries {
		if strings.EqualFold(e.Name, name) {
			v.Name = e.Name
		}
	}
	return v, true, err
}

// change is a change of a value at work.
type change struct {
	store    *registry.Store
	call     *sdk.Call
	token    valueToken
	stateDir string

	before, after *registry.Value // where they are known
}

// prepareValue looks at a value that is to be after; nil: that is to be deleted.
func prepareValue(s *registry.Store, key, name string, after *registry.Value) (change, error) {
	c := change{store: s, after: after}
	full, err := s.Resolve(key)
	if err == nil {
		err = checkKey(full)
	}
	if err != nil {
		return c, err
	}
	c.token = valueToken{Version: tokenVersion, Key: full}
	if c.token.Missing, err = s.Absentees(full); err != nil {
		return c, err
	}
	v, found, err := stored(s, full, name)
	if err != nil {
		return c, err
	}
	c.token.Value = v.Name
	if found {
		c.before, c.token.Before = &v, new(markOf(v))
	}
	if after != nil {
		c.token.After = new(markOf(*after))
	}
	return c, nil
}

// changes says what would be changed.
func (c change) changes() []sdk.Change {
	if c.token.nothing() {
		return nil
	}
	text := func(v *registry.Value) string {
		if v == nil {
			return "does not exist"
		}
		return fmt.Sprintf("%v %s", v.Type, v.Show())
	}
	var all []sdk.Change
	if c.after != nil {
		for _, m := range c.token.Missing {
			all = append(all, sdk.Change{What: m, Before: "does not exist", After: "exists"})
		}
	}
	return append(all, sdk.Change{What: c.token.what(), Before: text(c.before), After: text(c.after)})
}

// withValue does something with an opened registry, unless somebody else has changed the value.
func withValue(m opener, call *sdk.Call, token valueToken, stateDir string, do func(change) error) error {
	s, err := m.change(call.Target)
	if err != nil {
		return explain(err)
	}
	defer s.Close()
	return failed(do(change{store: s, call: call, token: token, stateDir: stateDir}))
}

func (c change) apply(after *registry.Value) error {
	a, err := c.assess()
	switch {
	case err != nil:
		return err
	case a.State == sdk.StateOther:
		return changedSince(a.Reason)
	case a.State == sdk.StateAfter:
		return nil
	}
	if err := c.begin(); err != nil {
		return err
	}
	if after == nil {
		c.note("delete %s", c.token.what())
		err = c.store.DeleteValue(c.token.Key, c.token.Value)
	} else {
		err = c.fill(*after)
	}
	if err != nil {
		return err
	}
	c.note("flush %s", c.token.Key)
	return c.store.Flush(c.token.Key)
}

// begin keeps what is there, before the first effect.
func (c change) begin() error {
	if _, err := c.kept(); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	missing, err := c.store.Absentees(c.token.Key)
	if err != nil {
		return err
	}
	if !slices.Equal(missing, c.token.Missing) {
		return changedSince(fmt.Sprintf("of the keys of %s other ones exist than did", c.token.Key))
	}
	v, found, err := stored(c.store, c.token.Key, c.token.Value)
	if err != nil {
		return err
	}
	export := &registry.Tree{Name: c.token.Key}
	var is *mark
	if found {
		export.Values, is = []registry.Value{v}, new(markOf(v))
	}
	if !sameMark(is, c.token.Before) {
		return changedSince(c.token.what() + " is no longer what it was")
	}
	c.note("keep %s", c.token.what())
	return keep(c.stateDir, export)
}

// kept is the value before, as begin kept it; nil where there was none. The error wraps fs.ErrNotExist where nothing was begun.
func (c change) kept() (*registry.Value, error) {
	export, err := registry.Load(filepath.Join(c.stateDir, exportFile))
	if err != nil {
		return nil, err
	}
	var v *registry.Value
	var m *mark
	if len(export.Values) == 1 {
		v, m = &export.Values[0], new(markOf(export.Values[0]))
	}
	if export.Name != c.token.Key || !sameMark(m, c.token.Before) {
		return nil, sdk.Errorf(sdk.Unavailable, "what was kept of %s is not what the token was made for", c.token.what())
	}
	return v, nil
}

// fill makes the keys that are missing, one at a time, and sets the value.
func (c change) fill(v registry.Value) error {
	for _, m := range c.token.Missing {
		c.note("make %s", m)
		if _, err := c.store.Create(m); err != nil {
			return err
		}
	}
	c.note("set %s", c.token.what())
	v.Name = c.token.Value
	return c.store.Set(c.token.Key, v)
}

// undo gives back what was there, and removes the keys that were made, inner ones first.
func (c change) undo() error {
	before, err := c.kept()
	if errors.Is(err, fs.ErrNotExist) || err == nil && c.token.nothing() {
		return nil // nothing was done
	}
	if err != nil {
		return err
	}
	a, err := c.assess()
	switch {
	case err != nil:
		return err
	case a.State == sdk.StateOther:
		return changedSince(a.Reason)
	}
	c.note("give back %s", c.token.what())
	if before == nil {
		err = c.store.DeleteValue(c.token.Key, c.token.Value)
	} else {
		err = c.store.Set(c.token.Key, *before)
	}
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(c.token.Missing) {
		c.note("remove %s", m)
		if _, err := c.store.DeleteEmpty(m); err != nil {
			return err
		}
	}
	c.note("flush %s", c.token.Key)
	if err := flushAbove(c.store, c.token.Key); err != nil {
		return err
	}
	return kept.Drop(c.stateDir, exportFile) // what is there from now on is somebody else's
}

func (c change) note(format string, args ...any) {
	c.call.Progress(sdk.Progress{Note: fmt.Sprintf(format, args...)})
}

// assess looks how far the change got.
func (c change) assess() (sdk.Assessment, error) {
	_, err := c.kept()
	begun := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sdk.Assessment{}, err
	}
	v, found, err := stored(c.store, c.token.Key, c.token.Value)
	if err != nil {
		return sdk.Assessment{}, err
	}
	missing, err := c.store.Absentees(c.token.Key)
	if err != nil {
		return sdk.Assessment{}, err
	}
	var is *mark
	text := "does not exist"
	if found {
		is, text = new(markOf(v)), "is "+v.Show()
	}
	isBefore, isAfter := sameMark(is, c.token.Before), sameMark(is, c.token.After)
	other := sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("%s %s, which this action has not made of it", c.token.what(), text)}
	switch {
	case isBefore && isAfter:
		return sdk.Assessment{State: sdk.StateAfter}, nil
	case len(c.token.Missing) == 0 && len(missing) > 0:
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("the key %s does not exist any more", c.token.Key)}, nil
	case !begun && isBefore:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case !begun:
		return other, nil
	case isAfter:
		return sdk.Assessment{State: sdk.StateAfter}, nil
	case isBefore && len(missing) < len(c.token.Missing):
		return sdk.Assessment{State: sdk.StatePartial, Reason: "keys were made, and the value is not set"}, nil
	case isBefore:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	}
	return other, nil
}

func assessValue(m opener) func(context.Context, *sdk.Call, valueToken, string) (sdk.Assessment, error) {
	return func(_ context.Context, call *sdk.Call, token valueToken, stateDir string) (a sdk.Assessment, err error) {
		if err := token.check(); err != nil {
			return a, err
		}
		err = withValue(m, call, token, stateDir, func(c change) error {
			a, err = c.assess()
			return err
		})
		return a, err
	}
}
