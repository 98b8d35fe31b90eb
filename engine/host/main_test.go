package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/pluginserver"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// The test binary is its own plugins: started as `plugin serve NAME` it serves the one of that name, or misbehaves as
// that name says.
func TestMain(m *testing.M) {
	if name, ok := strings.CutPrefix(strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"), "rectify-plugin-"); ok {
		serveAs(name)
		return
	}
	if len(os.Args) == 4 && os.Args[1] == "plugin" && os.Args[2] == "serve" {
		serveAs(os.Args[3])
		return
	}
	if len(os.Args) == 4 && os.Args[1] == "host" {
		doomedHost(os.Args[2], os.Args[3])
		return
	}
	os.Exit(m.Run())
}

func serveAs(name string) {
	if bad, ok := misbehaviours[name]; ok {
		bad()
		return
	}
	p := testPlugin(name)
	switch name {
	case "renamed":
		p.Name = "somebody_else"
	case "no_summary":
		p.Probes = []sdk.Probe{schemaProbe{"", `{"type":"object"}`}}
	case "untyped_schema":
		p.Probes = []sdk.Probe{schemaProbe{"x", `{"type":"object","properties":{"a":{"$ref":"file:///etc/passwd"}}}`}}
	case "invalid_schema":
		p.Probes = []sdk.Probe{schemaProbe{"x", `{"type":"object","required":"everything"}`}}
	case "no_schema":
		p.Probes = []sdk.Probe{schemaProbe{"x", `null`}}
	}
	pluginserver.Serve(p)
}

func serveArgs(name string) []string { return []string{"plugin", "serve", name} }

var live = target.Spec{Kind: target.Live}

// testHost has the plugins of some names; nothing of them is left when the test ends.
func testHost(t testing.TB, names ...string) *Host {
	t.Helper()
	return testHostLogging(t, zerolog.Nop(), names...)
}

func testHostLogging(t testing.TB, log zerolog.Logger, names ...string) *Host {
	t.Helper()
	checkLeftovers(t)
	var plugins []sdk.Plugin
	for _, name := range names {
		plugins = append(plugins, testPlugin(name))
	}
	h, err := New(Options{Linked: plugins, ServeArgs: serveArgs, Log: log, StartTimeout: 4 * time.Second, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

type doInput struct {
	What  string      `json:"what"`
	Count int         `json:"count" jsonschema:"default=3"`
	Size  int         `json:"size,omitempty"`
	Span  schema.Span `json:"span,omitempty"`
	Path  string      `json:"path,omitempty"`
}

type doOutput struct {
	Text  string    `json:"text"`
	Count int       `json:"count"`
	When  time.Time `json:"when,omitzero"`
	Items []item    `json:"items,omitempty"`
}

type item struct {
	Name     string       `json:"name"`
	Evidence sdk.Evidence `json:"-"`
}

type noteToken struct {
	Path string `json:"path"`
}

// testPlugin has one probe, which does what it is told, and one action that must not be cut off and one that may.
func testPlugin(name string) sdk.Plugin {
	targets := []sdk.TargetKind{sdk.Live, sdk.Offline}
	action := func(name string, interruptible bool) sdk.Action {
		return sdk.NewAction(sdk.ActionManifest{Name: name, Summary: "Writes a file", Targets: targets, Effect: sdk.Reversible, Interruptible: interruptible},
			sdk.ActionHands[doInput, doOutput, noteToken]{Prepare: prepareNote, Apply: applyNote, Assess: assessNote, Undo: undoNote})
	}
	p := sdk.Plugin{Name: name, Version: "1.2.3", Summary: "Does as it is told",
		Probes: []sdk.Probe{
			sdk.NewProbe(sdk.ProbeManifest{Name: "do", Summary: "Does as it is told", Targets: targets}, do),
			rawProbe{},
		},
	}
	if name == "acting" {
		p.Actions = []sdk.Action{action("note", true), action("servicing", false)}
	}
	return p
}

func prepareNote(_ context.Context, _ *sdk.Call, in doInput) (sdk.Preview[doOutput, noteToken], error) {
	return sdk.Preview[doOutput, noteToken]{
		Summary:   "write " + in.What,
		Changes:   []sdk.Change{{What: in.What, After: "there"}},
		Predicted: &doOutput{Text: in.What, Count: in.Count},
		Token:     noteToken{in.What},
		Material:  map[string]any{"z": 1, "a": []int{2}},
	}, nil
}

func applyNote(ctx context.Context, call *sdk.Call, in doInput, token noteToken, stateDir string) (sdk.Result[doOutput], error) {
	call.Progress(sdk.Progress{Done: 1, Total: 2, Note: "writing"})
	time.Sleep(time.Duration(in.Span))
	if err := os.WriteFile(filepath.Join(stateDir, "state"), []byte("before"), 0o600); err != nil {
		return sdk.Result[doOutput]{}, err
	}
	if err := os.WriteFile(token.Path, []byte("note"), 0o600); err != nil {
		return sdk.Result[doOutput]{}, err
	}
	return sdk.Result[doOutput]{Output: doOutput{Text: token.Path, Count: in.Count}, NeedsRestart: true}, ctx.Err()
}

func assessNote(_ context.Context, _ *sdk.Call, token noteToken, _ string) (sdk.Assessment, error) {
	if _, err := os.Stat(token.Path); err != nil {
		return sdk.Assessment{State: sdk.StateBefore, Reason: "no file"}, nil
	}
	return sdk.Assessment{State: sdk.StateAfter}, nil
}

func undoNote(_ context.Context, _ *sdk.Call, token noteToken, stateDir string) (sdk.Result[doOutput], error) {
	if _, err := os.Stat(filepath.Join(stateDir, "state")); err != nil {
		return sdk.Result[doOutput]{}, sdk.Errorf(sdk.NotFound, "no state in %s", stateDir).WithHint("was it applied?")
	}
	return sdk.Result[doOutput]{Output: doOutput{Text: "removed"}}, os.Remove(token.Path)
}

// want finds a host error of a kind that names the plugin.
func want(t *testing.T, err error, kind Kind, words ...string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("got kind %s, want %s: %v", e.Kind, kind, e)
	}
	for _, w := range append(words, e.Plugin) {
		if !strings.Contains(e.Error(), w) {
			t.Errorf("the error does not tell %q: %v", w, e)
		}
	}
	return e
}
