package power_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
)

const au = `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU`

func newRegistry(build string) *fakeregistry.Registry {
	f := fakeregistry.New()
	f.Put(`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, registry.TextValue("CurrentBuildNumber", build))
	return f
}

func at(hour int) time.Time { return time.Date(2026, 1, 10, hour, 30, 0, 0, time.UTC) }

func TestActiveHours(t *testing.T) {
	cases := map[string]struct {
		build      string
		hour       int
		start, end uint32
	}{
		"morning":  {"19045", 9, 8, 2},
		"midnight": {"19045", 0, 23, 17},
		"late":     {"19045", 23, 22, 16},
		"1607":     {"14393", 9, 8, 20},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l, err := power.Hold{Registry: registry.StoreOf(newRegistry(c.build))}.Plan(at(c.hour))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]uint32{}
			for _, s := range l.Settings {
				n, err := s.Now.Decode()
				if err != nil {
					t.Fatal(err)
				}
				got[s.Now.Name], _ = n.(uint32)
			}
			if got["ActiveHoursStart"] != c.start || got["ActiveHoursEnd"] != c.end || got["SetActiveHours"] != 1 || got["NoAutoRebootWithLoggedOnUsers"] != 1 {
				t.Errorf("got %v, want hours from %d to %d", got, c.start, c.end)
			}
		})
	}
}

// TestReleaseIsExact holds that nothing is left, whatever was there before.
func TestReleaseIsExact(t *testing.T) {
	cases := map[string]func(*fakeregistry.Registry){
		"nothing was there":     func(*fakeregistry.Registry) {},
		"Rectify has its key":   func(f *fakeregistry.Registry) { f.Put(`HKLM\SOFTWARE\Rectify`) },
		"an empty policy":       func(f *fakeregistry.Registry) { f.Put(au) },
		"a policy against it":   func(f *fakeregistry.Registry) { f.Put(au, registry.NumberValue("AlwaysAutoRebootAtScheduledTime", 1)) },
		"another type":          func(f *fakeregistry.Registry) { f.Put(au, registry.TextValue("NoAutoRebootWithLoggedOnUsers", "no")) },
		"held back by a policy": func(f *fakeregistry.Registry) { f.Put(au, registry.NumberValue("NoAutoRebootWithLoggedOnUsers", 1)) },
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			f := newRegistry("19045")
			prepare(f)
			before := f.Image()
			h := power.Hold{Registry: registry.StoreOf(f)}
			l, err := h.Plan(at(9))
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Write(l); err != nil {
				t.Fatal(err)
			}
			if err := h.Set(l, func(power.Setting) {}); err != nil {
				t.Fatal(err)
			}
			kept, err := h.Ledger()
			if err != nil || kept == nil {
				t.Fatalf("the ledger is %v, %v", kept, err)
			}
			if at, err := h.Standing(kept); err != nil || at.Set != len(l.Settings) {
				t.Errorf("it stands as %+v, %v", at, err)
			}
			if left, err := h.Release(kept, func(power.Setting) {}); err != nil || left != nil {
				t.Errorf("left are %v, %v", left, err)
			}
			for _, diff := range before.Differs(f.Image()) {
				t.Error(diff)
			}
		})
	}
}

// TestReleaseLeavesOthers holds that what somebody else has set since stays.
func TestReleaseLeavesOthers(t *testing.T) {
	f := newRegistry("19045")
	h := power.Hold{Registry: registry.StoreOf(f)}
	l, err := h.Plan(at(9))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Write(l); err != nil {
		t.Fatal(err)
	}
	if err := h.Set(l, func(power.Setting) {}); err != nil {
		t.Fatal(err)
	}
	f.Put(au, registry.NumberValue("NoAutoRebootWithLoggedOnUsers", 7))
	if at, err := h.Standing(l); err != nil || len(at.Others) != 1 {
		t.Errorf("it stands as %+v, %v", at, err)
	}
	left, err := h.Release(l, func(power.Setting) {})
	if err != nil || len(left) != 1 || left[0].Now.Name != "NoAutoRebootWithLoggedOnUsers" {
		t.Errorf("left are %v, %v", left, err)
	}
	want := newRegistry("19045")
	want.Put(au, registry.NumberValue("NoAutoRebootWithLoggedOnUsers", 7))
	for _, diff := range want.Image().Differs(f.Image()) {
		t.Error(diff)
	}
}

// TestForeignLedgers holds that a ledger which names what holding back never touches is not followed.
func TestForeignLedgers(t *testing.T) {
	cases := map[string]string{
		"not JSON": "x", "no settings": `{"version":1}`, "another version": `{"version":2,"settings":[{"key":"` + jsonPath(au) + `","now":{"name":"SetActiveHours","type":4}}]}`,
		"another key":   `{"version":1,"settings":[{"key":"HKLM\\SYSTEM\\Setup","now":{"name":"SetActiveHours","type":4}}]}`,
		"another value": `{"version":1,"settings":[{"key":"` + jsonPath(au) + `","now":{"name":"UseWUServer","type":4}}]}`,
		"made others":   `{"version":1,"made":["HKLM\\SOFTWARE\\Microsoft"],"settings":[{"key":"` + jsonPath(au) + `","now":{"name":"NoAutoRebootWithLoggedOnUsers","type":4}}]}`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			f := newRegistry("19045")
			f.Put(`HKLM\SOFTWARE\Rectify\RestartBlock`, registry.TextValue("Ledger", text))
			if l, err := (power.Hold{Registry: registry.StoreOf(f)}).Ledger(); err == nil {
				t.Errorf("it is taken: %+v", l)
			}
		})
	}
}

func jsonPath(path string) string {
	b, err := json.Marshal(path)
	if err != nil {
		panic(err)
	}
	return string(b[1 : len(b)-1])
}
