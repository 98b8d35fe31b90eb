// Package network asks, from a running machine, whether others can be reached: names, ports, web servers.
package network

import (
	"github.com/rectify-project/rectify/internal/machine/proxy"
	"github.com/rectify-project/rectify/sdk"
)

// Plugin makes the plugin.
func Plugin() sdk.Plugin { return plugin(proxy.Live()) }

func plugin(m proxy.Machine) sdk.Plugin {
	return sdk.Plugin{
		Name:    "network",
		Version: "1.0.0",
		Summary: "Names, ports and web servers as this machine reaches them",
		Probes:  []sdk.Probe{httpProbe(m), tcpProbe(), dnsProbe(), proxyProbe(m)},
	}
}
