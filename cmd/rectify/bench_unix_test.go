//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

const mebibyte = 1 << 20

// benchmarkMB is how large a file a benchmark makes, in MiB: as usual, or RECTIFY_BENCH_MB.
func benchmarkMB(tb testing.TB, usual int64) int64 {
	tb.Helper()
	set := os.Getenv("RECTIFY_BENCH_MB")
	if set == "" {
		return usual
	}
	mb, err := strconv.ParseInt(set, 10, 64)
	if err != nil || mb < 1 {
		tb.Fatalf("RECTIFY_BENCH_MB is %q, expected a number of MiB", set)
	}
	return mb
}

// measured is the program as it is shipped, measured as a process.
type measured struct {
	gauge   gauge
	program string
}

func newMeasured(tb testing.TB) measured {
	tb.Helper()
	return measured{newGauge(tb), built(tb, "-trimpath", "-ldflags=-s -w")}
}

// diagnose diagnoses a disk.
func (p measured) diagnose(tb testing.TB, root string) measurement {
	tb.Helper()
	m := p.gauge.run(tb, nil, p.program, "diagnose", "0x8024001E", "--root", root)
	if m.Exit != exitDone {
		tb.Fatalf("exit code %d", m.Exit)
	}
	return m
}

// rounds is what the rounds of a benchmark took: the shortest times, because other work of the machine only ever adds to
// them, and the most memory.
type rounds struct {
	wall, cpu time.Duration
	resident  int64
}

func (r *rounds) add(m measurement) {
	if r.wall == 0 || m.Wall < r.wall {
		r.wall = m.Wall
	}
	if r.cpu == 0 || m.CPU < r.cpu {
		r.cpu = m.CPU
	}
	r.resident = max(r.resident, m.Resident)
}

// speed is MiB in a second.
func (r *rounds) speed(size int64) float64 { return float64(size) / mebibyte / r.wall.Seconds() }

// report reports a program that ran as a process: the time of the process, not that of measuring it.
func (r *rounds) report(b *testing.B, size int64) {
	b.Helper()
	b.ReportMetric(float64(r.wall.Nanoseconds()), "ns/op")
	b.ReportMetric(float64(r.cpu.Nanoseconds()), "cpu-ns/op")
	b.ReportMetric(float64(r.resident)/mebibyte, "resident-MiB")
	if size > 0 {
		b.ReportMetric(r.speed(size), "MiB/s")
	}
}

// beside is a program beside which rectify is measured; nil where it is not installed.
type beside struct {
	name   string
	rounds rounds
	size   int64
}

// peer measures a program in the same run.
func (p measured) peer(b *testing.B, size int64, name string, args ...string) *beside {
	b.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		b.Logf("%s is not installed, nothing is compared", name)
		return nil
	}
	out := &beside{name: name, size: size}
	for range 3 {
		m := p.gauge.run(b, nil, path, args...)
		if m.Exit != 0 {
			b.Fatalf("%s %q: exit code %d", name, args, m.Exit)
		}
		out.rounds.add(m)
	}
	b.Logf("%s: %.0f MiB/s, %s CPU, %d MiB resident", name, out.rounds.speed(size), out.rounds.cpu, out.rounds.resident/mebibyte)
	return out
}

// report reports how many times as fast rectify was, by the clock and by the time that processors worked.
func (p *beside) report(b *testing.B, r *rounds, size int64) {
	b.Helper()
	if p == nil {
		return
	}
	b.ReportMetric(r.speed(size)/p.rounds.speed(p.size), "×"+p.name)
	b.ReportMetric(float64(p.rounds.cpu)/float64(p.size)/(float64(r.cpu)/float64(size)), "×"+p.name+"-cpu")
}

// probed is what `rectify probe --format json` prints, as far as it is counted.
type probed struct {
	Status string
	Value  struct {
		Count    int
		Patterns map[string]struct{ Count int }
	}
}

// probe runs a probe and reads its answer.
func (p measured) probe(tb testing.TB, root, uses string, with ...string) (measurement, probed) {
	tb.Helper()
	args := []string{"probe", uses, "--root", root, "--format", "json"}
	for _, w := range with {
		args = append(args, "--with", w)
	}
	var out bytes.Buffer
	m := p.gauge.run(tb, &out, p.program, args...)
	var answer probed
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || m.Exit != exitDone {
		tb.Fatalf("rectify %q: exit code %d, %v\n%.500s", args, m.Exit, err, &out)
	}
	return m, answer
}

// BenchmarkDiagnoseCold diagnoses a sample disk as a user does, from the start of the program to the end of its plugins.
func BenchmarkDiagnoseCold(b *testing.B) {
	p := newMeasured(b)
	var r rounds
	for b.Loop() {
		r.add(p.diagnose(b, filepath.Join("..", "..", "examples", "hosts", "task-interferes")))
	}
	r.report(b, 0)
}

