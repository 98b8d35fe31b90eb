package foldermachine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "m")
	m, err := Create(dir)
	must(t, err)
	if s := snapshot(t, m); !reflect.DeepEqual(s, map[string]string{bootFile: "{\"boots\":0}\n"}) {
		t.Errorf("a new machine has %q", s)
	}
	on, err := target.Open(target.Spec{Kind: target.Offline, Root: dir})
	must(t, err)
	defer on.Close()
	if !on.HasWindows() {
		t.Error("the engine would not take it for a disk")
	}
	if _, err := Create(dir); err == nil || !strings.Contains(err.Error(), "is a machine already") {
		t.Errorf("made twice: %v", err)
	}
	if err := m.SetService("x", Service{StartType: "boot", State: Running}); err == nil || !strings.Contains(err.Error(), `"boot"`) {
		t.Errorf("unknown start type: %v", err)
	}
	if err := m.SetService("../x", Service{StartType: Auto, State: Running}); err == nil {
		t.Error("a service outside of the machine was made")
	}
	if _, err := m.Service("x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a service that is not there: %v", err)
	}
}

func TestTriggersAndBoot(t *testing.T) {
	m, err := Create(t.TempDir())
	must(t, err)
	must(t, m.WriteFile("data/full/old.txt", "old"))
	for name, s := range map[string]Service{
		"fresh":    {Manual, Stopped, "data/deep/fresh", true},
		"again":    {Manual, Stopped, "data/full", true},
		"plain":    {Manual, Stopped, "", false},
		"auto":     {Auto, Stopped, "", false},
		"disabled": {Disabled, Stopped, "data/never", true},
		"manual":   {Manual, Running, "", false},
	} {
		must(t, m.SetService(name, s))
	}
	states := func() map[string]string {
		services, err := m.Services()
		must(t, err)
		out := map[string]string{}
		for name, s := range services {
			out[name] = s.State
		}
		return out
	}
	must(t, m.Trigger())
	want := map[string]string{"fresh": Running, "again": Running, "plain": Stopped, "auto": Stopped, "disabled": Stopped, "manual": Running}
	if got := states(); !reflect.DeepEqual(got, want) {
		t.Errorf("after a trigger %v", got)
	}
	s := snapshot(t, m)
	if !strings.Contains(s["data/deep/fresh/made-by-fresh.txt"], "the service fresh made this") {
		t.Errorf("the folder of a service that started: %v", s)
	}
	if _, ok := s["data/full/made-by-again.txt"]; ok || s["data/full/old.txt"] != "old" {
		t.Errorf("a folder that was there was changed: %v", s)
	}
	if _, ok := s["data/never/"]; ok {
		t.Error("a disabled service made its folder")
	}

	restart, _ := prepared(t, m, "restart", object{})
	if !restart.apply().NeedsRestart {
		t.Error("a restart needs none")
	}
	if requested, err := m.RestartRequested(); !requested || err != nil {
		t.Errorf("requested %v, %v", requested, err)
	}
	must(t, m.Boot())
	want = map[string]string{"fresh": Stopped, "again": Stopped, "plain": Stopped, "auto": Running, "disabled": Stopped, "manual": Stopped}
	if got := states(); !reflect.DeepEqual(got, want) {
		t.Errorf("after a boot %v", got)
	}
	restart.wantState(sdk.StateAfter)
	if restart.apply().NeedsRestart {
		t.Error("applied again after the boot it wants another one")
	}
	if n, err := m.Boots(); n != 1 || err != nil {
		t.Errorf("%d boots, %v", n, err)
	}
	if requested, err := m.RestartRequested(); requested || err != nil {
		t.Errorf("requested %v, %v", requested, err)
	}
}

func TestRenameOfTheFolderOfAService(t *testing.T) {
	pristine := sample(t)
	for name, c := range map[string]struct {
		recreated string
		trigger   bool // whether the service is started again before undo
		hold      bool // and held for it
		refused   string
		aside     int // files that are set aside
	}{
		"not-made-again":          {"refuse", false, true, "", 0},
		"made-again-refused":      {"refuse", true, true, "something new has the name", 0},
		"made-again-set-aside":    {"set_aside", true, true, "", 1},
		"made-again-and-not-held": {"set_aside", true, false, "the service updater runs and uses it", 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := sampleCopy(t, pristine)
			before := snapshot(t, m)
			move, _ := prepared(t, m, "rename", object{"path": "data/cache", "to": "cache.old", "recreated": c.recreated})
			if _, err := move.action.Apply(t.Context(), move.call, move.input, move.token, move.state); err == nil || !strings.Contains(err.Error(), "the service updater runs and uses it") {
				t.Errorf("renamed while it is in use: %v", err)
			}
			stop, _ := prepared(t, m, "service_stop", object{"names": []string{"updater"}, "hold": true})
			stop.apply()
			must(t, m.Trigger())
			move.apply()
			must(t, m.Trigger())
			if s := snapshot(t, m); s["data/cache.old/index.db"] == "" || len(Diff(s, before)) == 0 {
				t.Error("it was not renamed, or a service that is held was started")
			}
			if c.trigger {
				start, _ := prepared(t, m, "service_start", object{"names": []string{"updater"}})
				start.apply()
				move.wantState(sdk.StateAfter)
				if c.hold {
					start.undo()
				}
			}
			_, err := move.action.Undo(t.Context(), move.call, move.token, move.state)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("undone: %v, want %q", err, c.refused)
				}
				move.wantState(sdk.StateAfter)
				return
			}
			must(t, err)
			stop.undo()
			same(t, "undone", before, snapshot(t, m))
			aside, err := m.SetAside()
			must(t, err)
			files := 0
			for path := range aside {
				if strings.HasSuffix(path, "data/cache.set-aside-1/made-by-updater.txt") {
					files++
				}
			}
			if files != c.aside || len(aside) != 2*c.aside {
				t.Errorf("set aside %v", aside)
			}
		})
	}
}

