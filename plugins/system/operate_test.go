package system

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/power/fakepower"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
	"github.com/rectify-project/rectify/internal/machine/restorepoint"
	"github.com/rectify-project/rectify/internal/machine/restorepoint/fakerestorepoint"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

var (
	bootedAt = time.Date(2026, 1, 10, 7, 0, 0, 0, time.UTC)
	morning  = time.Date(2026, 1, 10, 9, 30, 0, 0, time.UTC)
)

const auKey = `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU`

// stage is a machine that is operated. Its registry is kept in a file between calls, so that it can be put back.
type stage struct {
	folder string
	power  *fakepower.Machine
	points *fakerestorepoint.Store
	now    time.Time
}

func newStage(t testing.TB, prepare func(*fakeregistry.Registry)) *stage {
	t.Helper()
	s := &stage{t.TempDir(), fakepower.New(bootedAt), nil, morning}
	s.points = &fakerestorepoint.Store{Folder: s.folder}
	f := running()
	if prepare != nil {
		prepare(f)
	}
	if err := s.save(f); err != nil {
		t.Fatal(err)
	}
	return s
}

type storedKey struct {
	Path   string
	Values []registry.Value
}

func (s *stage) file() string { return filepath.Join(s.folder, "registry.json") }

func (s *stage) load() (*fakeregistry.Registry, error) {
	text, err := os.ReadFile(s.file())
	var keys []storedKey
	if err == nil {
		err = json.Unmarshal(text, &keys)
	}
	f := fakeregistry.New()
	for _, k := range keys {
		f.Put(k.Path, k.Values...)
	}
	return f, err
}

