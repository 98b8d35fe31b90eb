package foldermachine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestConform(t *testing.T) {
	t.Run("machine", func(t *testing.T) { plugintest.Conform(t, Plugin()) })
	t.Run("system", func(t *testing.T) { plugintest.Conform(t, System()) })
}

type object = map[string]any

// action is a call that changes the sample machine.
type action struct {
	name    string
	input   object
	given   func(t *testing.T, m Machine) // what is done to the machine first
	parts   bool                          // it can be cut off in the middle
	cannot  bool                          // be undone
	repeats bool                          // it is to be done however often it was
	waits   bool                          // it is done only when the machine was started again
}

func actions() map[string]action {
	stopped := func(names ...string) func(*testing.T, Machine) {
		return func(t *testing.T, m Machine) {
			for _, name := range names {
				s, err := m.Service(name)
				must(t, err)
				s.State = Stopped
				must(t, m.SetService(name, s))
			}
		}
	}
	held := func(t *testing.T, m Machine) {
		stop, _ := prepared(t, m, "service_stop", object{"names": []string{"updater", "sender"}, "hold": true})
		stop.apply()
	}
	all := []string{"updater", "nobody", "sender", "relay", "updater"}
	return map[string]action{
		"stop":              {name: "service_stop", input: object{"names": all}, parts: true},
		"stop-and-hold":     {name: "service_stop", input: object{"names": all, "hold": true}, parts: true},
		"stop-what-is-held": {name: "service_stop", input: object{"names": []string{"updater", "indexer"}, "hold": true}, given: held, parts: true},
		"start":             {name: "service_start", input: object{"names": []string{"indexer", "nobody", "sender", "updater"}}, given: stopped("indexer", "sender"), parts: true},
		"start-what-is-held": {name: "service_start", input: object{"names": []string{"sender", "updater", "indexer"}}, given: func(t *testing.T, m Machine) {
			held(t, m)
			stopped("indexer")(t, m)
		}, parts: true},
		"configure":         {name: "service_configure", input: object{"name": "relay", "start_type": "auto"}},
		"disable-task":      {name: "task_disable", input: object{"name": "nightly"}},
		"enable-task":       {name: "task_enable", input: object{"name": "dormant"}},
		"rename-file":       {name: "rename", input: object{"path": "files/config/settings.ini", "to": "settings.old"}},
		"rename-folder":     {name: "rename", input: object{"path": "files/templates", "to": "templates.old"}},
		"write-anew":        {name: "write", input: object{"path": "files/new/deep/er.txt", "text": "x"}},
		"write-over":        {name: "write", input: object{"path": "files/config/settings.ini", "text": "x"}},
		"write-empty":       {name: "write", input: object{"path": "files/empty", "text": ""}},
		"copy":              {name: "copy_all", input: object{"from": "files/templates", "to": "files/a/b"}, parts: true},
		"copy-into-its-own": {name: "copy_all", input: object{"from": "files/templates", "to": "files/templates/more"}, parts: true, repeats: true},
		"slow":              {name: "slow", input: object{"name": "x", "steps": 4}, parts: true},
		"slow-goes-on": {name: "slow_cut", input: object{"name": "x", "steps": 4}, given: func(t *testing.T, m Machine) {
			must(t, m.setSteps("x", 2))
		}, parts: true},
		"flaky":        {name: "flaky", input: object{"name": "x", "fail_times": 0}},
		"irreversible": {name: "irreversible", input: object{"name": "x"}, cannot: true},
		"restart":      {name: "restart", input: object{"reason": "why not"}, cannot: true, repeats: true, waits: true},
	}
}

func TestActionsKeepTheirPromises(t *testing.T) {
	pristine := sample(t)
	for name, a := range actions() {
		t.Run(name, func(t *testing.T) {
			m := sampleCopy(t, pristine)
			if a.given != nil {
				a.given(t, m)
			}
			before, whole, done := snapshot(t, m), everything(t, m.Dir), effects(t, m)
			i, p := prepared(t, m, a.name, a.input)
			if p.NoOp || len(p.Changes) == 0 || p.Summary == "" || p.Predicted == nil {
				t.Errorf("prepared %+v", p)
			}
			i.wantState(sdk.StateBefore)
			same(t, "looking changed", whole, everything(t, m.Dir))

			applied := i.apply()
			if a.waits {
				i.wantState(sdk.StatePartial)
			} else {
				i.wantState(sdk.StateAfter)
			}
			if string(applied.Output) != string(p.Predicted) {
				t.Errorf("output %s, predicted %s", applied.Output, p.Predicted)
			}
			after, ran := snapshot(t, m), effects(t, m)
			if ran == done || len(Diff(before, after)) == 0 {
				t.Errorf("%d effects in the ledger, changed %v", ran-done, Diff(before, after))
			}
			if again := i.apply(); string(again.Output) != string(applied.Output) && a.name != "copy_all" {
				t.Errorf("applied twice: output %s, the first time %s", again.Output, applied.Output)
			}
			same(t, "applied twice", after, snapshot(t, m))
			if twice := effects(t, m); twice != ran {
				t.Errorf("applied twice: %d more effects", twice-ran)
			}
			if _, again := prepared(t, m, a.name, a.input); again.NoOp == a.repeats && a.name != "rename" {
				t.Errorf("prepared when it was done: %+v", again)
			}
			if a.cannot {
				if _, err := i.action.Undo(t.Context(), i.call, i.token, i.state); sdk.AsError(err).Code != sdk.Unsupported {
					t.Errorf("undone: %v", err)
				}
				return
			}
			for range 2 {
				i.undo()
				i.wantState(sdk.StateBefore)
				same(t, "undone", before, snapshot(t, m))
			}
		})
	}
}

