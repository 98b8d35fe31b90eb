package fact_test

import (
	"cmp"
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/sdk"
)

const chain = `probes:
  a: {uses: sample.list}
  b: {uses: sample.during, with: {windows: '${{ a.records }}'}}
  c: {uses: sample.during, with: {windows: '${{ filter(b.records, .title == "t") }}'}}
`

func TestGatherOrder(t *testing.T) {
	tests := map[string]struct {
		probes string
		names  []string
		asked  string
	}{
		"a-chain":              {chain, nil, "a b c"},
		"what-it-rests-on":     {chain, []string{"c"}, "a b c"},
		"not-what-rests-on-it": {chain, []string{"b"}, "a b"},
		"nothing":              {chain, []string{}, ""},
		"an-unknown-name":      {chain, []string{"z"}, ""},
		"through-a-value": {`probes:
  late: {uses: sample.list, when: enough}
  early: {uses: sample.list}
let:
  enough: early.count > 1
`, []string{"late"}, "early late"},
		"through-a-cause-on-a-symptom": {`probes:
  late: {uses: sample.list, when: causes.x}
  early: {uses: sample.list}
symptoms:
  s: {title: S, when: early.ok}
causes:
  x: {title: X, when: symptoms.s}
`, []string{"late"}, "early late"},
		"through-nested-arguments": {`probes:
  late: {uses: sample.during, with: {windows: [{from: '${{ now - duration("1h") }}', to: '${{ early.records[0].to }}'}]}}
  early: {uses: sample.list}
`, []string{"late"}, "early late"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := byName(nil)
			gather(t.Context(), checked(t, test.probes), o, test.names...)
			if got := o.asked(); got != test.asked {
				t.Errorf("asked %q, want %q", got, test.asked)
			}
		})
	}
}

func TestGatherReadsOnce(t *testing.T) {
	p := checked(t, chain)
	o := byName(nil)
	set := gather(t.Context(), p, o, "c", "b", "c")
	fact.Gather(t.Context(), p, []string{"a", "b", "c"}, set, nil, o)
	if got := o.asked(); got != "a b c" {
		t.Errorf("asked %q", got)
	}
	if got := len(set.All()); got != 3 {
		t.Errorf("%d facts", got)
	}
}

