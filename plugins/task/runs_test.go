package task

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

const (
	runA = "{ffbedba1-9858-4250-beb7-f545ae86a0f5}"
	runB = "{c3b3fb39-ee3c-4784-b325-d4b5a8787155}"
)

func logged(id uint16, minutes float64, task, instance string, more ...evtx.Field) evtx.Event {
	e := evtx.Event{Provider: scheduler, ID: id, Time: moment(minutes), Channel: "Microsoft-Windows-TaskScheduler/Operational",
		EventData: []evtx.Field{{Name: "TaskName", Value: task}}}
	name := "InstanceId"
	if id == actionStarted || id == actionCompleted {
		name = "TaskInstanceId"
	}
	if instance != "" {
		e.EventData = append(e.EventData, evtx.Field{Name: name, Value: evtx.GUID(instance)})
	}
	e.EventData = append(e.EventData, more...)
	return e
}

func ran(task, instance string, start, end float64, result uint32) []evtx.Event {
	return []evtx.Event{
		logged(processCreated, start, task, "", evtx.Field{Name: "Path", Value: "cmd.exe"}),
		logged(taskStarted, start, task, instance, evtx.Field{Name: "UserContext", Value: `NT-AUTORITÄT\SYSTEM`}),
		logged(actionStarted, start, task, instance, evtx.Field{Name: "ActionName", Value: "cmd.exe"}),
		logged(actionCompleted, end, task, instance, evtx.Field{Name: "ActionName", Value: "cmd.exe"}, evtx.Field{Name: "ResultCode", Value: result}),
		logged(taskCompleted, end, task, instance),
	}
}

// definition is a task's file as Windows writes it, but for its encoding.
func definition(command, arguments, user string) []byte {
	return fmt.Appendf(nil, `<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Date>2024-01-02T03:04:05Z</Date><Author>PC\admin</Author><URI>\Check WSUS Reg</URI></RegistrationInfo>
  <Triggers><TimeTrigger><Repetition><Interval>PT30M</Interval></Repetition><StartBoundary>2024-01-02T03:04:05</StartBoundary><Enabled>true</Enabled></TimeTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>%s</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Actions Context="Author"><Exec><Command>%s</Command><Arguments>%s</Arguments></Exec></Actions>
</Task>`, user, command, arguments)
}

const windows = `{"windows":[{"from":"2024-06-01T12:00:00Z","to":"2024-06-01T12:10:00Z"},{"from":"2024-06-01T13:00:00Z","to":"2024-06-01T13:10:00Z"}]}`

