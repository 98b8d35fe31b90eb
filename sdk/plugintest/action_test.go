package plugintest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

// flag is an action that raises a flag: it makes a file of two lines. A fault, by name, makes it break a promise.
type flag struct {
	fault string
	calls int
}

type flagInput struct {
	Colour string `json:"colour" jsonschema:"enum=red,enum=green"`
}

type flagOutput struct {
	Calls int `json:"calls"`
}

type flagToken struct {
	Version int    `json:"version"`
	Colour  string `json:"colour"`
	NoOp    bool   `json:"no_op"`
}

const flagFile = "flag.txt"

func (f *flag) plugin() sdk.Plugin {
	effect := sdk.Reversible
	hands := sdk.ActionHands[flagInput, flagOutput, flagToken]{Prepare: f.prepare, Apply: f.apply, Assess: f.assess, Undo: f.undo}
	if strings.HasPrefix(f.fault, "irreversible") {
		effect, hands.Undo = sdk.Irreversible, nil
	}
	raise := sdk.NewAction(sdk.ActionManifest{Name: "raise", Summary: "Raises a flag", Effect: effect, Targets: []sdk.TargetKind{sdk.Offline}}, hands)
	if f.fault == "no-version" {
		raise = unversioned{raise}
	}
	return sdk.Plugin{Name: "flag", Version: "1.0.0", Summary: "Flags", Actions: []sdk.Action{raise}}
}

// unversioned takes the version out of the token.
type unversioned struct{ sdk.Action }

func (u unversioned) Prepare(ctx context.Context, call *sdk.Call, input json.RawMessage) (sdk.Prepared, error) {
	p, err := u.Action.Prepare(ctx, call, input)
	p.Token = []byte(strings.Replace(string(p.Token), `"version":1,`, "", 1))
	return p, err
}

// at is the path of a file of the disk.
func at(call *sdk.Call, name string) string {
	return filepath.Join(call.Target.Spec().Root, filepath.FromSlash(name))
}

func (f *flag) prepare(_ context.Context, call *sdk.Call, in flagInput) (sdk.Preview[flagOutput, flagToken], error) {
	f.calls++
	material := map[string]int{}
	switch f.fault {
	case "prepare-writes":
		_ = os.WriteFile(at(call, "note"), nil, 0o644)
	case "prepare-touches":
		_ = os.Chtimes(at(call, "w/x"), time.Time{}, time.Unix(int64(f.calls), 0))
	case "prepare-chmods":
		_ = os.Chmod(at(call, "w/x"), 0o400) // Windows knows of modes only whether a file can be written
	case "material-counts":
		material["calls"] = f.calls
	}
	have, err := os.ReadFile(at(call, flagFile))
	switch {
	case err == nil && strings.HasPrefix(string(have), in.Colour):
		return sdk.Preview[flagOutput, flagToken]{Summary: "it flies", NoOp: true, Token: flagToken{1, in.Colour, true}}, nil
	case err == nil:
		return sdk.Preview[flagOutput, flagToken]{}, sdk.Errorf(sdk.Unavailable, "another flag flies")
	}
	return sdk.Preview[flagOutput, flagToken]{Summary: "raise " + in.Colour, Changes: []sdk.Change{{What: "flag"}}, Token: flagToken{1, in.Colour, false}, Material: material}, nil
}

func (f *flag) check(token flagToken) error {
	switch {
	case f.fault == "any-token", f.fault == "no-version":
	case f.fault == "panics" && token.Version != 1:
		panic("a token of version 1 was expected")
	case token.Version != 1 || token.Colour == "":
		return sdk.Errorf(sdk.InvalidInput, "the token has version %d, expected 1", token.Version)
	}
	return nil
}

func (f *flag) apply(_ context.Context, call *sdk.Call, _ flagInput, token flagToken, stateDir string) (sdk.Result[flagOutput], error) {
	out := sdk.Result[flagOutput]{}
	if err := f.check(token); err != nil || token.NoOp || f.fault == "does-nothing" {
		return out, err
	}
	f.calls++
	if f.fault == "other-output" {
		out.Output.Calls = f.calls
	}
	if f.fault == "beside-state" {
		return out, os.WriteFile(stateDir+".log", nil, 0o600)
	}
	path := at(call, flagFile)
	half := token.Colour + "\n"
	if have, _ := os.ReadFile(path); strings.HasPrefix(string(have), half) {
		switch {
		case f.fault == "apply-adds":
			return out, os.WriteFile(path, append(have, '+'), 0o644)
		case f.fault == "irreversible-crash" && string(have) == half:
			return out, sdk.Errorf(sdk.Unavailable, "half a flag flies")
		}
	}
	if err := os.WriteFile(path, []byte(half), 0o644); err != nil {
		return out, err
	}
	call.Progress(sdk.Progress{Note: "half"})
	return out, os.WriteFile(path, []byte(half+half), 0o644)
}

func (f *flag) assess(_ context.Context, call *sdk.Call, token flagToken, stateDir string) (sdk.Assessment, error) {
	if err := f.check(token); err != nil {
		return sdk.Assessment{}, err
	}
	if f.fault == "assess-writes" {
		_ = os.WriteFile(filepath.Join(stateDir, "seen"), nil, 0o600)
	}
	have, err := os.ReadFile(at(call, flagFile))
	full := token.Colour + "\n" + token.Colour + "\n"
	switch {
	case errors.Is(err, fs.ErrNotExist), f.fault == "assess-blind":
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case strings.HasPrefix(string(have), full):
		return sdk.Assessment{State: sdk.StateAfter}, nil
	case f.fault == "assess-crash":
		return sdk.Assessment{State: sdk.StateOther, Reason: "half a flag"}, nil
	}
	return sdk.Assessment{State: sdk.StatePartial}, nil
}

