// Package update looks at Windows Update: what was tried and how it ended, where updates come from, whether that source
// answers, what is installed and what is offered. It has the Windows Update agent install an update.
package update

import "github.com/rectify-project/rectify/sdk"

// Plugin makes the plugin.
func Plugin() sdk.Plugin { return plugin(thisMachine()) }

func plugin(m machine) sdk.Plugin {
	return sdk.Plugin{
		Name:    "update",
		Version: "1.0.0",
		Summary: "Windows Update: attempts, history, source, offered and installed updates, installing",
		Probes:  []sdk.Probe{attemptsProbe(), historyProbe(m), sourceProbe(m), installedProbe(), reachProbe(), busyProbe(m), searchProbe(m)},
		Actions: []sdk.Action{installAction(m), saveHistoryAction(m)},
	}
}
