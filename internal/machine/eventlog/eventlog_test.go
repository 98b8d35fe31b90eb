package eventlog

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/forge/disk"
	forge "github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
)

var start = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

const logs = "Windows/System32/winevt/Logs/"

func stopped(at time.Duration, record uint64) forge.Event {
	return forge.Event{
		Provider: "Service Control Manager", ID: 7036, Time: start.Add(at), RecordID: record, Channel: System,
		EventData: []forge.Field{{Name: "param1", Value: "Windows Update"}, {Name: "param2", Value: "stopped"}},
		Binary:    []byte("w\x00u\x00a\x00u\x00s\x00e\x00r\x00v\x00/\x001\x00\x00\x00"),
	}
}

func TestOpen(t *testing.T) {
	tests := map[string]struct {
		channel string
		files   map[string][]byte
		code    sdk.ErrorCode // empty: it opens
		missing bool
	}{
		"there":                 {channel: System, files: map[string][]byte{logs + "System.evtx": disk.Log(t, stopped(0, 1))}},
		"name-of-another-case":  {channel: "system", files: map[string][]byte{logs + "System.evtx": disk.Log(t, stopped(0, 1))}},
		"slash-in-its-name":     {channel: TaskScheduler, files: map[string][]byte{logs + "Microsoft-Windows-TaskScheduler%4Operational.evtx": disk.Log(t, stopped(0, 1))}},
		"missing":               {channel: System, code: sdk.Unavailable, missing: true},
		"empty-file":            {channel: System, files: map[string][]byte{logs + "System.evtx": nil}, code: sdk.Unavailable},
		"not-an-event-log":      {channel: System, files: map[string][]byte{logs + "System.evtx": bytes.Repeat([]byte("text "), 4000)}, code: sdk.Unavailable},
		"a-path-is-no-channel":  {channel: `..\..\secret`, code: sdk.InvalidInput},
		"no-name-is-no-channel": {channel: "", code: sdk.InvalidInput},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := Open(disk.New(t, start, test.files), test.channel)
			if test.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				return
			}
			var missing *MissingError
			if e := sdk.AsError(err); e.Code != test.code || errors.As(err, &missing) != test.missing {
				t.Errorf("got %s %v (missing: %v), want %s", e.Code, e, errors.As(err, &missing), test.code)
			}
		})
	}
}

