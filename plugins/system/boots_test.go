package system

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

var noon = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

func plain(provider string, id uint16, minutes float64, fields ...evtx.Field) evtx.Event {
	return evtx.Event{Provider: provider, ID: id, Time: moment(minutes), Channel: "System", EventData: fields}
}

func moment(minutes float64) time.Time {
	return noon.Add(time.Duration(minutes * float64(time.Minute)))
}

func wanted(minutes float64, process, reason, kind string) evtx.Event {
	var fields []evtx.Field
	for i, v := range []string{process + " (PC)", "PC", "reason", reason, kind, "", `NT AUTHORITY\SYSTEM`} {
		fields = append(fields, evtx.Field{Name: "param" + string(rune('1'+i)), Value: v})
	}
	return plain("User32", 1074, minutes, fields...)
}

func orderly(minutes float64, action uint32) []evtx.Event {
	return []evtx.Event{
		plain("EventLog", 6006, minutes),
		plain("Microsoft-Windows-Kernel-Power", 109, minutes+0.02, evtx.Field{Name: "ShutdownActionType", Value: action}),
		plain("Microsoft-Windows-Kernel-General", 13, minutes+0.05),
	}
}

func start(minutes float64) []evtx.Event {
	return []evtx.Event{
		plain("Microsoft-Windows-Kernel-General", 12, minutes),
		plain("EventLog", 6005, minutes+0.5),
	}
}

func join(groups ...[]evtx.Event) []evtx.Event {
	var all []evtx.Event
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

func one(e ...evtx.Event) []evtx.Event { return e }

func TestBoots(t *testing.T) {
	other := one(plain("Other", 1, 0))
	type boot struct {
		kind, initiator string
		known, up       bool
		down            float64
	}
	tests := map[string]struct {
		events []evtx.Event
		want   []boot
	}{
		"nothing": {other, nil},
		"windows-update": {join(other, one(wanted(1, `C:\Windows\System32\MoUsoCoreWorker.exe`, "0x80020010", "restart")), orderly(2, 5), start(3)),
			[]boot{{"restart", "windows_update", true, true, 2}}},
		"host-with-a-servicing-reason": {join(other, one(wanted(1, `C:\Windows\system32\svchost.exe`, "0x80020012", "再起動")), orderly(2, 5), start(3)),
			[]boot{{"restart", "windows_update", true, true, 2}}},
		"host-with-another-reason": {join(other, one(wanted(1, `C:\Windows\system32\svchost.exe`, "0x80020001", "restart")), orderly(2, 5), start(3)),
			[]boot{{"restart", "other", true, true, 2}}},
		"script-that-claims-a-servicing-reason": {join(other, one(wanted(1, `C:\Windows\system32\shutdown.exe`, "0x80020011", "restart")), orderly(2, 5), start(3)),
			[]boot{{"restart", "other", true, true, 2}}},
		"nobody-said-who":    {join(other, orderly(2, 6), start(3)), []boot{{"shutdown", "unknown", false, true, 2}}},
		"called-off":         {join(other, one(wanted(1, "x.exe", "0x0", "restart"), plain("User32", 1075, 1.5)), orderly(9, 6), start(10)), []boot{{"shutdown", "unknown", false, true, 9}}},
		"not-up-again":       {join(other, one(wanted(1, "x.exe", "0x0", "power off")), orderly(2, 6)), []boot{{"shutdown", "other", true, false, 2}}},
		"fast-startup":       {join(other, one(wanted(1, "x.exe", "0x0", "power off"))), []boot{{"shutdown", "other", true, false, 1}}},
		"loss-of-power":      {join(other, one(plain("Other", 1, 5)), start(10), one(plain("Microsoft-Windows-Kernel-Power", 41, 10.1))), []boot{{"crash", "nobody", true, true, 5}}},
		"crash-dated":        {join(other, start(10), one(lastAliveEvent(10.6, 4))), []boot{{"crash", "nobody", true, true, 4}}},
		"log-begins-with-it": {start(10), nil},
		"two": {join(other, orderly(2, 5), start(3), one(wanted(4, "x.exe", "0x0", "restart")), orderly(5, 5), start(6)),
			[]boot{{"restart", "unknown", false, true, 2}, {"restart", "other", true, true, 5}}},
		"other-providers-use-the-numbers": {join(other, one(plain("Other", 1074, 1), plain("Other", 6006, 2), plain("Other", 12, 3))), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			machine := disk.New(t, moment(60), map[string][]byte{systemLog: disk.Log(t, test.events...)})
			out, answer, err := disk.Observe[BootsOutput](t, Plugin(), "boots", machine, `{"since":"30d"}`)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Partial != "" {
				t.Errorf("a log from the first record on is whole: %s", answer.Partial)
			}
			if len(out.Boots) != len(test.want) || out.Count != len(test.want) {
				t.Fatalf("%d boots, want %d: %s", len(out.Boots), len(test.want), answer.Value)
			}
			for i, want := range test.want {
				b := out.Boots[i]
				got := boot{b.Kind, b.Initiator, b.ByWindowsUpdate != nil, b.Up != nil, b.Down.Sub(noon).Minutes()}
				if got != want {
					t.Errorf("boot %d is %+v, want %+v", i, got, want)
				}
				if b.ByWindowsUpdate != nil && *b.ByWindowsUpdate != (b.Initiator == "windows_update") {
					t.Errorf("boot %d: by_windows_update contradicts the initiator", i)
				}
			}
			if len(test.want) > 0 && (len(answer.Evidence) == 0 || answer.Evidence[0].Channel != "System") {
				t.Errorf("evidence %+v", answer.Evidence)
			}
			running, err := fakeeventlog.Ask(t, bootsOf(eventlog.From(fakeeventlog.Like(t, machine))), machine, `{"since":"30d"}`)
			if err != nil {
				t.Fatal(err)
			}
			fakeeventlog.Same(t, running, answer)
		})
	}
	verification.ShownByFake(t, "the events of a running Windows tell the starts and shutdowns, and who wanted them, that their file tells", "system.boots")
}