func (f *flag) undo(_ context.Context, call *sdk.Call, token flagToken, _ string) (sdk.Result[flagOutput], error) {
	out := sdk.Result[flagOutput]{}
	if err := f.check(token); err != nil || token.NoOp {
		return out, err
	}
	path := at(call, flagFile)
	switch f.fault {
	case "undo-writes":
		return out, os.WriteFile(at(call, "undone"), nil, 0o644)
	case "undo-forgets":
		if _, err := os.Stat(path); err == nil {
			return out, os.WriteFile(path, nil, 0o644)
		}
	case "undo-crash":
		if have, _ := os.ReadFile(path); strings.Count(string(have), "\n") == 1 {
			return out, nil
		}
	case "undo-once":
		return out, os.Remove(path)
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	return out, nil
}

// scene is a disk on which a flag of a colour flies, or none.
func scene(flies string) func(testing.TB) plugintest.Scene {
	return func(t testing.TB) plugintest.Scene {
		root := t.TempDir()
		err := errors.Join(os.Mkdir(filepath.Join(root, "w"), 0o755), os.WriteFile(filepath.Join(root, "w", "x"), []byte("x"), 0o644))
		if flies != "" {
			err = errors.Join(err, os.WriteFile(filepath.Join(root, flagFile), []byte(flies), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
		return plugintest.Scene{Target: target.Spec{Kind: target.Offline, Root: root}, Input: flagInput{"red"}}
	}
}

func TestActionPasses(t *testing.T) {
	for name, c := range map[string]struct {
		fault string
		c     plugintest.ActionCase
	}{
		"reversible":    {"", plugintest.ActionCase{Action: "raise", Scene: scene("")}},
		"irreversible":  {"irreversible", plugintest.ActionCase{Action: "raise", Scene: scene("")}},
		"nothing-to-do": {"", plugintest.ActionCase{Action: "raise", Scene: scene("red\nred\n"), NoOp: true}},
		"refused":       {"", plugintest.ActionCase{Action: "raise", Scene: scene("green"), Refuses: sdk.Unavailable}},
	} {
		t.Run(name, func(t *testing.T) { plugintest.Action(t, (&flag{fault: c.fault}).plugin(), c.c) })
	}
}

// faults are broken promises, and what is said of each.
func faults() map[string]string {
	return map[string]string{
		"prepare-writes":     "Prepare changes something: note is new",
		"prepare-touches":    "Prepare changes something: w/x was changed at",
		"prepare-chmods":     "Prepare changes something: w/x had mode",
		"material-counts":    "the material state is another one",
		"no-version":         `the token has no number "version"`,
		"any-token":          "Undo takes a token that is null",
		"panics":             "got the internal error panic in raise",
		"does-nothing":       "is it the folder to watch",
		"apply-adds":         "Apply, done again, leaves a difference",
		"other-output":       "applied again, the output is another one",
		"beside-state":       "there is something beside the state directory",
		"assess-blind":       `Assess says "before" (), <nil>; want "after"`,
		"assess-writes":      "Assess changes something: seen is new",
		"assess-crash":       `after a crash in Apply at progress 1 ("half") Assess says "other"`,
		"irreversible-crash": "Apply: half a flag flies",
		"undo-writes":        "Undo, with nothing done, changes something: undone is new",
		"undo-forgets":       "Undo leaves a difference: flag.txt is new",
		"undo-once":          "Undo: remove",
		"undo-crash":         `Undo, after a crash in Apply at progress 1 ("half"), leaves a difference`,
		"noop":               "there is nothing to do: false, want true",
		"refusal":            "Prepare does not refuse, want code not_found",
		"code":               "Prepare refuses with code unavailable, want not_found",
	}
}

// TestFaulty is run by TestActionFinds in a process of its own: all of it must fail.
func TestFaulty(t *testing.T) {
	if os.Getenv("PLUGINTEST_FAULTY") == "" {
		t.Skip("run by TestActionFinds")
	}
	for fault := range faults() {
		t.Run(fault, func(t *testing.T) {
			c := plugintest.ActionCase{Action: "raise", Scene: scene("")}
			switch fault {
			case "noop":
				c.NoOp = true
			case "refusal":
				c.Refuses = sdk.NotFound
			case "code":
				c.Refuses, c.Scene = sdk.NotFound, scene("green")
			}
			plugintest.Action(t, (&flag{fault: fault}).plugin(), c)
		})
	}
}

func TestActionFinds(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestFaulty$", "-test.v")
	cmd.Env = append(os.Environ(), "PLUGINTEST_FAULTY=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("broken promises are not found:\n%s", out)
	}
	for fault, words := range faults() {
		words = strings.ReplaceAll(words, "w/x", filepath.Join("w", "x"))
		if !strings.Contains(string(out), "--- FAIL: TestFaulty/"+fault+" ") || !strings.Contains(string(out), words) {
			t.Errorf("%s is not found, or not told as %q", fault, words)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
