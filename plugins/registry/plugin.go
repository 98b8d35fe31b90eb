// Package registry is the plugin for registry keys and values.
package registry

import "github.com/rectify-project/rectify/sdk"

// Plugin makes the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "registry",
		Version: "1.0.0",
		Summary: "Registry keys and values: read, set, delete",
		Probes:  []sdk.Probe{readProbe()},
		Actions: []sdk.Action{set(), remove()},
	}
}
