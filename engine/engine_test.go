package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/internal/foldermachine"
	"github.com/rectify-project/rectify/internal/memdisk"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/pluginserver"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// The test binary is its own plugins: started as `plugin serve NAME` it serves one of those of these tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "plugin" {
		if os.Args[3] == "machine" {
			pluginserver.Serve(foldermachine.Plugin())
			return
		}
		pluginserver.Serve(system())
		return
	}
	os.Exit(memdisk.Run(m))
}

type (
	clockOutput struct {
		Now    time.Time `json:"now,omitzero"`
		Source string    `json:"source"`
	}
	doInput struct {
		What string `json:"what"`
	}
	doOutput struct {
		Did string `json:"did"`
	}
)

var diskTime = time.Date(2018, 3, 4, 5, 6, 7, 0, time.UTC)

func system() sdk.Plugin {
	both := []sdk.TargetKind{sdk.Live, sdk.Offline}
	return sdk.Plugin{Name: "system", Version: "1.2.3", Summary: "Looks", Probes: []sdk.Probe{
		sdk.NewProbe(sdk.ProbeManifest{Name: "clock", Summary: "The time", Targets: both}, func(_ context.Context, call *sdk.Call, _ struct{}) (sdk.Reading[clockOutput], error) {
			if _, err := os.Stat(filepath.Join(call.Target.Spec().Root, "no-clock")); err == nil {
				return sdk.Observed(clockOutput{Source: "nothing"}), nil
			}
			return sdk.Observed(clockOutput{diskTime, "the newest record"}), nil
		}),
		sdk.NewProbe(sdk.ProbeManifest{Name: "do", Summary: "Does as it is told", Targets: both}, do),
		sdk.NewProbe(sdk.ProbeManifest{Name: "running", Summary: "Needs the running machine", Targets: []sdk.TargetKind{sdk.Live}}, do),
	}}
}

func do(_ context.Context, call *sdk.Call, in doInput) (sdk.Reading[doOutput], error) {
	switch in.What {
	case "crash":
		fmt.Fprintln(os.Stderr, "the last thing that was said")
		os.Exit(3)
	case "refuse":
		return sdk.Reading[doOutput]{}, sdk.Errorf(sdk.Unsupported, "not on this build").WithHint("take another")
	case "partial":
		return sdk.Reading[doOutput]{Value: doOutput{"half"}, Partial: "the log begins later", Covers: &sdk.Window{From: diskTime}, Settle: "look elsewhere"}, nil
	}
	return sdk.Observed(doOutput{in.What + " at " + call.Target.Now().Format(time.DateOnly)}), nil
}