// cut is a context that ends when it was asked for the n-th time.
type cut struct {
	context.Context
	left *int
}

func (c cut) Err() error {
	if *c.left--; *c.left < 0 {
		return context.Canceled
	}
	return nil
}

func after(t *testing.T, n int) context.Context { return cut{t.Context(), &n} }

// cutStride is the distance of the questions at which actions are cut off.
var cutStride = map[bool]int{false: 1, true: 3}[runtime.GOOS == "windows"] // where each call of the system takes long

// TestCutOffAnywhere cuts apply off after each of its single effects, and undo as well: both can finish what is partial.
func TestCutOffAnywhere(t *testing.T) {
	pristine := sample(t)
	for name, a := range actions() {
		if !a.parts {
			continue
		}
		t.Run(name, func(t *testing.T) {
			m := sampleCopy(t, pristine)
			if a.given != nil {
				a.given(t, m)
			}
			before := snapshot(t, m)
			i, _ := prepared(t, m, a.name, a.input)
			i.apply()
			done := snapshot(t, m)
			i.undo()

			partial := 0
			last := map[string]string{}
			for n := 0; ; n += cutStride {
				i, _ := prepared(t, m, a.name, a.input)
				_, err := i.action.Apply(after(t, n), i.call, i.input, i.token, i.state)
				if err == nil {
					break
				}
				if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				now := snapshot(t, m)
				if len(Diff(last, now)) == 0 {
					i.undo() // nothing happened since it was cut off one question earlier
					continue
				}
				last = now
				switch s := i.assess(); s.State {
				case sdk.StatePartial:
					partial++
				case sdk.StateBefore:
					same(t, "nothing done", before, now)
				case sdk.StateAfter:
					same(t, "everything done", done, now)
				default:
					t.Errorf("cut off after %d: %+v", n, s)
				}
				if partial%2 == 0 {
					i.apply()
					same(t, fmt.Sprintf("cut off after %d, applied again", n), done, snapshot(t, m))
				}
				if _, err := i.action.Undo(after(t, n), i.call, i.token, i.state); err != nil && !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				i.undo()
				same(t, fmt.Sprintf("cut off after %d, undone", n), before, snapshot(t, m))
			}
			if partial == 0 {
				t.Error("no partial state was seen")
			}
		})
	}
}

func TestPartialStatesWithinAStep(t *testing.T) {
	pristine := sample(t)
	for name, c := range map[string]struct {
		name  string
		input object
		leave func(m Machine) error // what a killed apply leaves
	}{
		"held-and-not-disabled": {"service_stop", object{"names": []string{"updater"}, "hold": true}, func(m Machine) error {
			return m.writeJSON(heldFile("updater"), held{Manual})
		}},
		"folder-without-file": {"write", object{"path": "files/a/b.txt", "text": "x"}, func(m Machine) error {
			return m.makeFolder("files/a")
		}},
		"folder-without-copies": {"copy_all", object{"from": "files/templates", "to": "files/a"}, func(m Machine) error {
			return m.makeFolder("files/a")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			finished, taken := sampleCopy(t, pristine), sampleCopy(t, pristine)
			before := snapshot(t, taken)
			for _, m := range []Machine{finished, taken} {
				i, _ := prepared(t, m, c.name, c.input)
				must(t, c.leave(m))
				i.wantState(sdk.StatePartial)
				if m == finished {
					i.apply()
					i.wantState(sdk.StateAfter)
					continue
				}
				i.undo()
				i.wantState(sdk.StateBefore)
				same(t, "undone", before, snapshot(t, m))
			}
		})
	}
}

