// Package event is the plugin that reads Windows event channels.
package event

import (
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/sdk"
)

// Plugin makes the plugin.
func Plugin() sdk.Plugin { return of(eventlog.Source{}) }

// of makes the plugin over a source of channels.
func of(source eventlog.Source) sdk.Plugin {
	return sdk.Plugin{
		Name:    "event",
		Version: "1.0.0",
		Summary: "Event channels: their events and settings, switch on",
		Probes:  []sdk.Probe{queryProbe(source), channelProbe(source)},
		Actions: []sdk.Action{enableChannel(source)},
	}
}
