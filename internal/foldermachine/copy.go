package foldermachine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/rectify-project/rectify/sdk"
)

type copyInput struct {
	From   string `json:"from" jsonschema_description:"A folder below files or data"`
	To     string `json:"to" jsonschema_description:"The folder that the copies go to; it is made if it is missing, and none of its files is replaced"`
	Millis int    `json:"millis,omitempty" jsonschema:"minimum=0,maximum=60000" jsonschema_description:"How long to wait after each file"`
}

type copyOutput struct {
	Files []string `json:"files" jsonschema_description:"The copies that were made, by their paths; empty after undo"`
}

type copyToken struct {
	From   string   `json:"from"`
	To     string   `json:"to"`
	Files  []copied `json:"files"`
	Made   []string `json:"made,omitempty"` // folders that were missing, outer ones first
	Millis int      `json:"millis,omitempty"`
}

// copied is a file that is copied.
type copied struct {
	Name   string `json:"name"` // its path in both folders
	Digest string `json:"digest"`
}

// maxCopied keeps the token within its bound.
const maxCopied = 300

func copyAll() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "copy_all", Summary: "Copy the files of a folder, one by one",
		Doc:    "Each copy is there whole or not at all. One that is there already with the same text is left alone, also by undo, which deletes the others.",
		Effect: sdk.Reversible, Risk: sdk.RiskLow, Interruptible: true,
	}, hands[copyInput, copyOutput, copyToken]{prepare: prepareCopy, apply: applyCopy, assess: assessCopy, undo: undoCopy})
}

func prepareCopy(m Machine, in copyInput) (sdk.Preview[copyOutput, copyToken], error) {
	p := sdk.Preview[copyOutput, copyToken]{
		Summary: fmt.Sprintf("copy the files of %s to %s", in.From, in.To),
		Token:   copyToken{From: in.From, To: in.To, Millis: in.Millis}, Predicted: &copyOutput{Files: []string{}},
	}
	for pointer, folder := range map[string]string{"/from": in.From, "/to": in.To} {
		if err := checkPath(folder); err != nil {
			return p, badName(err, pointer)
		}
	}
	names, err := m.filesBelow(in.From)
	if errors.Is(err, fs.ErrNotExist) {
		return p, sdk.Errorf(sdk.NotFound, "there is no folder %q", in.From).WithPath("/from")
	}
	if err != nil {
		return p, err
	}
	if len(names) > maxCopied {
		return p, sdk.Errorf(sdk.InvalidInput, "%q has %d files, at most %d can be copied", in.From, len(names), maxCopied).WithPath("/from")
	}
	material := map[string]any{}
	for _, name := range names {
		if err := p.Token.add(m, name); err != nil {
			return p, err
		}
	}
	for _, f := range p.Token.Files {
		p.Predicted.Files = append(p.Predicted.Files, path.Join(in.To, f.Name))
		p.Changes = append(p.Changes, sdk.Change{What: path.Join(in.To, f.Name), After: briefly(f.Digest)})
		material[f.Name] = f.Digest
	}
	p.NoOp = len(p.Token.Files) == 0
	p.Material = material
	return p, nil
}

// add adds a file that is to be copied, unless it has been.
func (t *copyToken) add(m Machine, name string) error {
	source, err := m.digestOf(path.Join(t.From, name))
	if err != nil {
		return err
	}
	to := path.Join(t.To, name)
	there, err := m.digestOf(to)
	if err != nil || there == source {
		return err
	}
	if there != "" {
		return sdk.Errorf(sdk.Unavailable, "%q is there already, and is no copy of %q", to, path.Join(t.From, name)).WithPath("/to").WithHint("copy to another folder")
	}
	missing, err := m.missingFolders(path.Dir(to))
	for _, f := range missing {
		if !slices.Contains(t.Made, f) {
			t.Made = append(t.Made, f)
		}
	}
	t.Files = append(t.Files, copied{name, source})
	return err
}

func applyCopy(ctx context.Context, w *work, _ copyInput, token copyToken) (sdk.Result[copyOutput], error) {
	done := sdk.Result[copyOutput]{Output: copyOutput{Files: []string{}}}
	if err := w.makeFolders(token.Made); err != nil {
		return done, err
	}
	for i, f := range token.Files {
		w.call.Progress(sdk.Progress{Done: int64(i), Total: int64(len(token.Files)), Unit: "files", Note: f.Name})
		if err := ctx.Err(); err != nil {
			return done, err
		}
		if err := w.copyOne(ctx, token, f); err != nil {
			return done, err
		}
		done.Output.Files = append(done.Output.Files, path.Join(token.To, f.Name))
	}
	return done, nil
}

func (w *work) copyOne(ctx context.Context, token copyToken, f copied) error {
	to := path.Join(token.To, f.Name)
	there, err := w.digestOf(to)
	if err != nil || there == f.Digest {
		return err
	}
	text, err := readFile(w.path(path.Join(token.From, f.Name)))
	if err != nil {
		return err
	}
	if digest(text) != f.Digest {
		return sdk.Errorf(sdk.Unavailable, "%q was changed since the copy was prepared", path.Join(token.From, f.Name))
	}
	if err := w.replace(to, text); err != nil {
		return err
	}
	return errors.Join(w.did(to, "copied"), w.pause(ctx, token.Millis))
}

func assessCopy(m Machine, token copyToken, _ string) (sdk.Assessment, error) {
	there := 0
	for _, f := range token.Files {
		now, err := m.digestOf(path.Join(token.To, f.Name))
		if err != nil {
			return sdk.Assessment{}, err
		}
		switch now {
		case f.Digest:
			there++
		case "":
		default:
			return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("%q is no copy", path.Join(token.To, f.Name))}, nil
		}
	}
	empty, err := m.anyEmpty(token.Made)
	return howFar(there == len(token.Files), there == 0 && !empty, fmt.Sprintf("%d of %d files are copied", there, len(token.Files))), err
}

func undoCopy(ctx context.Context, w *work, token copyToken) (sdk.Result[copyOutput], error) {
	back := sdk.Result[copyOutput]{Output: copyOutput{Files: []string{}}}
	for _, f := range slices.Backward(token.Files) {
		if err := ctx.Err(); err != nil {
			return back, err
		}
		to := path.Join(token.To, f.Name)
		there, err := w.exists(to)
		if err != nil {
			return back, err
		}
		if !there {
			continue
		}
		if err := w.remove(to); err != nil {
			return back, err
		}
		if err := errors.Join(w.did(to, "deleted"), w.pause(ctx, token.Millis)); err != nil {
			return back, err
		}
	}
	return back, w.removeFolders(token.Made)
}
