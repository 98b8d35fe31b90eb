// Package dism is about the component store of Windows: the packages in it, its health, and how to change and repair it.
package dism

import "github.com/rectify-project/rectify/sdk"

// Plugin makes the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "dism",
		Version: "1.0.0",
		Summary: "The component store: packages, health, repair",
		Probes:  []sdk.Probe{packagesProbe(), healthProbe()},
		Actions: []sdk.Action{addPackageAction(), removePackageAction(), restoreHealthAction()},
	}
}

// needs is what servicing a running Windows needs.
func needs() sdk.Needs { return sdk.Needs{Elevation: true, Platforms: []string{"windows"}} }
