package foldermachine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
)

type writeInput struct {
	Path string `json:"path" jsonschema_description:"A file below files or data; folders that are missing are made"`
	Text string `json:"text" jsonschema_description:"What it is to hold"`
}

type writeOutput struct {
	Path string       `json:"path" jsonschema_description:"The file"`
	Size schema.Bytes `json:"size" jsonschema_description:"Its size"`
}

type writeToken struct {
	Path   string   `json:"path"`
	Before string   `json:"before,omitempty"` // digest of what it held; empty when it was not there
	After  string   `json:"after"`
	Made   []string `json:"made,omitempty"` // folders that were missing, outer ones first
}

// oldText is the file of the state directory that holds what the file had held.
const oldText = "before"

func write() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "write", Summary: "Make a file, or replace what it holds",
		Doc:    "What it held is kept. Undo puts that back, or deletes the file and the folders that were made for it.",
		Effect: sdk.Reversible, Risk: sdk.RiskLow, Interruptible: true,
	}, hands[writeInput, writeOutput, writeToken]{prepare: prepareWrite, apply: applyWrite, assess: assessWrite, undo: undoWrite})
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// digestOf is the digest of a file, empty when it is not there.
func (m Machine) digestOf(name string) (string, error) {
	text, err := readFile(m.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return digest(text), nil
}

func prepareWrite(m Machine, in writeInput) (sdk.Preview[writeOutput, writeToken], error) {
	var p sdk.Preview[writeOutput, writeToken]
	if err := checkPath(in.Path); err != nil {
		return p, badName(err, "/path")
	}
	before, err := m.digestOf(in.Path)
	if err != nil {
		return p, err
	}
	made, err := m.missingFolders(path.Dir(in.Path))
	if err != nil {
		return p, err
	}
	p.Token = writeToken{in.Path, before, digest([]byte(in.Text)), made}
	p.Predicted = &writeOutput{in.Path, schema.Bytes(len(in.Text))}
	p.Material = map[string]any{in.Path: before}
	p.Summary = "write " + in.Path
	p.NoOp = before == p.Token.After
	if !p.NoOp {
		p.Changes = []sdk.Change{{What: in.Path, Before: briefly(before), After: briefly(p.Token.After)}}
	}
	return p, nil
}

// briefly shows a digest to people.
func briefly(digest string) string {
	if digest == "" {
		return ""
	}
	return "sha256 " + digest[:12]
}

func applyWrite(_ context.Context, w *work, in writeInput, token writeToken) (sdk.Result[writeOutput], error) {
	done := sdk.Result[writeOutput]{Output: writeOutput{token.Path, schema.Bytes(len(in.Text))}}
	now, err := w.digestOf(token.Path)
	if err != nil || now == token.After {
		return done, err
	}
	if err := w.keep(token); err != nil {
		return done, err
	}
	if err := w.makeFolders(token.Made); err != nil {
		return done, err
	}
	if err := w.replace(token.Path, []byte(in.Text)); err != nil {
		return done, err
	}
	return done, w.did(token.Path, "written")
}

// keep saves what the file holds, once: a second apply finds it kept.
func (w *work) keep(token writeToken) error {
	if token.Before == "" {
		return nil
	}
	text, err := readFile(w.path(token.Path))
	if err != nil {
		return err
	}
	return kept.WriteFile(filepath.Join(w.stateDir, oldText), text)
}

func assessWrite(m Machine, token writeToken, _ string) (sdk.Assessment, error) {
	now, err := m.digestOf(token.Path)
	if err != nil {
		return sdk.Assessment{}, err
	}
	if now != token.After && now != token.Before {
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("%q holds neither what it held nor what was written", token.Path)}, nil
	}
	empty, err := m.anyEmpty(token.Made)
	return howFar(now == token.After, !empty, "the folder is made, the file is not"), err
}

func undoWrite(_ context.Context, w *work, token writeToken) (sdk.Result[writeOutput], error) {
	back := sdk.Result[writeOutput]{Output: writeOutput{Path: token.Path}}
	if token.Before == token.After {
		return back, nil
	}
	now, err := w.digestOf(token.Path)
	if err != nil {
		return back, err
	}
	if token.Before != "" {
		if now == token.Before {
			return back, nil
		}
		text, err := readFile(filepath.Join(w.stateDir, oldText))
		if err == nil && digest(text) != token.Before {
			err = fmt.Errorf("what was kept of %q is damaged", token.Path)
		}
		if err == nil {
			err = w.replace(token.Path, text)
		}
		if err != nil {
			return back, err
		}
		back.Output.Size = schema.Bytes(len(text))
		return back, w.did(token.Path, "put back")
	}
	if now != "" {
		if err := w.remove(token.Path); err != nil {
			return back, err
		}
		if err := w.did(token.Path, "deleted"); err != nil {
			return back, err
		}
	}
	return back, w.removeFolders(token.Made)
}

// missingFolders lists a folder and those that it is in, as far as they are not there, outer ones first.
func (m Machine) missingFolders(folder string) ([]string, error) {
	var missing []string
	for ; folder != "."; folder = path.Dir(folder) {
		there, err := m.exists(folder)
		if err != nil {
			return nil, err
		}
		if !there {
			missing = append(missing, folder)
		}
	}
	slices.Reverse(missing)
	return missing, nil
}

func (m Machine) makeFolders(folders []string) error {
	for _, f := range folders {
		if err := m.makeFolder(f); err != nil {
			return err
		}
	}
	return nil
}

// removeFolders removes folders that were made, inner ones first, unless something is in them by now.
func (m Machine) removeFolders(folders []string) error {
	for _, f := range slices.Backward(folders) {
		empty, err := m.anyEmpty([]string{f})
		if err != nil {
			return err
		}
		if !empty {
			continue
		}
		if err := m.remove(f); err != nil {
			return err
		}
	}
	return nil
}

// anyEmpty says whether any of some folders is there and has nothing in it.
func (m Machine) anyEmpty(folders []string) (bool, error) {
	for _, f := range folders {
		entries, err := os.ReadDir(m.path(f))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || len(entries) == 0 {
			return true, err
		}
	}
	return false, nil
}
