package dism

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/internal/machine/servicing/fakeservicing"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
)

func in(state, identity string) fakeservicing.Package {
	return fakeservicing.Package{Identity: identity, State: state, Release: "Update", Time: "3/15/2021 4:07 AM"}
}

// TestPromises holds that the actions keep what every action promises, crashes included.
func TestPromises(t *testing.T) {
	cases := map[string]struct {
		action   string
		input    map[string]any
		identity string
		health   string
		packages []fakeservicing.Package
		waits    bool
		noOp     bool
		refuses  sdk.ErrorCode
	}{
		"add":                              {action: "add_package", packages: []fakeservicing.Package{in("Installed", stack)}},
		"add, and wait for a restart":      {action: "add_package", waits: true},
		"add what is installed":            {action: "add_package", packages: []fakeservicing.Package{in("Installed", rollup)}, noOp: true},
		"add what is superseded":           {action: "add_package", packages: []fakeservicing.Package{in("Superseded", rollup)}, noOp: true},
		"add what is being removed":        {action: "add_package", packages: []fakeservicing.Package{in("Uninstall Pending", rollup)}, refuses: sdk.Unavailable},
		"add what is not there":            {action: "add_package", input: map[string]any{"path": `C:\packages\none.cab`}, refuses: sdk.NotFound},
		"add what is no cabinet":           {action: "add_package", input: map[string]any{"path": `C:\store\store.json`}, refuses: sdk.Unsupported},
		"remove":                           {action: "remove_package", packages: []fakeservicing.Package{in("Installed", rollup)}},
		"remove, and wait for a restart":   {action: "remove_package", packages: []fakeservicing.Package{in("Installed", rollup)}, waits: true},
		"remove what is not there":         {action: "remove_package", noOp: true},
		"remove a servicing stack":         {action: "remove_package", input: map[string]any{"name": stack}, packages: []fakeservicing.Package{in("Installed", stack)}, refuses: sdk.Unsupported},
		"remove with a wildcard":           {action: "remove_package", input: map[string]any{"name": "*"}, refuses: sdk.InvalidInput},
		"repair":                           {action: "restore_health", input: map[string]any{"source": `wim:D:\sources\install.wim:1`}, health: fakeservicing.Repairable},
		"repair what is beyond it":         {action: "restore_health", health: fakeservicing.Unrepairable, refuses: sdk.Unavailable},
		"repair from nowhere":              {action: "restore_health", input: map[string]any{"limit_access": true}, health: fakeservicing.Repairable, refuses: sdk.InvalidInput},
		"repair from a path that is none":  {action: "restore_health", input: map[string]any{"source": `/quiet`}, health: fakeservicing.Repairable, refuses: sdk.InvalidInput},
		"repair from a path with an quote": {action: "restore_health", input: map[string]any{"source": `D:\a" /x "`}, health: fakeservicing.Repairable, refuses: sdk.InvalidInput},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			stage := &theatre{}
			input := k.input
			if input == nil {
				input = map[string]map[string]any{"add_package": {"path": path}, "remove_package": {"name": rollup}, "restore_health": {}}[k.action]
			}
			plugintest.Action(t, stage.plugin(), plugintest.ActionCase{
				Action: k.action, NoOp: k.noOp, Refuses: k.refuses,
				Scene: func(t testing.TB) plugintest.Scene {
					health := k.health
					if health == "" {
						health = fakeservicing.Sound
					}
					stage.now = newWorld(t, rollup, health, k.packages...)
					stage.now.dism.Waits = k.waits
					return plugintest.Scene{Target: stage.now.target(), Input: input}
				},
			})
		})
	}
	verification.ShownByFake(t, "installing, removing and repairing keep the promises of actions, through crashes at each instant",
		"dism.add_package", "dism.remove_package", "dism.restore_health")
}

// performance is an action in a world, step by step.
type performance struct {
	*plugintest.Client
	t      *testing.T
	w      *world
	action string
	input  map[string]any
	token  json.RawMessage
	state  string
}

func perform(t *testing.T, w *world, action string, input map[string]any) *performance {
	t.Helper()
	p := &performance{plugintest.Serve(t, w.plugin()), t, w, action, input, nil, t.TempDir()}
	prepared, err := p.Prepare(action, w.target(), input)
	if err != nil {
		t.Fatal(err)
	}
	p.token = prepared.Token
	return p
}

func (p *performance) apply() (sdk.Applied, error) {
	return p.Apply(p.action, p.w.target(), p.input, p.token, p.state)
}

func (p *performance) assess(want sdk.State, says string) {
	p.t.Helper()
	a, err := p.Assess(p.action, p.w.target(), p.token, p.state)
	if err != nil || a.State != want || !strings.Contains(a.Reason, says) {
		p.t.Errorf("assessed as %q (%s), %v; want %q (…%s…)", a.State, a.Reason, err, want, says)
	}
}

