// Package trace is the plugin that searches event traces, the .etl files of Windows Update and others.
package trace

import "github.com/rectify-project/rectify/sdk"

// Plugin makes the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "trace",
		Version: "1.0.0",
		Summary: "Event traces (.etl): search",
		Probes:  []sdk.Probe{searchProbe()},
	}
}
