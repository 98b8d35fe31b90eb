package host

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// Task is a scheduled task.
type Task struct {
	Path        string // \Contoso\Inventory
	Author      string
	Description string
	Command     string
	Arguments   string
	UserID      string    // SID or name that it runs as; S-1-5-18 is the system
	Daily       string    // its time of day, local: 03:00:00
	Days        int       // between runs; 0: every day
	Registered  time.Time // zero: as Windows was set up
}

// ordinaryTasks are some of those that Windows itself has.
var ordinaryTasks = []Task{
	{Path: `\Microsoft\Windows\WindowsUpdate\Scheduled Start`, Author: "Microsoft Corporation.", Description: "This task is used to start the Windows Update service when needed to perform scheduled operations such as scans.",
		Command: `C:\Windows\system32\sc.exe`, Arguments: "start wuauserv", UserID: "S-1-5-18", Daily: "06:10:00"},
	{Path: `\Microsoft\Windows\UpdateOrchestrator\Schedule Scan`, Author: "Microsoft Corporation.", Description: "This task performs a scheduled Windows Update scan.",
		Command: `%systemroot%\system32\usoclient.exe`, Arguments: "StartScan", UserID: "S-1-5-18", Daily: "06:12:00"},
	{Path: `\Microsoft\Windows\Defrag\ScheduledDefrag`, Author: "Microsoft Corporation", Description: "This task optimizes local storage drives.",
		Command: `%windir%\system32\defrag.exe`, Arguments: "-c -h -k -g -$", UserID: "S-1-5-18", Daily: "01:00:00", Days: 2},
	{Path: `\Microsoft\Windows\Time Synchronization\SynchronizeTime`, Author: "Microsoft Corporation", Description: "Maintains date and time synchronization.",
		Command: `%windir%\system32\sc.exe`, Arguments: "start w32time task_started", UserID: "S-1-5-19", Daily: "01:00:00"},
}

// Task gives tasks to the machine. It logs when those were registered that came later than Windows.
func (m *Machine) Task(tasks ...Task) {
	for _, t := range tasks {
		if t.Registered.IsZero() {
			t.Registered = m.Installed
		} else if m.TaskLog {
			m.scheduler(t.Registered, 106, 0, 0, "", data("TaskName", t.Path, "UserContext", t.Author))
		}
		m.tasks = append(m.tasks, t)
	}
}

// RunTask logs a run of a task by its schedule. Result is the exit code of its action. A path that no task has is an
// error of [Machine.Files].
func (m *Machine) RunTask(started time.Time, took time.Duration, path string, result uint32) {
	if !m.TaskLog {
		return
	}
	for _, t := range m.tasks {
		if t.Path == path {
			m.run(started, took, t, result)
			return
		}
	}
	m.faults = append(m.faults, fmt.Errorf("%s runs the task %q, which it does not have", m.Computer, path))
}

func (e *Events) run(started time.Time, took time.Duration, t Task, result uint32) {
	e.runs++
	instance := evtx.GUID(e.id(fmt.Sprintf("run %d", e.runs)))
	pid := 2000 + 4*e.number(string(instance), 1500)
	user := accountName(t.UserID)
	after := func(ms int) time.Time { return started.Add(time.Duration(ms) * time.Millisecond) }
	e.scheduler(started, 107, 0, 0, "", data("TaskName", t.Path, "InstanceId", instance))
	e.scheduler(after(12), 129, 0, 0, "", data("TaskName", t.Path, "Path", t.Command, "ProcessID", pid, "Priority", uint32(16384)))
	e.scheduler(after(13), 100, 0, 1, instance, data("TaskName", t.Path, "UserContext", user, "InstanceId", instance))
	e.scheduler(after(13), 200, 1, 1, instance, data("TaskName", t.Path, "ActionName", t.Command, "TaskInstanceId", instance, "EnginePID", pid))
	done := started.Add(took)
	e.scheduler(done, 201, 2, 2, instance, data("TaskName", t.Path, "TaskInstanceId", instance, "ActionName", t.Command, "ResultCode", result, "EnginePID", pid))
	e.scheduler(done.Add(time.Millisecond), 102, 0, 2, instance, data("TaskName", t.Path, "UserContext", user, "InstanceId", instance))
}

