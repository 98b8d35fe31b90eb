package service

import (
	"path/filepath"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

func changed(minutes float64, binary, display, words string) evtx.Event {
	e := evtx.Event{Provider: controlManager, ID: stateEvent, Time: moment(minutes), Channel: "System",
		EventData: []evtx.Field{{Name: "param1", Value: display}, {Name: "param2", Value: words}}}
	if binary != "" {
		for _, u := range utf16.Encode([]rune(binary + "\x00")) {
			e.Binary = append(e.Binary, byte(u), byte(u>>8))
		}
	}
	return e
}

func TestChanges(t *testing.T) {
	first := evtx.Event{Provider: "Other", ID: 1, Time: moment(-100), Channel: "System"}
	other := changed(-90, "DPS/1", "x", "x")
	retyped := evtx.Event{Provider: controlManager, ID: startTypeEvent, Time: moment(3), Channel: "System", EventData: []evtx.Field{
		{Name: "param1", Value: "Windows Update"}, {Name: "param2", Value: "demand start"}, {Name: "param3", Value: "disabled"}, {Name: "param4", Value: "wuauserv"}}}
	const window = `{"names":["wuauserv","BITS"],"windows":[{"from":"2024-06-01T12:00:00Z","to":"2024-06-01T12:10:00Z"}]}`
	const anytime = `{"names":["wuauserv","BITS"]}`
	tests := map[string]struct {
		events  []evtx.Event
		input   string
		changes []string
		partial bool
	}{
		"by-number":          {[]evtx.Event{first, other, changed(1, "wuauserv/1", "Windows Update", "停止"), changed(2, "WUAUSERV/4", "Windows Update", "実行中")}, window, []string{"wuauserv stopped", "wuauserv running"}, false},
		"by-words":           {[]evtx.Event{first, other, changed(1, "", "Windows Update", "stopped"), changed(2, "", "BITS", "running")}, window, []string{"wuauserv stopped", "BITS running"}, false},
		"foreign-words":      {[]evtx.Event{first, other, changed(1, "", "Windows Update", "beendet")}, window, nil, true},
		"other-services":     {[]evtx.Event{first, other, changed(1, "UsoSvc/1", "x", "x")}, window, nil, false},
		"outside-the-window": {[]evtx.Event{first, other, changed(-1, "wuauserv/1", "x", "x"), changed(11, "wuauserv/4", "x", "x")}, window, nil, false},
		"no-window-given":    {[]evtx.Event{first, other, changed(-1, "wuauserv/1", "x", "x"), changed(11, "wuauserv/4", "x", "x")}, anytime, []string{"wuauserv stopped", "wuauserv running"}, false},
		"empty-windows":      {[]evtx.Event{first, changed(1, "wuauserv/1", "x", "x")}, `{"names":["wuauserv"],"windows":[]}`, nil, false},
		"since":              {[]evtx.Event{first, other, changed(-1, "wuauserv/1", "x", "x"), changed(11, "wuauserv/4", "x", "x")}, `{"names":["wuauserv"],"since":"1h"}`, []string{"wuauserv running"}, false},
		"never-logged":       {[]evtx.Event{first, retyped}, window, nil, true},
		"logged-before":      {[]evtx.Event{first, other, retyped}, window, nil, false},
		"bad-number":         {[]evtx.Event{first, other, changed(1, "wuauserv/9", "x", "x")}, window, nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			machine := disk.New(t, moment(60), map[string][]byte{systemLog: disk.Log(t, test.events...)})
			out, answer, err := disk.Observe[ChangesOutput](t, Plugin(), "changes", machine, test.input)
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Changes) != len(test.changes) || out.Count != len(test.changes) {
				t.Fatalf("changes %s, want %v", answer.Value, test.changes)
			}
			for i, want := range test.changes {
				if got := out.Changes[i].Service + " " + out.Changes[i].State; got != want {
					t.Errorf("change %d is %s, want %s", i, got, want)
				}
			}
			if (answer.Partial != "") != test.partial || test.partial && name == "never-logged" && answer.Settle == "" {
				t.Errorf("partial %q, settle %q", answer.Partial, answer.Settle)
			}
			if len(test.changes) > 0 && (len(answer.Evidence) != len(test.changes) || answer.Evidence[0].EventID != stateEvent) {
				t.Errorf("evidence %+v", answer.Evidence)
			}
			running, err := fakeeventlog.Ask(t, changesOf(eventlog.From(fakeeventlog.Like(t, machine))), machine, test.input)
			if err != nil {
				t.Fatal(err)
			}
			fakeeventlog.Same(t, running, answer)
		})
	}
	verification.ShownByFake(t, "the events of a running Windows tell the changes of services that their files tell, and without event 7036 nothing is ruled out", "service.changes")
	machine := disk.New(t, moment(60), map[string][]byte{systemLog: disk.Log(t, first, other, retyped)})
	out, _, err := disk.Observe[ChangesOutput](t, Plugin(), "changes", machine, window)
	if err != nil || len(out.StartTypes) != 1 || out.StartTypes[0].From != "manual" || out.StartTypes[0].To != "disabled" {
		t.Errorf("start types %+v, %v", out.StartTypes, err)
	}
}

