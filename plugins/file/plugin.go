// Package file is the plugin for files and folders.
package file

import (
	"github.com/rectify-project/rectify/internal/machine/holders"
	"github.com/rectify-project/rectify/sdk"
)

// Plugin makes the plugin.
func Plugin() sdk.Plugin { return plugin(mover{holders.Live()}) }

func plugin(m mover) sdk.Plugin {
	return sdk.Plugin{
		Name:    "file",
		Version: "1.0.0",
		Summary: "Files and folders: look, rename, copy, unpack",
		Probes:  []sdk.Probe{statProbe()},
		Actions: []sdk.Action{rename(m), copyFile(m), expand(m)},
	}
}

// targets are those of the actions: an offline disk on any system, and a running Windows.
func targets() []sdk.TargetKind { return []sdk.TargetKind{sdk.Offline, sdk.Live} }

func needs() sdk.Needs { return sdk.Needs{Elevation: true, Platforms: []string{"windows"}} }