func (s *stage) save(f *fakeregistry.Registry) error {
	var keys []storedKey
	var walk func(path string) error
	walk = func(path string) error {
		k := storedKey{Path: path}
		entries, err := f.Values(path)
		if err != nil {
			return err
		}
		for _, e := range entries {
			v, err := f.Value(path, e.Name)
			if err != nil {
				return err
			}
			k.Values = append(k.Values, v)
		}
		slices.SortFunc(k.Values, func(a, b registry.Value) int { return cmp.Compare(a.Name, b.Name) })
		keys = append(keys, k)
		below, err := f.Subkeys(path)
		slices.Sort(below)
		for _, name := range below {
			err = errors.Join(err, walk(path+`\`+name))
		}
		return err
	}
	if err := walk(`HKLM\SOFTWARE`); err != nil {
		return err
	}
	text, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(s.file()); err == nil && string(old) == string(text) {
		return nil
	}
	return os.WriteFile(s.file(), text, 0o600)
}

// lasting is a registry that is saved with each flush, as the real one is.
type lasting struct {
	*fakeregistry.Registry
	stage *stage
}

func (k *lasting) Set(path string, v registry.Value) error {
	return errors.Join(k.Registry.Set(path, v), k.stage.save(k.Registry))
}

func (k *lasting) Create(path string, form registry.Form) (bool, error) {
	made, err := k.Registry.Create(path, form)
	return made, errors.Join(err, k.stage.save(k.Registry))
}

func (k *lasting) DeleteValue(path, name string) error {
	err := k.Registry.DeleteValue(path, name)
	if err == nil {
		err = k.stage.save(k.Registry)
	}
	return err
}

func (k *lasting) DeleteKey(path string) error {
	err := k.Registry.DeleteKey(path)
	if err == nil {
		err = k.stage.save(k.Registry)
	}
	return err
}

// theatre has one stage after the other.
type theatre struct{ now *stage }

func (t *theatre) Boot() (power.Boot, error)       { return t.now.power.Boot() }
func (t *theatre) Initiate(r power.Request) uint32 { return t.now.power.Initiate(r) }
func (t *theatre) Abort() uint32                   { return t.now.power.Abort() }

func (t *theatre) plugin() sdk.Plugin {
	o := operator{
		power: power.Of(t),
		hold: func(*sdk.Call) (power.Hold, error) {
			f, err := t.now.load()
			return power.Hold{Registry: registry.StoreOf(&lasting{f, t.now})}, err
		},
		points: points{t},
		serves: func(*sdk.Call) error { return nil },
		now:    func() time.Time { return t.now.now },
	}
	return sdk.Plugin{Name: "system", Version: "1.0.0", Summary: "operates", Actions: o.actions()}
}

var onLive = target.Spec{Kind: target.Live}

func TestPromisesOfOperations(t *testing.T) {
	nothing := map[string]any{}
	held := func(f *fakeregistry.Registry) {
		h := power.Hold{Registry: registry.StoreOf(f)}
		l, err := h.Plan(morning)
		if err == nil {
			err = errors.Join(h.Write(l), h.Set(l, func(power.Setting) {}))
		}
		if err != nil {
			panic(err)
		}
	}
	cases := map[string]struct {
		action  string
		input   map[string]any
		prepare func(*fakeregistry.Registry)
		stage   func(*stage)
		noOp    bool
		refuses sdk.ErrorCode
	}{
		"hold back": {action: "block_restart", input: nothing},
		"hold back, a policy against it": {action: "block_restart", input: nothing, prepare: func(f *fakeregistry.Registry) {
			f.Put(auKey, registry.NumberValue("AlwaysAutoRebootAtScheduledTime", 1))
		}},
		"hold back what is held back": {action: "block_restart", input: nothing, prepare: held, noOp: true},
		"hold back what is half held back": {action: "block_restart", input: nothing, refuses: sdk.Unavailable, prepare: func(f *fakeregistry.Registry) {
			held(f)
			if err := f.DeleteValue(auKey, "NoAutoRebootWithLoggedOnUsers"); err != nil {
				panic(err)
			}
		}},
		"allow again":            {action: "unblock_restart", input: nothing, prepare: held},
		"allow what is allowed":  {action: "unblock_restart", input: nothing, noOp: true},
		"make a point":           {action: "restore_point", input: map[string]any{"description": "before the repair"}},
		"make one without words": {action: "restore_point", input: map[string]any{"description": ""}, refuses: sdk.InvalidInput},
		"make one on a server":   {action: "restore_point", input: map[string]any{"description": "x"}, stage: func(s *stage) { s.points.None = true }, refuses: sdk.Unsupported},
		"restart":                {action: "restart", input: map[string]any{"reason": "a restart that was pending"}},
		"restart in a year":      {action: "restart", input: map[string]any{"delay": "365d"}, refuses: sdk.InvalidInput},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			show := &theatre{}
			plugintest.Action(t, show.plugin(), plugintest.ActionCase{
				Action: c.action, NoOp: c.noOp, Refuses: c.refuses,
				Scene: func(t testing.TB) plugintest.Scene {
					show.now = newStage(t, c.prepare)
					if c.stage != nil {
						c.stage(show.now)
					}
					return plugintest.Scene{Target: onLive, Folder: show.now.folder, Input: c.input}
				},
			})
		})
	}
	verification.ShownByFake(t, "restarts are held back and allowed again exactly as they were, through crashes at each instant", "system.block_restart", "system.unblock_restart")
	verification.ShownByFake(t, "a restore point is made once, through crashes at each instant", "system.restore_point")
}

// act is an action on a stage, step by step.
type act struct {
	*plugintest.Client
	t      *testing.T
	action string
	input  map[string]any
	token  json.RawMessage
	state  string
}

func (s *stage) act(t *testing.T, action string, input map[string]any) *act {
	t.Helper()
	a := &act{plugintest.Serve(t, (&theatre{s}).plugin()), t, action, input, nil, t.TempDir()}
	p, err := a.Prepare(action, onLive, input)
	if err != nil {
		t.Fatal(err)
	}
	a.token = p.Token
	return a
}

func (a *act) apply() (sdk.Applied, error) {
	return a.Apply(a.action, onLive, a.input, a.token, a.state)
}

func (a *act) undo() error {
	_, err := a.Undo(a.action, onLive, a.token, a.state)
	return err
}

func (a *act) assess(want sdk.State) {
	a.t.Helper()
	if got, err := a.Assess(a.action, onLive, a.token, a.state); err != nil || got.State != want {
		a.t.Errorf("assessed as %q (%s), %v; want %q", got.State, got.Reason, err, want)
	}
}

func (a *act) refuses(code sdk.ErrorCode, says string) {
	a.t.Helper()
	if _, err := a.apply(); err == nil || sdk.AsError(err).Code != code || !strings.Contains(err.Error(), says) {
		a.t.Errorf("got %v; want code %s and …%s…", err, code, says)
	}
}

// TestRestart goes through what the journal rests on: a restart is partial from when it was asked for until the machine has
// bootedAt again.
func TestRestart(t *testing.T) {
	s := newStage(t, nil)
	a := s.act(t, "restart", map[string]any{"reason": "a test"})
	a.assess(sdk.StateBefore)
	first, err := a.apply()
	if err != nil || !first.NeedsRestart {
		t.Fatalf("got %+v, %v", first, err)
	}
	if r := s.power.Scheduled(); r == nil || r.Delay != time.Minute || !strings.Contains(r.Message, "a test") {
		t.Errorf("scheduled is %+v", r)
	}
	a.assess(sdk.StatePartial)
	s.now = morning.Add(10 * time.Second)
	if again, err := a.apply(); err != nil || string(again.Output) != string(first.Output) {
		t.Errorf("asked again: %s, %v; want %s", again.Output, err, first.Output)
	}
	if err := a.undo(); err != nil || s.power.Scheduled() != nil {
		t.Errorf("called off: %v, scheduled is %+v", err, s.power.Scheduled())
	}
	a.assess(sdk.StateBefore)
	if _, err := a.apply(); err != nil {
		t.Fatal(err)
	}
	s.power.Start(morning.Add(2 * time.Minute))
	a.assess(sdk.StateAfter)
	asked := s.power.Asked()
	if again, err := a.apply(); err != nil || again.NeedsRestart || s.power.Asked() != asked {
		t.Errorf("it has restarted, and is asked again: %+v, %v", again, err)
	}
	if err := a.undo(); err == nil || sdk.AsError(err).Code != sdk.Unsupported {
		t.Errorf("a restart that has been is taken back: %v", err)
	}
	verification.ShownByFake(t, "a restart is partial until the machine has bootedAt anew, by the number of its start; it is called off while it counts down", "system.restart")
}

func TestRestartThatDoesNotCome(t *testing.T) {
	t.Run("called off by somebody", func(t *testing.T) {
		s := newStage(t, nil)
		a := s.act(t, "restart", map[string]any{})
		if _, err := a.apply(); err != nil {
			t.Fatal(err)
		}
		s.power.Abort()
		a.assess(sdk.StatePartial)
		s.now = morning.Add(2 * time.Hour)
		a.assess(sdk.StateBefore)
		if _, err := a.apply(); err != nil || s.power.Scheduled() == nil {
			t.Errorf("it is not asked for anew: %v", err)
		}
		a.assess(sdk.StatePartial)
	})
	t.Run("reported, and not so", func(t *testing.T) {
		s := newStage(t, nil)
		s.power.Ignores = true
		a := s.act(t, "restart", map[string]any{})
		a.refuses(sdk.Unsupported, "it is reported as done, and it is not")
		a.assess(sdk.StateBefore)
	})
	t.Run("denied", func(t *testing.T) {
		s := newStage(t, nil)
		s.power.Denies = true
		a := s.act(t, "restart", map[string]any{})
		a.refuses(sdk.AccessDenied, "may not shut the machine down")
		a.assess(sdk.StateBefore)
	})
	t.Run("another's shutdown counts down", func(t *testing.T) {
		s := newStage(t, nil)
		s.power.Schedule(power.Request{Delay: time.Hour})
		a := s.act(t, "restart", map[string]any{})
		a.refuses(sdk.Unavailable, "scheduled already")
		a.assess(sdk.StateBefore)
		if err := a.undo(); err != nil || s.power.Scheduled() == nil {
			t.Errorf("undone: %v; the other's shutdown is called off", err)
		}
	})
	t.Run("a crash between the note and the call", func(t *testing.T) {
		s := newStage(t, nil)
		a := s.act(t, "restart", map[string]any{})
		if err := kept.Write(a.state, askedFile, askedNote{tokenVersion, morning}); err != nil {
			t.Fatal(err)
		}
		a.assess(sdk.StatePartial)
		if _, err := a.apply(); err != nil || s.power.Scheduled() == nil {
			t.Errorf("it is not asked for: %v", err)
		}
	})
}

func TestBlockCallsOff(t *testing.T) {
	s := newStage(t, nil)
	s.power.Schedule(power.Request{Delay: time.Hour})
	a := s.act(t, "block_restart", map[string]any{})
	for range 2 {
		got, err := a.apply()
		if err != nil || string(got.Output) != `{"aborted":true,"blocked":true}` && string(got.Output) != `{"blocked":true,"aborted":true}` {
			t.Errorf("got %s, %v", got.Output, err)
		}
	}
	if s.power.Scheduled() != nil {
		t.Error("it counts down still")
	}
	other := newStage(t, nil) // where it cannot be told, nobody is kept from holding back
	other.power.Ignores = true
	if got, err := other.act(t, "block_restart", map[string]any{}).apply(); err != nil || string(got.Output) != `{"blocked":true}` {
		t.Errorf("got %s, %v", got.Output, err)
	}
	verification.ShownByFake(t, "a shutdown that counts down is called off", "system.block_restart")
}

// TestAnotherStepAllows holds that what one action has held back another allows again, also in another run.
func TestAnotherStepAllows(t *testing.T) {
	s := newStage(t, nil)
	before, err := os.ReadFile(s.file())
	if err != nil {
		t.Fatal(err)
	}
	block := s.act(t, "block_restart", map[string]any{})
	if _, err := block.apply(); err != nil {
		t.Fatal(err)
	}
	if again := s.act(t, "block_restart", map[string]any{}); again.undo() != nil {
		t.Error("a second holding back is not undone")
	}
	block.assess(sdk.StateAfter)
	allow := s.act(t, "unblock_restart", map[string]any{})
	if _, err := allow.apply(); err != nil {
		t.Fatal(err)
	}
	allow.assess(sdk.StateAfter)
	block.assess(sdk.StateBefore)
	if err := block.undo(); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(s.file()); err != nil || string(after) != string(before) {
		t.Errorf("%v: the registry is not as it was:\n%s\n%s", err, before, after)
	}
}

func TestSomebodyChangesTheBlock(t *testing.T) {
	s := newStage(t, nil)
	a := s.act(t, "block_restart", map[string]any{})
	if _, err := a.apply(); err != nil {
		t.Fatal(err)
	}
	f, err := s.load()
	if err != nil {
		t.Fatal(err)
	}
	f.Put(auKey, registry.NumberValue("NoAutoRebootWithLoggedOnUsers", 0))
	if err := s.save(f); err != nil {
		t.Fatal(err)
	}
	a.assess(sdk.StateOther)
	allow := s.act(t, "unblock_restart", map[string]any{})
	if _, err := allow.apply(); err != nil {
		t.Fatal(err)
	}
	if f, err = s.load(); err != nil {
		t.Fatal(err)
	}
	if v, err := f.Value(auKey, "NoAutoRebootWithLoggedOnUsers"); err != nil || v.Show() != registry.NumberValue("", 0).Show() {
		t.Errorf("what somebody else has set is %s, %v", v.Show(), err)
	}
}

func TestRestorePoints(t *testing.T) {
	cases := map[string]struct {
		prepare func(*fakerestorepoint.Store)
		code    sdk.ErrorCode
		says    string
	}{
		"another one is young": {func(s *fakerestorepoint.Store) { s.Recent = true }, sdk.Unavailable, "younger than 24 hours"},
		"it is off":            {func(s *fakerestorepoint.Store) { s.Off = true }, sdk.Unavailable, "is off"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			c.prepare(s.points)
			a := s.act(t, "restore_point", map[string]any{"description": "x"})
			a.refuses(c.code, c.says)
			a.assess(sdk.StateBefore)
		})
	}
	verification.ShownByFake(t, "a restore point that is reported as made and is not listed is caught", "system.restore_point")
}

// points are those of the stage of now.
type points struct{ theatre *theatre }

func (p points) List(ctx context.Context) ([]restorepoint.Point, error) {
	return p.theatre.now.points.List(ctx)
}

func (p points) Create(ctx context.Context, description string) (int64, error) {
	return p.theatre.now.points.Create(ctx, description)
}
