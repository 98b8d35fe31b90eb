package example

import (
	"time"

	"github.com/rectify-project/rectify/internal/forge/host"
)

// taskInterferes is the machine of the article: a scheduled task of its owner stops the update service twice, once
// while an update is downloaded and once while one is installed.
func taskInterferes() *host.Machine {
	m := host.New(host.Server2016, host.WEurope, "SRV-APP01", installed)
	// Windows takes its updates from Microsoft: without UseWUServer the address of the server counts for nothing.
	m.UpdateServer("http://wsus.contoso.example:8530", false)
	const check, inventory = `\Check WSUS Reg`, `\Contoso\Inventory`
	m.Task(
		host.Task{Path: check, Author: `CONTOSO\admin`, Description: "Puts the WSUS settings right.", UserID: "S-1-5-18", Daily: "00:20:00", Registered: at(12, "10:14:07"),
			Command: `C:\windows\system32\cmd.exe`, Arguments: `/c reg query HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate /v WUServer || (net stop wuauserv & reg import C:\Scripts\wsus.reg & net start wuauserv)`},
		host.Task{Path: inventory, Author: `CONTOSO\admin`, Description: "Sends the list of programs.", UserID: "S-1-5-18", Daily: "20:00:00", Days: 3,
			Command: `C:\Program Files\Contoso\inventory.exe`, Arguments: "/quiet"},
	)

	// Ordinary: updates that succeed, a restart that an administrator made days before, a task that does no harm.
	m.Attempt(host.Attempt{Update: servicingStack, Downloading: at(8, "14:00:05"), Installing: at(8, "14:01:30"), Ended: at(8, "14:04:12")})
	m.Attempt(removalToolInstalled(13))
	m.Restart(host.Restart{Asked: at(9, "16:40:00"), Up: at(9, "16:42:10"), Process: `C:\Windows\System32\RuntimeBroker.exe`, User: `CONTOSO\admin`, Reason: "Other (Planned)", Code: 0x84000000})
	for day := 7; day <= 15; day += 3 {
		m.RunTask(at(day, "19:00:00"), 41*time.Second, inventory, 0)
	}
	m.RotateServicing(at(10, "23:00:00"), true)

	// The task is new. While no update is under way it does no harm: the service does not run.
	m.RunTask(at(12, "23:20:02"), 3*time.Second, check, 2)
	m.RunTask(at(13, "23:20:03"), 3*time.Second, check, 2)

	// The download of one update is stopped …
	m.Attempt(host.Attempt{Update: january, Downloading: at(14, "23:05:12"), Ended: at(14, "23:20:21"), Result: host.ServiceStop})
	m.Service(at(14, "23:05:01"), "wuauserv", host.Running)
	m.RunTask(at(14, "23:20:02"), 26*time.Second, check, 0)
	m.Service(at(14, "23:20:19"), "wuauserv", host.Stopped)
	m.Service(at(14, "23:20:27"), "wuauserv", host.Running)
	// … and the next night the installation of another.
	m.Service(at(15, "22:58:40"), "wuauserv", host.Running)
	m.Attempt(host.Attempt{Update: march, Downloading: at(15, "22:59:02"), Installing: at(15, "23:08:44"), Ended: at(15, "23:20:24"), Result: host.ServiceStop})
	m.Serve(host.Session{Client: "WindowsUpdateAgent", From: at(15, "23:09:02"), To: at(15, "23:15:40")})
	m.RunTask(at(15, "23:20:03"), 27*time.Second, check, 0)
	m.Service(at(15, "23:20:22"), "wuauserv", host.Stopped)
	m.Service(at(15, "23:20:29"), "wuauserv", host.Running)
	m.Days(installed, at(16, "12:00:00"))
	return m
}
