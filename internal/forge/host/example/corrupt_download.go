package example

import "github.com/rectify-project/rectify/internal/forge/host"

// corruptDownload is a machine whose downloads are damaged: one update fails because its files have the wrong hash,
// another one with 0x8024001E.
func corruptDownload() *host.Machine {
	m := host.New(host.Server2016, host.Pacific, "SRV-PRINT05", installed)
	m.Attempt(host.Attempt{Update: january, Downloading: at(9, "23:10:05"), Installing: at(9, "23:13:30"), Ended: at(9, "23:19:12")})
	m.Attempt(removalToolInstalled(13))
	m.Restart(host.Restart{Asked: at(11, "18:05:00"), Up: at(11, "18:07:14"), Process: `C:\Windows\Explorer.EXE`, User: `CONTOSO\admin`, Reason: "Other (Planned)", Code: 0x85000000})
	m.RotateServicing(at(10, "09:00:00"), true)

	m.Attempt(host.Attempt{Update: servicingStack, Downloading: at(13, "23:10:04"), Ended: at(13, "23:16:51"), Result: host.IncorrectFileHash})
	m.Attempt(host.Attempt{Update: servicingStack, Downloading: at(14, "23:10:09"), Ended: at(14, "23:15:02"), Result: host.IncorrectFileHash})
	m.Service(at(14, "23:20:00"), "wuauserv", host.Running)
	m.Attempt(host.Attempt{Update: march, Downloading: at(14, "23:20:31"), Ended: at(14, "23:41:13"), Result: host.ServiceStop})
	m.Days(installed, at(16, "12:00:00"))
	return m
}
