package evtx

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// corpusDir is where real logs lie beside the checkout. They belong to others and are never committed.
const corpusDir = "../../../../shared/corpus"

type corpusFile struct {
	File    string         `json:"file"`
	Kind    string         `json:"kind"`
	Agree   bool           `json:"agree_velocidex_libevtx"` // two independent readers give the same
	LibEVTX int            `json:"records_libevtx"`
	Counts  map[string]int `json:"counts"` // by channel|provider|id
}

// corpusLogs skips the test where there is no corpus.
func corpusLogs(t *testing.T) []corpusFile {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpusDir, "index.json"))
	if err != nil {
		t.Skipf("no corpus of real logs beside the checkout: %v", err)
	}
	var all, logs []corpusFile
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Kind == "evtx" {
			logs = append(logs, f)
		}
	}
	if len(logs) == 0 {
		t.Fatal("the corpus index lists no logs")
	}
	return logs
}

func openCorpus(t *testing.T, name string) *Log {
	t.Helper()
	f, err := os.Open(filepath.Join(corpusDir, name))
	if err != nil {
		t.Skipf("no corpus of real logs beside the checkout: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCorpusCounts(t *testing.T) {
	for _, f := range corpusLogs(t) {
		t.Run(filepath.Base(f.File), func(t *testing.T) {
			l := openCorpus(t, f.File)
			// The readers that made the index do not look into a chunk that is cut off.
			whole := l.size - (l.size-fileHeaderSize)%chunkSize
			got := make(map[string]int)
			total := 0
			cov, err := l.Scan(t.Context(), Filter{}, func(r *Record) error {
				if r.Offset < whole {
					got[fmt.Sprintf("%s|%s|%d", r.Channel, r.Provider, r.ID)]++
					total++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !f.Agree {
				if total < f.LibEVTX {
					t.Errorf("%d records, libevtx reads %d; coverage %+v", total, f.LibEVTX, cov)
				}
				return
			}
			if !maps.Equal(got, f.Counts) {
				t.Errorf("counts differ\n got %v\nwant %v", got, f.Counts)
			}
			if cov.Damaged != 0 {
				t.Errorf("an undamaged log has %d damaged records: %v", cov.Damaged, cov.RecordFaults)
			}
		})
	}
}

func TestCorpusValues(t *testing.T) {
	const wuc = "Microsoft-Windows-WindowsUpdateClient"
	type want struct {
		record uint64
		field  string
		value  string
	}
	tests := map[string]struct {
		file   string
		filter Filter
		n      int
		want   []want
	}{
		"update-failures-behind-the-declared-chunks": {
			file: "evtx/omerbenamram__system.evtx", filter: Filter{IDs: []uint32{20}, Providers: []string{wuc}}, n: 5,
			want: []want{
				{561, "errorCode", "0x80248007"}, {807, "errorCode", "0x80248007"}, {1008, "errorCode", "0x80248007"},
				{1182, "errorCode", "0x80248007"}, {1823, "errorCode", "0x80246013"},
			},
		},
		"provider-in-another-case": {
			file: "evtx/fukusuket__System.evtx", filter: Filter{IDs: []uint32{20}, Providers: []string{"microsoft-windows-windowsupdateclient"}}, n: 1,
			want: []want{{433, "errorCode", "0x80240016"}},
		},
		"same-id-of-other-providers": {
			file: "evtx/fukusuket__System.evtx", filter: Filter{IDs: []uint32{20}}, n: 8,
			want: []want{{433, "errorCode", "0x80240016"}},
		},
		"task-result-codes": {
			file: "evtx/Velocidex__TaskScheduler.evtx", filter: Filter{IDs: []uint32{201}}, n: 2,
			want: []want{{2607, "ResultCode", "2147942401"}, {2607, "TaskName", `\T1053_005_OnLogon`}, {2613, "ResultCode", "0"}},
		},
		"setup-user-data": {
			file: "evtx/fukusuket__Setup.evtx", filter: Filter{}, n: 6,
			want: []want{
				{1, "PackageIdentifier", "KB5013889"}, {1, "IntendedPackageStateTextized", "Installed"},
				{2, "ErrorCode", "0x0"}, {2, "Client", "WindowsUpdateAgent"},
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			byID := make(map[uint64]*Record)
			cov, err := openCorpus(t, tt.file).Scan(t.Context(), tt.filter, func(r *Record) error {
				byID[r.RecordID] = r
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(byID) != tt.n || cov.Matched != tt.n {
				t.Errorf("%d records with distinct identifiers, %d matched, want %d", len(byID), cov.Matched, tt.n)
			}
			for _, w := range tt.want {
				r := byID[w.record]
				if r == nil {
					t.Errorf("no record %d", w.record)
				} else if got, ok := r.Value(w.field); !ok || got != w.value {
					t.Errorf("record %d: %s = %q, want %q; all: %v", w.record, w.field, got, w.value, r.Data)
				}
			}
		})
	}
}

func TestCorpusServiceStates(t *testing.T) {
	got := make(map[string]int)
	filter := Filter{IDs: []uint32{7036}, Providers: []string{"Service Control Manager"}}
	_, err := openCorpus(t, "evtx/log2timeline__System.evtx").Scan(t.Context(), filter, func(r *Record) error {
		got[r.BinaryText()]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for state, n := range map[string]int{"wuauserv/4": 6, "wuauserv/1": 5, "TrustedInstaller/1": 481, "TrustedInstaller/4": 483} {
		if got[state] != n {
			t.Errorf("%s: %d, want %d", state, got[state], n)
		}
	}
}

func TestCorpusMutations(t *testing.T) {
	for _, name := range []string{"evtx/Velocidex__TaskScheduler.evtx", "evtx/anotherc0ne__Setup.evtx"} {
		b, err := os.ReadFile(filepath.Join(corpusDir, name))
		if err != nil {
			t.Skipf("no corpus of real logs beside the checkout: %v", err)
		}
		for i := range 400 {
			scanBounded(t, mutate(rand.New(rand.NewPCG(uint64(i), 2)), b))
		}
	}
}