// TestGatherSideBySide has three probes that only answer when all of them are being asked.
func TestGatherSideBySide(t *testing.T) {
	p := checked(t, "probes:\n  a: {uses: sample.list}\n  b: {uses: sample.list}\n  c: {uses: sample.list}\n  d: {uses: sample.during, with: {windows: '${{ a.records }}'}}\n")
	together := make(chan struct{}, 3)
	all := make(chan struct{})
	go func() {
		for range 3 {
			<-together
		}
		close(all)
	}()
	o := &observer{answer: func(ctx context.Context, call fact.Call) fact.Reading {
		if call.Probe.Name != "d" {
			together <- struct{}{}
			select {
			case <-all:
			case <-ctx.Done():
				t.Error("they were not asked side by side")
			}
		}
		return answered(1)
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, f := range gather(ctx, p, o).All() {
		if f.Status != fact.Observed {
			t.Errorf("%s is %s: %s", f.Name, f.Status, f.Reason)
		}
	}
}

func TestGatherUnknown(t *testing.T) {
	failed := fact.Reading{Status: fact.Failed, Reason: "access denied", Settle: "run as administrator"}
	partial := answered(2)
	partial.Status, partial.Reason = fact.Partial, "the log begins later"
	own := answered(1)
	own.Status, own.Reason = fact.Partial, "a file was not decoded"
	missing := answered(1)
	missing.Missing = map[string]string{"/ok": "nobody can tell"}
	delete(missing.Value.(map[string]any), "ok")
	const gated = "probes:\n  a: {uses: sample.list}\n  b: {uses: sample.list, when: a.ok}\n"

	type want struct {
		status fact.Status
		reason string
		roots  string // fact: reason, of each
	}
	tests := map[string]struct {
		probes   string
		readings map[string]fact.Reading
		asked    string
		want     map[string]want
	}{
		"when-is-false": {gated, map[string]fact.Reading{"a": answered(0)}, "a",
			map[string]want{"b": {fact.Skipped, "its condition is false: a.ok", "b: not looked at, because its condition is false: a.ok"}}},
		"when-is-undetermined": {gated, map[string]fact.Reading{"a": failed}, "a",
			map[string]want{"b": {fact.NotRead, "its condition is not known", "a: access denied"}}},
		"when-rests-on-a-missing-field": {gated, map[string]fact.Reading{"a": missing}, "a",
			map[string]want{"b": {fact.NotRead, "its condition is not known", "a: nobody can tell"}}},
		"when-rests-on-a-skipped-probe": {gated + "  c: {uses: sample.list, when: b.ok}\n", map[string]fact.Reading{"a": answered(0)}, "a",
			map[string]want{"c": {fact.NotRead, "its condition is not known", "b: not looked at, because its condition is false: a.ok"}}},
		"a-chain-names-its-root": {chain, map[string]fact.Reading{"a": failed}, "a",
			map[string]want{
				"b": {fact.NotRead, "an argument is not known", "a: access denied"},
				"c": {fact.NotRead, "an argument is not known", "a: access denied"},
			}},
		"a-partial-list-is-used": {chain, map[string]fact.Reading{"a": partial}, "a b c",
			map[string]want{
				"b": {fact.Partial, `only where other facts say, and "a" is not complete: the log begins later`, "a: the log begins later"},
				"c": {fact.Partial, `"a" is not complete: the log begins later`, "a: the log begins later"},
			}},
		"partial-itself-and-by-its-argument": {chain, map[string]fact.Reading{"a": partial, "b": own}, "a b c",
			map[string]want{
				"b": {fact.Partial, "a file was not decoded; besides, it was looked for only where", "b: a file was not decoded, a: the log begins later"},
				"c": {fact.Partial, `"b" is not complete: a file was not decoded`, "b: a file was not decoded, a: the log begins later"},
			}},
		"a-failure-stays-one-after-a-partial-list": {chain, map[string]fact.Reading{"a": partial, "b": failed}, "a b",
			map[string]want{"b": {fact.Failed, "access denied", "b: access denied"}, "c": {fact.NotRead, "an argument", "b: access denied"}}},
		"text-with-what-is-not-known": {"probes:\n  a: {uses: sample.list}\n  b: {uses: sample.during, with: {windows: [], note: 'n ${{ a.count }} of ${{ a.count }}'}}\n",
			map[string]fact.Reading{"a": failed}, "a",
			map[string]want{"b": {fact.NotRead, "an argument is not known", "a: access denied"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := byName(test.readings)
			set := gather(t.Context(), checked(t, test.probes), o)
			if got := o.asked(); got != test.asked {
				t.Errorf("asked %q, want %q", got, test.asked)
			}
			for name, want := range test.want {
				f := set.Get(name)
				var roots []string
				for _, w := range f.Why() {
					roots = append(roots, w.Fact+": "+w.Reason)
				}
				if got := strings.Join(roots, ", "); f.Status != want.status || !strings.Contains(f.Reason, want.reason) || got != want.roots {
					t.Errorf("%s is %s, %q, roots %q; want %+v", name, f.Status, f.Reason, got, want)
				}
				if v := f.Value(); f.Known() == (!v.Partial() && !v.IsKnown()) {
					t.Errorf("%s is %s and its value says otherwise", name, f.Status)
				}
			}
		})
	}
}

func TestGatherInputs(t *testing.T) {
	tests := map[string]struct {
		probes, of, want string
	}{
		"defaults":                      {"probes:\n  b: {uses: sample.list}\n", "b", `{"most":10}`},
		"optional-input-not-given":      {"probes:\n  b: {uses: sample.list, with: {since: '${{ inputs.since }}', most: 3}}\n", "b", `{"most":3}`},
		"no-windows-are-passed-as-such": {"probes:\n  a: {uses: sample.list}\n  b: {uses: sample.during, with: {windows: '${{ filter(a.records, .title == \"z\") }}'}}\n", "b", `{"windows":[]}`},
		"literally-no-windows":          {"probes:\n  b: {uses: sample.during, with: {windows: []}}\n", "b", `{"windows":[]}`},
		"records-are-fitted": {"probes:\n  a: {uses: sample.list}\n  b: {uses: sample.during, with: {windows: '${{ a.records }}'}}\n", "b",
			`{"windows":[{"from":"2026-01-16T10:00:00Z","to":"2026-01-16T11:00:00Z"},{"from":"2026-01-16T09:00:00Z","to":"2026-01-16T10:00:00Z"}]}`},
		"text-with-values": {"probes:\n  a: {uses: sample.list}\n  b: {uses: sample.during, with: {windows: [], note: 'n ${{ a.count }}, ${{ a.ok }}'}}\n", "b", `{"note":"n 2, true","windows":[]}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := byName(nil)
			gather(t.Context(), checked(t, test.probes), o)
			if got := o.inputOf(t, test.of); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestGatherTimeout(t *testing.T) {
	waits := &observer{answer: func(ctx context.Context, _ fact.Call) fact.Reading {
		<-ctx.Done()
		return fact.Reading{Status: fact.Failed, Reason: "plugin sample: it did not answer in time"}
	}}
	p := checked(t, "probes:\n  a: {uses: sample.list, timeout: 1ms}\n")
	recorder := &fact.Recorder{Observer: waits}
	f := gather(t.Context(), p, recorder).Get("a")
	if f.Status != fact.Failed || f.Reason != "sample.list gave no answer within 0.001s" || !strings.Contains(f.Settle, "`timeout`") {
		t.Errorf("got %s, %q, %q", f.Status, f.Reason, f.Settle)
	}
	bundle, err := recorder.Bundle(fact.BundleTarget{}, now, now)
	if err != nil {
		t.Fatal(err)
	}
	if again := gather(t.Context(), p, bundle).Get("a"); again.Reason != f.Reason || again.Settle != f.Settle {
		t.Errorf("the bundle says %q, %q", again.Reason, again.Settle)
	}
}

// TestGatherDeadline has a run that ends before the probe's own time is over: it is not the probe that was slow.
func TestGatherDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	waits := &observer{answer: func(ctx context.Context, _ fact.Call) fact.Reading {
		<-ctx.Done()
		return fact.Reading{Status: fact.Failed, Reason: "the call was canceled"}
	}}
	f := gather(ctx, checked(t, chain), waits).Get("a")
	if strings.Contains(f.Reason, "within") {
		t.Errorf("got %s, %q", f.Status, f.Reason)
	}
}

func TestGatherCancelled(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	o := &observer{answer: func(ctx context.Context, _ fact.Call) fact.Reading {
		cancel()
		<-ctx.Done()
		return fact.Reading{Status: fact.Failed, Reason: "the call was canceled"}
	}}
	set := gather(ctx, checked(t, chain), o)
	if got := o.asked(); got != "a" {
		t.Errorf("asked %q", got)
	}
	for _, name := range []string{"b", "c"} {
		if f := set.Get(name); f.Status != fact.NotRead || !strings.Contains(f.Reason, "cancelled") {
			t.Errorf("%s is %s, %q", name, f.Status, f.Reason)
		}
	}
	// A goroutine that has said that it is done may still be on its way out.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
	}
}

func TestGatherPanic(t *testing.T) {
	o := &observer{answer: func(_ context.Context, call fact.Call) fact.Reading {
		if call.Probe.Name == "a" {
			panic("index out of range")
		}
		return answered(1)
	}}
	set := gather(t.Context(), checked(t, chain+"  d: {uses: sample.list}\n"), o)
	if f := set.Get("a"); f.Status != fact.Failed || !strings.Contains(f.Reason, "index out of range") || f.Settle == "" {
		t.Errorf("a is %s, %q", f.Status, f.Reason)
	}
	if f := set.Get("c"); f.Status != fact.NotRead || f.Why()[0].Fact != "a" {
		t.Errorf("c is %s, %v", f.Status, f.Why())
	}
	if f := set.Get("d"); f.Status != fact.Observed {
		t.Errorf("d is %s", f.Status)
	}
}

func TestEvidenceFor(t *testing.T) {
	at := func(pointer string) sdk.Evidence { return sdk.Evidence{Pointer: pointer, File: "f" + pointer} }
	f := &fact.Fact{Name: "logs", Reading: fact.Reading{
		Status: fact.Observed,
		Value: map[string]any{
			"patterns": map[string]any{
				"a/b~c": map[string]any{"count": int64(2), "matches": []any{map[string]any{"text": "x"}, map[string]any{"text": "y"}}},
				"none":  map[string]any{"count": int64(0), "matches": []any{}},
			},
			"start": map[string]any{"type": "auto"},
			"lines": int64(5),
		},
		Evidence: []sdk.Evidence{at("/patterns/a~1b~0c/matches/0"), at("/patterns/a~1b~0c/matches/1"), at("/start"), at("odd")},
	}}
	root := *f
	root.Evidence = append([]sdk.Evidence{at("")}, f.Evidence...)
	tests := map[string]struct {
		of      *fact.Fact
		pointer string
		want    string
	}{
		"the-part-itself":               {f, "/patterns/a~1b~0c/matches/1", "/patterns/a~1b~0c/matches/1"},
		"what-is-in-it":                 {f, "/patterns/a~1b~0c", "/patterns/a~1b~0c/matches/0 /patterns/a~1b~0c/matches/1"},
		"the-record-round-a-field":      {f, "/patterns/a~1b~0c/matches/0/text", "/patterns/a~1b~0c/matches/0"},
		"a-count-has-that-of-its-list":  {f, "/patterns/a~1b~0c/count", "/patterns/a~1b~0c/matches/0 /patterns/a~1b~0c/matches/1"},
		"nothing-has-not-its-neighbour": {f, "/patterns/none/matches", ""},
		"nor-has-the-count-of-nothing":  {f, "/patterns/none/count", ""},
		"but-what-was-searched":         {&root, "/patterns/none/count", "root"},
		"a-field-of-an-object":          {f, "/start/type", "/start"},
		"a-name-that-begins-alike":      {f, "/star", "/patterns/a~1b~0c/matches/0 /patterns/a~1b~0c/matches/1 /start odd"},
		"an-item-that-is-not-there":     {f, "/patterns/a~1b~0c/matches/9", "/patterns/a~1b~0c/matches/0 /patterns/a~1b~0c/matches/1"},
		"all":                           {f, "", "/patterns/a~1b~0c/matches/0 /patterns/a~1b~0c/matches/1 /start odd"},
		"no-pointer":                    {f, "nonsense", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, e := range test.of.EvidenceFor(test.pointer) {
				got = append(got, cmp.Or(e.Pointer, "root"))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), test.want)
			}
		})
	}
}