// lastAliveEvent is EventLog 6008, whose binary data tell when the system was last alive: in local time, then in UTC.
func lastAliveEvent(minutes, alive float64) evtx.Event {
	e := plain("EventLog", 6008, minutes)
	for _, when := range []time.Time{moment(alive).Add(2 * time.Hour), moment(alive)} {
		for _, n := range []int{when.Year(), int(when.Month()), int(when.Weekday()), when.Day(), when.Hour(), when.Minute(), when.Second(), 0} {
			e.Binary = append(e.Binary, byte(n), byte(n>>8))
		}
	}
	e.EventData = []evtx.Field{{Value: "12:00:00"}, {Value: "01/06/2024"}}
	return e
}

func TestBootsOfALogThatBeginsLate(t *testing.T) {
	events := join(one(plain("Other", 1, 0)), orderly(2, 5), start(3))
	events[0].RecordID = 500
	machine := disk.New(t, moment(60), map[string][]byte{systemLog: disk.Log(t, events...)})
	_, answer, err := disk.Observe[BootsOutput](t, Plugin(), "boots", machine, `{"since":"30d"}`)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Partial == "" || answer.Covers == nil || !answer.Covers.From.Equal(noon) || answer.Settle == "" {
		t.Errorf("partial %q, covers %v, settle %q", answer.Partial, answer.Covers, answer.Settle)
	}
}

func TestBootsWithoutALog(t *testing.T) {
	_, _, err := disk.Observe[BootsOutput](t, Plugin(), "boots", disk.New(t, noon, nil), `{}`)
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable {
		t.Errorf("error %v, want one that says unavailable", err)
	}
	machine := disk.New(t, noon, map[string][]byte{systemLog: []byte(strings.Repeat("junk", 5000))})
	if _, _, err = disk.Observe[BootsOutput](t, Plugin(), "boots", machine, `{}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("error %v, want one that says unavailable", err)
	}
}

func TestBootsOfRealMachines(t *testing.T) {
	dir := disk.Corpus(t)
	tests := map[string]map[string]int{ // kind and initiator → how often
		"win7":        {"crash nobody": 3, "restart windows_update": 1, "restart other": 3, "restart unknown": 1, "shutdown other": 2, "unknown unknown": 1},
		"win10-1803":  {"unknown unknown": 1, "restart windows_update": 1, "restart other": 1},
		"win10-tasks": {"restart other": 1},
		"win11-ja":    {"unknown unknown": 1, "restart windows_update": 1, "restart other": 1},
	}
	for host, want := range tests {
		t.Run(host, func(t *testing.T) {
			out, answer, err := disk.Observe[BootsOutput](t, Plugin(), "boots", disk.Open(t, filepath.Join(dir, host), noon), `{}`)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for _, b := range out.Boots {
				got[b.Kind+" "+b.Initiator]++
			}
			for k, n := range want {
				if got[k] != n {
					t.Errorf("%d of %s, want %d: %s", got[k], k, n, answer.Value)
				}
			}
			machine := disk.Open(t, filepath.Join(dir, host), noon)
			running, err := fakeeventlog.Ask(t, bootsOf(eventlog.From(fakeeventlog.Like(t, machine))), machine, `{}`)
			if err != nil {
				t.Fatal(err)
			}
			fakeeventlog.Same(t, running, answer)
		})
	}
}