func TestStopRequests(t *testing.T) {
	asked := evtx.Event{Provider: "Microsoft-Windows-WindowsUpdateClient", ID: stopRequest, Time: moment(5), Channel: "Microsoft-Windows-WindowsUpdateClient/Operational"}
	machine := disk.New(t, moment(60), map[string][]byte{
		systemLog: disk.Log(t, evtx.Event{Provider: "Other", ID: 1, Time: moment(-100), Channel: "System"}),
		"Windows/System32/winevt/Logs/Microsoft-Windows-WindowsUpdateClient%4Operational.evtx": disk.Log(t, asked),
	})
	out, answer, err := disk.Observe[ChangesOutput](t, Plugin(), "changes", machine, `{"names":["wuauserv"],"since":"1h"}`)
	if err != nil || answer.Partial == "" || len(out.Changes) != 1 || out.Changes[0].State != "stop_pending" || answer.Evidence[0].EventID != stopRequest {
		t.Errorf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	running, err := fakeeventlog.Ask(t, changesOf(eventlog.From(fakeeventlog.Like(t, machine))), machine, `{"names":["wuauserv"],"since":"1h"}`)
	if err != nil {
		t.Fatal(err)
	}
	fakeeventlog.Same(t, running, answer)
	if out, _, err := disk.Observe[ChangesOutput](t, Plugin(), "changes", machine, `{"names":["BITS"],"since":"1h"}`); err != nil || out.Count != 0 {
		t.Errorf("of another service: %+v, %v", out, err)
	}
}

func TestChangesThatCannotBeKnown(t *testing.T) {
	late := changed(5, "DPS/1", "x", "x")
	late.RecordID = 900
	machine := disk.New(t, moment(60), map[string][]byte{systemLog: disk.Log(t, late)})
	_, answer, err := disk.Observe[ChangesOutput](t, Plugin(), "changes", machine, `{"names":["wuauserv"],"windows":[{"from":"2024-06-01T12:00:00Z"}]}`)
	if err != nil || answer.Partial == "" || answer.Covers == nil {
		t.Errorf("a log that begins inside the window: %v, %q", err, answer.Partial)
	}
	if _, _, err := disk.Observe[ChangesOutput](t, Plugin(), "changes", disk.New(t, noon, nil), `{"names":["wuauserv"]}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("no log: %v", err)
	}
}

func TestChangesOfRealMachines(t *testing.T) {
	dir := disk.Corpus(t)
	tests := map[string]struct {
		stopped, running int
		partial          bool
	}{
		"win7": {5, 6, false}, "win11-ja": {0, 0, true}, "win10-1803": {0, 0, true},
	}
	for host, want := range tests {
		t.Run(host, func(t *testing.T) {
			out, answer, err := disk.Observe[ChangesOutput](t, Plugin(), "changes", disk.Open(t, filepath.Join(dir, host), time.Time{}), `{"names":["wuauserv"]}`)
			if err != nil {
				t.Fatal(err)
			}
			count := map[string]int{}
			for _, c := range out.Changes {
				count[c.State]++
			}
			if count["stopped"] != want.stopped || count["running"] != want.running || (answer.Partial != "") != want.partial {
				t.Errorf("%v, partial %q; want %+v", count, answer.Partial, want)
			}
		})
	}
}