func TestRuns(t *testing.T) {
	before := logged(taskCompleted, -60*24*5, `\Old`, runA)
	after := logged(106, 120, `\New`, "")
	tests := map[string]struct {
		events []evtx.Event
		input  string
		want   string // path, windows hit, runs with start, end and result
	}{
		"in-a-window":       {ran(`\X`, runA, 1, 2, 0), windows, `\X 1: 1-2=0`},
		"in-two-windows":    {append(ran(`\X`, runA, 1, 2, 0), ran(`\X`, runB, 61, 62, 2147942401)...), windows, `\X 2: 1-2=0 61-62=2147942401`},
		"across-a-window":   {ran(`\X`, runA, -5, 90, 1), windows, `\X 2: -5-90=1`},
		"between-windows":   {ran(`\X`, runA, 20, 30, 0), windows, ``},
		"before-a-window":   {ran(`\X`, runA, -9, -1, 0), windows, ``},
		"no-end":            {ran(`\X`, runA, -9, -1, 0)[:3], windows, `\X 2: -9-`},
		"scheduler-stopped": {append(ran(`\X`, runA, -9, -1, 0)[:3], evtx.Event{Provider: scheduler, ID: schedulerStopped, Time: moment(-5)}), windows, ``},
		"three-days-ago":    {ran(`\X`, runA, -60*24*3.5, 0, 0)[:3], windows, ``},
		"two-tasks":         {append(ran(`\Y`, runA, 1, 2, 0), ran(`\X`, runB, 3, 4, 0)...), windows, `\X 1: 3-4=0; \Y 1: 1-2=0`},
		"process-alone":     {[]evtx.Event{logged(processCreated, 5, `\X`, "", evtx.Field{Name: "Path", Value: "a.exe"}), logged(processCreated, 7, `\X`, "", evtx.Field{Name: "Path", Value: "a.exe"})}, windows, `\X 1: 5- 7-`},
		"launch-alone":      {[]evtx.Event{logged(110, 5, `\X`, runA)}, windows, ``},
		"failed-logon":      {[]evtx.Event{logged(104, 5, `\X`, runA)}, windows, ``},
		"no-windows-given":  {ran(`\X`, runA, 20, 30, 0), `{"since":"2h"}`, `\X 0: 20-30=0`},
		"empty-windows":     {ran(`\X`, runA, 1, 2, 0), `{"windows":[]}`, ``},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			events := append([]evtx.Event{before}, append(test.events, after)...)
			machine := disk.New(t, moment(125), map[string][]byte{taskLog: disk.Log(t, events...)})
			out, answer, err := disk.Observe[RunsOutput](t, Plugin(), "runs", machine, test.input)
			if err != nil {
				t.Fatal(err)
			}
			var tasks []string
			for _, task := range out.Tasks {
				s := fmt.Sprintf("%s %d:", task.Path, task.WindowsHit)
				for _, r := range task.Runs {
					s += fmt.Sprintf(" %v-", r.Started.Sub(noon).Minutes())
					if r.Ended != nil {
						s += fmt.Sprintf("%v=%d", r.Ended.Sub(noon).Minutes(), *r.Result)
					}
				}
				tasks = append(tasks, s)
				if task.Defined || task.Command == "" || len(task.Runs) != strings.Count(s, "-")-strings.Count(s, " -") {
					t.Errorf("task %+v", task)
				}
			}
			if got := strings.Join(tasks, "; "); got != test.want {
				t.Errorf("tasks %s, want %s", got, test.want)
			}
			if answer.Partial != "" {
				t.Errorf("partial: %s", answer.Partial)
			}
			running, err := fakeeventlog.Ask(t, runsOf(eventlog.From(fakeeventlog.Like(t, machine))), machine, test.input)
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOOS != "windows" && strings.Contains(running.Partial, target.ErrNotWindows.Error()) {
				running.Partial = "" // the definitions of this machine, which has none
			}
			fakeeventlog.Same(t, running, answer)
		})
	}
	verification.ShownByFake(t, "the events of a running Windows tell the runs of tasks that their file tells", "task.runs")
}

func TestRunsWithDefinitions(t *testing.T) {
	before := logged(taskCompleted, -60*24*5, `\Old`, runA)
	script := "@echo off\r\nREG ADD HKLM\\x /v WUServer\r\nnet stop WUAUSERV\r\nrem orbits\r\n"
	files := map[string][]byte{
		taskLog:                                 disk.Log(t, append(append([]evtx.Event{before}, ran(`\Check WSUS Reg`, runA, 1, 2, 0)...), logged(106, 120, `\New`, ""))...),
		"Windows/System32/Tasks/Check WSUS Reg": definition(`cmd.exe`, `/c "C:\scripts\Check WSUS.cmd"`, "S-1-5-18"),
		"Scripts/check wsus.cmd":                []byte(script),
	}
	out, answer, err := disk.Observe[RunsOutput](t, Plugin(), "runs", disk.New(t, moment(125), files), windows)
	if err != nil || len(out.Tasks) != 1 {
		t.Fatal(err, len(out.Tasks))
	}
	task := out.Tasks[0]
	if !task.Defined || !*task.Enabled || task.User != "S-1-5-18" || task.Command != `cmd.exe /c "C:\scripts\Check WSUS.cmd"` || task.Executable != "cmd.exe" {
		t.Errorf("task %s", answer.Value)
	}
	if got := strings.Join(task.ScriptMentions, " "); got != "wuauserv wuserver" {
		t.Errorf("mentions %q", got)
	}
	lines := map[int]bool{}
	for _, e := range answer.Evidence {
		lines[e.Line] = true
	}
	if !lines[2] || !lines[3] {
		t.Errorf("evidence %+v", answer.Evidence)
	}
	files["Windows/System32/Tasks/Check WSUS Reg"] = []byte("<Task><broken")
	out, answer, err = disk.Observe[RunsOutput](t, Plugin(), "runs", disk.New(t, moment(125), files), windows)
	if err != nil || answer.Partial == "" || out.Tasks[0].Defined || out.Tasks[0].Command != "cmd.exe" || out.Tasks[0].User != "S-1-5-18" {
		t.Errorf("damaged definition: %v, partial %q, %s", err, answer.Partial, answer.Value)
	}
}

