// Package system looks at a Windows machine as a whole: what it is, when it was started and shut down and by whom,
// whether it waits for a restart.
package system

import (
	"github.com/rectify-project/rectify/sdk"
)

// Plugin makes the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "system",
		Version: "1.0.0",
		Summary: "The machine: its Windows, starts and shutdowns, pending restarts",
		Probes:  []sdk.Probe{clockProbe(), infoProbe(), bootsProbe(), pendingRestartProbe()},
		Actions: thisMachine().actions(),
	}
}
