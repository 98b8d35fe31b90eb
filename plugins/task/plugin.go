// Package task looks at scheduled tasks: their definitions, and when they ran.
package task

import "github.com/rectify-project/rectify/sdk"

// Plugin makes the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "task",
		Version: "1.0.0",
		Summary: "Scheduled tasks: definitions, runs, disable and enable",
		Probes:  []sdk.Probe{listProbe(), runsProbe()},
		Actions: []sdk.Action{disableAction(), enableAction()},
	}
}
