// Package registry is the plugin for registry keys and values.
package registry

import (
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Plugin makes the plugin.
func Plugin() sdk.Plugin { return pluginOf(machine{}) }

func pluginOf(m opener) sdk.Plugin {
	return sdk.Plugin{
		Name:    "registry",
		Version: "1.0.0",
		Summary: "Registry keys and values: read, set, delete",
		Probes:  []sdk.Probe{readProbe(m)},
		Actions: []sdk.Action{set(m), remove(m)},
	}
}

// opener opens the registry of a target, to read it and to change it.
type opener interface {
	read(t *target.Target) (*registry.Registry, error)
	change(t *target.Target) (*registry.Store, error)
}

type machine struct{}

func (machine) read(t *target.Target) (*registry.Registry, error) { return registry.Open(t) }
func (machine) change(t *target.Target) (*registry.Store, error)  { return registry.OpenStore(t) }

func live() []sdk.TargetKind { return []sdk.TargetKind{sdk.Live} }

func needs() sdk.Needs { return sdk.Needs{Elevation: true, Platforms: []string{"windows"}} }
