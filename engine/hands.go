package engine

import (
	"context"
	"os"
	"strings"
	"sync"

	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/trust"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// hands carry actions out on a target, by plugins.
type hands struct {
	host *host.Host
	on   target.Spec
	self func() (string, error) // digest of this program
}

var _ execute.Hands = (*hands)(nil)

func newHands(h *host.Host, on target.Spec) *hands {
	return &hands{h, on, sync.OnceValues(func() (string, error) {
		path, err := os.Executable()
		if err != nil {
			return "", err
		}
		binary, err := trust.Digest(path)
		return binary.SHA256, err
	})}
}

// Prepare asks an action what it would do.
func (h *hands) Prepare(ctx context.Context, uses string, input map[string]any) (plan.Prepared, error) {
	p, err := h.host.Prepare(ctx, uses, h.on, input)
	return plan.Prepared{Summary: p.Summary, Changes: p.Changes, NoOp: p.NoOp, Predicted: p.Predicted, Token: p.Token, Material: p.Material}, err
}

// Apply carries an action out.
func (h *hands) Apply(ctx context.Context, c execute.Call, progress func(sdk.Progress)) (execute.Applied, error) {
	return applied(h.host.Apply(ctx, c.Uses, h.on, c.Input, c.Token, c.StateDir, host.Events{Progress: progress}))
}

// Undo takes an action back.
func (h *hands) Undo(ctx context.Context, c execute.Call, progress func(sdk.Progress)) (execute.Applied, error) {
	return applied(h.host.Undo(ctx, c.Uses, h.on, c.Token, c.StateDir, host.Events{Progress: progress}))
}

func applied(a host.Applied, err error) (execute.Applied, error) {
	return execute.Applied{Output: a.Output, NeedsRestart: a.NeedsRestart, Evidence: a.Evidence}, err
}

// Assess says by looking how far an action got.
func (h *hands) Assess(ctx context.Context, c execute.Call) (sdk.Assessment, error) {
	return h.host.Assess(ctx, c.Uses, h.on, c.Token, c.StateDir)
}

// Plugin says which binary carries an action out.
func (h *hands) Plugin(ctx context.Context, uses string) (journal.Plugin, error) {
	name, _, _ := strings.Cut(uses, ".")
	p, err := h.host.Plugin(ctx, name)
	if err != nil {
		return journal.Plugin{}, err
	}
	out := journal.Plugin{Name: p.Name, Version: p.Manifest.Version, SHA256: p.SHA256, Path: p.Path}
	if p.Origin == host.Linked {
		out.SHA256, err = h.self()
	}
	return out, err
}
