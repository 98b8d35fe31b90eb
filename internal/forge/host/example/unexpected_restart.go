package example

import "github.com/rectify-project/rectify/internal/forge/host"

// unexpectedRestart is a machine that a management program restarts in the middle of an installation.
func unexpectedRestart() *host.Machine {
	m := host.New(host.Server2022, host.Pacific, "SRV-SQL02", installed)
	m.Attempt(host.Attempt{Update: framework, Downloading: at(8, "22:10:10"), Installing: at(8, "22:12:00"), Ended: at(8, "22:19:30")})
	m.Restart(host.ByWindowsUpdate(at(8, "22:31:00"), at(8, "22:33:12")))
	m.Attempt(removalToolInstalled(12))
	m.RotateServicing(at(11, "09:00:00"), false)

	m.Service(at(14, "23:40:00"), "wuauserv", host.Running)
	m.Attempt(host.Attempt{Update: server2022, Downloading: at(14, "23:41:07"), Installing: at(14, "23:58:30"), Ended: at(15, "00:16:45"), Result: host.ServiceStop})
	m.Service(at(14, "23:58:40"), "TrustedInstaller", host.Running)
	m.Serve(host.Session{Client: "WindowsUpdateAgent", Package: server2022.Package, From: at(14, "23:58:40"), To: at(15, "00:12:03"), Interrupted: true})
	m.Restart(host.Restart{
		Asked: at(15, "00:12:00"), Up: at(15, "00:15:20"), Process: `C:\Program Files\Vendor\patch.exe`, User: `CONTOSO\svc-patch`,
		Reason: "Application: Maintenance (Planned)", Code: 0x80040001, Comment: "Vendor Patch 7.2 needs a restart",
	})
	m.Days(installed, at(16, "12:00:00"))
	return m
}