func testEngine(t *testing.T) *Engine {
	t.Helper()
	e, err := New(Options{Linked: []sdk.Plugin{system()}, ServeArgs: func(name string) []string { return []string{"plugin", "serve", name} }, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// disk makes the root of a disk that has a Windows folder, and some more folders.
func disk(t *testing.T, more ...string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "server7")
	for _, dir := range append(more, "Windows/System32/config") {
		if err := os.MkdirAll(filepath.Join(root, filepath.FromSlash(dir)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func savedBundle(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.json")
	if err := (&fact.Bundle{Version: fact.BundleVersion, Now: diskTime}).Save(file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestOpenRefuses(t *testing.T) {
	e := testEngine(t)
	root := disk(t)
	tests := map[string]struct {
		where Where
		want  string
	}{
		"disk-and-bundle":     {Where{Root: "a", Bundle: "b"}, "give --root or --bundle"},
		"recording-a-bundle":  {Where{Bundle: savedBundle(t), Record: true}, "a recording already"},
		"no-such-bundle":      {Where{Bundle: filepath.Join(root, "none")}, "cannot be read"},
		"no-such-folder":      {Where{Root: filepath.Join(root, "none")}, "none"},
		"the-windows-folder":  {Where{Root: filepath.Join(root, "Windows")}, "name the folder above it: " + root},
		"the-folder-above-it": {Where{Root: filepath.Dir(root)}, "did you mean " + root + "?"},
		"an-empty-folder":     {Where{Root: t.TempDir()}, "name the folder that holds the Windows folder"},
		"no-clock":            {Where{Root: disk(t, "no-clock")}, "give it with --now"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := e.Open(t.Context(), test.where)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %+v, %v; want %q", s, err, test.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	e := testEngine(t)
	elsewhere := time.Date(2020, 1, 2, 3, 0, 0, 0, time.FixedZone("", 3600))
	root, noClock := disk(t), disk(t, "no-clock")
	tests := map[string]struct {
		where              Where
		kind, name, source string
		now                time.Time
	}{
		"live":              {Where{}, "live", "", "the newest record", diskTime},
		"live-at":           {Where{Now: elsewhere}, "live", "", "--now", elsewhere},
		"offline":           {Where{Root: root}, "offline", root, "the newest record", diskTime},
		"offline-at":        {Where{Root: noClock, Now: elsewhere}, "offline", noClock, "--now", elsewhere},
		"bundle":            {Where{Bundle: savedBundle(t)}, "bundle", "", "the time of recording", diskTime},
		"bundle-at":         {Where{Bundle: savedBundle(t), Now: elsewhere}, "bundle", "", "--now", elsewhere},
		"offline-recording": {Where{Root: root, Record: true}, "offline", root, "the newest record", diskTime},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := e.Open(t.Context(), test.where)
			if err != nil {
				t.Fatal(err)
			}
			if test.kind == "bundle" {
				test.name = test.where.Bundle
			}
			if s.Kind != test.kind || s.Name != test.name || s.ClockSource != test.source || !s.Now.Equal(test.now) || s.Now.Location() != time.UTC {
				t.Errorf("got %+v", s)
			}
			b, err := s.Bundle(diskTime)
			if recording := err == nil; recording != test.where.Record {
				t.Fatalf("recording: %v", err)
			} else if recording && (b.Target != fact.BundleTarget{Kind: "offline", Name: "server7"}) {
				t.Errorf("recorded %+v", b.Target)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	e := testEngine(t)
	s, err := e.Open(t.Context(), Where{Root: disk(t)})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		uses, what     string
		status         fact.Status
		reason, settle string
	}{
		"answer":      {"system.do", "look", fact.Observed, "", ""},
		"partial":     {"system.do", "partial", fact.Partial, "the log begins later", "look elsewhere"},
		"refuse":      {"system.do", "refuse", fact.Unsupported, "not on this build", "take another"},
		"crash":       {"system.do", "crash", fact.Failed, "the last thing that was said", ""},
		"not-offline": {"system.running", "look", fact.Unsupported, "needs the running machine", "on the machine itself"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			probe, err := e.Probe(t.Context(), test.uses)
			if err != nil {
				t.Fatal(err)
			}
			r := s.Observe(t.Context(), probe, map[string]any{"what": test.what})
			if r.Status != test.status || !strings.Contains(r.Reason, test.reason) || !strings.Contains(r.Settle, test.settle) {
				t.Fatalf("got %+v", r)
			}
			switch {
			case r.Known() && r.Plugin != "system 1.2.3":
				t.Errorf("it was read by %q", r.Plugin)
			case name == "answer" && r.Value.(map[string]any)["did"] != "look at 2018-03-04":
				t.Errorf("got %v", r.Value)
			case name == "partial" && !r.Covers.From.Equal(diskTime):
				t.Errorf("it covers %v", r.Covers)
			}
		})
	}
}

func TestNotPossible(t *testing.T) {
	both, live, offline := []sdk.TargetKind{sdk.Live, sdk.Offline}, []sdk.TargetKind{sdk.Live}, []sdk.TargetKind{sdk.Offline}
	tests := map[string]struct {
		targets []sdk.TargetKind
		needs   sdk.Needs
		kind    target.Kind
		want    string // empty: it is possible
	}{
		"both-live":              {both, sdk.Needs{}, target.Live, ""},
		"both-offline":           {both, sdk.Needs{}, target.Offline, ""},
		"live-on-a-disk":         {live, sdk.Needs{}, target.Offline, "needs the running machine"},
		"disk-on-live":           {offline, sdk.Needs{}, target.Live, "it cannot read the running machine"},
		"nowhere":                {nil, sdk.Needs{}, target.Live, "not possible in this version"},
		"this-platform":          {live, sdk.Needs{Platforms: []string{"plan9", runtime.GOOS}}, target.Live, ""},
		"another-platform":       {live, sdk.Needs{Platforms: []string{"plan9", "solaris"}}, target.Live, "needs plan9 or solaris, this machine runs " + runtime.GOOS},
		"a-disk-has-no-platform": {both, sdk.Needs{Platforms: []string{"plan9"}}, target.Offline, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, refused := notPossible("a.b", test.targets, test.needs, test.kind)
			if refused != (test.want != "") || !strings.Contains(r.Reason, test.want) || refused != (r.Status == fact.Unsupported) {
				t.Errorf("refused %v: %+v", refused, r)
			}
		})
	}
}

func TestFailure(t *testing.T) {
	told := func(code sdk.ErrorCode, path string) error {
		err := &sdk.Error{Code: code, Message: "no such file", Path: path, Hint: "look there"}
		return &host.Error{Plugin: "p", Function: "f", Kind: host.PluginError, Message: err.Error(), Err: err}
	}
	tests := map[string]struct {
		err            error
		status         fact.Status
		reason, settle string
	}{
		"not-found":       {told(sdk.NotFound, ""), fact.Failed, "no such file", "look there"},
		"unsupported":     {told(sdk.Unsupported, ""), fact.Unsupported, "no such file", "look there"},
		"of-an-argument":  {told(sdk.NotFound, "/files/0/a~1b~0c"), fact.Failed, "argument files.0.a/b~c: no such file", "look there"},
		"crashed":         {&host.Error{Plugin: "p", Kind: host.Crashed, Message: "its process ended", LastWords: []string{"panic: x"}, Exit: "exit status 2"}, fact.Failed, "panic: x", ""},
		"any-other-error": {errors.New("odd"), fact.Failed, "odd", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, reason, settle := failure("p.f", test.err)
			if status != test.status || !strings.Contains(reason, test.reason) || settle != test.settle {
				t.Errorf("got %s, %q, %q", status, reason, settle)
			}
		})
	}
}

func TestInputs(t *testing.T) {
	in := func(name string, kind schema.Kind) check.Input {
		return check.Input{Name: name, Type: schema.Of(kind), Optional: true}
	}
	p := &check.Playbook{ID: "sample/p", Inputs: []check.Input{
		in("text", schema.Text), in("int", schema.Int), in("number", schema.Number), in("bool", schema.Bool), in("time", schema.Time),
		in("duration", schema.Duration), in("size", schema.Size), in("path", schema.Path), in("hresult", schema.HResult),
		{Name: "since", Type: schema.Of(schema.Duration), Default: 30 * 24 * time.Hour},
	}}
	tests := map[string]struct {
		name, text string
		want       any
		err        string
	}{
		"text":              {"text", "10GiB, yes", "10GiB, yes", ""},
		"empty-text":        {"text", "", "", ""},
		"int":               {"int", "-7", int64(-7), ""},
		"large-int":         {"int", "9007199254740993", int64(9007199254740993), ""},
		"int-of-a-float":    {"int", "1e3", int64(1000), ""},
		"int-with-fraction": {"int", "1.5", nil, "input int: expected int, got the number 1.5"},
		"int-of-a-word":     {"int", "many", nil, `got the text "many"`},
		"int-of-nothing":    {"int", "", nil, `got the text ""`},
		"number":            {"number", "0.5", 0.5, ""},
		"no-number":         {"number", "NaN", nil, "input number"},
		"infinite":          {"number", "inf", nil, "input number"},
		"true":              {"bool", "Yes", true, ""},
		"false":             {"bool", "false", false, ""},
		"neither":           {"bool", "maybe", nil, `got the text "maybe"`},
		"time":              {"time", "2026-01-10T09:00:00+01:00", time.Date(2026, 1, 10, 8, 0, 0, 0, time.UTC), ""},
		"no-time":           {"time", "yesterday", nil, "write it as 2026-01-10T09:00:00Z"},
		"duration":          {"duration", "1h30m", 90 * time.Minute, ""},
		"size":              {"size", "10GiB", int64(10 << 30), ""},
		"path":              {"path", `%SystemRoot%\Logs`, `%SystemRoot%\Logs`, ""},
		"hresult":           {"hresult", "0x8024001e", hresult.Code(0x8024001E), ""},
		"default-replaced":  {"since", "1d", 24 * time.Hour, ""},
		"misspelt":          {"sinse", "1d", nil, `the playbook sample/p has no input "sinse"; it has bool, duration, hresult, int, number, path, since, size, text, time; did you mean since?`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Inputs(p, map[string]string{test.name: test.text}, false)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, %v; want %q", got, err, test.err)
				}
				return
			}
			if err != nil || got[test.name] != test.want {
				t.Errorf("got %#v, %v; want %#v", got[test.name], err, test.want)
			}
		})
	}
}

func TestInputsThatAreNotSet(t *testing.T) {
	p := &check.Playbook{ID: "sample/p", Inputs: []check.Input{
		{Name: "opt", Type: schema.Of(schema.Text), Optional: true},
		{Name: "since", Type: schema.Of(schema.Duration), Default: time.Hour},
	}}
	got, err := Inputs(p, nil, false)
	if _, given := got["opt"]; err != nil || given || got["since"] != time.Hour {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := Inputs(p, map[string]string{"of_another": "x"}, true); err != nil || len(got) != 1 {
		t.Errorf("leniently: %v, %v", got, err)
	}
	p.Inputs = append(p.Inputs, check.Input{Name: "server", Type: schema.Of(schema.Text)})
	if _, err := Inputs(p, nil, true); err == nil || err.Error() != "the input server must be set: --input server=text" {
		t.Errorf("got %v", err)
	}
	if _, err := Inputs(&check.Playbook{ID: "sample/q"}, map[string]string{"z": "", "b": "", "a": ""}, false); err == nil || err.Error() != `the playbook sample/q has no input "a"; it has none` {
		t.Errorf("got %v", err)
	}
}