// An undo that was killed between setting aside and giving the name back goes on where it was.
func TestRenameBackInTheMiddle(t *testing.T) {
	m := sample(t)
	before := snapshot(t, m)
	move, _ := prepared(t, m, "rename", object{"path": "files/templates", "to": "x", "recreated": "set_aside"})
	move.apply()
	must(t, m.WriteFile("files/templates/new.txt", "new"))
	must(t, m.move("files/templates", "files/templates.set-aside-1"))
	move.wantState(sdk.StateAfter)
	move.undo()
	same(t, "undone", before, snapshot(t, m))
	if aside, err := m.SetAside(); err != nil || aside["files/templates.set-aside-1/new.txt"] != "new" {
		t.Errorf("set aside %v, %v", aside, err)
	}
}

func TestNothingToRename(t *testing.T) {
	m := sample(t)
	i, p := prepared(t, m, "rename", object{"path": "files/nothing", "to": "x"})
	if !p.NoOp || string(p.Predicted) != `{"from":"files/nothing","to":"files/x","renamed":false}` {
		t.Errorf("prepared %+v", p)
	}
	i.wantState(sdk.StateAfter)
	i.apply()
	i.undo()
}

func TestMaterialHoldsWhatMatters(t *testing.T) {
	pristine := sample(t)
	for name, c := range map[string]struct {
		name    string
		input   object
		change  func(m Machine) error
		differs bool
	}{
		"state-of-a-service": {"service_stop", object{"names": []string{"updater"}}, func(m Machine) error {
			_, err := m.giveState("updater", Stopped, false)
			return err
		}, false},
		"start-type": {"service_stop", object{"names": []string{"updater"}}, func(m Machine) error {
			return m.SetService("updater", Service{StartType: Auto, State: Running})
		}, true},
		"command-of-a-task": {"task_disable", object{"name": "nightly"}, func(m Machine) error {
			return m.SetTask("nightly", Task{Enabled: true, Command: "other.exe"})
		}, true},
		"files-in-a-folder": {"rename", object{"path": "data/cache", "to": "x"}, func(m Machine) error {
			return m.WriteFile("data/cache/more", "")
		}, false},
		"text-of-a-file": {"write", object{"path": "files/log/history.txt", "text": "x"}, func(m Machine) error {
			return m.WriteFile("files/log/history.txt", "edited")
		}, true},
		"failures": {"flaky", object{"name": "x", "fail_times": 1}, func(m Machine) error {
			return m.writeJSON("flaky/x.json", failures{1})
		}, false},
		"boots": {"restart", object{}, Machine.Boot, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := sampleCopy(t, pristine)
			_, was := prepared(t, m, c.name, c.input)
			must(t, c.change(m))
			_, is := prepared(t, m, c.name, c.input)
			if differs := string(was.Material) != string(is.Material); differs != c.differs {
				t.Errorf("material %s, then %s", was.Material, is.Material)
			}
		})
	}
}

func TestMisbehaving(t *testing.T) {
	m := sample(t)
	t.Run("flaky", func(t *testing.T) {
		before := snapshot(t, m)
		i, _ := prepared(t, m, "flaky", object{"name": "x", "fail_times": 2})
		for range 2 {
			if _, err := i.action.Apply(t.Context(), i.call, i.input, i.token, i.state); sdk.AsError(err).Code != sdk.Unavailable {
				t.Errorf("%v", err)
			}
			i.wantState(sdk.StateBefore)
			same(t, "failed", before, snapshot(t, m))
		}
		i.apply()
		i.wantState(sdk.StateAfter)
	})
	t.Run("liar", func(t *testing.T) {
		before := snapshot(t, m)
		i, _ := prepared(t, m, "liar", object{"name": "y"})
		if a := i.apply(); string(a.Output) != `{"name":"y"}` {
			t.Errorf("it says %s", a.Output)
		}
		i.wantState(sdk.StateBefore)
		i.undo()
		same(t, "lied", before, snapshot(t, m))
	})
	t.Run("hang", func(t *testing.T) {
		i, _ := prepared(t, m, "hang", object{})
		ctx, cancel := context.WithCancel(t.Context())
		i.call.Report = func(p sdk.Progress) { cancel() }
		if _, err := i.action.Apply(ctx, i.call, i.input, i.token, i.state); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		i.wantState(sdk.StateBefore)
		i.undo()
	})
	t.Run("disabled-service", func(t *testing.T) {
		i, _ := prepared(t, m, "service_start", object{"names": []string{"relay"}})
		if _, err := i.action.Apply(t.Context(), i.call, i.input, i.token, i.state); err == nil || !strings.Contains(err.Error(), "relay is disabled") {
			t.Errorf("%v", err)
		}
	})
	t.Run("held-service", func(t *testing.T) {
		stop, _ := prepared(t, m, "service_stop", object{"names": []string{"indexer"}, "hold": true})
		configure, _ := prepared(t, m, "service_configure", object{"name": "indexer", "start_type": "manual"})
		stop.apply()
		configure.wantState(sdk.StateBefore)
		if _, err := configure.action.Apply(t.Context(), configure.call, configure.input, configure.token, configure.state); err == nil || !strings.Contains(err.Error(), "is held") {
			t.Errorf("%v", err)
		}
	})
}

