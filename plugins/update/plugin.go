// Package update looks at Windows Update: what was tried and how it ended, where updates come from, whether that source
// answers, what is installed.
package update

import "github.com/rectify-project/rectify/sdk"

// Plugin makes the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "update",
		Version: "1.0.0",
		Summary: "Windows Update: attempts, history, source, installed updates",
		Probes:  []sdk.Probe{attemptsProbe(), historyProbe(), sourceProbe(), installedProbe(), reachProbe(), busyProbe(), searchProbe()},
		Actions: []sdk.Action{installAction(), saveHistoryAction()},
	}
}
