package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Plugin is one plugin of a listing.
type Plugin struct {
	Name     string
	Origin   Origin
	Path     string // of a vendor's executable
	SHA256   string // of a vendor's executable, when it could be read
	Manifest sdk.Manifest
	Err      error // why it cannot be used; the manifest is then empty
}

// Plugins lists all plugins by name. One that cannot be used is listed with its error.
func (h *Host) Plugins(ctx context.Context) []Plugin {
	var list []Plugin
	for _, name := range slices.Sorted(maps.Keys(h.slots)) {
		list = append(list, h.plugin(ctx, h.slots[name]))
	}
	return list
}

// Plugin tells of one plugin. One that is not there, or cannot be used, is an error.
func (h *Host) Plugin(ctx context.Context, name string) (Plugin, error) {
	s, err := h.find(name)
	if err != nil {
		return Plugin{}, err
	}
	p := h.plugin(ctx, s)
	return p, p.Err
}

func (h *Host) plugin(ctx context.Context, s *slot) Plugin {
	p := Plugin{Name: s.name, Origin: s.source.origin()}
	if v, ok := s.source.(vendor); ok {
		p.Path = v.path
		if b, err := v.verify(h.options.Lock); err == nil {
			p.SHA256 = b.SHA256
			_ = b.Close() // it was read only
		}
	}
	p.Manifest, p.Err = h.manifest(ctx, s)
	return p
}

// Manifest gives what a plugin says of itself. A linked plugin is asked in this process. A vendor's is started and asked
// once; the answer is kept in the cache by the digest of its executable.
func (h *Host) Manifest(ctx context.Context, plugin string) (sdk.Manifest, error) {
	s, err := h.find(plugin)
	if err != nil {
		return sdk.Manifest{}, err
	}
	return h.manifest(ctx, s)
}

func (h *Host) manifest(ctx context.Context, s *slot) (sdk.Manifest, error) {
	d, err := h.describe(ctx, s)
	if err != nil {
		return sdk.Manifest{}, err
	}
	return d.manifest, nil
}

func (h *Host) describe(ctx context.Context, s *slot) (*description, error) {
	select {
	case s.describing <- struct{}{}:
	case <-ctx.Done():
		return nil, gaveUp(ctx, s.name)
	}
	defer func() { <-s.describing }()
	switch {
	case s.described != nil:
		return s.described, nil
	case s.refusals >= maxStarts:
		return nil, s.refusal
	}
	var m sdk.Manifest
	var err error
	switch from := s.source.(type) {
	case linked:
		if m = from.plugin.Manifest(); m.Check() != nil {
			err = &Error{Plugin: s.name, Kind: BadManifest, Message: m.Check().Error(), Err: m.Check()}
		}
	case vendor:
		m, err = h.vendorManifest(ctx, s, from)
	}
	if err != nil {
		s.refusals++
		s.refusal = err
		return nil, err
	}
	s.described = newDescription(s, m)
	return s.described, nil
}

func (h *Host) vendorManifest(ctx context.Context, s *slot, v vendor) (sdk.Manifest, error) {
	binary, err := v.verify(h.options.Lock)
	if err != nil {
		return sdk.Manifest{}, &Error{Plugin: s.name, Kind: Refused, Message: err.Error(), Err: err}
	}
	defer binary.Close() // it was read only
	cached := ""
	if v.cache != "" {
		cached = filepath.Join(v.cache, binary.SHA256+".json")
		if m, ok := readCached(cached); ok && vet(s.name, m) == nil {
			return m, nil
		}
	}
	// A process of its own: how calls are to run follows from the manifest that it is asked for.
	p, err := h.run(context.WithoutCancel(ctx), s, false)
	if err != nil {
		return sdk.Manifest{}, err
	}
	p.end()
	if err := vet(s.name, p.manifest); err != nil {
		return sdk.Manifest{}, &Error{Plugin: s.name, Kind: BadManifest, Message: err.Error(), Err: err, LastWords: p.child.words.get()}
	}
	if cached != "" {
		if err := writeCached(cached, p.manifest); err != nil {
			h.options.Log.Debug().Err(err).Str("plugin", s.name).Msg("the manifest was not cached")
		}
	}
	return p.manifest, nil
}

// vet says what is wrong with a stranger's manifest, schemas included.
func vet(name string, m sdk.Manifest) error {
	if m.Name != name {
		return fmt.Errorf("the manifest names the plugin %s, the file's name says %s", quoted(m.Name), name)
	}
	if err := m.Check(); err != nil {
		return err
	}
	check := func(kind, function, which string, raw json.RawMessage) error {
		if _, err := schema.Parse(raw); err != nil {
			return fmt.Errorf("%s %q: the %s schema: %w", kind, function, which, err)
		}
		return nil
	}
	for _, p := range m.Probes {
		if err := errors.Join(check("probe", p.Name, "input", p.Input), check("probe", p.Name, "output", p.Output)); err != nil {
			return err
		}
	}
	for _, a := range m.Actions {
		if err := errors.Join(check("action", a.Name, "input", a.Input), check("action", a.Name, "output", a.Output)); err != nil {
			return err
		}
	}
	return nil
}

func readCached(path string) (sdk.Manifest, bool) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return sdk.Manifest{}, false
	}
	var m sdk.Manifest
	return m, json.Unmarshal(raw, &m) == nil
}

// writeCached writes in one step: two runs may do it at once.
func writeCached(path string, m sdk.Manifest) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".manifest-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone when it was renamed
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// uncut says whether a plugin has actions that must not be cut off.
func uncut(m sdk.Manifest) bool {
	return slices.ContainsFunc(m.Actions, func(a sdk.ActionManifest) bool { return !a.Interruptible })
}
