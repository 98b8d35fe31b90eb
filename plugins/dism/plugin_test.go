package dism

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	forge "github.com/rectify-project/rectify/internal/forge/cab"
	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/internal/machine/servicing/fakeservicing"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestConform(t *testing.T) { plugintest.Conform(t, Plugin()) }

const (
	rollup = "Package_for_RollupFix~31bf3856ad364e35~amd64~~19041.867.1.8"
	stack  = "Package_for_ServicingStack_860~31bf3856ad364e35~amd64~~19041.860.1.2"
	path   = `C:\packages\windows10.0-kb5000802-x64.cab`
)

// world is a disk with a package, and the DISM of a Windows beside it.
type world struct {
	root string
	dism *fakeservicing.DISM
	lock fakeservicing.Lock
	// between is called instead of starting a worker; nil: the worker is started, and has ended when start returns.
	between func(servicing.Job) error
	alive   func(command.Process) (bool, error)
}

func newWorld(t testing.TB, identity, health string, packages ...fakeservicing.Package) *world {
	t.Helper()
	w := &world{root: t.TempDir()}
	w.dism = &fakeservicing.DISM{Folder: filepath.Join(w.root, "store"), Files: map[string]string{path: identity}}
	for _, folder := range []string{"store", "packages", "Windows"} {
		if err := os.Mkdir(filepath.Join(w.root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.dism.Fill(health, packages...); err != nil {
		t.Fatal(err)
	}
	w.pack(t, identity)
	return w
}

// pack makes the file of a package.
func (w *world) pack(t testing.TB, identity string) {
	t.Helper()
	i, err := servicing.ParseIdentity(identity)
	if err != nil {
		t.Fatal(err)
	}
	mum := `<assembly xmlns="urn:schemas-microsoft-com:asm.v3"><assemblyIdentity name="` + i.Name + `" version="` + i.Version + `" language="neutral" processorArchitecture="` +
		i.Arch + `" publicKeyToken="` + i.Token + `"/><package identifier="KB5000802" releaseType="Update"/></assembly>`
	b, err := forge.Cabinet{Folders: []forge.Folder{{Files: []forge.File{{Name: "update.mum", Data: []byte(mum)}}}}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.root, "packages", "windows10.0-kb5000802-x64.cab"), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (w *world) target() target.Spec { return target.Spec{Kind: target.Offline, Root: w.root} }

func (w *world) running(p command.Process) (bool, error) {
	if w.alive != nil {
		return w.alive(p)
	}
	return false, nil
}

// plugin is the plugin on this world: its workers work at once, in this process.
func (w *world) plugin() sdk.Plugin { return (&theatre{w}).plugin() }

// theatre has one world after the other.
type theatre struct{ now *world }

// Run implements [command.Runner].
func (t *theatre) Run(ctx context.Context, p command.Program) (command.Result, error) {
	return t.now.dism.Run(ctx, p)
}

func (t *theatre) plugin() sdk.Plugin {
	store := servicing.DISM{Run: t, Zone: time.UTC}
	self := command.Process{ID: 99, Created: time.Unix(1_700_000_000, 0).UTC()}
	running := func(p command.Process) (bool, error) { return t.now.running(p) }
	return pluginOn(machine{
		store: store,
		start: func(j servicing.Job, _ servicing.Kind) (command.Process, error) {
			if t.now.between != nil {
				return self, t.now.between(j)
			}
			hands := servicing.Hands{DISM: store, Lock: &t.now.lock, Self: func() (command.Process, error) { return self, nil }, Running: running, Now: time.Now}
			return self, servicing.Work(context.Background(), j.Folder, hands)
		},
		running: running,
		serves:  func(*sdk.Call) error { return nil },
		poll:    time.Millisecond,
	})
}

func TestPackages(t *testing.T) {
	w := newWorld(t, rollup, fakeservicing.Sound,
		fakeservicing.Package{Identity: rollup, State: "Installed", Release: "Security Update", Time: "3/15/2021 4:07 AM"},
		fakeservicing.Package{Identity: "Package_for_KB5000842~31bf3856ad364e35~amd64~~19041.900.1.3", State: "Superseded", Release: "Update", Time: "3/1/2021 4:07 AM"})
	c := plugintest.Serve(t, w.plugin())
	cases := map[string]struct {
		input map[string]any
		want  string
	}{
		"all":      {nil, `"count":2`},
		"by name":  {map[string]any{"name": "*KB5000842*"}, `{"count":1,"packages":[{"name":"Package_for_KB5000842~31bf3856ad364e35~amd64~~19041.900.1.3","kb":"KB5000842","state":"superseded","release_type":"update","installed":"2021-03-01T04:07:00Z"}],"cut":false}`},
		"by state": {map[string]any{"state": "installed"}, `"state":"installed","release_type":"security_update","installed":"2021-03-15T04:07:00Z"}],"cut":false`},
		"none":     {map[string]any{"name": "*KB1*"}, `{"count":0,"packages":[],"cut":false}`},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			input := k.input
			if input == nil {
				input = map[string]any{}
			}
			a, err := c.Observe("packages", w.target(), input)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(a.Value), k.want) || a.Partial != "" {
				t.Errorf("got %s, %s; want %s", a.Value, a.Partial, k.want)
			}
		})
	}
	verification.ShownByFake(t, "packages are listed out of what DISM prints, by name and state, with their times", "dism.packages")
}

func TestHealth(t *testing.T) {
	cases := map[string]struct {
		sentence, mode, want string
		partial              bool
	}{
		"a check that finds nothing": {fakeservicing.Sound, "check", `{"state":"healthy","mode":"check"}`, true},
		"a check that finds a mark":  {fakeservicing.Repairable, "check", `{"state":"repairable","mode":"check"}`, false},
		"a scan that finds nothing":  {fakeservicing.Sound, "scan", `{"state":"healthy","mode":"scan"}`, false},
		"beyond repair":              {fakeservicing.Unrepairable, "scan", `{"state":"not_repairable","mode":"scan"}`, false},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, rollup, k.sentence)
			a, err := plugintest.Serve(t, w.plugin()).Observe("health", w.target(), map[string]any{"mode": k.mode})
			if err != nil || string(a.Value) != k.want || (a.Partial != "") != k.partial {
				t.Errorf("got %s, partial %q, %v; want %s, partial %v", a.Value, a.Partial, err, k.want, k.partial)
			}
		})
	}
	verification.ShownByFake(t, "the health of the store is read out of what DISM prints; a check without a finding is partial", "dism.health")
}
