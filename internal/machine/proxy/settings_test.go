package proxy

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
)

// stored writes settings as Windows stores them.
func stored(version, flags uint32, texts ...string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, version)
	b = binary.LittleEndian.AppendUint32(b, 7)
	b = binary.LittleEndian.AppendUint32(b, flags)
	for _, text := range texts {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return b
}

func TestDecode(t *testing.T) {
	// What Microsoft shows of WinHttpSettings without a proxy.
	direct, err := hex.DecodeString("1800000000000000010000000000000000000000")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		blob  []byte
		want  Settings
		wrong bool
	}{
		"direct":        {blob: direct},
		"winhttp":       {blob: stored(0x18, 3, "p:8080", "<local>;*.test"), want: Settings{Proxy: "p:8080", Bypass: []string{"<local>", "*.test"}}},
		"winhttp-later": {blob: append(stored(0x28, 3, "p:8080", ""), make([]byte, 36)...), want: Settings{Proxy: "p:8080"}},
		"script":        {blob: append(stored(0x46, 5, "", "", "http://p/wpad.dat"), make([]byte, 32)...), want: Settings{ScriptURL: "http://p/wpad.dat"}},
		"all":           {blob: append(stored(0x46, 15, "p:1", "x", "http://s"), make([]byte, 32)...), want: Settings{Proxy: "p:1", Bypass: []string{"x"}, ScriptURL: "http://s", AutoDetect: true}},
		"switched-off":  {blob: append(stored(0x46, 1, "p:1", "x", "http://s"), make([]byte, 32)...)},
		"detection":     {blob: append(stored(0x46, 9, "", "", ""), make([]byte, 32)...), want: Settings{AutoDetect: true}},
		"flags-alone":   {blob: stored(0x46, 9), want: Settings{AutoDetect: true}},
		"empty":         {blob: nil, wrong: true},
		"cut-in-head":   {blob: direct[:11], wrong: true},
		"cut-in-length": {blob: stored(0x18, 3, "p:1")[:14], wrong: true},
		"cut-in-text":   {blob: stored(0x18, 3, "p:8080")[:18], wrong: true},
		"huge-length":   {blob: append(stored(0x18, 3), 0xff, 0xff, 0xff, 0xff), wrong: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(c.blob)
			if (err != nil) != c.wrong {
				t.Fatalf("error %v", err)
			}
			if len(got.Bypass) == 0 {
				got.Bypass = nil
			}
			if !c.wrong && !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(stored(0x18, 3, "p:8080", "<local>"))
	f.Add(stored(0x46, 15, "p", "b", "s"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := decode(b); err == nil && len(s.Proxy)+len(s.ScriptURL) > len(b) {
			t.Errorf("%+v of %d bytes", s, len(b))
		}
	})
}

func TestEffective(t *testing.T) {
	blob := func(proxy string) []byte { return stored(0x46, 3, proxy, "") }
	machine := Connection{Key: `HKLM\i`, Default: blob("machine:1")}
	account := Connection{Key: `HKU\i`, Default: blob("system:1")}
	for name, c := range map[string]struct {
		m     still
		proxy string
		from  Source
		where string
		wrong bool
	}{
		"nothing":                  {m: still{}, from: None, where: `HKLM\` + winHTTPKey},
		"winhttp":                  {m: still{static: Settings{Proxy: "w:1"}, kept: Stored{Machine: machine, System: account}}, proxy: "w:1", from: WinHTTP, where: `HKLM\` + winHTTPKey},
		"system-account":           {m: still{kept: Stored{Machine: machine, System: account}}, proxy: "system:1", from: SystemAccount, where: `HKU\i`},
		"policy":                   {m: still{static: Settings{Proxy: "w:1"}, kept: Stored{PerMachine: true, Machine: machine, System: account}}, proxy: "machine:1", from: Policy, where: `HKLM\i`},
		"policy-with-nothing":      {m: still{static: Settings{Proxy: "w:1"}, kept: Stored{PerMachine: true, System: account}}, proxy: "w:1", from: WinHTTP, where: `HKLM\` + winHTTPKey},
		"policy-hides-the-account": {m: still{kept: Stored{PerMachine: true, System: account}}, from: None, where: `HKLM\` + winHTTPKey},
		"damaged":                  {m: still{kept: Stored{System: Connection{Key: `HKU\i`, Default: []byte{1}}}}, wrong: true},
		"unreadable":               {m: still{err: errors.New("denied")}, wrong: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, from, where, err := Effective(t.Context(), c.m)
			if (err != nil) != c.wrong {
				t.Fatalf("error %v", err)
			}
			if !c.wrong && (s.Proxy != c.proxy || from != c.from || where != c.where) {
				t.Errorf("got %+v, %s, %s", s, from, where)
			}
		})
	}
}
