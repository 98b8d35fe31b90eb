package example

import (
	"time"

	"github.com/rectify-project/rectify/internal/forge/host"
)

// healthy is a machine that installs its updates. It has all the signs that mean nothing without a failure: a task that
// stops the update service, a restart by a program, servicing that stops for want of work.
func healthy() *host.Machine {
	m := host.New(host.Server2022, host.WEurope, "SRV-DC09", installed)
	const check = `\Contoso\Check WSUS Reg`
	m.Task(host.Task{Path: check, Author: `CONTOSO\admin`, Description: "Puts the WSUS settings right.", UserID: "S-1-5-18", Daily: "22:00:00", Days: 3,
		Command: `C:\windows\system32\cmd.exe`, Arguments: "/c net stop wuauserv & net start wuauserv"})
	for _, day := range []int{8, 11, 14} {
		m.RunTask(at(day, "21:00:00"), 9*time.Second, check, 0)
		m.Service(at(day, "21:00:03"), "wuauserv", host.Stopped)
		m.Service(at(day, "21:00:08"), "wuauserv", host.Running)
	}
	m.Attempt(host.Attempt{Update: framework, Downloading: at(9, "20:10:10"), Installing: at(9, "20:12:00"), Ended: at(9, "20:17:30")})
	m.Restart(host.Restart{Asked: at(10, "19:12:00"), Up: at(10, "19:14:20"), Process: `C:\Program Files\Vendor\patch.exe`, User: `CONTOSO\svc-patch`, Reason: "Application: Maintenance (Planned)", Code: 0x80040001})
	m.Attempt(host.Attempt{Update: server2022, Downloading: at(13, "20:10:10"), Installing: at(13, "20:31:00"), Ended: at(13, "20:58:30")})
	m.Restart(host.ByWindowsUpdate(at(13, "21:30:00"), at(13, "21:33:07")))
	m.Attempt(removalToolInstalled(12))
	m.RotateServicing(at(11, "22:00:00"), true)
	m.Days(installed, at(16, "12:00:00"))
	return m
}
