package example

import (
	"time"

	"github.com/rectify-project/rectify/internal/forge/host"
)

// twoFailures is a machine on which two updates failed. One succeeded a day later; while the other one, which is still
// to be installed, failed, a task ran that did nothing to the update service.
func twoFailures() *host.Machine {
	m := host.New(host.Server2022, host.Pacific, "SRV-DB07", installed)
	const backup = `\Contoso\Copy logs`
	m.Task(host.Task{Path: backup, Author: `CONTOSO\admin`, Description: "Copies the logs of the database.", UserID: `CONTOSO\svc-backup`, Daily: "13:05:00", Days: 2,
		Command: `C:\Windows\System32\robocopy.exe`, Arguments: `D:\Logs \\backup\logs /MIR`})
	m.Attempt(removalToolInstalled(13))
	m.RotateServicing(at(12, "09:00:00"), true)
	for _, day := range []int{8, 10, 12} {
		m.RunTask(at(day, "21:05:00"), 73*time.Second, backup, 1)
	}

	m.Service(at(9, "22:29:50"), "wuauserv", host.Running)
	m.Attempt(host.Attempt{Update: framework, Downloading: at(9, "22:30:10"), Installing: at(9, "22:33:00"), Ended: at(9, "22:41:19"), Result: host.ServiceStop})
	m.Attempt(host.Attempt{Update: framework, Downloading: at(10, "22:30:40"), Installing: at(10, "22:31:12"), Ended: at(10, "22:38:55")})

	m.Service(at(14, "20:49:00"), "wuauserv", host.Running)
	m.Attempt(host.Attempt{Update: server2022, Downloading: at(14, "20:50:07"), Installing: at(14, "20:58:30"), Ended: at(14, "21:22:45"), Result: host.ServiceStop})
	m.RunTask(at(14, "21:05:00"), 80*time.Second, backup, 1)
	m.Service(at(14, "21:05:30"), "BITS", host.Stopped)
	m.Serve(host.Session{Client: "WindowsUpdateAgent", From: at(14, "20:58:40"), To: at(14, "21:10:00")})
	m.Days(installed, at(16, "12:00:00"))
	return m
}