func TestProbes(t *testing.T) {
	m := sample(t)
	machine, system := plugintest.Serve(t, Plugin()), plugintest.Serve(t, System())
	on := target.Spec{Kind: target.Offline, Root: m.Dir}
	ask := func(probe string, input any, want string) {
		t.Helper()
		a, err := machine.Observe(probe, on, input)
		if err != nil || string(a.Value) != want {
			t.Errorf("%s: %s, %v; want %s", probe, a.Value, err, want)
		}
	}
	ask("services", nil, `{"services":[{"name":"indexer","state":"running","start_type":"auto"},{"name":"relay","state":"stopped","start_type":"disabled"},`+
		`{"name":"sender","state":"running","start_type":"auto"},{"name":"updater","state":"running","start_type":"manual"}]}`)
	ask("service", object{"name": "relay"}, `{"name":"relay","state":"stopped","start_type":"disabled"}`)
	ask("tasks", nil, `{"tasks":[{"name":"dormant","enabled":false,"command":"old.exe"},{"name":"nightly","enabled":true,"command":"cleanup.exe /all"},{"name":"weekly","enabled":true,"command":"defrag.exe"}]}`)
	ask("files", object{"path": "files/config"}, `{"exists":true,"names":["defaults.ini","settings.ini"]}`)
	ask("files", object{"path": "files/config/settings.ini"}, `{"exists":true,"names":[]}`)
	ask("files", object{"path": "files/nothing"}, `{"exists":false,"names":[]}`)
	ask("problem", nil, `{"present":true,"healed":false,"items":[{"name":"cache"}]}`)
	ask("fixed", nil, `{"all":false}`)
	ask("pending", nil, `{"any":false}`)
	must(t, m.WriteFile("files/log/repaired.txt", ""))
	must(t, m.writeJSON(restartFile, restartRequest{}))
	ask("fixed", nil, `{"all":true}`)
	ask("pending", nil, `{"any":true}`)
	if _, err := machine.Observe("service", on, object{"name": "nobody"}); sdk.AsError(err).Code != sdk.NotFound {
		t.Errorf("a service that is not there: %v", err)
	}
	if a, err := system.Observe("clock", on, nil); err != nil || string(a.Value) != `{"now":"2026-01-10T09:00:00Z","source":"the machine's clock file"}` {
		t.Errorf("clock: %s, %v", a.Value, err)
	}
}

func TestLedgerSurvivesALineThatWasCutOff(t *testing.T) {
	m := sample(t)
	must(t, m.note(Entry{Key: "1", Action: "write", Call: "apply"}))
	f, err := os.OpenFile(m.path(ledgerFile), os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString("\n{\"key\":\"2\",\"act")
	must(t, errors.Join(err, f.Close()))
	must(t, m.note(Entry{Key: "3", Action: "write", Call: "undo", What: "files/x"}))
	want := []Entry{{Key: "1", Action: "write", Call: "apply"}, {Key: "3", Action: "write", Call: "undo", What: "files/x"}}
	if got, err := m.Ledger(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDiff(t *testing.T) {
	got := Diff(map[string]string{"a": "1", "b": "2", "c": "3"}, map[string]string{"b": "2", "c": "4", "d": "5"})
	want := []string{`a: only in the first: "1"`, `c: "3" in the first, "4" in the second`, `d: only in the second: "5"`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"files/a", "data/a/b", "files", "files/../x", "/files/a", "files//a", `files\a`, "files/a:b", "services/x", ""} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, path string) {
		if checkPath(path) != nil {
			return
		}
		rel, err := filepath.Rel(dir, Machine{dir}.path(path))
		if err != nil || !filepath.IsLocal(rel) || !strings.HasPrefix(rel, filesDir+string(filepath.Separator)) && !strings.HasPrefix(rel, dataDir+string(filepath.Separator)) {
			t.Errorf("%q is at %q, %v", path, rel, err)
		}
	})
}
