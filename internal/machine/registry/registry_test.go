package registry_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/zone"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// offline makes an offline disk with hives from the corpus, or from bytes.
func offline(t *testing.T, hives map[string][]byte) *target.Target {
	t.Helper()
	files := map[string][]byte{}
	for name, data := range hives {
		files["Windows/System32/config/"+name] = data
	}
	return disk.New(t, time.Time{}, files)
}

func corpus(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "corpus", "hive", name))
	if err != nil {
		t.Skipf("the corpus is not beside the checkout: %v", err)
	}
	return data
}

func TestRealHives(t *testing.T) {
	tests := map[string]struct {
		file, zone string
		starts     map[string]uint64
		absent     string
		dirty      bool
	}{
		"windows-10": {"mkorman90__SYSTEM_WIN_10_1709", "Pacific Standard Time",
			map[string]uint64{"wuauserv": 3, "UsoSvc": 2, "BITS": 2, "TrustedInstaller": 3, "Schedule": 2}, "NoSuchService", true},
		"windows-7": {"mkorman90__SYSTEM", "Eastern Standard Time",
			map[string]uint64{"wuauserv": 2, "BITS": 3, "TrustedInstaller": 3}, "UsoSvc", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			machine := offline(t, map[string][]byte{"SYSTEM": corpus(t, test.file)})
			r, err := registry.Open(machine)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for service, want := range test.starts {
				k, err := r.Key(`hklm\System\CurrentControlSet\services\` + service)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := k.Number("start"); err != nil || got != want {
					t.Errorf("Start of %s = %d, %v; want %d", service, got, err, want)
				}
				if e := k.Evidence("Start"); !strings.Contains(e.Key, `HKLM\SYSTEM\ControlSet001\`) || e.Value != "Start" || e.Text == "" {
					t.Errorf("evidence %+v", e)
				}
				if _, err := k.Value("NoSuchValue"); !errors.Is(err, registry.ErrNoValue) {
					t.Errorf("a missing value: %v", err)
				}
			}
			if _, err := r.Key(`HKLM\SYSTEM\CurrentControlSet\Services\` + test.absent); !errors.Is(err, registry.ErrNoKey) {
				t.Errorf("a missing key: %v", err)
			}
			if got := r.Dirty(`HKLM\SYSTEM`) != ""; got != test.dirty {
				t.Errorf("dirty = %v (%q), want %v", got, r.Dirty(`HKLM\SYSTEM`), test.dirty)
			}
			z, err := zone.Of(machine)
			if err != nil || z.Name != test.zone {
				t.Errorf("zone %+v, %v; want %s", z, err, test.zone)
			}
		})
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	machine := offline(t, map[string][]byte{"SOFTWARE": []byte("this is no hive"), "SYSTEM": nil})
	r, err := registry.Open(machine)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tests := map[string]struct {
		path, wants string
		code        sdk.ErrorCode
		missing     bool
	}{
		"missing-hive": {`HKLM\COMPONENTS\x`, "is not on this disk", sdk.Unavailable, true},
		"no-hive":      {`HKLM\SOFTWARE\Microsoft`, "SOFTWARE cannot be read", sdk.Unavailable, false},
		"empty-hive":   {`HKLM\SYSTEM\Select`, "SYSTEM cannot be read", sdk.Unavailable, false},
		"volatile":     {`HKLM\HARDWARE\x`, "COMPONENTS, DRIVERS", sdk.InvalidInput, false},
		"user":         {`HKCU\Software`, "expected a path that begins with", sdk.InvalidInput, false},
		"empty":        {``, "expected a path", sdk.InvalidInput, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := r.Key(test.path)
			if err == nil || !strings.Contains(err.Error(), test.wants) {
				t.Fatalf("error %v, want one with %q", err, test.wants)
			}
			if registry.Absent(err) {
				t.Error("what cannot be read must not count as absent")
			}
			if got := errors.Is(err, fs.ErrNotExist); got != test.missing {
				t.Errorf("is missing = %v, want %v", got, test.missing)
			}
			if got := registry.Explain(err).Code; got != test.code {
				t.Errorf("code %s, want %s", got, test.code)
			}
		})
	}
}

func TestLive(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this is Windows, which has a registry")
	}
	machine, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Open(machine); !errors.Is(err, target.ErrNotWindows) || registry.Explain(err).Code != sdk.Unsupported {
		t.Errorf("error %v", err)
	}
	if _, err := registry.OpenStore(machine); !errors.Is(err, target.ErrNotWindows) {
		t.Errorf("error %v", err)
	}
	if _, err := registry.OpenStore(offline(t, nil)); !errors.Is(err, registry.ErrOnDisk) || registry.Explain(err).Code != sdk.Unsupported {
		t.Errorf("of a disk: %v", err)
	}
}
