package log

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// big writes a servicing log of about size bytes: twenty lines a second, with a moment in UTC every thousand lines and a
// failure every ten thousand.
func big(tb testing.TB, size int64) string {
	tb.Helper()
	root := tb.TempDir()
	dir := filepath.Join(root, "Windows", "Logs", "CBS")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "CBS.log"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	local := at("2025-12-01 00:00:00")
	written := int64(0)
	for i := 0; written < size; i++ {
		stamp := local.Add(time.Duration(i/20) * time.Second)
		message := "Info                  CBS    Appl: detect Parent, Package: Package_for_KB5000802~31bf3856ad364e35~amd64~~19041.867.1.8, Parent: Microsoft-Windows-Foundation-Package, Disposition = Detect, VersionComp: EQ"
		switch {
		case i%10_000 == 9_999:
			message = "Error                 CBS    Failed to resolve package [HRESULT = 0x800f0831 - CBS_E_STORE_CORRUPTION]"
		case i%1000 == 0:
			utc := stamp.Add(5 * time.Hour)
			message = fmt.Sprintf("Info                  CSI    %08x@%s WcpInitialize called", i, utc.Format("2006/1/2:15:04:05.000"))
		}
		n, err := fmt.Fprintf(w, "%s, %s\r\n", stamp.Format("2006-01-02 15:04:05"), message)
		if err != nil {
			tb.Fatal(err)
		}
		written += int64(n)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return root
}

// benchmarkSize is 64 MB, or RECTIFY_BENCH_MB megabytes.
func benchmarkSize(tb testing.TB) int64 {
	mb, err := strconv.ParseInt(os.Getenv("RECTIFY_BENCH_MB"), 10, 64)
	if err != nil {
		return 64 << 20
	}
	return mb << 20
}

var playbookPatterns = map[string]schema.Regexp{
	"told_to_stop":  "Trusted Installer is shutting down because: SHUTDOWN_REASON_NOTIFICATION:(?:STOP|SHUTDOWN|PRESHUTDOWN)",
	"idle_stop":     "Trusted Installer is shutting down because: SHUTDOWN_REASON_AUTOSTOP",
	"timed_out":     "(?i)0x800f0821",
	"store_corrupt": "(?i)0x80073712|0x800f0831|manifest missing for package",
}

func BenchmarkSearch(b *testing.B) {
	size := benchmarkSize(b)
	root := big(b, size)
	to, err := target.Open(target.Spec{Kind: target.Offline, Root: root, Now: now})
	if err != nil {
		b.Fatal(err)
	}
	defer to.Close()
	benchmarks := map[string][]sdk.Window{
		"whole":    nil,
		"window":   {window("2025-12-01 06:00:00", "2025-12-01 07:00:00")},
		"far-away": {window("2026-12-02 00:00:00", "2026-12-02 12:00:00")},
	}
	for name, windows := range benchmarks {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				_, err := search(b.Context(), &sdk.Call{Target: to}, SearchInput{
					Files: []schema.TargetPath{cbsLog}, Patterns: playbookPatterns, Windows: windows,
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestMemoryIsBounded searches a log that is larger than the memory it may take, where every line matches.
func TestMemoryIsBounded(t *testing.T) {
	root := big(t, 48<<20)
	call := open(t, root)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	reading, err := search(t.Context(), call, SearchInput{
		Files: []schema.TargetPath{cbsLog}, Patterns: map[string]schema.Regexp{"rare": "0x800f0831"},
	})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if hits := reading.Value.Patterns["rare"].Count; hits == 0 {
		t.Fatal("nothing was found")
	}
	if total := after.TotalAlloc - before.TotalAlloc; total > 24<<20 {
		t.Errorf("%d MiB were allocated for a log of 48 MiB", total>>20)
	}
}
