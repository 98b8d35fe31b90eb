// Package service looks at Windows services and changes them. Services are named by their key ("wuauserv"), never by
// their display name, which is localised.
package service

import (
	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

// Plugin makes the plugin.
func Plugin() sdk.Plugin { return on(services.Open) }

// opener opens the services of the machine that a call is about.
type opener func() (services.Machine, error)

func on(open opener) sdk.Plugin {
	return sdk.Plugin{
		Name:    "service",
		Version: "1.0.0",
		Summary: "Windows services: configuration, state changes, start and stop",
		Probes:  []sdk.Probe{statusProbe(open), changesProbe()},
		Actions: []sdk.Action{startAction(open), stopAction(open), restartAction(open), configureAction(open), restoreAction(open)},
	}
}
