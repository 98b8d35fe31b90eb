package fact_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// everyKind is an answer of sample.every with a value of every kind.
func everyKind() map[string]any {
	return map[string]any{
		"text": "<a> & \u2028 \U0001F600", "int": int64(1<<62 + 1), "ratio": 0.1, "flag": true, "size": int64(10 << 30),
		"span": 36*time.Hour + time.Nanosecond, "code": hresult.Code(0x8024001E), "at": time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC),
		"path": `C:\Windows`, "grid": []any{[]any{int64(1), int64(2)}, []any{}}, "data": map[string]any{"a/b": "c~d"},
		"free": map[string]any{"n": int64(1), "f": 1.5, "l": []any{"x", nil, true}},
	}
}

func TestBundleRoundTrip(t *testing.T) {
	evidence := []sdk.Evidence{
		{Pointer: "/text", File: `C:\a.log`, Line: 3, Offset: 9, Time: time.Date(2026, 1, 2, 3, 4, 5, 100, time.UTC), Text: "<line>"},
		{Channel: "System", Record: 1 << 63, EventID: 20},
		{Key: `HKLM\SOFTWARE`, Value: "x"},
	}
	readings := map[string]fact.Reading{
		"whole":       {Status: fact.Observed, Value: everyKind(), Evidence: evidence, EvidenceCut: 7, Plugin: "sample 1.0.0"},
		"missing":     {Status: fact.Observed, Value: everyKind(), Missing: map[string]string{"/gone": "no such key"}, Settle: "look there"},
		"partial":     {Status: fact.Partial, Value: everyKind(), Reason: "the log begins later", Covers: &sdk.Window{From: now}},
		"failed":      {Status: fact.Failed, Reason: "access denied", Settle: "run as administrator"},
		"unsupported": {Status: fact.Unsupported, Reason: "not on a disk"},
		"not-read":    {Reason: "nobody asked"},
	}
	for name, want := range readings {
		t.Run(name, func(t *testing.T) {
			p := checked(t, "probes:\n  a: {uses: sample.every, with: {size: 10GiB, span: 36h, code: 0x8024001E, patterns: {one: two}}}\n")
			recorder := &fact.Recorder{Observer: byName(map[string]fact.Reading{"a": want})}
			live := gather(t.Context(), p, recorder).Get("a")
			recorded, err := recorder.Bundle(fact.BundleTarget{Kind: "live", Name: "host"}, now, now.Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "b.json")
			if err := recorded.Save(file); err != nil {
				t.Fatal(err)
			}
			loaded, err := fact.LoadBundle(strings.TrimSuffix(file, ".json"))
			if err != nil {
				t.Fatal(err)
			}
			if !loaded.Now.Equal(now) || loaded.Target.Name != "host" || !loaded.Holds("sample.every") || loaded.Holds("sample.list") {
				t.Errorf("loaded %+v", loaded)
			}
			got := gather(t.Context(), p, loaded).Get("a")
			if !reflect.DeepEqual(got, live) {
				t.Errorf("got  %+v\nwant %+v", got, live)
			}
		})
	}
}

// TestBundleOfTwoRuns records the same twice: the first reading counts, and the order is that of probes and inputs.
func TestBundleOfTwoRuns(t *testing.T) {
	p := checked(t, "probes:\n  z: {uses: sample.list, with: {most: 2}}\n  v: {uses: sample.list, with: {most: 1}}\n  x: {uses: sample.every}\n")
	recorder := &fact.Recorder{Observer: byName(map[string]fact.Reading{"x": {Status: fact.Failed, Reason: "no"}})}
	gather(t.Context(), p, recorder)
	first, err := recorder.Bundle(fact.BundleTarget{}, now, now)
	if err != nil {
		t.Fatal(err)
	}
	gather(t.Context(), p, recorder)
	second, err := recorder.Bundle(fact.BundleTarget{}, now, now)
	if err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("got %v, %v; want %v", second, err, first)
	}
	var order []string
	for _, r := range second.Readings {
		order = append(order, r.Uses+string(r.Input))
	}
	if got := strings.Join(order, " "); got != `sample.every{"most":10} sample.list{"most":1} sample.list{"most":2}` {
		t.Error(got)
	}
}

