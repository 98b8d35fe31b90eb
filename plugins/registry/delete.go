package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
)

// DeleteInput is the input of registry.delete.
type DeleteInput struct {
	Key   string  `json:"key" jsonschema_description:"Path of the key"`
	Value *string `json:"value,omitempty" jsonschema_description:"Name of the value that is deleted. Without it the key is deleted with all that is below it"`
}

// DeleteOutput is the output of registry.delete.
type DeleteOutput struct {
	Key     string `json:"key" jsonschema_description:"Full path of the key"`
	Deleted bool   `json:"deleted" jsonschema_description:"Whether it was deleted; false where it did not exist"`
}

// deleteToken is the token of a value or of a key.
type deleteToken struct {
	Version int         `json:"version"`
	Value   *valueToken `json:"value,omitempty"`
	Key     *keyToken   `json:"key,omitempty"`
}

func (t deleteToken) check() error {
	switch {
	case t.Version != tokenVersion, (t.Value == nil) == (t.Key == nil):
		return badToken()
	case t.Value != nil && t.Value.After != nil:
		return badToken()
	case t.Value != nil:
		return t.Value.check()
	}
	return t.Key.check()
}

func (t deleteToken) output() DeleteOutput {
	if t.Value != nil {
		return DeleteOutput{t.Value.Key, t.Value.Before != nil}
	}
	return DeleteOutput{t.Key.Path, t.Key.Digest != ""}
}

func remove(m opener) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "delete",
		Summary: "Delete a registry value, or a key with all that is below it",
		Doc: "What is deleted is exported first, with types, access rights, classes and lifetimes. A key goes key by key, inner ones first, and so must not be cut off; " +
			"what somebody else adds meanwhile stops it. Undo imports it again. A key with a link to another key below it, with more than 50,000 keys or with 64 MiB of data is refused.",
		Targets: live(),
		Needs:   needs(),
		Effect:  sdk.Reversible,
		Risk:    sdk.RiskHigh,
		Typical: schema.Span(time.Second),
	}, sdk.ActionHands[DeleteInput, DeleteOutput, deleteToken]{
		Prepare: func(ctx context.Context, call *sdk.Call, in DeleteInput) (sdk.Preview[DeleteOutput, deleteToken], error) {
			s, err := m.change(call.Target)
			if err != nil {
				return sdk.Preview[DeleteOutput, deleteToken]{}, explain(err)
			}
			defer s.Close()
			prepare := prepareKey
			if in.Value != nil {
				prepare = prepareDelete
			}
			p, err := prepare(ctx, s, in)
			p.Predicted = new(p.Token.output())
			return p, failed(err)
		},
		Apply: func(ctx context.Context, call *sdk.Call, _ DeleteInput, token deleteToken, stateDir string) (sdk.Result[DeleteOutput], error) {
			if err := token.check(); err != nil {
				return sdk.Result[DeleteOutput]{}, err
			}
			done := sdk.Result[DeleteOutput]{Output: token.output()}
			if token.Value != nil {
				return done, withValue(m, call, *token.Value, stateDir, func(c change) error { return c.apply(nil) })
			}
			return done, withKey(m, call, *token.Key, stateDir, func(d deletion) error { return d.apply(ctx) })
		},
		Assess: func(ctx context.Context, call *sdk.Call, token deleteToken, stateDir string) (a sdk.Assessment, err error) {
			if err := token.check(); err != nil {
				return a, err
			}
			if token.Value != nil {
				return assessValue(m)(ctx, call, *token.Value, stateDir)
			}
			err = withKey(m, call, *token.Key, stateDir, func(d deletion) error {
				a, err = d.assess(ctx)
				return err
			})
			return a, err
		},
		Undo: func(ctx context.Context, call *sdk.Call, token deleteToken, stateDir string) (sdk.Result[DeleteOutput], error) {
			if err := token.check(); err != nil {
				return sdk.Result[DeleteOutput]{}, err
			}
			done := sdk.Result[DeleteOutput]{Output: token.output()}
			if token.Value != nil {
				return done, withValue(m, call, *token.Value, stateDir, change.undo)
			}
			return done, withKey(m, call, *token.Key, stateDir, func(d deletion) error { return d.undo(ctx) })
		},
	})
}

// prepareDelete looks at a value that is to be deleted.
func prepareDelete(_ context.Context, s *registry.Store, in DeleteInput) (sdk.Preview[DeleteOutput, deleteToken], error) {
	c, err := prepareValue(s, in.Key, *in.Value, nil)
	p := sdk.Preview[DeleteOutput, deleteToken]{
		Token: deleteToken{Version: tokenVersion, Value: &c.token}, Changes: c.changes(), NoOp: c.token.nothing(), Material: c.token.material(),
		Summary: "delete " + c.token.what(),
	}
	if p.NoOp {
		p.Summary = c.token.what() + " does not exist"
	}
	return p, err
}

// keyToken is the token of a key that is deleted.
type keyToken struct {
	Path   string `json:"path"`
	Digest string `json:"sha256,omitempty"` // of what is in it; empty: it does not exist
}

func (t keyToken) check() error {
	if checkKey(t.Path) != nil || t.Digest != "" && len(t.Digest) != sha256.Size*2 {
		return badToken()
	}
	return nil
}

// controlSet is a whole control set, which no Windows starts without.
var controlSet = regexp.MustCompile(`(?i)^HKLM\\SYSTEM\\(ControlSet\d+|CurrentControlSet)$`)

