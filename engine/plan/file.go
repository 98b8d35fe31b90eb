package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/rectify-project/rectify/sdk/schema"
)

// maxFile bounds the size of a saved plan, in bytes.
const maxFile = 64 << 20

// Save writes the plan to a file that does not exist yet.
func (p *Plan) Save(path string) error {
	data, err := p.encode()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already: name another file, or remove it", path)
	}
	if err != nil {
		return fmt.Errorf("the plan cannot be saved: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("the plan cannot be saved: %w", err), os.Remove(path))
	}
	return nil
}

// encode writes the plan as it is saved: a plan has one text.
func (p *Plan) encode() ([]byte, error) {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false) // people read it
	err := enc.Encode(p)
	return data.Bytes(), err
}

// Load reads a saved plan. One that was edited, or made by another version, is an error.
func Load(path string) (*Plan, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for its other end
		return nil, fmt.Errorf("the plan cannot be read: %s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the plan cannot be read: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the plan cannot be read: %w", err)
	case len(data) > maxFile:
		return nil, fmt.Errorf("%s is too large for a plan: at most %s are read", path, schema.FormatSize(maxFile))
	}
	p, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Parse reads a saved plan. Any change of its text, be it of a blank, is an error.
func Parse(data []byte) (*Plan, error) {
	var head struct {
		Version *int `json:"rectify_plan"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("this is not a saved plan, or only a part of one: %w; make one with `rectify plan CODE -o FILE`", err)
	}
	switch {
	case head.Version == nil:
		return nil, errors.New("this is not a saved plan: it has no rectify_plan version; make one with `rectify plan CODE -o FILE`")
	case *head.Version != Version:
		return nil, fmt.Errorf("the plan is of version %d, this rectify carries out version %d: make it anew with `rectify plan`", *head.Version, Version)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var p Plan
	if err := dec.Decode(&p); err != nil {
		return nil, fmt.Errorf("the plan was edited: %w; make it anew with `rectify plan`", err)
	}
	if !p.whole(data) {
		return nil, errors.New("the plan was edited after it was made: its digest is not that of its text; make it anew with `rectify plan`, choosing steps with --only and --skip")
	}
	return &p, nil
}

// whole says whether a plan is what its digest was made of, and its text is the one that it was saved with.
func (p *Plan) whole(text []byte) bool {
	if slices.ContainsFunc(slices.Concat(p.Steps, p.Afterwards), (*Step).hasHoles) {
		return false
	}
	unsealed := *p
	unsealed.Digest = ""
	got, err := digest(&unsealed)
	if err != nil || got != p.Digest {
		return false
	}
	again, err := p.encode()
	return err == nil && bytes.Equal(again, text)
}

// hasHoles says whether a step is nothing, or one in it.
func (s *Step) hasHoles() bool {
	return s == nil || slices.ContainsFunc(slices.Concat(s.Steps, s.Finally), (*Step).hasHoles)
}
