// Package log is the plugin that searches text logs: CBS.log and its rotated, packed predecessors, dism.log,
// WindowsUpdate.log, setup logs, and any other text.
package log

import "github.com/rectify-project/rectify/sdk"

// Plugin makes the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "log",
		Version: "1.0.0",
		Summary: "Text logs, rotated and packed ones too: search",
		Probes:  []sdk.Probe{searchProbe()},
	}
}
