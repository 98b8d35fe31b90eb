package fact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// BundleVersion is the version of the bundle format that this package writes, and the only one that it reads.
const BundleVersion = 1

// MaxBundle bounds the size of a bundle file, in bytes.
const MaxBundle = 256 << 20

// Bundle is the readings that were taken of a target, each with the arguments of its call, so that any playbook which
// asks the same gets the same answers without the target. It is a JSON file that people can read.
type Bundle struct {
	Version  int             `json:"rectify_bundle"`
	Target   BundleTarget    `json:"target"`
	Now      time.Time       `json:"now"` // of the target
	Recorded time.Time       `json:"recorded,omitzero"`
	Readings []BundleReading `json:"readings"`
}

// BundleTarget says what was recorded.
type BundleTarget struct {
	Kind string `json:"kind"` // live, offline
	Name string `json:"name"` // of the machine or of the root folder
}

// BundleReading is one recorded reading.
type BundleReading struct {
	Uses     string            `json:"uses"`
	Input    json.RawMessage   `json:"input"`
	Status   Status            `json:"status"`
	Value    json.RawMessage   `json:"value,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Settle   string            `json:"settle,omitempty"`
	Covers   *sdk.Window       `json:"covers,omitempty"`
	Missing  map[string]string `json:"missing,omitempty"`
	Evidence []sdk.Evidence    `json:"evidence,omitempty"`
	Cut      int               `json:"evidence_cut,omitempty"`
	Plugin   string            `json:"plugin,omitempty"`
}

// Recorder is an observer that keeps what another one brings. It is safe for concurrent use.
type Recorder struct {
	Observer Observer
	mu       sync.Mutex
	readings []BundleReading
	err      error
}

// Observe takes a reading and keeps it.
func (r *Recorder) Observe(ctx context.Context, call Call) Reading {
	reading := late(ctx, call, r.Observer.Observe(ctx, call))
	recorded, err := record(call, reading)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.err = errors.Join(r.err, err)
	} else if !slices.ContainsFunc(r.readings, func(b BundleReading) bool { return b.same(recorded.Uses, recorded.Input) }) {
		r.readings = append(r.readings, recorded)
	}
	return reading
}

func record(call Call, r Reading) (BundleReading, error) {
	b := BundleReading{
		Uses: call.Probe.Uses(), Status: r.Status, Reason: r.Reason, Settle: r.Settle, Covers: r.Covers,
		Missing: r.Missing, Evidence: r.Evidence, Cut: r.EvidenceCut, Plugin: r.Plugin,
	}
	var err error
	if b.Input, err = schema.Marshal(call.Input); err != nil {
		return b, fmt.Errorf("the input of %s cannot be recorded: %w", b.Uses, err)
	}
	if r.Known() {
		if b.Value, err = schema.Marshal(r.Value); err != nil {
			return b, fmt.Errorf("the answer of %s cannot be recorded: %w", b.Uses, err)
		}
	}
	return b, nil
}

// Bundle gives what was kept, in a stable order.
func (r *Recorder) Bundle(target BundleTarget, now, recorded time.Time) (*Bundle, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortFunc(r.readings, func(a, b BundleReading) int {
		if c := strings.Compare(a.Uses, b.Uses); c != 0 {
			return c
		}
		return strings.Compare(string(a.Input), string(b.Input))
	})
	readings := append([]BundleReading{}, r.readings...)
	return &Bundle{Version: BundleVersion, Target: target, Now: now, Recorded: recorded, Readings: readings}, r.err
}

func (b BundleReading) same(uses string, input []byte) bool {
	return b.Uses == uses && string(b.Input) == string(input)
}

// Save writes the bundle to a file, wholly or not at all. An existing file is not overwritten: it may be the only record
// of a machine. A bundle that would be too large to be read again is an error.
func (b *Bundle) Save(path string) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false) // people read it
	if err := enc.Encode(b); err != nil {
		return err
	}
	if data.Len() > MaxBundle {
		return tooLarge(path, int64(data.Len()))
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already: name another file, or remove it", path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half a bundle is none, and would stand in the way of a whole one
	}
	return nil
}

func tooLarge(file string, size int64) error {
	return fmt.Errorf("the bundle %s has %s, at most %s are read", file, schema.FormatSize(size), schema.FormatSize(MaxBundle))
}

// LoadBundle reads a bundle file, or the bundle.json of a folder. ".json" may be left out.
func LoadBundle(path string) (*Bundle, error) {
	info, err := os.Stat(path)
	file := bundleFile(path, info, err)
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("the bundle %s cannot be read: %w", path, err)
	}
	defer f.Close()
	return readBundle(f, file)
}

// ReadBundle is LoadBundle in a file system.
func ReadBundle(fsys fs.FS, name string) (*Bundle, error) {
	info, err := fs.Stat(fsys, name)
	file := bundleFile(name, info, err)
	f, err := fsys.Open(file)
	if err != nil {
		return nil, fmt.Errorf("the bundle %s cannot be read: %w", name, err)
	}
	defer f.Close()
	return readBundle(f, file)
}

// bundleFile is the file that a bundle's name stands for, by what is there under that name.
func bundleFile(name string, info fs.FileInfo, err error) string {
	switch {
	case err == nil && info.IsDir():
		return name + "/bundle.json"
	case errors.Is(err, fs.ErrNotExist) && path.Ext(name) != ".json":
		return name + ".json"
	}
	return name
}

func readBundle(f fs.File, file string) (*Bundle, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("the bundle %s cannot be read: %w", file, err)
	}
	if info.Size() > MaxBundle {
		return nil, tooLarge(file, info.Size())
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxBundle+1)) // a pipe does not tell its size
	if err != nil {
		return nil, fmt.Errorf("the bundle %s cannot be read: %w", file, err)
	}
	if len(data) > MaxBundle {
		return nil, tooLarge(file, int64(len(data)))
	}
	return parseBundle(data, file)
}

func parseBundle(data []byte, file string) (*Bundle, error) {
	var b Bundle
	wrong := json.Unmarshal(data, &b)
	if wrong != nil { // of another version, anything else may be different too
		var header struct {
			Version int `json:"rectify_bundle"`
		}
		if json.Unmarshal(data, &header) == nil {
			b.Version = header.Version
		}
	}
	switch {
	case b.Version != 0 && b.Version != BundleVersion:
		return nil, fmt.Errorf("%s is a bundle of version %d, this rectify reads version %d", file, b.Version, BundleVersion)
	case wrong != nil:
		return nil, fmt.Errorf("%s is not a bundle: %w", file, wrong)
	case b.Version == 0:
		return nil, fmt.Errorf("%s is not a bundle: it has no rectify_bundle version; make one with `rectify record`", file)
	case b.Now.IsZero():
		return nil, fmt.Errorf("%s does not say when it was recorded: `now`, the target's own time, is missing", file)
	}
	for i := range b.Readings {
		if err := compact(&b.Readings[i].Input); err != nil {
			return nil, fmt.Errorf("%s: reading %d (%s): the input is not JSON: %w", file, i, b.Readings[i].Uses, err)
		}
	}
	return &b, nil
}

// compact writes an input with sorted keys and without blanks. An input that is left out has no arguments.
func compact(raw *json.RawMessage) error {
	if len(*raw) == 0 || string(*raw) == "null" {
		*raw = json.RawMessage("{}")
		return nil
	}
	var v any
	dec := json.NewDecoder(strings.NewReader(string(*raw)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return err
	}
	out, err := schema.Marshal(v)
	*raw = out
	return err
}

// Holds says whether the bundle has any reading of a probe, named in full: "log.search".
func (b *Bundle) Holds(uses string) bool {
	return slices.ContainsFunc(b.Readings, func(r BundleReading) bool { return r.Uses == uses })
}

// Observe answers from the bundle.
func (b *Bundle) Observe(_ context.Context, call Call) Reading {
	input, err := schema.Marshal(call.Input)
	if err != nil {
		return Reading{Status: Failed, Reason: err.Error()}
	}
	uses := call.Probe.Uses()
	i := slices.IndexFunc(b.Readings, func(r BundleReading) bool { return r.same(uses, input) })
	if i < 0 {
		i = b.alike(call.Probe, input)
	}
	if i < 0 {
		reason := "the bundle holds no reading of " + uses
		if b.Holds(uses) {
			reason = "the bundle holds readings of " + uses + " with other arguments only"
		}
		return Reading{Status: Unsupported, Reason: reason, Settle: "record the machine again with this playbook and these inputs"}
	}
	return b.Readings[i].reading(call)
}

// alike finds a reading whose input means the same as another, however a person has spelt it; -1 when there is none.
func (b *Bundle) alike(probe *check.Probe, input []byte) int {
	want, err := canonicalInput(probe.Input, input)
	if err != nil {
		return -1
	}
	uses := probe.Uses()
	return slices.IndexFunc(b.Readings, func(r BundleReading) bool {
		if r.Uses != uses {
			return false
		}
		have, err := canonicalInput(probe.Input, r.Input)
		return err == nil && bytes.Equal(have, want)
	})
}

// canonicalInput writes an input in its one canonical form, with defaults filled in.
func canonicalInput(t *schema.Type, raw []byte) ([]byte, error) {
	v, err := t.Canonical(raw)
	if err != nil {
		return nil, err
	}
	if object, ok := v.(map[string]any); ok && t != nil {
		v = t.WithDefaults(object)
	}
	return schema.Marshal(v)
}

func (b BundleReading) reading(call Call) Reading {
	r := Reading{Status: b.Status, Reason: b.Reason, Settle: b.Settle, Covers: b.Covers, Missing: b.Missing, Evidence: b.Evidence, EvidenceCut: b.Cut, Plugin: b.Plugin}
	if !r.Known() {
		return r
	}
	v, err := call.Probe.Output.Canonical(b.Value)
	if err != nil {
		return Reading{Status: Failed, Reason: "the recorded answer does not fit: " + err.Error(), Settle: "record the machine again with this version"}
	}
	r.Value = v
	return r
}
