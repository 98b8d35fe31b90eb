package example

import "github.com/rectify-project/rectify/internal/forge/host"

// taskLogOff is a client on which nothing is known of tasks and services: as on every client the channel of the Task
// Scheduler is off, and the System log has no changes of the state of services.
func taskLogOff() *host.Machine {
	m := host.New(host.Windows11, host.WEurope, "PC-LAB06", installed)
	m.TaskLog = false
	m.Task(host.Task{Path: `\GoogleUpdaterTaskSystem`, Author: `NT AUTHORITY\SYSTEM`, Description: "Keeps software up to date.", UserID: "S-1-5-18", Daily: "09:12:00",
		Command: `C:\Program Files (x86)\Google\GoogleUpdater\updater.exe`, Arguments: "--wake --system"})
	m.Attempt(removalToolInstalled(13))
	m.Restart(host.Restart{Asked: at(10, "17:31:00"), Up: at(10, "17:33:10"), Process: `C:\Windows\System32\StartMenuExperienceHost.exe`, User: `PC-LAB06\lab`, Reason: "Other (Unplanned)"})
	for day := 11; day <= 15; day++ {
		m.Logon(at(day, "07:30:00"), at(day, "16:05:00"))
	}
	m.Attempt(host.Attempt{Update: windows11, Downloading: at(15, "09:20:15"), Installing: at(15, "09:41:02"), Ended: at(15, "10:03:37"), Result: host.ServiceStop})
	m.Serve(host.Session{Client: "WindowsUpdateAgent", From: at(15, "09:41:20"), To: at(15, "09:52:00")})
	m.Days(installed, at(16, "12:00:00"))
	return m
}
