package foldermachine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rectify-project/rectify/internal/memdisk"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/pluginserver"
	"github.com/rectify-project/rectify/sdk/target"
)

// Started as `plugin serve NAME` the test binary is a plugin; as `act ROOT STATE ACTION CALL INPUT TOKEN` it does one call
// and ends: a process to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "plugin" && os.Args[2] == "serve" {
		for _, p := range []sdk.Plugin{Plugin(), System()} {
			if p.Name == os.Args[3] {
				pluginserver.Serve(p)
			}
		}
		return
	}
	if len(os.Args) == 8 && os.Args[1] == "act" {
		if err := act(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(memdisk.Run(m))
}

func act(args []string) error {
	root, state, name, kind, input, token := args[0], args[1], args[2], args[3], json.RawMessage(args[4]), json.RawMessage(args[5])
	on, err := target.Open(target.Spec{Kind: target.Offline, Root: root})
	if err != nil {
		return err
	}
	defer on.Close()
	action, _ := Plugin().Action(name)
	call := &sdk.Call{Target: on}
	if kind == "undo" {
		_, err = action.Undo(context.Background(), call, token, state)
		return err
	}
	_, err = action.Apply(context.Background(), call, input, token, state)
	return err
}

// instance is an action on a machine, called without a process.
type instance struct {
	t      testing.TB
	m      Machine
	name   string
	action sdk.Action
	call   *sdk.Call
	input  json.RawMessage
	token  json.RawMessage
	state  string
}

// sampleCopy copies the machine of Sample; making it anew would sync each of its files.
func sampleCopy(t testing.TB, sample Machine) Machine {
	t.Helper()
	m := Machine{filepath.Join(t.TempDir(), "machine")}
	must(t, os.CopyFS(m.Dir, os.DirFS(sample.Dir)))
	return m
}

func sample(t testing.TB) Machine {
	t.Helper()
	m, err := Sample(filepath.Join(t.TempDir(), "sample"))
	must(t, err)
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func prepared(t testing.TB, m Machine, name string, input any) (*instance, sdk.Prepared) {
	t.Helper()
	action, ok := Plugin().Action(name)
	if !ok {
		t.Fatalf("there is no action %q", name)
	}
	on, err := target.Open(target.Spec{Kind: target.Offline, Root: m.Dir})
	must(t, err)
	t.Cleanup(func() { on.Close() })
	raw, err := json.Marshal(input)
	must(t, err)
	call := &sdk.Call{Target: on}
	p, err := action.Prepare(t.Context(), call, raw)
	if err != nil {
		t.Fatalf("prepare %s: %v", name, err)
	}
	return &instance{t, m, name, action, call, raw, p.Token, t.TempDir()}, p
}

func (i *instance) apply() sdk.Applied {
	i.t.Helper()
	a, err := i.action.Apply(i.t.Context(), i.call, i.input, i.token, i.state)
	if err != nil {
		i.t.Fatalf("apply %s: %v", i.name, err)
	}
	return a
}

func (i *instance) undo() {
	i.t.Helper()
	if _, err := i.action.Undo(i.t.Context(), i.call, i.token, i.state); err != nil {
		i.t.Fatalf("undo %s: %v", i.name, err)
	}
}

func (i *instance) assess() sdk.Assessment {
	i.t.Helper()
	a, err := i.action.Assess(i.t.Context(), i.call, i.token, i.state)
	if err != nil {
		i.t.Fatalf("assess %s: %v", i.name, err)
	}
	return a
}

func (i *instance) wantState(want sdk.State) {
	i.t.Helper()
	if a := i.assess(); a.State != want {
		i.t.Errorf("%s: state %q (%s), want %q", i.name, a.State, a.Reason, want)
	}
}

func snapshot(t testing.TB, m Machine) map[string]string {
	t.Helper()
	s, err := m.Snapshot()
	must(t, err)
	return s
}

func same(t testing.TB, what string, want, got map[string]string) {
	t.Helper()
	for _, line := range Diff(want, got) {
		t.Errorf("%s: %s", what, line)
	}
}

// everything reads every file of a folder, also those that are not compared.
func everything(t testing.TB, dir string) map[string]string {
	t.Helper()
	m := Machine{dir}
	names, err := m.filesBelow(".")
	must(t, err)
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(m.path(name))
		must(t, err)
		all[name] = string(text)
	}
	return all
}

func effects(t testing.TB, m Machine) int {
	t.Helper()
	entries, err := m.Ledger()
	must(t, err)
	n := 0
	for _, e := range entries {
		if e.What != "" {
			n++
		}
	}
	return n
}
