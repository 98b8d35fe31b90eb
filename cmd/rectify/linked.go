package main

import (
	"context"

	"github.com/rectify-project/rectify/plugins/disk"
	"github.com/rectify-project/rectify/plugins/dism"
	"github.com/rectify-project/rectify/plugins/event"
	"github.com/rectify-project/rectify/plugins/file"
	"github.com/rectify-project/rectify/plugins/log"
	"github.com/rectify-project/rectify/plugins/network"
	"github.com/rectify-project/rectify/plugins/registry"
	"github.com/rectify-project/rectify/plugins/service"
	"github.com/rectify-project/rectify/plugins/system"
	"github.com/rectify-project/rectify/plugins/task"
	"github.com/rectify-project/rectify/plugins/trace"
	"github.com/rectify-project/rectify/plugins/update"
	"github.com/rectify-project/rectify/sdk"
)

// linkedPlugins are the plugins that are part of this program. Each runs in a process of its own all the same.
func linkedPlugins() []sdk.Plugin {
	return []sdk.Plugin{
		disk.Plugin(), dism.Plugin(), event.Plugin(), file.Plugin(), log.Plugin(), network.Plugin(),
		registry.Plugin(), service.Plugin(), system.Plugin(), task.Plugin(), trace.Plugin(), update.Plugin(),
	}
}

// workers do, by the name of the plugin, what must not end with the plugin's process. They are told all by the state folder
// of the action.
func workers() map[string]func(ctx context.Context, stateDir string) error {
	return map[string]func(context.Context, string) error{"dism": dism.Work, "update": update.Work}
}

// linkedPlugin finds one of them.
func linkedPlugin(name string) (sdk.Plugin, bool) {
	for _, p := range linkedPlugins() {
		if p.Name == name {
			return p, true
		}
	}
	return sdk.Plugin{}, false
}
