// Package task looks at scheduled tasks, their definitions and when they ran, and enables and disables them.
package task

import (
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/sdk"
)

// Plugin makes the plugin.
func Plugin() sdk.Plugin { return with(tasks.Live()) }

// with makes the plugin on what is the Task Scheduler of a live target.
func with(s *tasks.Scheduler) sdk.Plugin {
	return sdk.Plugin{
		Name:    "task",
		Version: "1.0.0",
		Summary: "Scheduled tasks: definitions, runs, disable and enable",
		Probes:  []sdk.Probe{listProbe(s), runsProbe()},
		Actions: []sdk.Action{disableAction(s), enableAction(s)},
	}
}
