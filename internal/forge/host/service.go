package host

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// State is that of a service, as event 7036 writes it into its binary data (SERVICE_STOPPED, SERVICE_RUNNING).
type State int

// States of a service.
const (
	Stopped State = 1
	Running State = 4
)

func (s State) String() string {
	if s == Running {
		return "running"
	}
	return "stopped"
}

// Start types of services and drivers.
const (
	startAuto   = 2
	startDemand = 3
)

// service is one that a machine has.
type service struct {
	name, display string // display as events show it
	resource      string // DisplayName in the registry
	image, group  string
	account       string
	start         uint32
	delayed       bool
	triggers      []string // GUIDs of trigger types; each starts the service
}

// services are those that the registry of every machine has.
var services = []service{
	{name: "wuauserv", display: "Windows Update", resource: `@%systemroot%\system32\wuaueng.dll,-105`, image: `%systemroot%\system32\svchost.exe -k netsvcs -p`, account: "LocalSystem", start: startDemand,
		triggers: []string{"{28e2e4d1-5dd0-4a0c-8c2c-2c7ea32e1f3a}", "{659fcae6-5bdb-4da9-b1ff-ca2a178d46e0}"}},
	{name: "UsoSvc", display: "Update Orchestrator Service", resource: `@%systemroot%\system32\usosvc.dll,-101`, image: `%systemroot%\system32\svchost.exe -k netsvcs -p`, account: "LocalSystem", start: startAuto, delayed: true},
	{name: "BITS", display: "Background Intelligent Transfer Service", resource: `@%SystemRoot%\system32\qmgr.dll,-1000`, image: `%SystemRoot%\System32\svchost.exe -k netsvcs -p`, account: "LocalSystem", start: startDemand},
	{name: "TrustedInstaller", display: "Windows Modules Installer", resource: `@%SystemRoot%\servicing\TrustedInstaller.exe,-100`, image: `%SystemRoot%\servicing\TrustedInstaller.exe`, group: "ProfSvc_Group", account: "localSystem", start: startDemand},
	{name: "CryptSvc", display: "Cryptographic Services", resource: `@%SystemRoot%\system32\cryptsvc.dll,-1001`, image: `%SystemRoot%\system32\svchost.exe -k NetworkService -p`, account: `NT Authority\NetworkService`, start: startAuto},
	{name: "DoSvc", display: "Delivery Optimization", resource: `@%systemroot%\system32\dosvc.dll,-100`, image: `%SystemRoot%\System32\svchost.exe -k NetworkService -p`, account: `NT Authority\NetworkService`, start: startDemand},
	{name: "Schedule", display: "Task Scheduler", resource: `@%SystemRoot%\system32\schedsvc.dll,-100`, image: `%systemroot%\system32\svchost.exe -k netsvcs -p`, group: "SchedulerGroup", account: "LocalSystem", start: startAuto},
	{name: "EventLog", display: "Windows Event Log", resource: `@%SystemRoot%\system32\wevtsvc.dll,-200`, image: `%SystemRoot%\System32\svchost.exe -k LocalServiceNetworkRestricted -p`, group: "Event Log", account: `NT AUTHORITY\LocalService`, start: startAuto},
	{name: "sppsvc", display: "Software Protection", resource: `@%SystemRoot%\system32\sppsvc.exe,-101`, image: `%SystemRoot%\system32\sppsvc.exe`, group: "ProfSvc_Group", account: `NT AUTHORITY\NetworkService`, start: startAuto, delayed: true},
	{name: "WinHttpAutoProxySvc", display: "WinHTTP Web Proxy Auto-Discovery Service", resource: `@%SystemRoot%\system32\winhttp.dll,-100`, image: `%SystemRoot%\system32\svchost.exe -k LocalService -p`, account: `NT AUTHORITY\LocalService`, start: startDemand},
	{name: "AppXSvc", display: "AppX Deployment Service (AppXSVC)", resource: `@%SystemRoot%\system32\appxdeploymentserver.dll,-1`, image: `%systemroot%\system32\svchost.exe -k wsappx -p`, account: "LocalSystem", start: startDemand},
	{name: "WerSvc", display: "Windows Error Reporting Service", resource: `@%SystemRoot%\System32\wersvc.dll,-100`, image: `%SystemRoot%\System32\svchost.exe -k WerSvcGroup`, account: "localSystem", start: startDemand},
}

func findService(name string) service {
	for _, s := range services {
		if s.name == name {
			return s
		}
	}
	return service{name: name, display: name}
}

// Service logs that a service entered a state. Clients log no such thing.
func (e *Events) Service(t time.Time, name string, s State) {
	if e.windows.Client {
		return
	}
	e.controlManager(t, 7036, data("param1", findService(name).display, "param2", s.String()), fmt.Sprintf("%s/%d", name, s))
}

func (e *Events) controlManager(t time.Time, id uint16, fields []evtx.Field, binary string) {
	var blob []byte
	if binary != "" {
		blob = wide(binary + "\x00")
	}
	e.add(channelSystem, evtx.Event{
		Provider: "Service Control Manager", ProviderGUID: "{555908d1-a6d7-4695-8e1e-26931d2012f4}", EventSourceName: "Service Control Manager",
		ID: id, Qualifiers: 0x4000, Keywords: 0x8080000000000000, Time: t, ProcessID: 728, ThreadID: 2516, EventData: fields, Binary: blob,
	})
}

// wide is UTF-16LE.
func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
