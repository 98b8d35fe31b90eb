package evtx

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"testing"
)

// repeated is a log of any size: the header of a small one, and its chunks over and over.
type repeated struct {
	log  []byte
	size int64
}

func (r repeated) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) && off < r.size {
		at := off
		if off >= fileHeaderSize {
			at = fileHeaderSize + (off-fileHeaderSize)%int64(len(r.log)-fileHeaderSize)
		}
		m := copy(b[n:min(int64(len(b)), int64(n)+r.size-off)], r.log[at:])
		n += m
		off += int64(m)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// large returns a log of about 200 MB.
func large(t testing.TB) repeated {
	b := forged(t, 4000)
	chunks := int64(len(b)-fileHeaderSize) / chunkSize
	return repeated{b, fileHeaderSize + 200<<20/(chunks*chunkSize)*chunks*chunkSize}
}

func TestMemoryStaysBounded(t *testing.T) {
	l, err := Open(large(t), large(t).size)
	if err != nil {
		t.Fatal(err)
	}
	filter := Filter{IDs: []uint32{20}, Providers: []string{"microsoft-windows-windowsupdateclient"}, From: start.AddDate(0, 0, 2)}
	var before, after, peak runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	cov, err := l.Scan(t.Context(), filter, func(r *Record) error {
		if r.RecordID == 3999 {
			runtime.GC()
			runtime.ReadMemStats(&peak)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if cov.Records < 500_000 || cov.Matched == 0 || cov.Damaged != 0 || peak.HeapAlloc == 0 {
		t.Fatalf("coverage %+v", cov)
	}
	if live := int64(peak.HeapAlloc) - int64(before.HeapAlloc); live > 8<<20 {
		t.Errorf("%d bytes are live during the scan", live)
	}
	// All that is allocated beside the delivered records: buffers and programs of templates.
	if total := int64(after.TotalAlloc-before.TotalAlloc) - 2048*int64(cov.Matched); total > 32<<20 {
		t.Errorf("a scan of %d bytes allocates %d bytes beside its %d records", l.size, total, cov.Matched)
	}
}

func benchmarkScan(b *testing.B, filter Filter) {
	src := large(b)
	l, err := Open(src, src.size)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(src.size)
	b.ReportAllocs()
	for b.Loop() {
		cov, err := l.Scan(b.Context(), filter, func(*Record) error { return nil })
		if err != nil || cov.Damaged != 0 {
			b.Fatal(err, cov)
		}
		b.ReportMetric(float64(cov.Matched), "records/op")
	}
}

func BenchmarkScanNoMatch(b *testing.B) {
	benchmarkScan(b, Filter{IDs: []uint32{20}, Providers: []string{"Microsoft-Windows-Kernel-Boot"}})
}

func BenchmarkScanFewMatches(b *testing.B) {
	benchmarkScan(b, Filter{IDs: []uint32{20}, Providers: []string{"Microsoft-Windows-WindowsUpdateClient"}, From: start.AddDate(0, 0, 2)})
}

func BenchmarkScanAll(b *testing.B) { benchmarkScan(b, Filter{}) }

// BenchmarkHeaders is the lower bound of a scan: reading, checksums and the walk from record to record.
func BenchmarkHeaders(b *testing.B) {
	src := large(b)
	buf := make([]byte, chunkSize)
	b.SetBytes(src.size)
	for b.Loop() {
		n := 0
		for off := int64(fileHeaderSize); off < src.size; off += chunkSize {
			if _, err := src.ReadAt(buf, off); err != nil {
				b.Fatal(err)
			}
			if !bytes.HasPrefix(buf, []byte(chunkSignature)) || chunkFaults(buf) != "" {
				b.Fatal("bad chunk")
			}
			s := scanner{data: buf}
			limit := int(binary.LittleEndian.Uint32(buf[48:]))
			for p := chunkHeaderSize; p < limit; n++ {
				size, ok := s.recordSize(p, limit)
				if !ok {
					b.Fatal("bad record")
				}
				p += size
			}
		}
		b.ReportMetric(float64(n), "records/op")
	}
}
