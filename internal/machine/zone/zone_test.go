package zone

import (
	"encoding/binary"
	"errors"
	"runtime"
	"testing"
	"unicode/utf16"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
	"github.com/rectify-project/rectify/sdk/target"
)

// berlin is what a running Windows in Berlin tells.
func berlin() []byte {
	b := make([]byte, sizeRunning)
	put := func(at int, words ...uint16) {
		for i, w := range words {
			binary.LittleEndian.PutUint16(b[at+2*i:], w)
		}
	}
	bias := int32(-60)
	binary.LittleEndian.PutUint32(b[atBias:], uint32(bias))
	binary.LittleEndian.PutUint32(b[atDaylightBias:], uint32(bias))
	put(atStandardName, utf16.Encode([]rune("Mitteleuropäische Zeit"))...)
	put(atStandardDate, 0, 10, 0, 5, 3, 0, 0, 0) // month 10, weekday 0, the last one, at 3
	put(atDaylightDate, 0, 3, 0, 5, 2, 0, 0, 0)
	put(atKeyName, utf16.Encode([]rune("W. Europe Standard Time"))...)
	return b
}

func TestRunning(t *testing.T) {
	z, err := parse(berlin())
	if err != nil || z.Name != "W. Europe Standard Time" || z.Bias != -60 || z.DaylightBias != -60 {
		t.Fatalf("%+v, %v", z, err)
	}
	if s, d := z.Standard, z.Daylight; s.Month != 10 || s.Week != 5 || s.Weekday != 0 || d.Month != 3 || d.Week != 5 {
		t.Errorf("changes %+v, %+v", s, d)
	}
	unnamed := berlin()
	clear(unnamed[atKeyName:atDisabled])
	unnamed[atDisabled] = 1
	if z, err := parse(unnamed); err != nil || z.Name != "Mitteleuropäische Zeit" || z.Daylight.Month != 0 {
		t.Errorf("%+v, %v", z, err)
	}
	odd := berlin()
	binary.LittleEndian.PutUint32(odd[atBias:], 1<<20)
	for name, b := range map[string][]byte{"short": odd[:100], "none": nil, "bias-of-years": odd} {
		if z, err := parse(b); err == nil {
			t.Errorf("%s: %+v", name, z)
		}
	}
}

func TestReadOfARunningRegistry(t *testing.T) {
	f := fakeregistry.New()
	const key = `HKLM\SYSTEM\ControlSet001\Control\TimeZoneInformation`
	f.Put(key, registry.TextValue("TimeZoneKeyName", "UTC"))
	if _, _, err := Read(registry.Of(f)); !errors.Is(err, registry.ErrNoValue) {
		t.Errorf("without a bias: %v", err)
	}
	for _, name := range []string{"Bias", "StandardBias", "DaylightBias"} {
		f.Put(key, registry.NumberValue(name, 0))
	}
	for _, name := range []string{"StandardStart", "DaylightStart"} {
		f.Put(key, registry.Value{Name: name, Type: 3, Data: make([]byte, 16)})
	}
	if z, e, err := Read(registry.Of(f)); err != nil || z.Name != "UTC" || e.Key != key {
		t.Errorf("%+v, %+v, %v", z, e, err)
	}
}

func TestOfThisMachine(t *testing.T) {
	machine, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	z, err := Of(machine)
	if runtime.GOOS == "windows" {
		if err != nil || z.Name == "" {
			t.Errorf("%+v, %v", z, err)
		}
	} else if !errors.Is(err, target.ErrNotWindows) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(berlin())
	f.Add(make([]byte, sizeRunning))
	f.Fuzz(func(t *testing.T, b []byte) {
		if z, err := parse(b); (z == nil) == (err == nil) {
			t.Errorf("%+v, %v", z, err)
		}
	})
}
