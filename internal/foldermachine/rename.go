package foldermachine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
)

type renameInput struct {
	Path      string `json:"path" jsonschema_description:"A file or folder below files or data: data/cache"`
	To        string `json:"to" jsonschema_description:"Its new name, in the same folder; nothing may have it"`
	Recreated string `json:"recreated,omitempty" jsonschema:"enum=refuse,enum=set_aside,default=refuse" jsonschema_description:"What undo does when something has the old name by then: refuse, or set it aside under a name of its own"`
}

type renameOutput struct {
	From    string `json:"from" jsonschema_description:"Its path before"`
	To      string `json:"to" jsonschema_description:"Its path now"`
	Renamed bool   `json:"renamed" jsonschema_description:"Whether it was renamed; false where there was nothing to rename"`
}

type renameToken struct {
	From     string `json:"from"`
	To       string `json:"to"` // its whole path
	Kind     string `json:"kind,omitempty"`
	SetAside bool   `json:"set_aside,omitempty"`
}

// renaming is the file of the state directory that says that the rename was begun: what has the new name from then on is
// what was renamed.
const renaming = "renaming"

func rename() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "rename", Summary: "Rename a file or folder in its folder",
		Doc:    "The name changes in one step or not at all. The folder of a service that runs cannot be renamed, nor one that such a folder is in.",
		Effect: sdk.Reversible, Risk: sdk.RiskMedium, Interruptible: true,
	}, hands[renameInput, renameOutput, renameToken]{
		prepare: prepareRename,
		apply: func(_ context.Context, w *work, _ renameInput, token renameToken) (sdk.Result[renameOutput], error) {
			done := sdk.Result[renameOutput]{Output: renameOutput{token.From, token.To, token.Kind != ""}}
			a, err := assessRename(w.Machine, token, w.stateDir)
			if err != nil || a.State == sdk.StateAfter {
				return done, err
			}
			if err := kept.WriteFile(filepath.Join(w.stateDir, renaming), nil); err != nil {
				return done, err
			}
			return done, w.rename(token.From, token.To)
		},
		assess: assessRename,
		undo: func(_ context.Context, w *work, token renameToken) (sdk.Result[renameOutput], error) {
			return sdk.Result[renameOutput]{Output: renameOutput{token.To, token.From, token.Kind != ""}}, w.renameBack(token)
		},
	})
}

func prepareRename(m Machine, in renameInput) (sdk.Preview[renameOutput, renameToken], error) {
	var p sdk.Preview[renameOutput, renameToken]
	if err := checkPath(in.Path); err != nil {
		return p, badName(err, "/path")
	}
	to := path.Join(path.Dir(in.Path), in.To)
	if err := checkPath(to); err != nil || strings.Contains(in.To, "/") || to == in.Path {
		return p, sdk.Errorf(sdk.InvalidInput, "%q is no new name for %q: expected another name in the same folder", in.To, in.Path).WithPath("/to")
	}
	kind, err := m.kind(in.Path)
	if err != nil {
		return p, err
	}
	taken, err := m.exists(to)
	if err != nil {
		return p, err
	}
	if taken && kind != "" {
		return p, sdk.Errorf(sdk.Unavailable, "%q cannot be renamed: something has the name %q already", in.Path, in.To).WithPath("/to").WithHint("take another name")
	}
	p.Token = renameToken{in.Path, to, kind, in.Recreated == "set_aside"}
	p.Predicted = &renameOutput{in.Path, to, kind != ""}
	p.NoOp = kind == ""
	p.Summary = fmt.Sprintf("rename %s to %s", in.Path, in.To)
	p.Material = map[string]any{"kind": kind}
	if !p.NoOp {
		p.Changes = []sdk.Change{{What: in.Path, Before: kind, After: "renamed to " + in.To}, {What: to, After: kind}}
	}
	return p, nil
}

// assessRename looks which of the two names are there.
func assessRename(m Machine, token renameToken, stateDir string) (sdk.Assessment, error) {
	if token.Kind == "" { // there was nothing to rename
		return sdk.Assessment{State: sdk.StateAfter}, nil
	}
	from, err := m.exists(token.From)
	if err != nil {
		return sdk.Assessment{}, err
	}
	to, err := m.exists(token.To)
	if err != nil {
		return sdk.Assessment{}, err
	}
	switch {
	case from && !to:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case to && !from:
		return sdk.Assessment{State: sdk.StateAfter}, nil
	case !to:
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("neither %q nor %q is there", token.From, token.To)}, nil
	}
	_, err = os.Stat(filepath.Join(stateDir, renaming))
	if errors.Is(err, fs.ErrNotExist) {
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("something else has the name %q", token.To)}, nil
	}
	return sdk.Assessment{State: sdk.StateAfter, Reason: fmt.Sprintf("something new has the name %q", token.From)}, err
}

func (w *work) rename(from, to string) error {
	if err := w.moveUnused(from, to); err != nil {
		return err
	}
	return w.did(from, "renamed to "+path.Base(to))
}

// renameBack gives the old name back. What has it by then goes aside first, if that is allowed.
func (w *work) renameBack(token renameToken) error {
	a, err := assessRename(w.Machine, token, w.stateDir)
	if err != nil || token.Kind == "" || a.State != sdk.StateAfter {
		return err
	}
	recreated, err := w.exists(token.From)
	if err != nil {
		return err
	}
	if recreated {
		if !token.SetAside {
			return sdk.Errorf(sdk.Unavailable, "%q cannot get its name back: something new has the name %q", token.To, token.From).WithHint("rename that by hand, and undo again")
		}
		aside, err := w.asideName(token.From)
		if err == nil {
			err = w.rename(token.From, aside)
		}
		if err != nil {
			return err
		}
	}
	if err := w.rename(token.To, token.From); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(w.stateDir, renaming)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
