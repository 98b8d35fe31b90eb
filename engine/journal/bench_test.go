package journal

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkAppend appends records, and beside each writes as much to a plain file with fsync, which is the least that
// any journal costs: the ratio tells more than either time.
func BenchmarkAppend(b *testing.B) {
	for name, size := range map[string]int{"400-bytes": 400, "64-kilobytes": 64 << 10} {
		b.Run(name, func(b *testing.B) {
			dir := privateTest(b)
			s, err := Open(dir, AcceptUnprotected())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			r := beginTest(b, s, "m1")
			plain, err := os.Create(filepath.Join(dir, "plain"))
			if err != nil {
				b.Fatal(err)
			}
			defer plain.Close()
			intent := Intent{Uses: "file.rename", Attempt: 1, Token: json.RawMessage(`"` + strings.Repeat("x", size) + `"`)}
			data, err := json.Marshal(intent)
			if err != nil {
				b.Fatal(err)
			}
			var journal, file []time.Duration
			for b.Loop() {
				begun := time.Now()
				if err := r.Append(Intended, "step", intent); err != nil {
					b.Fatal(err)
				}
				appended := time.Now()
				if _, err := plain.Write(data); err != nil {
					b.Fatal(err)
				}
				if err := plain.Sync(); err != nil {
					b.Fatal(err)
				}
				journal, file = append(journal, appended.Sub(begun)), append(file, time.Since(appended))
			}
			slices.Sort(journal)
			slices.Sort(file)
			mine, least := journal[len(journal)/2], file[len(file)/2] // what others do to the disk at times is not ours
			b.ReportMetric(float64(mine.Microseconds()), "µs/append-p50")
			b.ReportMetric(float64(least.Microseconds()), "µs/plain-p50")
			b.ReportMetric(float64(mine)/float64(least), "x-plain")
		})
	}
}

// BenchmarkOpen opens and closes a journal with a hundred runs.
func BenchmarkOpen(b *testing.B) {
	dir := privateTest(b)
	s, err := Open(dir, AcceptUnprotected())
	if err != nil {
		b.Fatal(err)
	}
	start := startOn("m1")
	start.Report = json.RawMessage(`"` + strings.Repeat("x", 100<<10) + `"`)
	for range 100 {
		r, err := s.Begin(start)
		if err != nil {
			b.Fatal(err)
		}
		closeAll(b, r)
	}
	closeAll(b, s)
	b.Run("to-write", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(dir, AcceptUnprotected())
			if err != nil {
				b.Fatal(err)
			}
			closeAll(b, s)
		}
	})
	b.Run("list-runs", func(b *testing.B) {
		for b.Loop() {
			s, err := OpenToRead(dir)
			if err != nil {
				b.Fatal(err)
			}
			if runs, err := s.Runs(); err != nil || len(runs) != 100 {
				b.Fatal(len(runs), err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			s, err := OpenToRead(dir)
			if err != nil {
				b.Fatal(err)
			}
			if check, err := s.Verify(); err != nil || !check.Whole() {
				b.Fatal(check, err)
			}
		}
	})
}
