// Command rectify-plugin-hello is a vendor's plugin: a main package that serves a plugin value, and nothing else. See
// README.md.
package main

import (
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/pluginserver"
)

func main() { pluginserver.Serve(hello()) }

// hello is the plugin: a value. It could just as well be a variable of a package of its own, for others to link.
func hello() sdk.Plugin {
	return sdk.Plugin{
		Name:    "hello",
		Version: "1.0.0",
		Summary: "Greets, and leaves notes that it can take back",
		Probes:  []sdk.Probe{greet()},
		Actions: []sdk.Action{note()},
	}
}
