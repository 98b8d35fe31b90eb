// Package engine is the way from a playbook to a diagnosis, readable top to bottom:
//
//	Load      playbook.yaml → check.Playbook
//	Open      a root, a bundle or this machine → Session, which knows the target's own time
//	Diagnose  check.Playbook + Session → diagnose.Result
//
// It may change from version to version; only the SDK, the plugin protocol and the playbook language are promises.
package engine

import (
	"context"

	"github.com/rs/zerolog"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/engine/trust"
	"github.com/rectify-project/rectify/sdk"
)

// Options say what an engine works with.
type Options struct {
	Linked    []sdk.Plugin                 // plugins that the executable serves itself
	ServeArgs func(plugin string) []string // how the executable is told to serve one
	VendorDir string                       // folder of vendor plugins; empty means none
	Lock      *trust.Lock                  // which of them may run
	Log       zerolog.Logger
	Progress  func(uses string, p sdk.Progress) // may be nil
}

// Engine loads playbooks and diagnoses. It is safe for concurrent use. Close it: it may have started processes.
type Engine struct {
	host     *host.Host
	progress func(string, sdk.Progress)
}

// New makes an engine. It starts nothing.
func New(o Options) (*Engine, error) {
	h, err := host.New(host.Options{Linked: o.Linked, ServeArgs: o.ServeArgs, VendorDir: o.VendorDir, Lock: o.Lock, Log: o.Log})
	if err != nil {
		return nil, err
	}
	return &Engine{h, o.Progress}, nil
}

// Close ends the plugins' processes.
func (e *Engine) Close() { e.host.Close() }

// Plugins lists the plugins with their manifests.
func (e *Engine) Plugins(ctx context.Context) []host.Plugin { return e.host.Plugins(ctx) }

// Load parses and checks a playbook. The playbook is nil when the diagnostics hold an error.
func (e *Engine) Load(ctx context.Context, file string, source []byte) (*check.Playbook, diag.List) {
	doc, list := playbook.Parse(file, source)
	if list.HasErrors() {
		return nil, list.Sorted()
	}
	p, more := check.Check(doc, catalog{ctx, e.host})
	return p, append(list, more...).Sorted()
}

// Catalog gives the functions that playbooks can use, for checks without a diagnosis.
func (e *Engine) Catalog(ctx context.Context) check.Catalog { return catalog{ctx, e.host} }

// catalog gives the manifests of a host's plugins to the checker.
type catalog struct {
	ctx  context.Context
	host *host.Host
}

var _ check.Catalog = catalog{}

// Plugin gives the manifest of a plugin.
func (c catalog) Plugin(name string) (sdk.Manifest, error) { return c.host.Manifest(c.ctx, name) }

// PluginNames lists the plugins.
func (c catalog) PluginNames() []string { return c.host.Names() }

// Diagnose reads what a playbook needs and concludes. When its problem is not there, or has healed, nothing more is
// read than what tells that.
func (e *Engine) Diagnose(ctx context.Context, p *check.Playbook, s *Session, inputs map[string]any) *diagnose.Result {
	return diagnose.Run(ctx, p, s.observer, inputs, s.Now, nil)
}

// Record reads all probes of a playbook, so that the session's recorder holds them, whatever the conclusion.
func (e *Engine) Record(ctx context.Context, p *check.Playbook, s *Session, inputs map[string]any) *fact.Set {
	facts := fact.NewSet(probeNames(p))
	env := diagnose.NewEnvironment(ctx, p, facts, inputs, s.Now, nil)
	fact.Gather(ctx, p, probeNames(p), facts, env.Value, s.observer)
	return facts
}

func probeNames(p *check.Playbook) []string {
	var names []string
	for _, probe := range p.Probes {
		names = append(names, probe.Name)
	}
	return names
}

// Manifest gives what a plugin says of itself.
func (e *Engine) Manifest(ctx context.Context, plugin string) (sdk.Manifest, error) {
	return e.host.Manifest(ctx, plugin)
}

// Probe resolves a probe by its full name, as a playbook's probe without arguments.
func (e *Engine) Probe(ctx context.Context, uses string) (*check.Probe, error) {
	return check.ProbeNamed(uses, catalog{ctx, e.host})
}
