package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
)

type noteInput struct {
	Folder string `json:"folder" jsonschema:"description=an existing folder of this machine"`
	Text   string `json:"text"`
}

type noted struct {
	File  string       `json:"file"`
	Bytes schema.Bytes `json:"bytes"`
}

// noteToken is all that Apply, Assess and Undo know, the state directory aside. Version is there for the day when the next version of this plugin
// has to undo what this one did.
type noteToken struct {
	Version int    `json:"version"`
	File    string `json:"file"`
	Text    string `json:"text"`
	Existed bool   `json:"existed"`
}

// before is the file of the state directory that holds what the note had been, for undo.
const before = "before.txt"

func note() sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:          "note",
		Summary:       "Writes a note into a folder",
		Targets:       []sdk.TargetKind{sdk.Live},
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskLow,
		Interruptible: true,
		Typical:       schema.Span(time.Second),
	}, sdk.ActionHands[noteInput, noted, noteToken]{
		Prepare: prepareNote,
		Apply:   applyNote,
		Assess:  assessNote,
		Undo:    undoNote,
	})
}

func prepareNote(_ context.Context, _ *sdk.Call, in noteInput) (sdk.Preview[noted, noteToken], error) {
	file := filepath.Join(in.Folder, "hello.txt")
	if _, err := os.Stat(in.Folder); err != nil {
		return sdk.Preview[noted, noteToken]{}, sdk.Errorf(sdk.NotFound, "the folder %q is not there", in.Folder).
			WithPath("/folder").WithHint("make it first")
	}
	old, err := os.ReadFile(file)
	existed := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sdk.Preview[noted, noteToken]{}, sdk.Errorf(sdk.Unavailable, "the note cannot be read: %v", err)
	}
	return sdk.Preview[noted, noteToken]{
		Summary:   "write a note to " + file,
		Changes:   []sdk.Change{{What: file, Before: string(old), After: in.Text}},
		NoOp:      existed && string(old) == in.Text,
		Predicted: &noted{file, schema.Bytes(len(in.Text))},
		Token:     noteToken{1, file, in.Text, existed},
		Material:  map[string]any{"existed": existed, "text": string(old)},
	}, nil
}

// check refuses a token that this version has not made: it would be read wrongly.
func (t noteToken) check() error {
	if t.Version != 1 || t.File == "" {
		return sdk.Errorf(sdk.InvalidInput, "the token has version %d, this version of the plugin reads version 1", t.Version)
	}
	return nil
}

func applyNote(_ context.Context, call *sdk.Call, in noteInput, token noteToken, stateDir string) (sdk.Result[noted], error) {
	if err := token.check(); err != nil {
		return sdk.Result[noted]{}, err
	}
	if token.Existed {
		if err := keep(token, stateDir); err != nil {
			return sdk.Result[noted]{}, err
		}
	}
	call.Progress(sdk.Progress{Note: "writing " + token.File})
	if err := os.WriteFile(token.File, []byte(in.Text), 0o644); err != nil {
		return sdk.Result[noted]{}, sdk.Errorf(sdk.AccessDenied, "the note cannot be written: %v", err)
	}
	call.Progress(sdk.Progress{Note: "written"})
	return sdk.Result[noted]{Output: noted{token.File, schema.Bytes(len(in.Text))}}, nil
}

// keep writes what undo needs to the disk before the first effect. Apply may be called again after a crash: what was
// kept by the first call is the truth, so it is never written twice.
func keep(token noteToken, stateDir string) error {
	path := filepath.Join(stateDir, before)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	old, err := os.ReadFile(token.File)
	if err != nil {
		return sdk.Errorf(sdk.Unavailable, "the note that is there cannot be kept: %v", err)
	}
	if err := kept.WriteFile(path, old); err != nil { // bytes as they are; a value goes with kept.Write
		return sdk.Errorf(sdk.Unavailable, "the note that is there cannot be kept: %v", err)
	}
	return nil
}

func assessNote(_ context.Context, _ *sdk.Call, token noteToken, stateDir string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	have, err := os.ReadFile(token.File)
	gone := errors.Is(err, fs.ErrNotExist)
	if err != nil && !gone {
		return sdk.Assessment{}, sdk.Errorf(sdk.Unavailable, "the note cannot be read: %v", err)
	}
	old, err := os.ReadFile(filepath.Join(stateDir, before))
	saved := err == nil
	switch {
	case !gone && string(have) == token.Text:
		return sdk.Assessment{State: sdk.StateAfter}, nil
	case gone && !token.Existed, !gone && saved && bytes.Equal(have, old), !gone && token.Existed && !saved:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case !gone && token.wrote(have, old):
		return sdk.Assessment{State: sdk.StatePartial, Reason: "the note is not complete"}, nil
	}
	return sdk.Assessment{State: sdk.StateOther, Reason: "somebody else has changed the note"}, nil
}

// wrote says whether a note is one that Apply or Undo has written, or the beginning of one that a crash has cut off.
func (t noteToken) wrote(have, old []byte) bool {
	return strings.HasPrefix(t.Text, string(have)) || bytes.HasPrefix(old, have)
}

func undoNote(_ context.Context, call *sdk.Call, token noteToken, stateDir string) (sdk.Result[noted], error) {
	out := sdk.Result[noted]{Output: noted{File: token.File}}
	if err := token.check(); err != nil {
		return out, err
	}
	old, err := os.ReadFile(filepath.Join(stateDir, before))
	if token.Existed && errors.Is(err, fs.ErrNotExist) {
		return out, nil // it was never written over
	}
	if token.Existed && err != nil {
		return out, sdk.Errorf(sdk.Unavailable, "what the note was cannot be read: %v", err)
	}
	have, err := os.ReadFile(token.File)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !token.Existed:
		return out, nil // undo may be called again
	case err == nil && !token.wrote(have, old):
		return out, sdk.Errorf(sdk.Unavailable, "somebody else has changed the note %s since", token.File).WithHint("it is left as it is")
	}
	call.Progress(sdk.Progress{Note: "taking back " + token.File})
	if !token.Existed {
		return out, os.Remove(token.File)
	}
	out.Output.Bytes = schema.Bytes(len(old))
	return out, os.WriteFile(token.File, old, 0o644)
}
