package update

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

const (
	guidA = "25acae93-40d4-4e62-814c-efb2f29f1bca"
	guidB = "8ca4bd71-dfae-4434-a8fb-500484a07261"
	title = "2024-05 Cumulative Update for Windows 10 (KB5034441)"
)

func event(id uint16, minutes float64, guid, title string, code uint32) evtx.Event {
	e := evtx.Event{Provider: updateClient, ID: id, Time: moment(minutes), Channel: "System"}
	if code != 0 {
		e.EventData = append(e.EventData, evtx.Field{Name: "errorCode", Value: evtx.HexInt32(code)})
	}
	e.EventData = append(e.EventData, evtx.Field{Name: "updateTitle", Value: title},
		evtx.Field{Name: "updateGuid", Value: evtx.GUID("{" + guid + "}")}, evtx.Field{Name: "updateRevisionNumber", Value: uint32(200)})
	return e
}

// first is a record before all that matters, the first of the channel.
var first = evtx.Event{Provider: "Other", ID: 1, Time: moment(-60 * 24 * 60), Channel: "System"}

func TestAttempts(t *testing.T) {
	const stop = 0x8024001E
	tests := map[string]struct {
		events []evtx.Event
		want   string // failed: phase, start, assumed; then succeeded, open, others, updates
	}{
		"nothing":            {nil, "failed:; 0 0 0 0"},
		"install":            {[]evtx.Event{event(44, 0, guidA, title, 0), event(43, 10, guidA, title, 0), event(20, 20, guidA, title, stop)}, "failed: install@10; 0 1 0 1"},
		"download":           {[]evtx.Event{event(44, 0, guidA, title, 0), event(20, 20, guidA, title, stop)}, "failed: download@0; 0 1 0 1"},
		"nothing-before":     {[]evtx.Event{event(20, 20, guidA, title, stop)}, "failed: unknown@-40?; 0 1 0 1"},
		"download-code":      {[]evtx.Event{event(20, 20, guidA, title, 0x80246013)}, "failed:; 0 0 1 0"},
		"other-code":         {[]evtx.Event{event(43, 10, guidA, title, 0), event(20, 20, guidA, title, 0x80070643)}, "failed:; 0 0 1 0"},
		"other-update":       {[]evtx.Event{event(43, 10, guidB, title, 0), event(20, 20, guidA, title, stop)}, "failed: unknown@-40?; 0 1 0 1"},
		"healed":             {[]evtx.Event{event(43, 10, guidA, title, 0), event(20, 20, guidA, title, stop), event(43, 25, guidA, title, 0), event(19, 30, guidA, title, 0)}, "failed: install@10; 1 0 0 0"},
		"healed-before":      {[]evtx.Event{event(19, 5, guidA, title, 0), event(43, 10, guidA, title, 0), event(20, 20, guidA, title, stop)}, "failed: install@10; 1 1 0 1"},
		"healed-by-a-newer":  {[]evtx.Event{event(20, 20, guidA, "Definitions - KB2267602 (1.1)", stop), event(19, 30, guidB, "Definitions - KB2267602 (1.23)", 0)}, "failed: unknown@-40?; 1 0 0 0"},
		"same-kb-other-name": {[]evtx.Event{event(20, 20, guidA, title, stop), event(19, 30, guidB, "Servicing stack (KB5034441)", 0)}, "failed: unknown@-40?; 1 1 0 1"},
		"twice":              {[]evtx.Event{event(43, 10, guidA, title, 0), event(20, 20, guidA, title, stop), event(43, 21, guidA, title, 0), event(20, 22, guidA, title, stop)}, "failed: install@10 install@21; 0 2 0 1"},
		"another-provider":   {[]evtx.Event{{Provider: "Microsoft-Windows-Kernel-Boot", ID: 20, Time: moment(5), Channel: "System"}}, "failed:; 0 0 0 0"},
		"before-the-window":  {[]evtx.Event{event(20, -60*24*40, guidA, title, stop)}, "failed:; 0 0 0 0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			machine := disk.New(t, moment(60), map[string][]byte{systemLog: disk.Log(t, append([]evtx.Event{first}, test.events...)...)})
			out, answer, err := disk.Observe[AttemptsOutput](t, Plugin(), "attempts", machine, `{"code":"0x8024001e","since":"30d"}`)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(out); got != test.want {
				t.Errorf("%s, want %s\n%s", got, test.want, answer.Value)
			}
			if answer.Partial != "" {
				t.Errorf("partial: %s", answer.Partial)
			}
			for _, a := range out.Failed {
				if a.KB == "" || a.UpdateGUID != guidA || a.Revision == nil || a.Source != "events" {
					t.Errorf("attempt %+v", a)
				}
			}
			if len(out.Failed) > 0 && (len(answer.Evidence) == 0 || answer.Evidence[0].Pointer != "/failed/0") {
				t.Errorf("evidence %+v", answer.Evidence)
			}
			running, err := fakeeventlog.Ask(t, attemptsOf(eventlog.From(fakeeventlog.Like(t, machine))), machine, `{"code":"0x8024001e","since":"30d"}`)
			if err != nil {
				t.Fatal(err)
			}
			fakeeventlog.Same(t, running, answer)
		})
	}
	verification.ShownByFake(t, "the events of a running Windows tell the attempts to update that their files tell", "update.attempts")
}

func describe(out AttemptsOutput) string {
	s := "failed:"
	for _, a := range out.Failed {
		s += fmt.Sprintf(" %s@%v", a.Phase, a.Started.Sub(noon).Minutes())
		if a.StartedAssumed {
			s += "?"
		}
	}
	return s + fmt.Sprintf("; %d %d %d %d", len(out.Succeeded), len(out.Open), len(out.Others), len(out.Updates))
}

