package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rectify-project/rectify/sdk/schema"
)

// maxFile bounds the size of a saved plan, in bytes.
const maxFile = 64 << 20

// Save writes the plan to a file that does not exist yet.
func (p *Plan) Save(path string) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false) // people read it
	if err := enc.Encode(p); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already: name another file, or remove it", path)
	}
	if err != nil {
		return fmt.Errorf("the plan cannot be saved: %w", err)
	}
	_, err = f.Write(data.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("the plan cannot be saved: %w", err), os.Remove(path))
	}
	return nil
}

// Load reads a saved plan. One that was edited, or made by another version, is an error.
func Load(path string) (*Plan, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the plan cannot be read: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the plan cannot be read: %s is not a file", path)
	}
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

// Parse reads a saved plan.
func Parse(data []byte) (*Plan, error) {
	var head struct {
		Version *int `json:"rectify_plan"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("this is not a saved plan: %w; make one with `rectify plan CODE -o FILE`", err)
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
	want := p.Digest
	p.Digest = ""
	got := digest(&p)
	p.Digest = want
	if got != want {
		return nil, errors.New("the plan was edited after it was made: its digest is not that of its text; make it anew with `rectify plan`, choosing steps with --only and --skip")
	}
	return &p, nil
}
