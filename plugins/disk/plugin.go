// Package disk looks at the volumes of a machine: how much room is left, and in which state the file system is.
package disk

import "github.com/rectify-project/rectify/sdk"

// Plugin makes the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "disk",
		Version: "1.0.0",
		Summary: "Volumes: free space, state of the file system",
		Probes:  []sdk.Probe{spaceProbe(), volumeProbe(system{})},
	}
}

// system is this system.
type system struct{}

var _ volumes = system{}