func TestRunsThatCannotBeKnown(t *testing.T) {
	_, _, err := disk.Observe[RunsOutput](t, Plugin(), "runs", disk.New(t, noon, nil), windows)
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable || !strings.Contains(e.Hint, "wevtutil set-log Microsoft-Windows-TaskScheduler/Operational /enabled:true") {
		t.Errorf("channel off: %v", err)
	}
	if _, answer, err := disk.Observe[RunsOutput](t, Plugin(), "runs", disk.New(t, noon, nil), `{"windows":[]}`); err != nil || answer.Partial != "" {
		t.Errorf("nothing to look at: %v, %q", err, answer.Partial)
	}
	root := &hive.Key{}
	root.At(`Microsoft\Windows\CurrentVersion\WINEVT\Channels\Microsoft-Windows-TaskScheduler/Operational`).Set(hive.DWord("Enabled", 0))
	software := disk.Hive(t, root)
	tests := map[string]map[string][]byte{
		"begins-inside":        {taskLog: disk.Log(t, logged(taskCompleted, 5, `\X`, runA), logged(106, 120, `\New`, ""))},
		"ends-before":          {taskLog: disk.Log(t, logged(taskCompleted, -500, `\X`, runA), logged(106, 40, `\New`, ""))},
		"switched-off-between": {taskLog: disk.Log(t, logged(taskCompleted, -500, `\X`, runA), logged(106, 65, `\New`, "")), "Windows/System32/config/SOFTWARE": software},
		"empty":                {taskLog: disk.Log(t)},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			_, answer, err := disk.Observe[RunsOutput](t, Plugin(), "runs", disk.New(t, moment(125), files), windows)
			if err != nil || answer.Partial == "" || answer.Settle != enableHint {
				t.Errorf("%v, partial %q, settle %q", err, answer.Partial, answer.Settle)
			}
			machine := disk.New(t, moment(125), files)
			running, err := fakeeventlog.Ask(t, runsOf(eventlog.From(fakeeventlog.Like(t, machine))), machine, windows)
			if err != nil || !strings.HasPrefix(running.Partial, answer.Partial) || running.Settle != enableHint {
				t.Errorf("on a running Windows: %v, partial %q, settle %q", err, running.Partial, running.Settle)
			}
		})
	}
	for name, given := range map[string]func(m *fakeeventlog.Machine){
		"unknown-channel": func(*fakeeventlog.Machine) {},
		"never-on":        func(m *fakeeventlog.Machine) { m.Add(eventlog.TaskScheduler).NoLog = true },
		"denied":          func(m *fakeeventlog.Machine) { m.Add(eventlog.TaskScheduler).Denied = true },
	} {
		t.Run(name, func(t *testing.T) {
			m := fakeeventlog.New()
			given(m)
			_, err := fakeeventlog.Ask(t, runsOf(eventlog.From(m)), disk.New(t, noon, nil), windows)
			want := map[string]sdk.ErrorCode{"denied": sdk.AccessDenied}[name]
			if want == "" {
				want = sdk.Unavailable
			}
			if e := sdk.AsError(err); err == nil || e.Code != want || e.Hint == "" {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func TestRunsOfARealMachine(t *testing.T) {
	dir := disk.Corpus(t)
	out, answer, err := disk.Observe[RunsOutput](t, Plugin(), "runs", disk.Open(t, filepath.Join(dir, "win10-tasks"), noon), `{"windows":[{"from":"2021-01-27T11:41:00Z","to":"2021-01-27T11:42:00Z"}]}`)
	if err != nil || len(out.Tasks) != 1 {
		t.Fatal(err, string(answer.Value))
	}
	task := out.Tasks[0]
	if task.Path != `\T1053_005_OnLogon` || task.WindowsHit != 1 || task.User != `RE-DEV\yolo` || task.Command != "cmd.exe" || *task.Runs[0].Result != 2147942401 || task.Defined {
		t.Errorf("task %s", answer.Value)
	}
	_, _, err = disk.Observe[RunsOutput](t, Plugin(), "runs", disk.Open(t, filepath.Join(dir, "win11-ja"), noon), windows)
	if err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("win11-ja has no such channel: %v", err)
	}
}

func TestList(t *testing.T) {
	files := map[string][]byte{
		"Windows/System32/Tasks/Check WSUS Reg":                            definition("a.exe", "-x", "SYSTEM"),
		"Windows/System32/Tasks/Microsoft/Windows/WindowsUpdate/Scheduled": definition("sc.exe", "start wuauserv", "S-1-5-18"),
		"Windows/System32/Tasks/50% off":                                   definition("b.exe", "", "PC\\x"),
		"Windows/System32/Tasks/Broken":                                    []byte("no task"),
	}
	machine := disk.New(t, noon, files)
	out, answer, err := disk.Observe[ListOutput](t, Plugin(), "list", machine, `{}`)
	if err != nil || out.Count != 3 || out.Damaged != 1 || answer.Partial == "" {
		t.Fatalf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	out, answer, err = disk.Observe[ListOutput](t, Plugin(), "list", machine, `{"path":"\\check*"}`)
	if err != nil || out.Count != 1 || answer.Partial != "" {
		t.Fatalf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	task := out.Tasks[0]
	if task.Path != `\Check WSUS Reg` || task.User != "S-1-5-18" || task.Command != "a.exe -x" || !task.Enabled || task.RunLevel != "HighestAvailable" ||
		task.Registered.Format(time.RFC3339) != "2024-01-02T03:04:05Z" || len(task.Triggers) != 1 || !strings.Contains(task.Triggers[0], "PT30M") {
		t.Errorf("task %s", answer.Value)
	}
	if len(answer.Evidence) != 1 || answer.Evidence[0].File != `C:\Windows\System32\Tasks\Check WSUS Reg` {
		t.Errorf("evidence %+v", answer.Evidence)
	}
	if out, _, err = disk.Observe[ListOutput](t, Plugin(), "list", machine, `{"path":"\\Microsoft\\*"}`); err != nil || out.Count != 1 {
		t.Errorf("below a folder: %v, %d", err, out.Count)
	}
	if _, _, err = disk.Observe[ListOutput](t, Plugin(), "list", disk.New(t, noon, nil), `{}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("no tasks: %v", err)
	}
}

func TestListOfARealMachine(t *testing.T) {
	dir := disk.Corpus(t)
	out, answer, err := disk.Observe[ListOutput](t, Plugin(), "list", disk.Open(t, filepath.Join(dir, "win10-tasks"), noon), `{}`)
	if err != nil || answer.Partial != "" || out.Count != 2 {
		t.Fatalf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	if task := out.Tasks[0]; task.Path != `\Microsoft\Windows\WindowsUpdate\Scheduled Start` || !strings.Contains(task.Command, "start wuauserv") {
		t.Errorf("task %s", answer.Value)
	}
}
