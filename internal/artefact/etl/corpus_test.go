package etl_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/etl"
)

// corpus opens a real trace, and skips where the corpus of real Windows data is
// not beside the checkout.
func corpus(t testing.TB, name string) (*os.File, int64) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "corpus", "etl", name)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s: the corpus of real Windows data is not here", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return f, info.Size()
}

func TestRealTraces(t *testing.T) {
	const wu, medic = "0b7a6f19-47c4-454e-8c5c-e868d637e4d8", "30d25124-a468-505c-de82-8411646eb8b5"
	for name, want := range map[string]struct {
		file       string
		session    string
		build      uint32
		buffers    int
		compressed int
		closed     bool
		kinds      map[etl.Kind]int
		provider   string
		guid       string
		names      map[string]int // of the events' names, those that are checked
		first      string         // text of the first event with a text
		oldest     string
	}{
		"windows-update": {
			file: "eyeofparadox__WindowsUpdate.20250426.052044.386.1.etl", session: "WindowsUpdate_trace_log", build: 26100,
			buffers: 15, closed: true, kinds: map[etl.Kind]int{etl.TraceLogging: 173}, provider: "WUTraceLogging", guid: wu,
			names: map[string]int{"Misc": 55, "Agent": 38, "ComApi": 17, "SLS": 16},
			first: "Shared: * START * Service startup", oldest: "2025-04-26T12:20:44.3907897Z",
		},
		"medic": {
			file: "eyeofparadox__waasmedic.20250426_122102_987.etl", session: "ECCB175F-1EB2-43DA-BFB5-A8D58A40A4D7", build: 26100,
			buffers: 4, closed: true, kinds: map[etl.Kind]int{etl.TraceLogging: 39, etl.Kernel: 2},
			provider: "Microsoft.Windows.WaaSMedic.Local", guid: medic, names: map[string]int{"Error": 21, "Info": 18},
			first: "Info: ** Service starting **", oldest: "2025-04-26T12:21:02.9950239Z",
		},
		"medic-never-closed": {
			file: "eyeofparadox__waasmedic.20250426_122353_521.etl", session: "ECCB175F-1EB2-43DA-BFB5-A8D58A40A4D7", build: 26100,
			buffers: 1, closed: false, kinds: map[etl.Kind]int{},
		},
		"medic-windows-11": {
			file: "jtmoon79__waasmedic.20251005_113019_195.etl", session: "ECCB175F-1EB2-43DA-BFB5-A8D58A40A4D7", build: 22631,
			buffers: 2, closed: true, kinds: map[etl.Kind]int{etl.TraceLogging: 17, etl.Kernel: 2},
			provider: "Microsoft.Windows.WaaSMedic.Local", guid: medic, names: map[string]int{"Info": 16, "Warning": 1},
			first: "Info: ** Service starting **", oldest: "2025-10-05T11:30:19.2015908Z",
		},
		"server-initiated-healing": {
			file: "jtmoon79__SIH.20230422.034724.362.1.etl", session: "SIH_trace_log", build: 22621,
			buffers: 2, closed: true, kinds: map[etl.Kind]int{etl.TraceLogging: 10}, provider: "SIHTraceLogging",
			guid: "9906081d-e45a-4f41-a53f-2ac2e0225de1", names: map[string]int{"SIH": 10}, first: "SIH: wmain", oldest: "2023-04-22T10:47:24.4722782Z",
		},
		"setup-system-clock": {
			file: "michampr__setup.etl", session: "Microsoft-Windows-Setup", build: 17763,
			buffers: 76, closed: true, kinds: map[etl.Kind]int{etl.Manifest: 1190}, oldest: "2019-06-05T20:04:37.6309334Z",
		},
		"script-scans": {
			file: "airbus-cert__AMSITrace.etl", session: "AMSITraceSession", build: 18362,
			buffers: 6, closed: true, kinds: map[etl.Kind]int{etl.TraceLogging: 19}, provider: "AmsiTrace",
			guid: "8e805eb3-6a8f-4a1e-90fa-a831d94e54a1", names: map[string]int{"AmsiScript": 19}, oldest: "2020-02-17T12:48:57.4542723Z",
		},
		"kernel": {
			file: "airbus-cert__ShutdownPerfDiagLogger.etl", session: "PerfDiag Logger", build: 18362,
			buffers: 49, closed: true, kinds: map[etl.Kind]int{etl.Kernel: 17075}, oldest: "2020-02-28T17:15:47.4125905Z",
		},
		"compressed": {
			file: "microsoft__SelfDescribingSingleEvent.etl", session: "Relogger", build: 22000,
			buffers: 3, compressed: 2, closed: true, kinds: map[etl.Kind]int{etl.TraceLogging: 1, etl.Kernel: 18},
			provider: "MySource", names: map[string]int{"TestEvent": 1}, oldest: "2022-04-20T21:27:15.2722435Z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, size := corpus(t, want.file)
			trace, err := etl.Open(f, size)
			if err != nil {
				t.Fatal(err)
			}
			names, first := map[string]int{}, ""
			stats, err := trace.Scan(context.Background(), func(e *etl.Event) error {
				if e.Decoded {
					names[e.Name]++
					if first == "" {
						first = e.Text()
					}
					if e.Provider != want.provider || want.guid != "" && e.ProviderGUID != want.guid {
						t.Errorf("%s: provider %q %s", e.Where(), e.Provider, e.ProviderGUID)
					}
				}
				if e.Kind != etl.Kernel && (e.Time.Before(trace.Header().Start) || e.Time.After(trace.Header().End.Add(time.Second))) {
					t.Errorf("%s: time %v is outside of the session", e.Where(), e.Time)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			h := stats.Header
			if h.Session != want.session || h.Build != want.build || h.Closed() != want.closed {
				t.Errorf("header %+v", h)
			}
			if stats.Buffers != want.buffers || stats.Compressed != want.compressed || stats.Damaged != 0 || stats.Truncated {
				t.Errorf("statistics %+v", stats)
			}
			if !reflect.DeepEqual(stats.Kinds, want.kinds) {
				t.Errorf("kinds %v, want %v", stats.Kinds, want.kinds)
			}
			if stats.Decoded != want.kinds[etl.TraceLogging] || stats.Undecoded != want.kinds[etl.Manifest] {
				t.Errorf("%d decoded, %d not", stats.Decoded, stats.Undecoded)
			}
			for n, count := range want.names {
				if names[n] != count {
					t.Errorf("%d events %q, want %d", names[n], n, count)
				}
			}
			if want.first != "" && first != want.first {
				t.Errorf("first text %q, want %q", first, want.first)
			}
			oldest := ""
			if !stats.Oldest.IsZero() {
				oldest = stats.Oldest.Format(time.RFC3339Nano)
			}
			if oldest != want.oldest {
				t.Errorf("oldest event %s, want %s", oldest, want.oldest)
			}
		})
	}
}

func TestRealNestedStructure(t *testing.T) {
	f, size := corpus(t, "microsoft__SelfDescribingSingleEvent.etl")
	trace, err := etl.Open(f, size)
	if err != nil {
		t.Fatal(err)
	}
	var got []etl.Field
	if _, err := trace.Scan(context.Background(), func(e *etl.Event) error {
		if e.Kind == etl.TraceLogging {
			got = e.Fields
			t.Log(e.Where(), e.Text())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 {
		t.Fatal("the event has no fields")
	}
	for _, field := range got {
		if field.Name == "" || field.Value == "" {
			t.Errorf("field %+v", field)
		}
	}
}

func BenchmarkRealKernelTrace(b *testing.B) {
	benchmarkReal(b, "airbus-cert__ShutdownPerfDiagLogger.etl")
}

func BenchmarkRealWindowsUpdate(b *testing.B) {
	benchmarkReal(b, "eyeofparadox__WindowsUpdate.20250426.052044.386.1.etl")
}

func benchmarkReal(b *testing.B, name string) {
	f, size := corpus(b, name)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		trace, err := etl.Open(f, size)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := trace.Scan(context.Background(), func(*etl.Event) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
