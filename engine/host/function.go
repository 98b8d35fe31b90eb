package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// function is a probe or action of a plugin with its types.
type function struct {
	slot          *slot
	name          string
	interruptible bool // every probe is
	types         func() (types, error)
}

type types struct{ input, output *schema.Type }

func newDescription(s *slot, m sdk.Manifest) *description {
	d := &description{manifest: m, probes: map[string]*function{}, actions: map[string]*function{}}
	for _, p := range m.Probes {
		d.probes[p.Name] = &function{s, p.Name, true, parseOnce(p.Input, p.Output)}
	}
	for _, a := range m.Actions {
		d.actions[a.Name] = &function{s, a.Name, a.Interruptible, parseOnce(a.Input, a.Output)}
	}
	return d
}

func parseOnce(input, output json.RawMessage) func() (types, error) {
	return sync.OnceValues(func() (types, error) {
		in, err := schema.Parse(input)
		if err != nil {
			return types{}, fmt.Errorf("the input schema: %w", err)
		}
		out, err := schema.Parse(output)
		if err != nil {
			return types{}, fmt.Errorf("the output schema: %w", err)
		}
		return types{in, out}, nil
	})
}

// probe finds "log.search".
func (h *Host) probe(ctx context.Context, full string) (*function, error) {
	return h.function(ctx, full, "probe", func(d *description) map[string]*function { return d.probes })
}

// action finds "service.restart".
func (h *Host) action(ctx context.Context, full string) (*function, error) {
	return h.function(ctx, full, "action", func(d *description) map[string]*function { return d.actions })
}

func (h *Host) function(ctx context.Context, full, kind string, of func(*description) map[string]*function) (*function, error) {
	plugin, name, ok := strings.Cut(full, ".")
	if !ok {
		return nil, &Error{Plugin: full, Kind: NotFound, Message: fmt.Sprintf("%q is not the name of a function: expected PLUGIN.FUNCTION", full)}
	}
	s, err := h.find(plugin)
	if err != nil {
		return nil, err
	}
	d, err := h.describe(ctx, s)
	if err != nil {
		return nil, err
	}
	f, ok := of(d)[name]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(of(d))), ", ")
		return nil, &Error{Plugin: plugin, Function: name, Kind: NotFound, Message: fmt.Sprintf("plugin %s %s has no %s %q; it has %s", plugin, d.manifest.Version, kind, name, known)}
	}
	return f, nil
}

// input makes the canonical arguments, defaults filled in, and their JSON. A given input is JSON (json.RawMessage,
// []byte), or a canonical value.
func (f *function) input(given any) (map[string]any, json.RawMessage, error) {
	t, err := f.types()
	if err != nil {
		return nil, nil, f.wrong(BadManifest, err)
	}
	var raw []byte
	switch x := given.(type) {
	case nil:
		raw = []byte("{}")
	case json.RawMessage:
		raw = x
	case []byte:
		raw = x
	default:
		if raw, err = schema.Marshal(given); err != nil {
			return nil, nil, f.wrong(InvalidInput, err)
		}
	}
	v, err := t.input.Canonical(raw)
	if err != nil {
		return nil, nil, f.wrong(InvalidInput, err)
	}
	object, _ := v.(map[string]any)
	args := t.input.WithDefaults(object)
	if raw, err = schema.Marshal(args); err != nil {
		return nil, nil, f.wrong(InvalidInput, err)
	}
	return args, raw, nil
}

// output makes the canonical value of an answer.
func (f *function) output(args map[string]any, raw json.RawMessage) (map[string]any, error) {
	t, err := f.types()
	if err != nil {
		return nil, f.wrong(BadManifest, err)
	}
	v, err := t.output.Resolve(args).Canonical(raw)
	if err != nil {
		return nil, f.wrong(WrongType, err)
	}
	m, _ := v.(map[string]any)
	return m, nil
}

func (f *function) wrong(kind Kind, err error) *Error {
	message := err.Error()
	var at *schema.PathError
	switch {
	case kind == WrongType:
		message = "its answer does not have the type that it declares: " + message
	case kind == InvalidInput && errors.As(err, &at):
		err = sdk.Errorf(sdk.InvalidInput, "%v", at.Err).WithPath(at.Pointer)
	}
	return &Error{Plugin: f.slot.name, Function: f.name, Kind: kind, Message: message, Err: err}
}