func TestCoverage(t *testing.T) {
	whole := disk.Log(t, stopped(0, 1), stopped(time.Hour, 2))
	later := disk.Log(t, stopped(0, 500), stopped(time.Hour, 501))
	damaged := bytes.Clone(later)
	copy(damaged[4096+512:], "garbage garbage")
	tests := map[string]struct {
		channel string
		log     []byte
		from    time.Time
		reason  string
		covers  time.Time
	}{
		"no-time-asked-for":              {System, later, time.Time{}, "", time.Time{}},
		"begins-before":                  {System, later, start.Add(time.Minute), "", time.Time{}},
		"begins-after":                   {System, later, start.Add(-time.Hour), "begins at 2026-01-10T09:00:00Z, after the start", start},
		"begins-with-the-first-record":   {System, whole, start.Add(-time.Hour), "", time.Time{}},
		"first-record-of-another":        {TaskScheduler, whole, start.Add(-time.Hour), "begins at", start},
		"quiet-since":                    {System, later, start.Add(48 * time.Hour), "", time.Time{}},
		"damaged":                        {System, damaged, time.Time{}, "is damaged", time.Time{}},
		"without-records":                {System, disk.Log(t), start, "is empty", time.Time{}},
		"cut-off-in-the-middle-of-chunk": {System, later[:4096+600], time.Time{}, "is damaged", time.Time{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := logs + strings.ReplaceAll(test.channel, "/", "%4") + ".evtx"
			c, err := Open(disk.New(t, start, map[string][]byte{file: test.log}), test.channel)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			cov, err := c.Scan(t.Context(), evtx.Filter{From: test.from}, func(*evtx.Record) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			reason, covers := cov.Lost(test.from)
			if !strings.Contains(reason, test.reason) || test.reason == "" && reason != "" {
				t.Errorf("reason %q, want %q", reason, test.reason)
			}
			if (covers != nil) != !test.covers.IsZero() || covers != nil && !covers.From.Equal(test.covers) {
				t.Errorf("covers %v, want from %v", covers, test.covers)
			}
		})
	}
}

func TestScanPassesErrorsOn(t *testing.T) {
	c, err := Open(disk.New(t, start, map[string][]byte{logs + "System.evtx": disk.Log(t, stopped(0, 1))}), System)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	own := errors.New("enough")
	if _, err := c.Scan(t.Context(), evtx.Filter{}, func(*evtx.Record) error { return own }); err != own {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Scan(ctx, evtx.Filter{}, func(*evtx.Record) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestEvidence(t *testing.T) {
	c, err := Open(disk.New(t, start, map[string][]byte{logs + "System.evtx": disk.Log(t, stopped(0, 42))}), System)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got sdk.Evidence
	if _, err := c.Scan(t.Context(), evtx.Filter{}, func(r *evtx.Record) error { got = c.Evidence(r); return nil }); err != nil {
		t.Fatal(err)
	}
	want := sdk.Evidence{
		File: `C:\Windows\System32\winevt\Logs\System.evtx`, Offset: 4096 + 512, Channel: System, Record: 42, EventID: 7036,
		Time: start, Text: "The Windows Update service entered the stopped state (wuauserv/1)",
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMessage(t *testing.T) {
	field := func(name, value string) evtx.Field { return evtx.Field{Name: name, Value: value} }
	tests := map[string]struct {
		record evtx.Record
		want   string
	}{
		"code-in-decimal": {
			evtx.Record{Provider: "Microsoft-Windows-TaskScheduler", ID: 201, Data: []evtx.Field{
				field("TaskName", `\Clean`), field("ActionName", "cmd.exe"), field("ResultCode", "2147942401"), field("TaskInstanceId", "{1}")}},
			`Task \Clean completed the action cmd.exe with 0x80070001, instance {1}`,
		},
		"code-in-hexadecimal": {
			evtx.Record{Provider: "microsoft-windows-windowsupdateclient", ID: 20, Data: []evtx.Field{
				field("errorCode", "0x8024001e"), field("updateTitle", "KB1"), field("updateGuid", "{2}")}},
			"Installation failure with error 0x8024001E: KB1 {2}",
		},
		"values-without-names": {
			evtx.Record{Provider: "EventLog", ID: 6008, Data: []evtx.Field{field("", "1:34:44 PM"), field("", "\u200e8/\u200e25/\u200e2015")}},
			"The previous shutdown at 1:34:44 PM on 8/25/2015 was unexpected",
		},
		"a-value-is-missing": {
			evtx.Record{Provider: "User32", ID: 1074, Data: []evtx.Field{field("param1", "a.exe"), field("param5", "restart")}},
			"a.exe initiated the restart of ? for ?: ?, reason ?, comment: ?",
		},
		"no-sentence": {
			evtx.Record{Provider: "Some Provider", ID: 5, Data: []evtx.Field{field("a", "1\r\n2"), field("", "\x00x")}},
			"Some Provider 5: a=1 2, x",
		},
		"no-values": {evtx.Record{Provider: "Some Provider", ID: 6}, "Some Provider 6"},
		"long": {
			evtx.Record{Provider: "P", ID: 7, Data: []evtx.Field{field("a", strings.Repeat("ä", 5000))}},
			"P 7: a=" + strings.Repeat("ä", 496) + "…",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Message(&test.record); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestEnabled(t *testing.T) {
	software := func(enabled uint32) map[string][]byte {
		root := &hive.Key{}
		all := root.At(`Microsoft\Windows\CurrentVersion\WINEVT\Channels`)
		all.At(Setup).Set(hive.DWord("Enabled", enabled))
		all.At(TaskScheduler).Set(hive.DWord("Enabled", enabled))
		data, err := hive.Bytes(root, hive.Options{Name: "SOFTWARE"})
		if err != nil {
			t.Fatal(err)
		}
		return map[string][]byte{"Windows/System32/config/SOFTWARE": data}
	}
	tests := map[string]struct {
		files   map[string][]byte
		channel string
		on      bool
		fails   bool
		absent  bool
	}{
		"off":       {files: software(0), channel: Setup},
		"slash-off": {files: software(0), channel: TaskScheduler},
		"slash-on":  {files: software(1), channel: TaskScheduler, on: true},
		"on":        {files: software(1), channel: Setup, on: true},
		"always-on": {channel: System, on: true},
		"not-known": {files: software(1), channel: "Nobody/Operational", fails: true, absent: true},
		"no-hive":   {channel: Setup, fails: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			on, _, err := Enabled(disk.New(t, start, test.files), test.channel)
			if on != test.on || registry.Absent(err) != test.absent || (err != nil) != test.fails {
				t.Errorf("got %v, %v", on, err)
			}
		})
	}
}