// rewritten logs that Windows wrote a task definition anew, which it does with its own all the time.
func (m *Machine) rewritten(t time.Time, path string) {
	if m.TaskLog {
		m.scheduler(t, 140, 0, 0, "", data("TaskName", path, "UserName", `NT AUTHORITY\SYSTEM`))
	}
}

func (e *Events) scheduler(t time.Time, id uint16, version, opcode uint8, activity evtx.GUID, fields []evtx.Field) {
	keywords := uint64(0x8000000000000000)
	if id == 100 || id == 102 {
		keywords |= 1
	}
	e.add(channelTasks, evtx.Event{
		Provider: "Microsoft-Windows-TaskScheduler", ProviderGUID: "{de7b24ea-73c8-4a09-985d-5bdadcfa9017}",
		ID: id, Version: version, Task: id, Opcode: opcode, Keywords: keywords, Time: t, ActivityID: activity,
		ProcessID: 1268, ThreadID: 6596, UserSID: localSystem, EventData: fields,
	})
}

func accountName(id string) string {
	switch id {
	case string(localSystem):
		return `NT AUTHORITY\SYSTEM`
	case string(localService):
		return `NT AUTHORITY\LOCAL SERVICE`
	}
	return id
}

// definition is the file of a task: UTF-16LE with a byte order mark and CRLF.
func (t Task) definition(z Zone) []byte {
	registered := z.local(t.Registered)
	var b strings.Builder
	line := func(indent int, format string, args ...any) {
		for i, a := range args {
			args[i] = escape(fmt.Sprint(a))
		}
		fmt.Fprintf(&b, strings.Repeat("  ", indent)+format+"\r\n", args...)
	}
	logon := ""
	if !strings.HasPrefix(t.UserID, "S-1-5-1") {
		logon = "Password"
	}
	line(0, `<?xml version="1.0" encoding="UTF-16"?>`)
	line(0, `<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">`)
	line(1, `<RegistrationInfo>`)
	line(2, `<Date>%s</Date>`, registered.Format("2006-01-02T15:04:05"))
	line(2, `<Author>%s</Author>`, t.Author)
	line(2, `<Description>%s</Description>`, t.Description)
	line(2, `<URI>%s</URI>`, t.Path)
	line(1, `</RegistrationInfo>`)
	line(1, `<Triggers>`)
	line(2, `<CalendarTrigger>`)
	line(3, `<StartBoundary>%sT%s</StartBoundary>`, registered.Format(time.DateOnly), t.Daily)
	line(3, `<Enabled>true</Enabled>`)
	line(3, `<ScheduleByDay>`)
	line(4, `<DaysInterval>%s</DaysInterval>`, max(1, t.Days))
	line(3, `</ScheduleByDay>`)
	line(2, `</CalendarTrigger>`)
	line(1, `</Triggers>`)
	line(1, `<Principals>`)
	line(2, `<Principal id="Author">`)
	line(3, `<UserId>%s</UserId>`, t.UserID)
	if logon != "" {
		line(3, `<LogonType>%s</LogonType>`, logon)
	}
	line(3, `<RunLevel>HighestAvailable</RunLevel>`)
	line(2, `</Principal>`)
	line(1, `</Principals>`)
	line(1, `<Settings>`)
	line(2, `<MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>`)
	line(2, `<StartWhenAvailable>true</StartWhenAvailable>`)
	line(2, `<Enabled>true</Enabled>`)
	line(2, `<ExecutionTimeLimit>PT1H</ExecutionTimeLimit>`)
	line(2, `<Priority>7</Priority>`)
	line(1, `</Settings>`)
	line(1, `<Actions Context="Author">`)
	line(2, `<Exec>`)
	line(3, `<Command>%s</Command>`, t.Command)
	if t.Arguments != "" {
		line(3, `<Arguments>%s</Arguments>`, t.Arguments)
	}
	line(2, `</Exec>`)
	line(1, `</Actions>`)
	b.WriteString("</Task>")
	return append([]byte{0xff, 0xfe}, wide(b.String())...)
}

// file is where the definition of a task is, below the root of the disk.
func (t Task) file() string {
	return "Windows/System32/Tasks/" + strings.ReplaceAll(strings.TrimPrefix(t.Path, `\`), `\`, "/")
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes all
	return b.String()
}