// queries are what event.query is measured with: a search for few records, and one that every record has a part in.
var queries = map[string][]string{
	"failures": {"channel=System", "provider=Microsoft-Windows-WindowsUpdateClient", "ids=[20]"},
	"all":      {"channel=System"},
}

func BenchmarkEventQuery200MB(b *testing.B) {
	p, root := newMeasured(b), b.TempDir()
	failures := bigChannel(b, root, benchmarkMB(b, 200)*mebibyte)
	size := fileSize(b, filepath.Join(root, systemLog))
	// evtxexport is some fifty times slower: it gets a log of the same shape and a tenth of the size.
	part := b.TempDir()
	bigChannel(b, part, benchmarkMB(b, 200)*mebibyte/10)
	partLog := filepath.Join(part, systemLog)
	export := p.peer(b, fileSize(b, partLog), "evtxexport", partLog)
	for name, with := range queries {
		b.Run(name, func(b *testing.B) {
			var r rounds
			for b.Loop() {
				m, answer := p.probe(b, root, "event.query", with...)
				if name == "failures" && answer.Value.Count != failures {
					b.Fatalf("%d records, want %d", answer.Value.Count, failures)
				}
				r.add(m)
			}
			r.report(b, size)
			export.report(b, &r, size)
		})
	}
}

func BenchmarkLogSearch1GB(b *testing.B) {
	p, root := newMeasured(b), b.TempDir()
	rare := bigServicing(b, root, benchmarkMB(b, 1024)*mebibyte)
	file := filepath.Join(root, cbsFile)
	size := fileSize(b, file)
	patterns := searchPatterns(b)
	args := []string{"-c"}
	for _, name := range slices.Sorted(maps.Keys(patterns)) {
		args = append(args, "-e", patterns[name])
	}
	grep := p.peer(b, size, "rg", append(args, file)...)
	searches := map[string][]string{
		"whole":  searchArguments(b, patterns),
		"window": append(searchArguments(b, patterns), `windows=[{"from":"2026-01-20T08:38:00Z","to":"2026-01-20T09:05:00Z"}]`),
	}
	for name, with := range searches {
		b.Run(name, func(b *testing.B) {
			var r rounds
			for b.Loop() {
				m, answer := p.probe(b, root, "log.search", with...)
				if found := answer.matches(); name == "whole" && found != rare {
					b.Fatalf("%d lines, want %d", found, rare)
				}
				r.add(m)
			}
			r.report(b, size)
			grep.report(b, &r, size)
		})
	}
}

// searchArguments are those of the playbook's search.
func searchArguments(tb testing.TB, patterns map[string]string) []string {
	tb.Helper()
	data, err := json.Marshal(patterns)
	if err != nil {
		tb.Fatal(err)
	}
	return []string{`files=["%SystemRoot%\\Logs\\CBS\\CBS.log"]`, "format=cbs", "patterns=" + string(data)}
}

// matches counts the lines that any pattern matched; the playbook's do not overlap.
func (a *probed) matches() int {
	n := 0
	for _, pattern := range a.Value.Patterns {
		n += pattern.Count
	}
	return n
}

func fileSize(tb testing.TB, path string) int64 {
	tb.Helper()
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}

// TestMemory holds each process of a run to its bound, whatever the sizes of the logs.
func TestMemory(t *testing.T) {
	const forProbes, forDiagnosis = 64, 120 // MiB
	p := newMeasured(t)
	root := copyDisk(t, "task-interferes").root
	failures := bigChannel(t, root, 72*mebibyte)
	rare := bigServicing(t, root, 200*mebibyte)
	within := func(t *testing.T, m measurement, bound int64) {
		t.Helper()
		t.Logf("%d MiB resident, %s", m.Resident/mebibyte, m.Wall.Round(time.Millisecond))
		if m.Resident == 0 || m.Resident > bound*mebibyte {
			t.Errorf("a process had %d MiB resident, want at most %d", m.Resident/mebibyte, bound)
		}
	}
	for name, with := range queries {
		t.Run("event-query-"+name, func(t *testing.T) {
			m, answer := p.probe(t, root, "event.query", with...)
			if name == "failures" && answer.Value.Count != failures {
				t.Errorf("%d records, want %d", answer.Value.Count, failures)
			}
			within(t, m, forProbes)
		})
	}
	t.Run("log-search", func(t *testing.T) {
		m, answer := p.probe(t, root, "log.search", searchArguments(t, searchPatterns(t))...)
		if n := answer.matches(); n != rare {
			t.Errorf("%d lines, want %d", n, rare)
		}
		within(t, m, forProbes)
	})
	t.Run("diagnose", func(t *testing.T) {
		within(t, p.diagnose(t, root), forDiagnosis)
	})
}