func TestBundleWithoutReadings(t *testing.T) {
	b, err := (&fact.Recorder{}).Bundle(fact.BundleTarget{}, now, now)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(b)
	if err != nil || !strings.Contains(string(raw), `"readings":[]`) {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestSaveRefuses(t *testing.T) {
	b := &fact.Bundle{Version: fact.BundleVersion, Now: now}
	file := filepath.Join(t.TempDir(), "b.json")
	if err := os.WriteFile(file, []byte("the only one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Save(file); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "the only one" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	nowhere := filepath.Join(t.TempDir(), "no", "b.json")
	if err := b.Save(nowhere); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// bundleOf is a bundle with one observed reading of sample.every, whose input a person wrote.
func bundleOf(input string) string {
	return `{"rectify_bundle": 1, "now": "2026-01-16T12:00:00+01:00", "readings": [
		{"uses": "sample.every", ` + input + ` "status": "failed", "reason": "found"}]}`
}

func TestBundleInputsByMeaning(t *testing.T) {
	const all = "with: {size: 10GiB, span: 36h, code: 0x8024001E, at: 2026-01-16T11:00:00Z, ratio: 0.5, patterns: {a: one, b: two}}"
	tests := map[string]struct {
		with, input string
		found       bool
	}{
		"as-recorded": {all, `{"at":"2026-01-16T11:00:00Z","code":"0x8024001E","most":10,"patterns":{"a":"one","b":"two"},"ratio":0.5,"size":10737418240,"span":"1d12h"}`, true},
		"in-another-spelling": {all, `{"size": "10GiB", "span": "2160m", "code": "0x8024001e", "at": "2026-01-16T12:00:00+01:00",
			"ratio": 5e-1, "patterns": {"b": "two", "a": "one"}, "most": 1e1}`, true},
		"without-a-default":      {all, `{"size":"10GiB","span":"36h","code":"0x8024001E","at":"2026-01-16T11:00:00Z","ratio":0.5,"patterns":{"a":"one","b":"two"}}`, true},
		"another-value":          {"with: {size: 10GiB}", `{"size":"9GiB"}`, false},
		"another-default":        {"with: {}", `{"most":11}`, false},
		"one-more":               {"with: {}", `{"size":1}`, false},
		"an-argument-of-old":     {"with: {}", `{"removed":1}`, false},
		"a-wrong-type":           {"with: {}", `[]`, false},
		"nothing-where-none-are": {"with: {}", `null`, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := checked(t, "probes:\n  a: {uses: sample.every, "+test.with+"}\n")
			b := read(t, bundleOf(`"input": `+test.input+`,`))
			f := gather(t.Context(), p, b).Get("a")
			switch {
			case test.found && f.Reason != "found":
				t.Errorf("it was not found: %s", f.Reason)
			case !test.found && (f.Status != fact.Unsupported || !strings.Contains(f.Reason, "with other arguments only")):
				t.Errorf("%s: %s", f.Status, f.Reason)
			}
		})
	}
	b := read(t, bundleOf(""))
	if f := gather(t.Context(), checked(t, "probes:\n  a: {uses: sample.every}\n"), b).Get("a"); f.Reason != "found" {
		t.Errorf("an input that is left out: %s", f.Reason)
	}
	if f := gather(t.Context(), checked(t, "probes:\n  a: {uses: sample.list}\n"), b).Get("a"); f.Status != fact.Unsupported || !strings.Contains(f.Reason, "no reading of sample.list") {
		t.Errorf("%s: %s", f.Status, f.Reason)
	}
}

func read(t testing.TB, source string) *fact.Bundle {
	t.Helper()
	b, err := fact.ReadBundle(fstest.MapFS{"b.json": {Data: []byte(source)}}, "b")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBundleAnswerThatDoesNotFit(t *testing.T) {
	p := checked(t, "probes:\n  a: {uses: sample.list}\n")
	for name, value := range map[string]string{"no-value": "", "another-shape": `"value": {"lines": 3},`, "not-an-object": `"value": 7,`} {
		t.Run(name, func(t *testing.T) {
			b := read(t, `{"rectify_bundle":1,"now":"2026-01-16T11:00:00Z","readings":[{"uses":"sample.list","input":{"most":10},`+value+`"status":"observed"}]}`)
			f := gather(t.Context(), p, b).Get("a")
			if f.Status != fact.Failed || !strings.Contains(f.Reason, "does not fit") || f.Settle == "" {
				t.Errorf("%s: %s", f.Status, f.Reason)
			}
		})
	}
}

func TestLoadBundleRefuses(t *testing.T) {
	tests := map[string]struct{ source, want string }{
		"not-json":          {"MZ", "b.json is not a bundle"},
		"empty":             {"", "is not a bundle"},
		"another-json":      {`{"name": "x"}`, "has no rectify_bundle version"},
		"a-list":            {`[]`, "is not a bundle"},
		"two-documents":     {`{"rectify_bundle":1}{}`, "is not a bundle"},
		"later":             {`{"rectify_bundle":2,"readings":[],"now":"2026-01-16T11:00:00Z"}`, "version 2, this rectify reads version 1"},
		"later-and-unlike":  {`{"rectify_bundle":3,"readings":{"a":1},"now":5}`, "version 3, this rectify reads version 1"},
		"a-wrong-field":     {`{"rectify_bundle":1,"readings":{"a":1}}`, "is not a bundle"},
		"an-unknown-status": {`{"rectify_bundle":1,"now":"2026-01-16T11:00:00Z","readings":[{"status":"seen"}]}`, `unknown status "seen"; known are not read, observed`},
		"no-time":           {`{"rectify_bundle":1,"readings":[]}`, "`now`, the target's own time, is missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := fact.ReadBundle(fstest.MapFS{"b.json": {Data: []byte(test.source)}}, "b.json")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := fact.LoadBundle(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestLoadBundleTooLarge has a file with a hole in it, of which nothing is read.
func TestLoadBundleTooLarge(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bundle.json")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, fact.MaxBundle+1); err != nil {
		t.Skip("no file of that size can be made here: ", err)
	}
	if _, err := fact.LoadBundle(dir); err == nil || !strings.Contains(err.Error(), "at most 256") {
		t.Errorf("got %v", err)
	}
}

func FuzzLoadBundle(f *testing.F) {
	f.Add([]byte(bundleOf("")))
	f.Add([]byte(bundleOf(`"input": {"size": "10GiB", "patterns": null},`)))
	f.Add([]byte(`{"rectify_bundle":1,"now":"2026-01-16T11:00:00Z","readings":[{"uses":"sample.list","input":{"most":1e1},"status":"partial","value":{"count":1,"records":[{"from":"2026-01-16T11:00:00Z"}],"ok":true},"missing":{"/records/0/title":"x","":"y"},"evidence":[{"pointer":"records"}]}]}`))
	f.Add([]byte(`{"rectify_bundle":9}`))
	p := checked(f, "probes:\n  a: {uses: sample.list}\n  b: {uses: sample.during, with: {windows: '${{ a.records }}'}}\n  c: {uses: sample.every, with: {size: 10GiB}}\n")
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := fact.ReadBundle(fstest.MapFS{"b": {Data: data}}, "b")
		if err != nil {
			return
		}
		for _, fct := range gather(t.Context(), p, b).All() {
			if fct.Status == fact.Failed && strings.Contains(fct.Reason, "rectify itself failed") {
				t.Fatal(fct.Reason)
			}
			fct.EvidenceFor("/records/0")
		}
		file := filepath.Join(t.TempDir(), "again.json")
		if err := b.Save(file); err != nil {
			t.Fatal(err)
		}
		again, err := fact.LoadBundle(file)
		if err != nil {
			t.Fatalf("%v of what was saved", err)
		}
		for i := range b.Readings {
			if b.Readings[i].Uses != again.Readings[i].Uses || string(b.Readings[i].Input) != string(again.Readings[i].Input) {
				t.Fatalf("reading %d changed", i)
			}
		}
	})
}

var _ fact.Observer = (*fact.Bundle)(nil)
