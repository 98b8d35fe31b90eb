package event

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	forge "github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/sdk"
)

// big is a disk with a log of about size bytes.
func big(tb testing.TB, size int64) *sdk.Call {
	tb.Helper()
	var events []forge.Event
	for i := range 2000 {
		at := time.Duration(i) * time.Minute
		if i%100 == 0 {
			events = append(events, failure(at, 0x8024001E, fmt.Sprint("update ", i)))
		} else {
			events = append(events, other(at, "Service Control Manager", 7036))
		}
	}
	small := disk.Log(tb, events...)
	root := tb.TempDir()
	disk.LongLog(tb, root, logs+"System.evtx", size, small, nil)
	return &sdk.Call{Target: disk.Open(tb, root, start.Add(24*time.Hour))}
}

func BenchmarkQuery(b *testing.B) {
	mb, err := strconv.ParseInt(os.Getenv("RECTIFY_BENCH_MB"), 10, 64)
	if err != nil {
		mb = 200
	}
	call := big(b, mb<<20)
	benchmarks := map[string]QueryInput{
		"failures": {Channel: "System", Provider: updates, IDs: []uint32{20}},
		"all":      {Channel: "System"},
	}
	for name, in := range benchmarks {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(mb << 20)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := query(b.Context(), call, eventlog.Source{}, in); err != nil {
					b.Fatal(err)
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapInuse)/(1<<20), "MiB-heap")
			b.ReportMetric(float64(m.Sys)/(1<<20), "MiB-sys")
		})
	}
}

// TestMemoryIsBounded queries a log in which nearly nothing matches: what is allocated must not grow with the log.
func TestMemoryIsBounded(t *testing.T) {
	call := big(t, 48<<20)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r, err := query(t.Context(), call, eventlog.Source{}, QueryInput{Channel: "System", Provider: updates, IDs: []uint32{20}, Data: map[string]string{"updateTitle": "update 100"}})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if r.Value.Count == 0 {
		t.Fatal("nothing was found")
	}
	if total := after.TotalAlloc - before.TotalAlloc; total > 32<<20 {
		t.Errorf("%d MiB were allocated for a log of 48 MiB", total>>20)
	}
	if after.HeapInuse > 64<<20 {
		t.Errorf("%d MiB of heap are in use", after.HeapInuse>>20)
	}
}
