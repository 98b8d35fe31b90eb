package etl_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/etl"
	forge "github.com/rectify-project/rectify/internal/forge/etl"
)

var start = time.Date(2021, 3, 10, 11, 12, 13, 0, time.UTC)

const provider = "8e6c5e26-bd5e-4a5c-9c83-5c4a4f3b2a10"

// sample is a trace of n events, one a second.
func sample(n int) forge.Trace {
	t := forge.Trace{Session: "Session", File: `C:\Trace.etl`, Build: 14393, Start: start, End: start.Add(24 * time.Hour)}
	for i := range n {
		t.Records = append(t.Records, forge.Event{
			Time: start.Add(time.Duration(i) * time.Second), ProcessID: 1, ThreadID: 2, Provider: "Provider", ProviderGUID: provider, Name: "Tick",
			Fields: []forge.Field{forge.Uint32("number", uint32(i)), forge.Unicode("text", "some text that repeats itself"), forge.HResult("hr", 0)},
		})
	}
	return t
}

func mustBytes(t testing.TB, trace forge.Trace) []byte {
	t.Helper()
	b, err := trace.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func scan(t testing.TB, b []byte) ([]etl.Event, etl.Stats) {
	t.Helper()
	trace, err := etl.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var events []etl.Event
	stats, err := trace.Scan(context.Background(), func(e *etl.Event) error {
		events = append(events, *e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, stats
}

// The orchestrator's events must give the lines that Microsoft's article about
// error 0x8024001E shows.
func TestOrchestratorText(t *testing.T) {
	trace := sample(0)
	event := func(name string, f ...forge.Field) {
		trace.Records = append(trace.Records, forge.Event{
			Time: start, Provider: "Microsoft.Windows.Update.Orchestrator", ProviderGUID: provider, Name: name, Fields: f})
	}
	event("Error Originate:DownloadHandler::UpdateDownloadResult:1893", forge.HResult("hr", 0x8024001e))
	event("Error Originate:DownloadHandler::UpdateDownloadResult:1893", forge.Int32("hr", -2145124322))
	event("Download finished", forge.Unicode("Results",
		"{85604fae-a5c5-4f6d-9012-3d86be1bccce}:2021-01 Update for Windows Server 2016 for x64-based Systems (KB4589210):hr=0x8024001e"))
	events, _ := scan(t, mustBytes(t, trace))
	originate := "*Error Originate:DownloadHandler::UpdateDownloadResult:1893* -> [hr] : -2145124322 (0x8024001E);"
	want := []string{originate, originate,
		"*Download finished* -> [Results] : {85604fae-a5c5-4f6d-9012-3d86be1bccce}:2021-01 Update for Windows Server 2016 for x64-based Systems (KB4589210):hr=0x8024001e;"}
	patterns := []string{`(?i)UpdateDownloadResult:\d+.*\(0x8024001e\)`, `(?i)UpdateDownloadResult:\d+.*\(0x8024001e\)`,
		`(?i)Download finished.*\{(?P<guid>[0-9a-f-]{36})\}:(?P<title>.+?):hr=0x8024001e`}
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d", len(events), len(want))
	}
	for i, e := range events {
		if e.Text() != want[i] {
			t.Errorf("text %q, want %q", e.Text(), want[i])
		}
		if !regexp.MustCompile(patterns[i]).MatchString(e.Text()) {
			t.Errorf("%q does not match %s", e.Text(), patterns[i])
		}
	}
}

func TestText(t *testing.T) {
	for name, c := range map[string]struct {
		event etl.Event
		want  string
	}{
		"message":         {etl.Event{Name: "Agent", Decoded: true, Fields: []etl.Field{{Name: "Info", Value: "found 2 updates\r\n"}}}, "Agent: found 2 updates"},
		"message-unnamed": {etl.Event{Decoded: true, Fields: []etl.Field{{Name: "Message", Value: "hello"}}}, "hello"},
		"no-fields":       {etl.Event{Name: "Started", Decoded: true}, "*Started*"},
		"one-line":        {etl.Event{Name: "A\nB", Decoded: true, Fields: []etl.Field{{Name: "x", Value: "1\r\n\t2\x00"}}}, "*A B* -> [x] : 1 2;"},
		"not-decoded":     {etl.Event{Kind: etl.Manifest, ProviderGUID: provider, ID: 20}, "<manifest " + provider + "/20>"},
		"partly-decoded":  {etl.Event{Name: "E", Fields: []etl.Field{{Name: "a", Value: "1"}}}, "*E* -> [a] : 1;"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.event.Text(); got != c.want {
				t.Errorf("text %q, want %q", got, c.want)
			}
		})
	}
}

func TestNotTrace(t *testing.T) {
	whole := mustBytes(t, sample(1))
	changed := func(at int, b ...byte) []byte {
		c := bytes.Clone(whole)
		copy(c[at:], b)
		return c
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":            {nil, "0 bytes at offset 0x0"},
		"short":            {[]byte("MZ"), "2 bytes at offset 0x0"},
		"zeros":            {make([]byte, 1<<20), "buffer of 0 bytes"},
		"text":             {bytes.Repeat([]byte("this is a text file\r\n"), 100), "expected 72 to 16777216"},
		"event-log":        {append([]byte("ElfFile\x00"), make([]byte, 4096)...), "expected 72 to 16777216"},
		"not-header-type":  {changed(0x36, 0), "buffer type 0"},
		"record-marker":    {changed(0x48, 1, 2, 3, 4), "expected the trace header"},
		"header-too-short": {changed(0x48+4, 40, 0), "the trace header has 8 bytes"},
		"buffer-size":      {changed(0x48+32, 0xff, 0xff, 0xff, 0xff), "buffers of 4294967295 bytes"},
		"cut-in-header":    {whole[:200], "the trace header says"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := etl.Open(bytes.NewReader(c.data), int64(len(c.data)))
			if !errors.Is(err, etl.ErrNotTrace) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestDamage(t *testing.T) {
	const perBuffer = 18 // events of the sample in a buffer of 4096 bytes
	for name, c := range map[string]struct {
		compressed bool
		change     func(b []byte) []byte
		lost       int // events
		damaged    int
		truncated  bool
		reason     string
	}{
		"whole":               {change: func(b []byte) []byte { return b }},
		"buffer-size-zero":    {change: func(b []byte) []byte { return poke(b, 8192, 0) }, lost: perBuffer, damaged: 1, reason: "buffer of 0 bytes"},
		"buffer-size-other":   {change: func(b []byte) []byte { return poke(b, 8192, 5000) }, lost: perBuffer, damaged: 1, reason: "the trace has buffers of 4096"},
		"used-too-much":       {change: func(b []byte) []byte { return poke(b, 8192+0x30, 1<<30) }, lost: perBuffer, damaged: 1, reason: "uses 1073741824 bytes"},
		"buffer-of-garbage":   {change: func(b []byte) []byte { return fill(b[:8192], b[8192:12288], b[12288:], 0xa5) }, lost: perBuffer, damaged: 1, reason: "expected 72"},
		"never-written":       {change: func(b []byte) []byte { return fill(b[:8192], b[8192:12288], b[12288:], 0) }, lost: perBuffer, truncated: true},
		"record-size":         {change: func(b []byte) []byte { return poke(b, 8192+0x48, 0xc013ffff) }, lost: perBuffer, damaged: 1, reason: "size 65535"},
		"record-marker":       {change: func(b []byte) []byte { return poke(b, 8192+0x48, 0x12345678) }, lost: perBuffer, damaged: 1, reason: "record marker 12345678"},
		"cut-in-buffer":       {change: func(b []byte) []byte { return b[:8192+0x48+300] }, lost: 60 - 19, damaged: 1, truncated: true, reason: "record marker"},
		"cut-between-buffers": {change: func(b []byte) []byte { return b[:8192] }, lost: 60 - perBuffer, truncated: true},
		"cut-in-header":       {change: func(b []byte) []byte { return b[:8192+10] }, lost: 60 - perBuffer, truncated: true},
		"only-header":         {change: func(b []byte) []byte { return b[:4096] }, lost: 60, truncated: true},
		"packed-size-zero":    {compressed: true, change: func(b []byte) []byte { return poke(b, 1024, 0) }, lost: 60, damaged: 1, truncated: true, reason: "the rest of this compressed trace"},
		"packed-cut":          {compressed: true, change: func(b []byte) []byte { return b[:1024+0x48+20] }, lost: 60, damaged: 2, truncated: true, reason: "ends early"},
	} {
		t.Run(name, func(t *testing.T) {
			trace := sample(60)
			trace.Compressed = c.compressed
			events, stats := scan(t, c.change(mustBytes(t, trace)))
			if lost := 60 - len(events); lost != c.lost || stats.Damaged != c.damaged || stats.Truncated != c.truncated {
				t.Errorf("%d events lost, want %d; statistics %+v", lost, c.lost, stats)
			}
			if c.reason != "" && (len(stats.Damage) == 0 || !strings.Contains(stats.Damage[0].Reason, c.reason)) {
				t.Errorf("damage %+v, want %q", stats.Damage, c.reason)
			}
			for _, e := range events {
				if !e.Decoded || e.Name != "Tick" {
					t.Errorf("event %+v", e)
				}
			}
		})
	}
}

func poke(b []byte, at int, v uint32) []byte {
	binary.LittleEndian.PutUint32(b[at:], v)
	return b
}

func fill(before, middle, after []byte, with byte) []byte {
	return bytes.Join([][]byte{before, bytes.Repeat([]byte{with}, len(middle)), after}, nil)
}

// An event must be found again where it says that it is.
func TestWhere(t *testing.T) {
	trace := sample(60)
	b := mustBytes(t, trace)
	events, _ := scan(t, b)
	for _, e := range events {
		at := e.Offset + int64(e.Position)
		if b[at+2] != 0x13 || b[at+3] != 0xc0 || e.Where() != fmt.Sprintf("offset 0x%x", at) {
			t.Fatalf("%s: no event is there", e.Where())
		}
	}
	trace.Compressed = true
	events, _ = scan(t, mustBytes(t, trace))
	if got, want := events[0].Where(), "buffer 0x400 (compressed) +0x48"; got != want {
		t.Errorf("place %q, want %q", got, want)
	}
}

func TestStop(t *testing.T) {
	b := mustBytes(t, sample(60))
	trace, err := etl.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	stats, err := trace.Scan(context.Background(), func(*etl.Event) error { return enough })
	if !errors.Is(err, enough) || stats.Events != 1 {
		t.Errorf("error %v after %d events", err, stats.Events)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stats, err = trace.Scan(ctx, func(*etl.Event) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) || stats.Events >= 60 {
		t.Errorf("error %v after %d events", err, stats.Events)
	}
}

// Packed buffers of a few bytes that each unpack to the largest buffer must not
// keep the reader busy.
func TestExpansionIsBounded(t *testing.T) {
	trace := sample(1)
	trace.Compressed = true
	b := poke(mustBytes(t, trace)[:1024], 0x48+32, 16<<20)
	bomb := make([]byte, 0x48)
	payload := []byte("\x00\x00\x00\x40\xc0\x07\x00\x0f\xff\x00\x00\x00\x00\x00\x01")
	poke(bomb, 0, uint32(len(bomb)+len(payload)))
	poke(bomb, 0x30, 16<<20)
	poke(bomb, 0x34, 0x40)
	b = append(b, bytes.Repeat(append(bomb, payload...), 1000)...)
	_, stats := scan(t, b)
	if stats.Damaged < 900 || !strings.Contains(stats.Damage[len(stats.Damage)-1].Reason, "times its size") {
		t.Errorf("statistics %+v", stats)
	}
}

// Whatever happens to a trace, it is read to an end and what is read is sound.
func TestMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	plain := sample(60)
	plain.Records = append(plain.Records, forge.Message{Time: start, GUID: provider, Number: 1})
	packed := plain
	packed.Compressed = true
	for _, original := range [][]byte{mustBytes(t, plain), mustBytes(t, packed)} {
		for range 1500 {
			b := bytes.Clone(original)
			for range 1 + random.IntN(20) {
				b[random.IntN(len(b))] = byte(random.Uint32())
			}
			if random.IntN(4) == 0 {
				b = b[:random.IntN(len(b))]
			}
			checkSound(t, b)
		}
	}
}

func checkSound(t *testing.T, b []byte) {
	t.Helper()
	trace, err := etl.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		if !errors.Is(err, etl.ErrNotTrace) {
			t.Fatalf("error %v is no ErrNotTrace", err)
		}
		return
	}
	n := 0
	stats, err := trace.Scan(context.Background(), func(e *etl.Event) error {
		n++
		if strings.ContainsAny(e.Text(), "\r\n\x00") {
			t.Fatalf("text %q is not one line", e.Text())
		}
		if e.Offset < 0 || e.Offset >= int64(len(b)) || !e.Compressed && e.Offset+int64(e.Position) >= int64(len(b)) {
			t.Fatalf("%s is outside of the trace of %d bytes", e.Where(), len(b))
		}
		if e.Decoded == (e.Problem != "") && e.Kind != etl.Kernel {
			t.Fatalf("decoded is %v with problem %q", e.Decoded, e.Problem)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if stats.Events != n || len(stats.Damage) > stats.Damaged {
		t.Fatalf("statistics %+v after %d events", stats, n)
	}
}

func FuzzScan(f *testing.F) {
	trace := sample(3)
	trace.BufferSize = 1024
	trace.Records = append(trace.Records, forge.Message{Time: start, GUID: provider, Number: 1, Arguments: []byte("abc")})
	f.Add(mustBytes(f, trace))
	trace.Compressed = true
	f.Add(mustBytes(f, trace))
	f.Fuzz(func(t *testing.T, b []byte) { checkSound(t, b) })
}

func BenchmarkScan(b *testing.B) {
	for name, compressed := range map[string]bool{"plain": false, "compressed": true} {
		b.Run(name, func(b *testing.B) {
			trace := sample(20_000)
			trace.BufferSize = 65536
			plain := mustBytes(b, trace)
			trace.Compressed = compressed
			data := mustBytes(b, trace)
			b.SetBytes(int64(len(plain))) // unpacked, so that both compare
			b.ReportAllocs()
			for b.Loop() {
				scan, err := etl.Open(bytes.NewReader(data), int64(len(data)))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := scan.Scan(context.Background(), func(*etl.Event) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
