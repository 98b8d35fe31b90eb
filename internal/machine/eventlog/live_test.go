package eventlog_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/forge/disk"
	forge "github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

var start = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

func live(t *testing.T) *target.Target {
	t.Helper()
	machine, err := target.Open(target.Spec{Kind: target.Live, Now: start})
	if err != nil {
		t.Fatal(err)
	}
	return machine
}

// log is a log with an event each minute, of which the numbers begin at first.
func log(t *testing.T, first uint64, count int) []byte {
	events := make([]forge.Event, count)
	for i := range events {
		events[i] = forge.Event{
			Provider: []string{"One", "Two"}[i%2], ID: uint16(1 + i%3), Time: start.Add(time.Duration(i) * time.Minute), RecordID: first + uint64(i), Channel: "System",
			EventData: []forge.Field{{Name: "n", Value: uint32(i)}},
		}
	}
	return disk.Log(t, events...)
}

// read scans a channel.
func read(t *testing.T, c *eventlog.Channel, f evtx.Filter) ([]uint64, eventlog.Coverage) {
	t.Helper()
	var numbers []uint64
	cov, err := c.Scan(t.Context(), f, func(r *evtx.Record) error {
		numbers = append(numbers, r.RecordID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return numbers, cov
}

// TestSameAsItsFile asks the file of a log, and a service that has the same events: what is read, and what is told of it, is the
// same.
func TestSameAsItsFile(t *testing.T) {
	filters := map[string]evtx.Filter{
		"all":        {},
		"identifier": {IDs: []uint32{2}},
		"many":       {IDs: []uint32{1, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26}},
		"provider":   {Providers: []string{"TWO"}},
		"impossible": {IDs: []uint32{70000}},
		"time":       {From: start.Add(5 * time.Minute), To: start.Add(90 * time.Minute)},
		"edges":      {From: start.Add(5*time.Minute + 100), To: start.Add(90*time.Minute - 100)},
		"before":     {From: start.Add(-time.Hour)},
		"later":      {From: start.Add(1000 * time.Hour)},
		"everything": {IDs: []uint32{1, 3}, Providers: []string{"one"}, From: start.Add(time.Minute), To: start.Add(time.Hour)},
	}
	logs := map[string][]byte{"from-start": log(t, 1, 300), "later": log(t, 900, 300), "empty": log(t, 1, 0)}
	for name, data := range logs {
		for which, f := range filters {
			t.Run(name+"/"+which, func(t *testing.T) {
				onDisk, err := eventlog.Open(disk.New(t, start, map[string][]byte{"Windows/System32/winevt/Logs/System.evtx": data}), "System")
				if err != nil {
					t.Fatal(err)
				}
				defer onDisk.Close()
				machine := fakeeventlog.New()
				machine.FromFile(t, "System", data).Most = 100
				running, err := eventlog.From(machine).Open(live(t), "System")
				if err != nil {
					t.Fatal(err)
				}
				defer running.Close()
				want, seen := read(t, onDisk, f)
				got, told := read(t, running, f)
				if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(told, seen) {
					t.Errorf("got  %d %+v\nwant %d %+v", len(got), told, len(want), seen)
				}
				reason, covers := told.Lost(f.From)
				if r, c := seen.Lost(f.From); r != reason || !reflect.DeepEqual(c, covers) {
					t.Errorf("lost %q %v, of the file %q %v", reason, covers, r, c)
				}
			})
		}
	}
}

// TestCorpus shows the records of real logs as the service does, and reads them back.
func TestCorpus(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "..", "shared", "corpus", "evtx")
	names, err := filepath.Glob(filepath.Join(folder, "*.evtx"))
	if err != nil || len(names) == 0 {
		t.Skipf("the corpus of real logs is not beside the checkout: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			data = data[:min(len(data), 4096+3*65536)] // enough of it
			file, err := evtx.Open(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Skipf("no whole log: %v", err)
			}
			var want []*evtx.Record
			var shown []string
			if _, err := file.Scan(t.Context(), evtx.Filter{}, func(r *evtx.Record) error {
				shown = append(shown, fakeeventlog.XML(r))
				r.Offset = 0
				want = append(want, r)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			machine := fakeeventlog.New()
			machine.Add("System", shown...)
			c, err := eventlog.From(machine).Open(live(t), "System")
			if err != nil {
				t.Fatal(err)
			}
			i := 0
			if _, err := c.Scan(t.Context(), evtx.Filter{}, func(r *evtx.Record) error {
				if w := want[i]; !reflect.DeepEqual(r, w) && !w.UserData {
					t.Errorf("record %d:\ngot  %+v\nwant %+v", w.RecordID, r, w)
				}
				i++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if i != len(want) {
				t.Errorf("%d records of %d", i, len(want))
			}
		})
	}
}

func TestTroubles(t *testing.T) {
	data := log(t, 500, 400)
	tests := map[string]struct {
		trouble func(*fakeeventlog.Channel)
		count   int
		reason  string
	}{
		"none":                {func(*fakeeventlog.Channel) {}, 400, ""},
		"too-much-at-once":    {func(c *fakeeventlog.Channel) { c.Most = 1 }, 400, ""},
		"stale-now-and-then":  {func(c *fakeeventlog.Channel) { c.Stale = 130 }, 400, ""},
		"cannot-be-shown":     {func(c *fakeeventlog.Channel) { c.Unreadable = []uint64{600, 601} }, 398, "2 records of the channel System cannot be shown, the first because of this: EvtRender"},
		"oldest-not-shown":    {func(c *fakeeventlog.Channel) { c.Unreadable = []uint64{500} }, 399, "1 records"},
		"cleared-meanwhile":   {func(c *fakeeventlog.Channel) { c.OnQuery = onThird(c.Clear) }, 0, "was cleared while it was read"},
		"overwritten-and-new": {func(c *fakeeventlog.Channel) { c.Stale = 100; c.OnQuery = onFourth(func() { c.Overwrite(300) }) }, 228, "up to number 799, were overwritten"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			machine := fakeeventlog.New()
			test.trouble(machine.FromFile(t, "System", data))
			c, err := eventlog.From(machine).Open(live(t), "System")
			if err != nil {
				t.Fatal(err)
			}
			numbers, cov := read(t, c, evtx.Filter{})
			if len(numbers) != test.count || !strings.Contains(cov.Reason, test.reason) || test.reason == "" && cov.Reason != "" {
				t.Errorf("%d records, %q; want %d, %q", len(numbers), cov.Reason, test.count, test.reason)
			}
			if lost, _ := cov.Lost(time.Time{}); (lost != "") != (test.reason != "") {
				t.Errorf("lost %q", lost)
			}
			for i := range numbers {
				if i > 0 && numbers[i] <= numbers[i-1] {
					t.Fatalf("the record %d comes behind %d", numbers[i], numbers[i-1])
				}
			}
		})
	}
}

// onThird acts at the third query: those before look at the ends of the log.
func onThird(act func()) func(int)  { return onQuery(3, act) }
func onFourth(act func()) func(int) { return onQuery(4, act) }

func onQuery(n int, act func()) func(int) {
	return func(query int) {
		if query == n {
			act()
		}
	}
}

func TestRefusals(t *testing.T) {
	stub := &eventlog.CallError{Function: "EvtOpenLog"}
	tests := map[string]struct {
		given   func(m *fakeeventlog.Machine)
		code    sdk.ErrorCode
		message string
		missing bool
	}{
		"unknown":         {func(*fakeeventlog.Machine) {}, sdk.Unavailable, "this Windows has no channel Setup", true},
		"never-used":      {func(m *fakeeventlog.Machine) { m.Add("Setup").NoLog = true }, sdk.Unavailable, "switched off or was never used", true},
		"denied":          {func(m *fakeeventlog.Machine) { m.Add("Setup").Denied = true }, sdk.AccessDenied, "Access is denied. (error 5) (run as an administrator", false},
		"not-carried-out": {func(m *fakeeventlog.Machine) { m.Down = stub }, sdk.Unavailable, "does not carry out what it takes: EvtOpenLog failed and gave no reason (error 0)", false},
		"service-not-there": {func(m *fakeeventlog.Machine) {
			m.Down = &eventlog.CallError{Function: "EvtOpenLog", Code: 1722, Text: "The RPC server is unavailable."}
		}, sdk.Unavailable, "The RPC server is unavailable. (error 1722) (look whether the service EventLog", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			machine := fakeeventlog.New()
			test.given(machine)
			source := eventlog.From(machine)
			_, err := source.Open(live(t), "Setup")
			var missing *eventlog.MissingError
			if e := sdk.AsError(err); e.Code != test.code || !strings.Contains(e.Error(), test.message) || errors.As(err, &missing) != test.missing {
				t.Errorf("got %s: %v", e.Code, err)
			}
			if _, _, err := source.Enabled(live(t), "Setup"); (err == nil) != (name == "never-used" || name == "denied") {
				t.Errorf("enabled: %v", err)
			}
		})
	}
}

func TestErrorsOfTheCaller(t *testing.T) {
	machine := fakeeventlog.New()
	machine.FromFile(t, "System", log(t, 1, 300))
	c, err := eventlog.From(machine).Open(live(t), "System")
	if err != nil {
		t.Fatal(err)
	}
	own := errors.New("enough")
	if _, err := c.Scan(t.Context(), evtx.Filter{}, func(*evtx.Record) error { return own }); err != own {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := c.Scan(ctx, evtx.Filter{}, func(*evtx.Record) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWords(t *testing.T) {
	machine := fakeeventlog.New()
	machine.FromFile(t, "System", disk.Log(t,
		forge.Event{Provider: "EventLog", ID: 6005, Time: start},
		forge.Event{Provider: "Disk", ID: 7, Time: start, EventData: []forge.Field{{Value: "D:"}}},
		forge.Event{Provider: "Disk", ID: 8, Time: start, EventData: []forge.Field{{Value: "D:"}}},
	)).Words = map[uint64]string{1: "not asked for", 2: "Das Laufwerk D:\r\nhat einen Fehler."}
	c, err := eventlog.From(machine).Open(live(t), "System")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got []string
	if _, err := c.Scan(t.Context(), evtx.Filter{}, func(r *evtx.Record) error {
		got = append(got, c.Words(t.Context(), r))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"The event log service was started", "Das Laufwerk D: hat einen Fehler.", "Disk 8: D:"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