func prepareKey(ctx context.Context, s *registry.Store, in DeleteInput) (sdk.Preview[DeleteOutput, deleteToken], error) {
	p := sdk.Preview[DeleteOutput, deleteToken]{Token: deleteToken{Version: tokenVersion, Key: &keyToken{}}}
	full, err := s.Resolve(in.Key)
	if err == nil {
		err = checkKey(full)
	}
	if err == nil && controlSet.MatchString(full) {
		err = &registry.PathError{Path: in.Key, Reason: "a whole control set: Windows would not start without it"}
	}
	if err != nil {
		return p, err
	}
	p.Token.Key.Path = full
	export, err := s.Export(ctx, full)
	if registry.Absent(err) {
		p.NoOp, p.Summary, p.Material = true, full+" does not exist", p.Token.Key
		return p, nil
	}
	if err != nil {
		return p, err
	}
	p.Token.Key.Path = export.Name
	if p.Token.Key.Digest, err = export.Digest(); err != nil {
		return p, err
	}
	keys, values := export.Count()
	p.Material = p.Token.Key
	p.Summary = "delete the key " + full
	p.Changes = []sdk.Change{{What: export.Name, Before: fmt.Sprintf("%d keys with %d values", keys, values), After: "does not exist"}}
	return p, nil
}

// deletion is the deletion of a key at work.
type deletion struct {
	store    *registry.Store
	call     *sdk.Call
	token    keyToken
	stateDir string
}

func withKey(m opener, call *sdk.Call, token keyToken, stateDir string, do func(deletion) error) error {
	s, err := m.change(call.Target)
	if err != nil {
		return explain(err)
	}
	defer s.Close()
	return failed(do(deletion{s, call, token, stateDir}))
}

// kept is what was exported. The error wraps fs.ErrNotExist where nothing was begun.
func (d deletion) kept() (*registry.Tree, error) {
	export, err := registry.Load(filepath.Join(d.stateDir, exportFile))
	if err != nil {
		return nil, err
	}
	digest, err := export.Digest()
	if err == nil && (export.Name != d.token.Path || digest != d.token.Digest) {
		err = sdk.Errorf(sdk.Unavailable, "what was kept of %s is not what the token was made for", d.token.Path)
	}
	return export, err
}

// assess looks what of the key is there.
func (d deletion) assess(ctx context.Context) (sdk.Assessment, error) {
	kept, err := d.kept()
	begun := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sdk.Assessment{}, err
	}
	is, err := d.store.Export(ctx, d.token.Path)
	absent := registry.Absent(err)
	if err != nil && !absent {
		return sdk.Assessment{}, err
	}
	if absent {
		if d.token.Digest == "" || begun {
			return sdk.Assessment{State: sdk.StateAfter}, nil
		}
		return sdk.Assessment{State: sdk.StateOther, Reason: d.token.Path + " was deleted by somebody else"}, nil
	}
	digest, err := is.Digest()
	switch {
	case err != nil:
		return sdk.Assessment{}, err
	case digest == d.token.Digest:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case !begun:
		return sdk.Assessment{State: sdk.StateOther, Reason: d.token.Path + " is no longer what it was"}, nil
	}
	if diff := is.Exceeds(kept); diff != "" {
		return sdk.Assessment{State: sdk.StateOther, Reason: diff + ", which was not there before"}, nil
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: "a part of the key is deleted"}, nil
}

func (d deletion) apply(ctx context.Context) error {
	a, err := d.assess(ctx)
	switch {
	case err != nil:
		return err
	case a.State == sdk.StateOther:
		return changedSince(a.Reason)
	case a.State == sdk.StateAfter:
		return nil
	}
	export, err := d.kept()
	if errors.Is(err, fs.ErrNotExist) {
		if export, err = d.store.Export(ctx, d.token.Path); err != nil {
			return err
		}
		digest, err := export.Digest()
		if err == nil && digest != d.token.Digest {
			err = changedSince(d.token.Path + " is no longer what it was")
		}
		if err != nil {
			return err
		}
		d.note("keep " + d.token.Path)
		if err := keep(d.stateDir, export); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	d.note("delete " + d.token.Path)
	if err := d.store.DeleteTree(export, func(path string) { d.note("deleted " + path) }); err != nil {
		return err
	}
	return flushAbove(d.store, d.token.Path)
}

func (d deletion) undo(ctx context.Context) error {
	export, err := d.kept()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was done
	}
	if err != nil {
		return err
	}
	a, err := d.assess(ctx)
	switch {
	case err != nil:
		return err
	case a.State == sdk.StateOther:
		return changedSince(a.Reason)
	case a.State != sdk.StateBefore:
		d.note("import " + d.token.Path)
		if err := d.store.Import(ctx, export, func(path string) { d.note("made " + path) }); err != nil {
			return lostAbove(d.token.Path, err)
		}
		if err := d.store.Flush(d.token.Path); err != nil {
			return err
		}
	}
	return kept.Drop(d.stateDir, exportFile) // what is there from now on is somebody else's
}

// lostAbove says of a key that cannot be made again what is missing.
func lostAbove(path string, err error) error {
	if !errors.Is(err, registry.ErrNoKey) {
		return err
	}
	above := path[:strings.LastIndexByte(path, '\\')]
	return sdk.Errorf(sdk.Unavailable, "%s cannot be made again: %v", path, err).WithHint("make the key %s, and undo again", above)
}

func (d deletion) note(text string) { d.call.Progress(sdk.Progress{Note: text}) }
