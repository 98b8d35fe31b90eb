package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	forge "github.com/rectify-project/rectify/internal/forge/evtx"
)

var start = time.Date(2024, 3, 1, 8, 30, 0, 0, time.UTC)

// forged returns a log of n events, a minute apart: by turns Windows Update 20 and Service Control Manager 7036.
func forged(t testing.TB, n int) []byte {
	t.Helper()
	events := make([]forge.Event, n)
	for i := range events {
		e := forge.Event{Time: start.Add(time.Duration(i) * time.Minute), Channel: "System", Computer: "PC-01", ProcessID: 4, UserSID: "S-1-5-18"}
		if i%2 == 0 {
			e.Provider, e.ProviderGUID, e.ID, e.Level = "Microsoft-Windows-WindowsUpdateClient", "{945a8954-c147-4acd-923f-40c45405a658}", 20, 2
			e.EventData = []forge.Field{
				{Name: "errorCode", Value: forge.HexInt32(0x8024001e)}, {Name: "updateTitle", Value: fmt.Sprintf("2024-03 Cumulative Update (KB%07d)", i)},
				{Name: "updateGuid", Value: forge.GUID("{9482f4b4-e343-43b6-b170-9a65bc822c77}")}, {Name: "updateRevisionNumber", Value: uint32(200)},
			}
		} else {
			e.Provider, e.ProviderGUID, e.ID, e.Level = "Service Control Manager", "{555908d1-a6d7-4695-8e1e-26931d2012f4}", 7036, 4
			e.EventData = []forge.Field{{Name: "param1", Value: "Windows Update"}, {Name: "param2", Value: "stopped"}}
			e.Binary = []byte("w\x00u\x00a\x00u\x00s\x00e\x00r\x00v\x00/\x001\x00\x00\x00")
		}
		events[i] = e
	}
	var b bytes.Buffer
	if err := forge.Write(&b, events); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func scan(t testing.TB, b []byte, f Filter) ([]*Record, Coverage) {
	t.Helper()
	l, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var all []*Record
	cov, err := l.Scan(t.Context(), f, func(r *Record) error {
		all = append(all, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, cov
}

func TestOpen(t *testing.T) {
	log := forged(t, 2)
	headless := bytes.Clone(log)
	clear(headless[:4096])
	tests := map[string]struct {
		data []byte
		want string // "" for a log
	}{
		"log":                     {log, ""},
		"header-alone":            {log[:4096], ""},
		"header-cut-off":          {log[:20], ""},
		"zeroed-header":           {headless, ""},
		"empty":                   {nil, `not an EVTX file: the file is empty, expected the signature "ElfFile\x00"`},
		"hive":                    {append([]byte("regf\x01\x02\x03\x04"), make([]byte, 9000)...), `begins with "regf\x01\x02\x03\x04"`},
		"zeros":                   {make([]byte, 70000), "has no chunk at offset 4096 + n*65536"},
		"shorter-than-signature":  {[]byte("Elf"), `begins with "Elf"`},
		"chunk-at-a-wrong-offset": {append(make([]byte, 5000), log[4096:]...), "not an EVTX file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Open(bytes.NewReader(tt.data), int64(len(tt.data)))
			if tt.want == "" {
				if err != nil {
					t.Errorf("error %v", err)
				}
			} else if !errors.Is(err, ErrNotEVTX) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestFilter(t *testing.T) {
	log := forged(t, 100)
	tests := map[string]struct {
		filter Filter
		want   int
	}{
		"all":                     {Filter{}, 100},
		"id":                      {Filter{IDs: []uint32{20}}, 50},
		"ids":                     {Filter{IDs: []uint32{20, 7036}}, 100},
		"provider-in-other-case":  {Filter{Providers: []string{"SERVICE control Manager"}}, 50},
		"id-of-another-provider":  {Filter{IDs: []uint32{20}, Providers: []string{"Service Control Manager"}}, 0},
		"provider-prefix":         {Filter{Providers: []string{"Service"}}, 0},
		"from-is-inclusive":       {Filter{From: start.Add(90 * time.Minute)}, 10},
		"to-is-inclusive":         {Filter{To: start.Add(9 * time.Minute)}, 10},
		"window":                  {Filter{From: start.Add(9 * time.Minute), To: start.Add(12 * time.Minute), IDs: []uint32{20}}, 2},
		"window-in-another-zone":  {Filter{From: start.Add(99 * time.Minute).In(time.FixedZone("", -8*3600))}, 1},
		"window-behind-the-log":   {Filter{From: start.Add(24 * time.Hour)}, 0},
		"window-that-is-inverted": {Filter{From: start.Add(9 * time.Minute), To: start.Add(3 * time.Minute)}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, cov := scan(t, log, tt.filter)
			if len(got) != tt.want || cov.Matched != tt.want {
				t.Errorf("%d records, %d matched, want %d", len(got), cov.Matched, tt.want)
			}
			// The coverage is that of the log, whatever the filter.
			if cov.Records != 100 || !cov.Oldest.Equal(start) || !cov.Newest.Equal(start.Add(99*time.Minute)) {
				t.Errorf("coverage %d records, %v to %v", cov.Records, cov.Oldest, cov.Newest)
			}
		})
	}
}

// recordAt returns where record i of the first chunk begins.
func recordAt(b []byte, i int) int {
	p := fileHeaderSize + chunkHeaderSize
	for ; i > 0; i-- {
		p += int(binary.LittleEndian.Uint32(b[p+4:]))
	}
	return p
}

func TestDamage(t *testing.T) {
	log := forged(t, 700)
	_, whole := scan(t, log, Filter{})
	if whole.Chunks < 3 || whole.Records != 700 {
		t.Fatalf("coverage %+v", whole)
	}
	inFirst := int(binary.LittleEndian.Uint64(log[fileHeaderSize+16:]))
	inSecond := int(binary.LittleEndian.Uint64(log[fileHeaderSize+chunkSize+16:])) - inFirst
	le := binary.LittleEndian
	tests := map[string]struct {
		change                  func(b []byte) []byte
		records, bad, damaged   int
		empty                   int
		tail                    int64
		chunkFault, recordFault string
	}{
		"dirty-header-without-chunks": {
			change:  func(b []byte) []byte { b[120] = 1; le.PutUint16(b[42:], 0); return b },
			records: 700,
		},
		"zeroed-header": {
			change:  func(b []byte) []byte { clear(b[:4096]); return b },
			records: 700,
		},
		"hole": {
			change:  func(b []byte) []byte { clear(b[fileHeaderSize+chunkSize:][:chunkSize]); return b },
			records: 700 - inSecond, empty: 1,
		},
		"foreign-chunk": {
			change: func(b []byte) []byte {
				copy(b[fileHeaderSize+chunkSize:][:chunkSize], bytes.Repeat([]byte("garbage!"), chunkSize/8))
				return b
			},
			records: 700 - inSecond, bad: 1, chunkFault: `offset 69632: begins with "garbage!" and has no record, expected the signature "ElfChnk\x00"`,
		},
		"chunk-without-signature": {
			change:  func(b []byte) []byte { clear(b[fileHeaderSize:][:8]); return b },
			records: 700, bad: 1, chunkFault: `offset 4096: begins with "\x00\x00\x00\x00\x00\x00\x00\x00", expected`,
		},
		"chunk-without-header": {
			change:  func(b []byte) []byte { clear(b[fileHeaderSize:][:chunkHeaderSize]); return b },
			records: 700, bad: 1, chunkFault: "offset 4096: begins with",
		},
		"wrong-checksums": {
			change:  func(b []byte) []byte { clear(b[fileHeaderSize+124:][:4]); clear(b[fileHeaderSize+52:][:4]); return b },
			records: 700, bad: 1, chunkFault: "offset 4096: header checksum is wrong, data checksum is wrong",
		},
		"free-space-offset-of-an-earlier-state": {
			change: func(b []byte) []byte {
				le.PutUint32(b[fileHeaderSize+48:], uint32(recordAt(b, 5)-fileHeaderSize))
				return b
			},
			records: 700 - inFirst + 5, bad: 1,
		},
		"free-space-offset-outside": {
			change:  func(b []byte) []byte { le.PutUint32(b[fileHeaderSize+48:], 1<<31); return b },
			records: 700, bad: 1, chunkFault: "free space offset 2147483648 is outside of the chunk",
		},
		"record-without-signature": {
			change:  func(b []byte) []byte { clear(b[recordAt(b, 7):][:4]); return b },
			records: 699, bad: 1, damaged: 1, recordFault: "no whole record",
		},
		"record-size-zero": {
			change:  func(b []byte) []byte { clear(b[recordAt(b, 7)+4:][:4]); return b },
			records: 699, bad: 1, damaged: 1,
		},
		"record-size-huge": {
			change:  func(b []byte) []byte { le.PutUint32(b[recordAt(b, 7)+4:], 1<<31+8); return b },
			records: 699, bad: 1, damaged: 1,
		},
		"record-size-into-another-record": {
			change: func(b []byte) []byte {
				p := recordAt(b, 7)
				le.PutUint32(b[p+4:], le.Uint32(b[p+4:])+24)
				return b
			},
			records: 699, bad: 1, damaged: 1,
		},
		"record-size-copy-wrong": {
			change:  func(b []byte) []byte { clear(b[recordAt(b, 8)-4:][:4]); return b },
			records: 700, bad: 1,
		},
		"body-overwritten": {
			change:  func(b []byte) []byte { clear(b[recordAt(b, 7)+24:][:40]); return b },
			records: 699, bad: 1, damaged: 1, recordFault: "neither a template instance nor an element",
		},
		"value-sizes-beyond-the-record": {
			change: func(b []byte) []byte {
				le.PutUint16(b[recordAt(b, 7)+24+4+10+4:], 0xfff0) // the first value of a shared template
				return b
			},
			records: 699, bad: 1, damaged: 1, recordFault: "values lie outside of the record",
		},
		"cut-off-in-a-record": {
			change:  func(b []byte) []byte { return b[:recordAt(b, 9)+30] },
			records: 9, bad: 1, tail: int64(recordAt(log, 9)) + 30 - fileHeaderSize, chunkFault: "cut off after",
		},
		"cut-off-after-the-first-chunk": {
			change:  func(b []byte) []byte { return b[:fileHeaderSize+chunkSize] },
			records: inFirst,
		},
		"padding-behind-the-last-chunk": {
			change:  func(b []byte) []byte { return append(b, make([]byte, 4096)...) },
			records: 700, empty: 1, tail: 4096,
		},
		"few-bytes-behind-the-last-chunk": {
			change:  func(b []byte) []byte { return append(b, 1, 2, 3) },
			records: 700, tail: 3,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, cov := scan(t, tt.change(bytes.Clone(log)), Filter{})
			if len(got) != tt.records || cov.Records != tt.records {
				t.Errorf("%d records delivered, %d counted, want %d", len(got), cov.Records, tt.records)
			}
			if cov.BadChunks != tt.bad || cov.Damaged != tt.damaged || cov.EmptySlots != tt.empty || cov.TruncatedTail != tt.tail {
				t.Errorf("%d bad chunks, %d damaged records, %d empty slots, %d bytes of tail; want %d, %d, %d, %d\n%v\n%v",
					cov.BadChunks, cov.Damaged, cov.EmptySlots, cov.TruncatedTail, tt.bad, tt.damaged, tt.empty, tt.tail, cov.ChunkFaults, cov.RecordFaults)
			}
			if got := fmt.Sprint(cov.ChunkFaults); !strings.Contains(got, tt.chunkFault) {
				t.Errorf("chunk faults %s, want %q", got, tt.chunkFault)
			}
			if got := fmt.Sprint(cov.RecordFaults); !strings.Contains(got, tt.recordFault) {
				t.Errorf("record faults %s, want %q", got, tt.recordFault)
			}
			for _, r := range got {
				if _, ok := r.Value("errorCode"); r.ID == 20 && !ok {
					t.Fatalf("record %d has no errorCode: %v", r.RecordID, r.Data)
				}
			}
		})
	}
}

// failing fails to read at one chunk.
type failing struct {
	io.ReaderAt
	bad int64
}

var errMedium = errors.New("cyclic redundancy check")

func (f failing) ReadAt(b []byte, off int64) (int, error) {
	if off == f.bad {
		return 0, errMedium
	}
	return f.ReaderAt.ReadAt(b, off)
}

func TestReadErrorDoesNotHideOtherChunks(t *testing.T) {
	b := forged(t, 700)
	l, err := Open(failing{bytes.NewReader(b), fileHeaderSize + chunkSize}, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	cov, err := l.Scan(t.Context(), Filter{}, func(*Record) error { n++; return nil })
	if !errors.Is(err, errMedium) || !strings.Contains(err.Error(), "offset 69632") {
		t.Errorf("error %v, want that of reading", err)
	}
	if cov.Chunks != 3 || cov.BadChunks != 1 || n == 0 || n != cov.Matched {
		t.Errorf("%d records, coverage %+v", n, cov)
	}
}

func TestCallbackErrorEndsTheScan(t *testing.T) {
	b := forged(t, 10)
	l, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	cov, err := l.Scan(t.Context(), Filter{}, func(r *Record) error {
		if r.RecordID == 3 {
			return enough
		}
		return nil
	})
	if err != enough || cov.Matched != 3 {
		t.Errorf("error %v after %d records", err, cov.Matched)
	}
}

func TestBinaryText(t *testing.T) {
	for name, tt := range map[string]struct{ binary, want string }{
		"terminated": {"w\x00u\x00/\x004\x00\x00\x00junk", "wu/4"}, "unterminated": {"w\x00u\x00", "wu"},
		"odd": {"w\x00u", "w"}, "empty": {"", ""}, "surrogates": {"\x3d\xd8\x00\xde", "😀"}, "lone-surrogate": {"\x3d\xd8a\x00", "\uFFFDa"},
	} {
		t.Run(name, func(t *testing.T) {
			r := Record{Binary: []byte(tt.binary)}
			if got := r.BinaryText(); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
