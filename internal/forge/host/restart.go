package host

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// Restart is a restart of the system that a program asked for.
type Restart struct {
	Asked   time.Time // event 1074
	Up      time.Time // the kernel starts again
	Process string    // that asked
	User    string    // on whose behalf: NT AUTHORITY\SYSTEM
	Reason  string    // in words
	Code    uint32    // of the reason
	Comment string
}

// ByWindowsUpdate is a restart that Windows Update asks for to finish what it has installed.
func ByWindowsUpdate(asked, up time.Time) Restart {
	return Restart{
		Asked: asked, Up: up, Process: `C:\Windows\system32\MoUsoCoreWorker.exe`, User: `NT AUTHORITY\SYSTEM`,
		Reason: "Operating System: Service pack (Planned)", Code: 0x80020010,
	}
}

// ByServicing is a restart that the servicing stack asks for to finish what was installed.
func ByServicing(asked, up time.Time) Restart {
	return Restart{
		Asked: asked, Up: up, Process: `C:\Windows\servicing\TrustedInstaller.exe`, User: `NT AUTHORITY\SYSTEM`,
		Reason: "Operating System: Upgrade (Planned)", Code: 0x80020003,
	}
}

// Restart logs a restart from the question to the start of the event log service. Restarts are told in the order of
// time, and before what depends on when the system started.
func (e *Events) Restart(r Restart) {
	sid := localSystem
	if r.User != `NT AUTHORITY\SYSTEM` {
		sid = userSID
	}
	e.add(channelSystem, evtx.Event{
		Provider: "User32", ProviderGUID: "{b0aa8734-56f7-41cc-b2f4-de228e98b946}", EventSourceName: "User32",
		ID: 1074, Qualifiers: 0x8000, Keywords: 0x8080000000000000, Time: r.Asked, ProcessID: 504, ThreadID: 520, UserSID: sid,
		EventData: data("param1", fmt.Sprintf("%s (%s)", r.Process, e.Computer), "param2", e.Computer, "param3", r.Reason,
			"param4", fmt.Sprintf("0x%x", r.Code), "param5", "restart", "param6", r.Comment, "param7", r.User),
	})
	e.shutdown(r.Asked.Add(12 * time.Second))
	e.boot(r.Up)
}

// shutdown logs what Windows logs as it goes down.
func (e *Events) shutdown(t time.Time) {
	uptime := binary.LittleEndian.AppendUint32([]byte{1, 0, 0, 0}, uint32(t.Sub(e.bootBefore(t))/time.Second))
	e.eventLog(t, 6006, nil, uptime)
	e.add(channelSystem, evtx.Event{
		Provider: "Microsoft-Windows-Kernel-Power", ProviderGUID: "{331c3b3a-2005-44c2-ac5e-77220c37d6b4}",
		ID: 109, Task: 103, Keywords: 0x8000400000000404, Time: t.Add(1100 * time.Millisecond), ProcessID: 4, ThreadID: 580,
		EventData: data("ShutdownActionType", uint32(5), "ShutdownEventCode", uint32(0), "ShutdownReason", uint32(5)),
	})
	stopped := t.Add(3200 * time.Millisecond)
	e.kernelGeneral(stopped, 13, 2, data("StopTime", stopped))
}

// boot logs what Windows logs as it starts.
func (e *Events) boot(t time.Time) {
	e.boots = append(e.boots, t)
	e.kernelGeneral(t, 12, 1, data("MajorVersion", uint32(10), "MinorVersion", uint32(0), "BuildVersion", e.windows.Build,
		"QfeVersion", e.windows.Revision, "ServiceVersion", uint32(0), "BootMode", uint32(0), "StartTime", t.Add(-500*time.Millisecond)))
	e.add(channelSystem, evtx.Event{
		Provider: "Microsoft-Windows-Kernel-Boot", ProviderGUID: "{15ca44ff-4d7a-4baa-bba5-0998955e531e}",
		ID: 20, Version: 1, Task: 31, Keywords: 0x8000000000000000, Time: t.Add(20 * time.Millisecond), ProcessID: 4, ThreadID: 8, UserSID: localSystem,
		EventData: data("LastShutdownGood", true, "LastBootGood", true, "LastBootId", e.number(t.String(), 90), "BootStatusPolicy", uint32(1)),
	})
	up := t.Add(9 * time.Second)
	e.eventLog(up, 6009, texts("10.00.", fmt.Sprint(e.windows.Build), "", "Multiprocessor Free", "0"), nil)
	e.eventLog(up, 6005, nil, systemTime(up))
	e.uptime(up.Add(300 * time.Millisecond))
	for i, name := range []string{"EventLog", "Schedule", "CryptSvc"} {
		e.Service(up.Add(time.Duration(i+1)*time.Second), name, Running)
	}
}

// uptime logs how long the system has been running, as the event log service does once a day.
func (e *Events) uptime(t time.Time) {
	e.eventLog(t, 6013, texts("", "", "", "", fmt.Sprint(int(t.Sub(e.bootBefore(t))/time.Second)), "60", fmt.Sprintf("%d %s", e.zone.Bias, e.zone.Name)), nil)
}

// bootBefore is the last start of the system before a time; the time itself if there is none.
func (e *Events) bootBefore(t time.Time) time.Time {
	last := t
	for _, b := range e.boots {
		if b.Before(t) {
			last = b
		}
	}
	return last
}

func (e *Events) eventLog(t time.Time, id uint16, fields []evtx.Field, binary []byte) {
	e.add(channelSystem, evtx.Event{
		Provider: "EventLog", ID: id, Qualifiers: 0x8000, Keywords: 0x0080000000000000, Time: t, EventData: fields, Binary: binary,
	})
}

func (e *Events) kernelGeneral(t time.Time, id, task uint16, fields []evtx.Field) {
	e.add(channelSystem, evtx.Event{
		Provider: "Microsoft-Windows-Kernel-General", ProviderGUID: "{a68ca8b7-004f-d7b6-a698-07e2de0f1f5d}",
		ID: id, Task: task, Keywords: 0x8000000000000080, Time: t, ProcessID: 4, ThreadID: 8, UserSID: localSystem, EventData: fields,
	})
}

// systemTime is SYSTEMTIME and eight bytes that are not used.
func systemTime(t time.Time) []byte {
	var b []byte
	for _, v := range []int{t.Year(), int(t.Month()), int(t.Weekday()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1e6} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return append(b, make([]byte, 8)...)
}
