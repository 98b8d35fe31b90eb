package example

import "github.com/rectify-project/rectify/internal/forge/host"

// healed is a machine on which an update failed and eleven minutes later succeeded by itself.
func healed() *host.Machine {
	m := host.New(host.Server2022, host.WEurope, "SRV-APP08", installed)
	m.Attempt(removalToolInstalled(13))
	m.RotateServicing(at(11, "22:00:00"), false)

	m.Service(at(14, "02:48:00"), "wuauserv", host.Running)
	m.Attempt(host.Attempt{Update: server2022, Downloading: at(14, "02:48:30"), Ended: at(14, "03:01:10"), Result: host.ServiceStop})
	m.Attempt(host.Attempt{Update: server2022, Downloading: at(14, "03:01:40"), Installing: at(14, "03:04:15"), Ended: at(14, "03:12:32")})
	m.Restart(host.ByWindowsUpdate(at(14, "03:30:00"), at(14, "03:33:07")))
	m.Days(installed, at(16, "12:00:00"))
	return m
}