func TestSomebodyElseChangedIt(t *testing.T) {
	pristine := sample(t)
	for name, c := range map[string]struct {
		name   string
		input  object
		change func(m Machine) error
	}{
		"service-gone":       {"service_stop", object{"names": []string{"updater"}}, func(m Machine) error { return m.remove(serviceFile("updater")) }},
		"start-type":         {"service_stop", object{"names": []string{"updater"}}, func(m Machine) error { return m.SetService("updater", Service{StartType: Auto, State: Running}) }},
		"configured":         {"service_configure", object{"name": "relay", "start_type": "auto"}, func(m Machine) error { return m.SetService("relay", Service{StartType: Manual, State: Stopped}) }},
		"configured-is-gone": {"service_configure", object{"name": "relay", "start_type": "auto"}, func(m Machine) error { return m.remove(serviceFile("relay")) }},
		"task-gone":          {"task_disable", object{"name": "nightly"}, func(m Machine) error { return m.remove(taskFile("nightly")) }},
		"renamed-elsewhere":  {"rename", object{"path": "files/templates", "to": "x"}, func(m Machine) error { return m.move("files/templates", "files/y") }},
		"name-taken":         {"rename", object{"path": "files/templates", "to": "x"}, func(m Machine) error { return m.WriteFile("files/x", "") }},
		"written":            {"write", object{"path": "files/log/history.txt", "text": "new"}, func(m Machine) error { return m.WriteFile("files/log/history.txt", "other") }},
		"copied":             {"copy_all", object{"from": "files/templates", "to": "files/a"}, func(m Machine) error { return m.WriteFile("files/a/letter.txt", "other") }},
		"steps":              {"slow", object{"name": "x", "steps": 2}, func(m Machine) error { return m.setSteps("x", 3) }},
	} {
		t.Run(name, func(t *testing.T) {
			m := sampleCopy(t, pristine)
			i, _ := prepared(t, m, c.name, c.input)
			must(t, c.change(m))
			i.wantState(sdk.StateOther)
			changed := snapshot(t, m)
			if _, err := i.action.Apply(t.Context(), i.call, i.input, i.token, i.state); err == nil || !strings.Contains(err.Error(), "somebody else") {
				t.Errorf("applied: %v", err)
			}
			if _, err := i.action.Undo(t.Context(), i.call, i.token, i.state); err == nil || !strings.Contains(err.Error(), "somebody else") {
				t.Errorf("undone: %v", err)
			}
			same(t, "touched", changed, snapshot(t, m))
		})
	}
}

func TestRefusedInput(t *testing.T) {
	empty := t.TempDir() // removed when the plugin no longer has it open
	m := sample(t)
	must(t, m.WriteFile("files/many/settings.ini", "other"))
	client := plugintest.Serve(t, Plugin())
	on := target.Spec{Kind: target.Offline, Root: m.Dir}
	for name, c := range map[string]struct {
		action string
		input  object
		code   sdk.ErrorCode
		path   string
	}{
		"service-outside":   {"service_stop", object{"names": []string{"updater", "../tasks/nightly"}}, sdk.InvalidInput, "/names/1"},
		"no-such-service":   {"service_configure", object{"name": "nobody", "start_type": "auto"}, sdk.NotFound, "/name"},
		"no-such-type":      {"service_configure", object{"name": "relay", "start_type": "boot"}, sdk.InvalidInput, "/start_type"},
		"no-such-task":      {"task_disable", object{"name": "nothing"}, sdk.NotFound, "/name"},
		"task-outside":      {"task_enable", object{"name": "a/b"}, sdk.InvalidInput, "/name"},
		"write-outside":     {"write", object{"path": "files/../services/updater.json", "text": ""}, sdk.InvalidInput, "/path"},
		"write-elsewhere":   {"write", object{"path": "services/updater.json", "text": ""}, sdk.InvalidInput, "/path"},
		"write-to-a-folder": {"write", object{"path": "files/config", "text": ""}, sdk.Unavailable, ""},
		"rename-outside":    {"rename", object{"path": "data", "to": "x"}, sdk.InvalidInput, "/path"},
		"rename-away":       {"rename", object{"path": "data/cache", "to": "../cache"}, sdk.InvalidInput, "/to"},
		"rename-to-same":    {"rename", object{"path": "data/cache", "to": "cache"}, sdk.InvalidInput, "/to"},
		"rename-to-taken":   {"rename", object{"path": "data/cache", "to": "queue"}, sdk.Unavailable, "/to"},
		"copy-of-nothing":   {"copy_all", object{"from": "files/nothing", "to": "files/x"}, sdk.NotFound, "/from"},
		"copy-outside":      {"copy_all", object{"from": "files/templates", "to": "/tmp"}, sdk.InvalidInput, "/to"},
		"copy-over":         {"copy_all", object{"from": "files/config", "to": "files/many"}, sdk.Unavailable, "/to"},
		"slow-without-end":  {"slow", object{"name": "x", "steps": 10001}, sdk.InvalidInput, "/steps"},
		"mark-outside":      {"flaky", object{"name": ".", "fail_times": 0}, sdk.InvalidInput, "/name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.Prepare(c.action, on, c.input)
			if err == nil {
				t.Fatalf("accepted, want %s", c.code)
			}
			if e := sdk.AsError(err); e.Code != c.code || e.Path != c.path {
				t.Errorf("got %s at %q: %v; want %s at %q", e.Code, e.Path, e, c.code, c.path)
			}
		})
	}
	t.Run("live", func(t *testing.T) {
		_, err := client.Prepare("hang", target.Spec{Kind: target.Live}, nil)
		if sdk.AsError(err).Code != sdk.Unsupported {
			t.Errorf("%v", err)
		}
	})
	t.Run("no-machine", func(t *testing.T) {
		_, err := client.Observe("services", target.Spec{Kind: target.Offline, Root: empty}, nil)
		if sdk.AsError(err).Code != sdk.Unavailable {
			t.Errorf("%v", err)
		}
	})
}
