package example

import (
	"time"

	"github.com/rectify-project/rectify/internal/forge/host"
)

// wsusOutage is a machine that gets its updates from a WSUS server. The server fails: so does the update, on two
// nights, the update service stops and starts again, and servicing aborts with 0x800F0821.
func wsusOutage() *host.Machine {
	m := host.New(host.Server2022, host.WEurope, "SRV-FILE04", installed)
	m.UpdateServer("http://wsus.contoso.example:8530", true)
	const inventory = `\Contoso\Inventory`
	m.Task(host.Task{Path: inventory, Author: `CONTOSO\admin`, Description: "Sends the list of programs.", UserID: "S-1-5-18", Daily: "03:15:00", Days: 2,
		Command: `C:\Program Files\Contoso\inventory.exe`, Arguments: "/quiet"})
	m.Attempt(host.Attempt{Update: framework, Downloading: at(8, "01:40:10"), Installing: at(8, "01:42:00"), Ended: at(8, "01:49:30")})
	m.Restart(host.ByWindowsUpdate(at(8, "02:15:00"), at(8, "02:17:22")))
	m.Attempt(removalToolInstalled(13))
	m.RotateServicing(at(11, "22:00:00"), false)
	for _, day := range []int{9, 12} {
		m.RunTask(at(day, "02:15:00"), 33*time.Second, inventory, 0)
	}

	for _, day := range []int{14, 15} {
		m.Service(at(day, "01:38:00"), "wuauserv", host.Running)
		m.Trace(at(day, "01:58:20"), "WebServices", "WS error: There was an error communicating with the endpoint at 'http://wsus.contoso.example:8530/ClientWebService/client.asmx'.")
		m.Trace(at(day, "01:58:20"), "WebServices", "*FAILED* [80072EE2] Web service call")
		m.Attempt(host.Attempt{Update: server2022, Downloading: at(day, "01:38:30"), Installing: at(day, "01:47:05"), Ended: at(day, "02:10:30"), Result: host.ServiceStop})
		m.Serve(host.Session{Client: "WindowsUpdateAgent", Package: server2022.Package, From: at(day, "01:47:15"), To: at(day, "02:09:50"), Result: "0x800f0821 - CBS_E_ABORT"})
		m.ServicingFailed(at(day, "02:10:01"), server2022, host.Abort)
		m.Service(at(day, "02:11:40"), "wuauserv", host.Stopped)
		m.Service(at(day, "02:13:05"), "wuauserv", host.Running)
	}
	// After the service has stopped: it is not the task that stopped it.
	m.RunTask(at(15, "02:15:00"), 31*time.Second, inventory, 0)
	m.Days(installed, at(16, "12:00:00"))
	return m
}