func (p *performance) refuses(want sdk.ErrorCode, says string) {
	p.t.Helper()
	if _, err := p.apply(); err == nil || sdk.AsError(err).Code != want || !strings.Contains(err.Error(), says) {
		p.t.Errorf("got %v; want code %s and …%s…", err, want, says)
	}
}

func adds(t *testing.T, w *world) *performance {
	t.Helper()
	return perform(t, w, "add_package", map[string]any{"path": path})
}

// TestExitCodesAreNotBelieved holds that the state that is read back decides.
func TestExitCodesAreNotBelieved(t *testing.T) {
	t.Run("success, and nothing is installed", func(t *testing.T) {
		w := newWorld(t, rollup, fakeservicing.Sound)
		p := adds(t, w)
		w.dism.Lies = true
		p.refuses(sdk.Unavailable, "dism reports success with 0, and read back "+rollup+" is not_present")
		p.assess(sdk.StateBefore, "not_present")
	})
	t.Run("silence", func(t *testing.T) {
		w := newWorld(t, rollup, fakeservicing.Sound)
		p := adds(t, w)
		w.dism.Silent = true
		p.refuses(sdk.Unsupported, "said nothing")
	})
	t.Run("an error, and it is installed", func(t *testing.T) {
		w := newWorld(t, rollup, fakeservicing.Sound)
		p := adds(t, w)
		w.dism.Fails = map[string]uint32{"/add-package": 0x800f0922}
		w.between = func(j servicing.Job) error {
			if err := w.dism.Fill(fakeservicing.Sound, in("Installed", rollup)); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(j.Folder, "result.json"), []byte(`{"version":1,"code":2148468002}`), 0o600)
		}
		a, err := p.apply()
		if err != nil || !strings.Contains(string(a.Output), `"installed"`) {
			t.Errorf("got %s, %v", a.Output, err)
		}
	})
	t.Run("not for this Windows", func(t *testing.T) {
		w := newWorld(t, rollup, fakeservicing.Sound)
		p := adds(t, w)
		w.dism.Fails = map[string]uint32{"/add-package": 0x800f081e}
		a, err := p.apply()
		if err != nil || !strings.Contains(string(a.Output), `"not_applicable"`) || a.NeedsRestart {
			t.Errorf("got %s, %v", a.Output, err)
		}
		p.assess(sdk.StateAfter, "not for this Windows")
		if _, err := p.Undo(p.action, w.target(), p.token, p.state); err != nil {
			t.Error(err)
		}
		p.assess(sdk.StateBefore, "")
	})
	t.Run("a code says why", func(t *testing.T) {
		w := newWorld(t, rollup, fakeservicing.Repairable)
		p := perform(t, w, "restore_health", map[string]any{})
		w.dism.Fails = map[string]uint32{"/restorehealth": 0x800f081f}
		p.refuses(sdk.Unavailable, "0x800F081F")
		p.assess(sdk.StatePartial, "source files could not be found")
		w.dism.Fails = nil
		if _, err := p.apply(); err != nil {
			t.Errorf("it can be done again: %v", err)
		}
		p.assess(sdk.StateAfter, "")
	})
	t.Run("repaired, and damaged still", func(t *testing.T) {
		w := newWorld(t, rollup, fakeservicing.Repairable)
		p := perform(t, w, "restore_health", map[string]any{})
		w.dism.Lies = true
		p.refuses(sdk.Unavailable, "the component store is repairable")
		p.assess(sdk.StatePartial, "")
	})
	t.Run("removed, and there still", func(t *testing.T) {
		w := newWorld(t, rollup, fakeservicing.Sound, in("Installed", rollup))
		p := perform(t, w, "remove_package", map[string]any{"name": rollup})
		w.dism.Lies = true
		p.refuses(sdk.Unavailable, "is installed")
		p.assess(sdk.StateBefore, "installed")
	})
	verification.ShownByFake(t, "a dism that reports success and has done nothing is caught by the state that is read back", "dism.add_package", "dism.remove_package", "dism.restore_health")
}

func TestRestartIsAskedFor(t *testing.T) {
	w := newWorld(t, rollup, fakeservicing.Sound)
	p := adds(t, w)
	w.dism.Waits = true
	a, err := p.apply()
	if err != nil || !a.NeedsRestart || !strings.Contains(string(a.Output), `"install_pending"`) {
		t.Errorf("got %s, restart %v, %v", a.Output, a.NeedsRestart, err)
	}
	p.assess(sdk.StateAfter, "install_pending")
	verification.ShownByFake(t, "a package that waits for a restart asks for one", "dism.add_package")
}

