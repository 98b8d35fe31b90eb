package example

import "github.com/rectify-project/rectify/internal/forge/host"

// updateRestart is a machine that Windows Update itself restarts during an installation, which is its right. Why the
// update then fails nothing on the disk tells.
func updateRestart() *host.Machine {
	m := host.New(host.Server2022, host.WEurope, "SRV-WEB03", installed)
	m.Attempt(host.Attempt{Update: framework, Downloading: at(9, "20:10:10"), Installing: at(9, "20:12:00"), Ended: at(9, "20:17:30")})
	m.Restart(host.ByServicing(at(9, "20:40:00"), at(9, "20:42:31")))
	m.Attempt(removalToolInstalled(13))
	m.RotateServicing(at(12, "09:00:00"), true)

	m.Service(at(14, "20:40:00"), "wuauserv", host.Running)
	m.Attempt(host.Attempt{Update: server2022, Downloading: at(14, "20:41:07"), Installing: at(14, "20:55:30"), Ended: at(14, "21:31:45"), Result: host.ServiceStop})
	m.Service(at(14, "20:55:40"), "TrustedInstaller", host.Running)
	m.Serve(host.Session{Client: "WindowsUpdateAgent", Package: server2022.Package, From: at(14, "20:55:40"), To: at(14, "21:12:04"), Interrupted: true})
	m.Restart(host.ByWindowsUpdate(at(14, "21:12:00"), at(14, "21:14:48")))
	m.Service(at(14, "21:16:02"), "wuauserv", host.Running)
	m.Days(installed, at(16, "12:00:00"))
	return m
}
