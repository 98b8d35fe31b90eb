package etl_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	reader "github.com/rectify-project/rectify/internal/artefact/etl"
	"github.com/rectify-project/rectify/internal/forge/etl"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 123456700, time.UTC)

const orchestrator = "3c3b3c5d-1b2a-4f0e-9c8d-7e6f5a4b3c2d"

// orchestration is a trace such as the Update Session Orchestrator leaves.
func orchestration(n int) etl.Trace {
	t := etl.Trace{
		Session: "UpdateSessionOrchestration", File: `C:\ProgramData\USOShared\Logs\System\UpdateSessionOrchestration.001.etl`,
		Build: 19045, BufferSize: 8192, Start: start, End: start.Add(time.Hour),
	}
	for i := range n {
		t.Records = append(t.Records, etl.Event{
			Time: start.Add(time.Duration(i) * time.Second), ProcessID: 4, ThreadID: 8,
			Provider: "Microsoft.Windows.Update.Orchestrator", ProviderGUID: orchestrator,
			Name: "Download progress", Keyword: 1 << 47,
			Fields: []etl.Field{etl.Uint32("percent", uint32(i)), etl.Unicode("title", fmt.Sprintf("2026-03 Update (KB50%05d)", i))},
		})
	}
	return t
}

func read(t *testing.T, b []byte) ([]reader.Event, reader.Stats) {
	t.Helper()
	trace, err := reader.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var events []reader.Event
	stats, err := trace.Scan(context.Background(), func(e *reader.Event) error {
		events = append(events, *e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, stats
}

func TestRoundTrip(t *testing.T) {
	for name, change := range map[string]func(*etl.Trace){
		"plain":               func(*etl.Trace) {},
		"compressed":          func(t *etl.Trace) { t.Compressed = true },
		"unclosed":            func(t *etl.Trace) { t.End = time.Time{} },
		"unclosed-compressed": func(t *etl.Trace) { t.End, t.Compressed = time.Time{}, true },
		"small-buffers":       func(t *etl.Trace) { t.BufferSize = 4096 },
		"no-records":          func(t *etl.Trace) { t.Records = nil },
	} {
		t.Run(name, func(t *testing.T) {
			trace := orchestration(500)
			change(&trace)
			b, err := trace.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			events, stats := read(t, b)
			if stats.Damaged != 0 || stats.Truncated {
				t.Fatalf("the trace is read as damaged: %+v", stats)
			}
			h := stats.Header
			if h.Session != trace.Session || h.File != trace.File || h.Build != trace.Build || !h.Start.Equal(trace.Start) || !h.End.Equal(trace.End) {
				t.Errorf("header %+v differs from what was written", h)
			}
			if h.Closed() != !trace.End.IsZero() {
				t.Errorf("closed is %v", h.Closed())
			}
			if len(events) != len(trace.Records) || stats.Decoded != len(events) {
				t.Fatalf("%d events, %d decoded, %d were written", len(events), stats.Decoded, len(trace.Records))
			}
			if trace.Compressed != (stats.Compressed > 0) {
				t.Errorf("%d compressed buffers", stats.Compressed)
			}
			for i, e := range events {
				want := trace.Records[i].(etl.Event)
				text := fmt.Sprintf("*Download progress* -> [percent] : %d; [title] : 2026-03 Update (KB50%05d);", i, i)
				if !e.Time.Equal(want.Time) || e.Provider != want.Provider || e.ProviderGUID != orchestrator ||
					e.Keyword != want.Keyword || e.ProcessID != 4 || e.ThreadID != 8 || e.Level != 4 || e.Text() != text {
					t.Fatalf("event %d is %+v: %s", i, e, e.Text())
				}
			}
		})
	}
}

func TestSameBytes(t *testing.T) {
	trace := orchestration(100)
	trace.Compressed = true
	first, err := trace.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var second bytes.Buffer
	if _, err := trace.WriteTo(&second); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second.Bytes()) {
		t.Error("the same trace gave other bytes")
	}
	trace.Compressed = false
	plain, err := trace.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if len(first)*2 > len(plain) {
		t.Errorf("compressed %d bytes, plain %d: nothing was packed", len(first), len(plain))
	}
}

func TestFields(t *testing.T) {
	trace := orchestration(0)
	trace.Records = []etl.Record{etl.Event{
		Time: start, Provider: "P", ProviderGUID: "{" + orchestrator + "}", Name: "All types",
		Fields: []etl.Field{
			etl.Unicode("unicode", "Größe \U0001F600"), etl.ANSI("ansi", "plain"), etl.Int32("int32", -5), etl.Uint32("uint32", 7),
			etl.HResult("hr", 0x8024001e), etl.GUID("guid", orchestrator), etl.Bool32("bool", true), etl.FileTime("when", start),
			etl.Struct("outer", etl.Uint32("a", 1), etl.Struct("inner", etl.ANSI("b", "x"))),
		},
	}}
	b, err := trace.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	events, _ := read(t, b)
	want := "*All types* -> [unicode] : Größe \U0001F600; [ansi] : plain; [int32] : -5 (0xFFFFFFFB); [uint32] : 7; " +
		"[hr] : -2145124322 (0x8024001E); [guid] : {" + orchestrator + "}; [bool] : true; [when] : 2026-03-04T05:06:07.1234567Z; " +
		"[outer.a] : 1; [outer.inner.b] : x;"
	if len(events) != 1 || events[0].Text() != want {
		t.Fatalf("got  %+v\nwant %s", events, want)
	}
}

func TestMessage(t *testing.T) {
	trace := orchestration(0)
	trace.Records = []etl.Record{etl.Message{Time: start, ProcessID: 1, ThreadID: 2, GUID: orchestrator, Number: 12, Arguments: []byte{1, 2, 3}}}
	b, err := trace.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	events, stats := read(t, b)
	if len(events) != 1 || stats.Undecoded != 1 || stats.Decoded != 0 {
		t.Fatalf("events %+v, statistics %+v", events, stats)
	}
	e := events[0]
	if e.Kind != reader.WPP || e.ID != 12 || e.ProviderGUID != orchestrator || !e.Time.Equal(start) || e.ProcessID != 1 || e.ThreadID != 2 {
		t.Errorf("message %+v", e)
	}
	if want := "<wpp " + orchestrator + "/12>"; e.Text() != want {
		t.Errorf("text %q, want %q", e.Text(), want)
	}
}

func TestRefused(t *testing.T) {
	event := func(f ...etl.Field) etl.Record {
		return etl.Event{Time: start, ProviderGUID: orchestrator, Name: "E", Fields: f}
	}
	for name, c := range map[string]struct {
		trace etl.Trace
		want  string
	}{
		"buffer-size":      {etl.Trace{BufferSize: 1000}, "multiple of 1024"},
		"record-too-large": {etl.Trace{Records: []etl.Record{event(etl.Unicode("t", strings.Repeat("x", 4096)))}}, "record 0 takes"},
		"provider-guid":    {etl.Trace{Records: []etl.Record{etl.Event{ProviderGUID: "nonsense"}}}, `GUID "nonsense"`},
		"field-guid":       {etl.Trace{Records: []etl.Record{event(etl.GUID("g", "1-2"))}}, `GUID "1-2"`},
		"empty-structure":  {etl.Trace{Records: []etl.Record{event(etl.Struct("s"))}}, "structure"},
		"nul-in-name":      {etl.Trace{Records: []etl.Record{etl.Event{ProviderGUID: orchestrator, Name: "a\x00b"}}}, "cannot hold NUL"},
		"long-names":       {etl.Trace{Session: strings.Repeat("s", 4000)}, "session and file name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.trace.Bytes()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