func TestServicingStackStays(t *testing.T) {
	w := newWorld(t, stack, fakeservicing.Sound)
	p := adds(t, w)
	if _, err := p.apply(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Undo(p.action, w.target(), p.token, p.state); err == nil || sdk.AsError(err).Code != sdk.Unsupported || !strings.Contains(err.Error(), "cannot be removed") {
		t.Errorf("got %v", err)
	}
	p.assess(sdk.StateAfter, "installed")
}

func TestSomebodyElseInstalledIt(t *testing.T) {
	w := newWorld(t, rollup, fakeservicing.Sound)
	p := adds(t, w)
	if err := w.dism.Fill(fakeservicing.Sound, in("Installed", rollup)); err != nil {
		t.Fatal(err)
	}
	p.assess(sdk.StateOther, "not by this action")
	p.refuses(sdk.Unavailable, "not by this action")
	if _, err := p.Undo(p.action, w.target(), p.token, p.state); err != nil {
		t.Fatal(err)
	}
	p.assess(sdk.StateOther, "installed")
}

func TestPackageWasExchanged(t *testing.T) {
	w := newWorld(t, rollup, fakeservicing.Sound)
	p := adds(t, w)
	w.pack(t, stack)
	p.refuses(sdk.Unavailable, "was changed since")
}

// TestWorkerIsFoundAgain holds that an action that is called again finds the worker of before, and orders nothing a second time.
func TestWorkerIsFoundAgain(t *testing.T) {
	w := newWorld(t, rollup, fakeservicing.Sound)
	p := adds(t, w)
	looks := 6 // for which the first worker is alive, which a plugin that was killed has started
	w.between = func(j servicing.Job) error {
		t.Errorf("a second worker is started on %s", j.Folder)
		return nil
	}
	w.alive = func(process command.Process) (bool, error) {
		if process.ID != 5 {
			return false, nil
		}
		if looks--; looks > 0 {
			return true, nil
		}
		if looks == 0 { // it installs, and ends
			if err := w.dism.Fill(fakeservicing.Sound, in("Installed", rollup)); err != nil {
				return false, err
			}
			job := filepath.Join(p.state, "apply-1")
			return false, os.WriteFile(filepath.Join(job, "result.json"), []byte(`{"version":1,"code":0}`), 0o600)
		}
		return false, nil
	}
	if _, err := servicing.NewJob(p.state, "apply", servicing.Change{Kind: servicing.Add, Package: path}); err != nil {
		t.Fatal(err)
	}
	at := []byte(`{"version":1,"self":{"id":5,"created":"2026-01-01T00:00:00Z"}}`)
	if err := os.WriteFile(filepath.Join(p.state, "apply-1", "worker.json"), at, 0o600); err != nil {
		t.Fatal(err)
	}
	p.assess(sdk.StatePartial, "dism is at work")
	a, err := p.apply()
	if err != nil || !strings.Contains(string(a.Output), `"installed"`) {
		t.Errorf("got %s, %v", a.Output, err)
	}
	p.assess(sdk.StateAfter, "installed")
}

// TestWorkerDied holds that what a worker has left is cleared up after, and the change is begun anew.
func TestWorkerDied(t *testing.T) {
	w := newWorld(t, rollup, fakeservicing.Sound)
	p := adds(t, w)
	if _, err := servicing.NewJob(p.state, "apply", servicing.Change{Kind: servicing.Add, Package: path}); err != nil {
		t.Fatal(err)
	}
	died := []byte(`{"version":1,"self":{"id":5,"created":"2026-01-01T00:00:00Z"}}`)
	if err := os.WriteFile(filepath.Join(p.state, "apply-1", "worker.json"), died, 0o600); err != nil {
		t.Fatal(err)
	}
	p.assess(sdk.StateBefore, "")
	if a, err := p.apply(); err != nil || !strings.Contains(string(a.Output), `"installed"`) {
		t.Errorf("got %s, %v", a.Output, err)
	}
	if jobs, err := servicing.Jobs(p.state, "apply"); err != nil || len(jobs) != 2 {
		t.Errorf("%d jobs, %v; want the lost one and a new one", len(jobs), err)
	}
}

func TestWorkerCannotBegin(t *testing.T) {
	w := newWorld(t, rollup, fakeservicing.Sound)
	p := adds(t, w)
	w.between = func(j servicing.Job) error {
		return os.WriteFile(filepath.Join(j.Folder, "worker.txt"), []byte("another worker of Rectify is changing the component store\r\n"), 0o600)
	}
	p.refuses(sdk.Unavailable, "another worker of Rectify")
	w.between = func(j servicing.Job) error { return os.Remove(filepath.Join(j.Folder, "worker.txt")) }
	p.refuses(sdk.Unavailable, "said nothing")
}
