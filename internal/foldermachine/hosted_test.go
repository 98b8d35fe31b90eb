package foldermachine

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// TestHosted calls the plugins in processes of their own, as the engine does.
func TestHosted(t *testing.T) {
	m := sample(t)
	on := target.Spec{Kind: target.Offline, Root: m.Dir}
	h, err := host.New(host.Options{
		Linked:    []sdk.Plugin{Plugin(), System()},
		ServeArgs: func(name string) []string { return []string{"plugin", "serve", name} },
		CacheDir:  t.TempDir(),
	})
	must(t, err)
	t.Cleanup(h.Close)

	clock, err := h.Observe(t.Context(), "system.clock", on, object{}, host.Events{})
	must(t, err)
	if now, _ := clock.Value["now"].(time.Time); !now.Equal(time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("clock %v", clock.Value)
	}
	before := snapshot(t, m)
	input := object{"names": []any{"updater"}, "hold": true}
	p, err := h.Prepare(t.Context(), "machine.service_stop", on, input)
	must(t, err)
	state := t.TempDir()
	_, err = h.Apply(t.Context(), "machine.service_stop", on, input, p.Token, state, host.Events{})
	must(t, err)
	wantAssessed(t, h, "machine.service_stop", on, p.Token, state, sdk.StateAfter)
	_, err = h.Undo(t.Context(), "machine.service_stop", on, p.Token, state, host.Events{})
	must(t, err)
	same(t, "undone", before, snapshot(t, m))
}

// TestDetached leaves an action that must not be cut off to itself, and finds it at work until it is done.
func TestDetached(t *testing.T) {
	m := sample(t)
	on := target.Spec{Kind: target.Offline, Root: m.Dir}
	h, err := host.New(host.Options{
		Linked:    []sdk.Plugin{Plugin()},
		ServeArgs: func(name string) []string { return []string{"plugin", "serve", name} },
		CacheDir:  t.TempDir(),
	})
	must(t, err)
	t.Cleanup(h.Close)
	input := object{"name": "x", "steps": 20, "millis": 25}
	p, err := h.Prepare(t.Context(), "machine.slow", on, input)
	must(t, err)
	state := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = h.Apply(ctx, "machine.slow", on, input, p.Token, state, host.Events{Progress: func(sdk.Progress) { cancel() }})
	var detached *host.Error
	if !errors.As(err, &detached) || detached.Kind != host.Detached {
		t.Fatalf("cut off: %v", err)
	}
	wantAssessed(t, h, "machine.slow", on, p.Token, state, sdk.StatePartial)
	_, err = h.Apply(t.Context(), "machine.slow", on, input, p.Token, state, host.Events{}) // which waits for the first
	must(t, err)
	wantAssessed(t, h, "machine.slow", on, p.Token, state, sdk.StateAfter)
	if n := effects(t, m); n != 20 {
		t.Errorf("%d steps were done, want 20", n)
	}
}

func wantAssessed(t *testing.T, h *host.Host, action string, on target.Spec, token json.RawMessage, state string, want sdk.State) {
	t.Helper()
	a, err := h.Assess(t.Context(), action, on, token, state)
	if err != nil || a.State != want {
		t.Errorf("%s: %+v, %v; want %s", action, a, err, want)
	}
}