// reporting writes lines as the Windows Update agent does.
func reporting(t *testing.T, lines ...string) []byte {
	t.Helper()
	encoded, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.Join(lines, "\r\n") + "\r\n")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(encoded)
}

func reported(number int, minutes float64, guid string, code uint32, message string) string {
	return fmt.Sprintf("{E0A3DB7A-3B77-4A1D-9C0A-3B3A1C5D2E1F}\t%s\t1\t%d\t101\t{%s}\t200\t%x\tUpdateOrchestrator\tFailure\tContent Install\t%s",
		strings.Replace(moment(minutes).In(time.FixedZone("", 2*3600)).Format("2006-01-02 15:04:05.000-0700"), ".", ":", 1), number, strings.ToUpper(guid), code, message)
}

func TestAttemptsOfOtherSources(t *testing.T) {
	failure := reported(182, 20, guidA, 0x8024001E, "Installation Failure: Windows failed to install the following update with error 0x8024001E: "+title+".")
	other := reported(161, 50, guidB, 0x8024001E, "Error: Download failed.")
	operational := event(31, 20.1, guidA, title, 0x8024001E)
	operational.Channel = "Microsoft-Windows-WindowsUpdateClient/Operational"
	files := map[string][]byte{
		systemLog:      disk.Log(t, first, event(44, 0, guidA, title, 0), event(20, 20, guidA, title, 0x8024001E)),
		operationalLog: disk.Log(t, operational),
		reportingFile:  reporting(t, failure, "junk", "", other, strings.Repeat("x", 200_000)),
	}
	machine := disk.New(t, moment(60), files)
	out, answer, err := disk.Observe[AttemptsOutput](t, Plugin(), "attempts", machine, `{"code":"0x8024001E","since":"1d"}`)
	if err != nil || answer.Partial != "" {
		t.Fatal(err, answer.Partial)
	}
	if got := describe(out); got != "failed: download@0 download@-10?; 0 2 0 2" {
		t.Errorf("%s\n%s", got, answer.Value)
	}
	delete(files, systemLog)
	delete(files, operationalLog)
	out, answer, err = disk.Observe[AttemptsOutput](t, Plugin(), "attempts", disk.New(t, moment(60), files), `{"code":"0x8024001E","since":"1d"}`)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Failed) != 2 || answer.Partial == "" || out.Failed[0].Title != title || out.Failed[0].KB != "KB5034441" || out.Failed[0].Source != "history" {
		t.Errorf("partial %q: %s", answer.Partial, answer.Value)
	}
	if len(answer.Evidence) == 0 || answer.Evidence[0].Line != 1 {
		t.Errorf("evidence %+v", answer.Evidence)
	}
}

func TestAttemptsThatCannotBeKnown(t *testing.T) {
	_, _, err := disk.Observe[AttemptsOutput](t, Plugin(), "attempts", disk.New(t, noon, nil), `{}`)
	if err == nil || sdk.AsError(err).Code != sdk.Unavailable || sdk.AsError(err).Hint == "" {
		t.Errorf("error %v", err)
	}
	late := first
	late.Time, late.RecordID = moment(0), 7000
	machine := disk.New(t, moment(60), map[string][]byte{systemLog: disk.Log(t, late)})
	_, answer, err := disk.Observe[AttemptsOutput](t, Plugin(), "attempts", machine, `{"since":"1d"}`)
	if err != nil || answer.Partial == "" || answer.Covers == nil || !answer.Covers.From.Equal(moment(0)) {
		t.Errorf("a log that begins late: %v, partial %q, covers %v", err, answer.Partial, answer.Covers)
	}
}

func TestAttemptsOfRealMachines(t *testing.T) {
	dir := disk.Corpus(t)
	tests := map[string]map[string]int{
		"win10-1803": {"0x80248007": 4, "0x80246013": 1},
		"win11-ja":   {"0x80240016": 1},
		"win7":       {},
	}
	for host, want := range tests {
		t.Run(host, func(t *testing.T) {
			out, answer, err := disk.Observe[AttemptsOutput](t, Plugin(), "attempts", disk.Open(t, filepath.Join(dir, host), noon), `{}`)
			if err != nil || answer.Partial != "" {
				t.Fatal(err, answer.Partial)
			}
			got := map[string]int{}
			for _, a := range out.Failed {
				got[a.Code.String()]++
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("failures %v, want %v", got, want)
			}
			t.Logf("%d failed, %d open, %d succeeded", len(out.Failed), len(out.Open), len(out.Succeeded))
			machine := disk.Open(t, filepath.Join(dir, host), noon)
			running, err := fakeeventlog.Ask(t, attemptsOf(eventlog.From(fakeeventlog.Like(t, machine))), machine, `{}`)
			if err != nil || running.Partial != "" {
				t.Fatal(err, running.Partial)
			}
			var live AttemptsOutput
			if err := json.Unmarshal(running.Value, &live); err != nil || len(live.Failed) != len(out.Failed) {
				t.Errorf("on a running Windows: %v, %d failed, want %d", err, len(live.Failed), len(out.Failed))
			}
		})
	}
}

func FuzzReporting(f *testing.F) {
	f.Add("{id}\t2024-01-10 03:01:40:420+0100\t1\t182\t101\t{25acae93-40d4-4e62-814c-efb2f29f1bca}\t200\t80070643\tx\tFailure\tContent Install\tFailed: y (KB5034441)")
	f.Add("\t\t\t182\t\t\t\t\t\t\t")
	f.Fuzz(func(t *testing.T, line string) {
		s, _, ok := reportingStep(line)
		if ok && (s.time.IsZero() || s.source != sourceHistory) {
			t.Errorf("%q gave %+v", line, s)
		}
	})
}
