package holders

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rectify-project/rectify/sdk/target"
)

// processInfo is RM_PROCESS_INFO, field by field as restartmanager.h declares it.
type processInfo struct {
	ProcessID        uint32
	ProcessStartTime struct{ Low, High uint32 }
	AppName          [256]uint16
	ServiceShortName [64]uint16
	ApplicationType  uint32
	AppStatus        uint32
	TSSessionID      uint32
	Restartable      int32
}

func recorded(t testing.TB, all ...Holder) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, h := range all {
		r := processInfo{ProcessID: h.Process, ApplicationType: uint32(h.Kind), AppStatus: 1, TSSessionID: 0xffffffff, Restartable: 1}
		if !h.Started.IsZero() {
			steps := uint64(h.Started.Unix()+11644473600)*1e7 + uint64(h.Started.Nanosecond()/100)
			r.ProcessStartTime.Low, r.ProcessStartTime.High = uint32(steps), uint32(steps>>32)
		}
		copy(r.AppName[:], utf16.Encode([]rune(h.Name)))
		copy(r.ServiceShortName[:], utf16.Encode([]rune(h.Service)))
		if err := binary.Write(&b, binary.LittleEndian, r); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestDecode(t *testing.T) {
	if recordLen != 668 || binary.Size(processInfo{}) != recordLen {
		t.Fatalf("a record has %d bytes, that of the header %d", recordLen, binary.Size(processInfo{}))
	}
	want := []Holder{
		{Process: 1234, Started: time.Date(2026, 1, 10, 9, 0, 0, 123456700, time.UTC), Name: "Windows Update", Service: "wuauserv", Kind: Service},
		{Process: 0xfffffffe, Name: strings.Repeat("é", 256), Service: strings.Repeat("s", 64), Kind: Critical},
		{Process: 8, Name: "日本 𝄞"},
	}
	got, err := decode(recorded(t, want...))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if got, err := decode(nil); got != nil || err != nil {
		t.Errorf("of nothing: %v, %v", got, err)
	}
	if _, err := decode(make([]byte, recordLen+1)); err == nil || !strings.Contains(err.Error(), "669 bytes") {
		t.Errorf("of one byte too many: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(recorded(f, Holder{Process: 1, Name: "x", Service: "y", Kind: Console}))
	f.Add(bytes.Repeat([]byte{0xff}, 2*recordLen))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := decode(b)
		if err == nil && len(all) != len(b)/recordLen {
			t.Errorf("%d of %d bytes", len(all), len(b))
		}
		_ = Sentence(all)
	})
}

func TestBelow(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"w/b", "w/sub/deep/c", "w/sub/a", "x"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range maxFiles + 10 {
		path := filepath.Join(root, "many", strings.Repeat("y", 1+i/100), string(rune('a'+i%26))+strings.Repeat("z", i%97))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Symlink("x", filepath.Join(root, "w", "link")) // where there are links
	disk, err := target.Open(target.Spec{Kind: target.Offline, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	for path, want := range map[string][]string{`C:\W`: {`C:\w\b`, `C:\w\sub\a`, `C:\w\sub\deep\c`}, `C:\X`: {`C:\x`}} {
		if got, err := below(t.Context(), disk, path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v; want %q", path, got, err, want)
		}
	}
	if got, err := below(t.Context(), disk, `C:\many`); err != nil || len(got) != maxFiles {
		t.Errorf("%d files, %v; want %d", len(got), err, maxFiles)
	}
	if _, err := below(t.Context(), disk, `C:\none`); err == nil {
		t.Error("of nothing there is no error")
	}
}
