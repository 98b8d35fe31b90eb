package hive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
)

func corpus(t *testing.T, name string) Source {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", "shared", "corpus", "hive")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the corpus of real Windows hives is not beside this checkout")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return Source{f, st.Size()}
}

func openReal(t *testing.T, name string, logs ...string) *Hive {
	t.Helper()
	var sources []Source
	for _, l := range logs {
		sources = append(sources, corpus(t, name+l))
	}
	h, err := Open(corpus(t, name), sources...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// data is a value as text; absent if it is not there.
func data(t *testing.T, h *Hive, key, name string) string {
	t.Helper()
	k, err := h.Open(key)
	if err != nil {
		return "absent"
	}
	v, err := k.Value(name)
	if err != nil {
		return "absent"
	}
	d, err := v.Data()
	if err != nil {
		t.Errorf("%s %s: %v", key, name, err)
	}
	return fmt.Sprint(d)
}

func TestRealSystemHives(t *testing.T) {
	for file, want := range map[string]struct {
		dirty    bool
		services map[string]string // Start + DelayedAutostart
		zone     string
		renames  bool
	}{
		"mkorman90__SYSTEM_WIN_10_1709": {true, map[string]string{"wuauserv": "3 absent", "usosvc": "2 1", "BITS": "2 1", "TrustedInstaller": "3 absent",
			"WaaSMedicSvc": "3 absent", "Schedule": "2 absent"}, "Pacific Standard Time", true},
		"mkorman90__SYSTEM": {false, map[string]string{"wuauserv": "2 1", "UsoSvc": "absent absent", "BITS": "3 1", "TrustedInstaller": "3 absent",
			"WaaSMedicSvc": "absent absent"}, "Eastern Standard Time", false},
	} {
		t.Run(file, func(t *testing.T) {
			h := openReal(t, file)
			if h.Info().Dirty != want.dirty || h.Info().Name != "SYSTEM" || h.Info().Recovered {
				t.Errorf("info %+v", h.Info())
			}
			if got := data(t, h, "select", "CURRENT"); got != "1" {
				t.Errorf("current control set: %s", got)
			}
			for service, start := range want.services {
				key := `controlset001\SERVICES\` + service
				if got := data(t, h, key, "start") + " " + data(t, h, key, "DelayedAutostart"); got != start {
					t.Errorf("%s: got %s, want %s", service, got, start)
				}
			}
			if got := data(t, h, `\ControlSet001\Control\TimeZoneInformation\`, "TimeZoneKeyName"); got != want.zone {
				t.Errorf("zone %q, want %q", got, want.zone)
			}
			if got := data(t, h, `ControlSet001\Control\Session Manager`, "PendingFileRenameOperations"); (got != "absent") != want.renames {
				t.Errorf("renames %q", got)
			}
		})
	}
}

// A damaged hive gives what can be read, and says that it is damaged.
func TestRealCorruptHive(t *testing.T) {
	keys, values, err := count(openReal(t, "mkorman90__corrupted_system_hive"))
	var bad *CorruptError
	if !errors.As(err, &bad) || keys < 1000 || values < 5000 {
		t.Errorf("%d keys, %d values, %v", keys, values, err)
	}
}

func TestRealLogs(t *testing.T) {
	for name, c := range map[string]struct {
		file      string
		logs      []string
		replayed  int
		recovered bool
		problems  int
	}{
		"new-both":       {"msuhanov__NewDirtyHive1__NewDirtyHive", []string{".LOG1", ".LOG2"}, 4, true, 0},
		"new-swapped":    {"msuhanov__NewDirtyHive1__NewDirtyHive", []string{".LOG2", ".LOG1"}, 4, true, 0},
		"new-second":     {"msuhanov__NewDirtyHive2__NewDirtyHive", []string{".LOG1", ".LOG2"}, 3, true, 0},
		"new-none":       {"msuhanov__NewDirtyHive1__NewDirtyHive", nil, 0, false, 0},
		"new-bad-blocks": {"msuhanov__BadLogHive3__BadLogHive", []string{".LOG1", ".LOG2"}, 0, false, 2},
		"old":            {"msuhanov__OldDirtyHive__OldDirtyHive", []string{".LOG1", ".LOG2"}, 1, true, 0},
		"old-bad-block":  {"msuhanov__BadLogHive1__BadLogHive", []string{".LOG1", ".LOG2"}, 0, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := openReal(t, c.file, c.logs...)
			info := h.Info()
			if !info.Dirty || info.Replayed != c.replayed || info.Recovered != c.recovered || len(info.LogProblems) != c.problems {
				t.Errorf("info %+v", info)
			}
			n, v, err := count(h)
			t.Logf("%d keys, %d values, %v", n, v, err)
		})
	}
}

// count walks over all keys and values.
func count(h *Hive) (keys, values int, bad error) {
	root, err := h.Root()
	if err != nil {
		return 0, 0, err
	}
	for todo := []*Key{root}; len(todo) > 0; keys++ {
		k := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		vs, err := k.Values()
		if err != nil {
			bad = err
		}
		values += len(vs)
		for _, v := range vs {
			if _, err := v.Bytes(); err != nil {
				bad = err
			}
		}
		seen := map[uint32]bool{}
		err = k.each(func(off, _ uint32) (bool, error) {
			if seen[off] {
				return true, nil
			}
			seen[off] = true
			sub, err := k.child(off)
			if err != nil {
				bad = err
				return false, nil
			}
			todo = append(todo, sub)
			return false, nil
		})
		if err != nil {
			bad = err
		}
	}
	return keys, values, bad
}

func TestRealTimeZone(t *testing.T) {
	for name, want := range map[string]time.Duration{"mkorman90__SYSTEM_WIN_10_1709": 8 * time.Hour, "mkorman90__SYSTEM": 5 * time.Hour} {
		k := openReal(t, name).mustOpen(t, `ControlSet001\Control\TimeZoneInformation`)
		raw := func(name string) []byte {
			v, err := k.Value(name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := v.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		u32 := func(name string) uint32 { return binary.LittleEndian.Uint32(raw(name)) }
		z, err := winzone.FromValues("", u32("Bias"), u32("StandardBias"), u32("DaylightBias"), raw("StandardStart"), raw("DaylightStart"))
		if err != nil {
			t.Fatal(err)
		}
		for month, offset := range map[time.Month]time.Duration{time.January: want, time.July: want - time.Hour} {
			local := time.Date(2018, month, 1, 12, 0, 0, 0, time.UTC)
			if utc, fit := z.ToUTC(local); utc.Sub(local) != offset || fit != winzone.Exact {
				t.Errorf("%s: %v is %v, fit %d (%+v)", name, local, utc, fit, z)
			}
		}
	}
}

// The walk finds the keys and values that reglookup finds.
func TestRealHivesAgainstReglookup(t *testing.T) {
	if _, err := exec.LookPath("reglookup"); err != nil {
		t.Skip("reglookup is not installed")
	}
	for _, name := range []string{"mkorman90__SYSTEM", "mkorman90__SYSTEM_WIN_10_1709", "msuhanov__OldDirtyHive__OldDirtyHive", "msuhanov__NewDirtyHive1__NewDirtyHive"} {
		t.Run(name, func(t *testing.T) {
			f := corpus(t, name).Reader.(*os.File)
			out, err := exec.Command("reglookup", f.Name()).Output()
			if err != nil {
				t.Fatal(err)
			}
			wantKeys := bytes.Count(out, []byte(",KEY,"))
			wantValues := bytes.Count(out, []byte("\n")) - 1 - wantKeys
			if len(out) > 0 && out[len(out)-1] != '\n' {
				wantValues++
			}
			keys, values, err := count(openReal(t, name))
			t.Logf("%d keys, %d values", keys, values)
			if err != nil || keys != wantKeys || values != wantValues {
				t.Errorf("got %d keys, %d values, %v; reglookup has %d and %d", keys, values, err, wantKeys, wantValues)
			}
		})
	}
}
