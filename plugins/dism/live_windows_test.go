package dism

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/internal/machine/servicing/fakeservicing"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

// TestMain is a worker when it is started as the executable that serves the plugin would be.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "plugin" && os.Args[2] == "work" {
		if err := Work(context.Background(), os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func onlyWine(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(verification.System(), "Wine") {
		t.Skip("this Windows has a DISM that would do it")
	}
}

// TestLiveSilent holds that a dism which returns 0 and does nothing gives no empty answer.
func TestLiveSilent(t *testing.T) {
	onlyWine(t)
	c := plugintest.Serve(t, Plugin())
	live := target.Spec{Kind: target.Live}
	for _, probe := range []string{"packages", "health"} {
		a, err := c.Observe(probe, live, map[string]any{})
		if err == nil || sdk.AsError(err).Code != sdk.Unsupported || !strings.Contains(err.Error(), "said nothing") {
			t.Errorf("%s: got %s, %v; want an unsupported system", probe, a.Value, err)
		}
	}
	for action, input := range map[string]map[string]any{"remove_package": {"name": rollup}, "restore_health": {}} {
		if _, err := c.Prepare(action, live, input); err == nil || sdk.AsError(err).Code != sdk.Unsupported {
			t.Errorf("%s: got %v, want an unsupported system", action, err)
		}
	}
	verification.InPart(t, "a dism that returns 0 and says nothing gives no answer, and no plan", "dism.packages", "dism.health", "dism.remove_package", "dism.restore_health")
}

// TestLiveWorker runs real workers on a DISM that does nothing, with the store of a fake beside it: what they say and leave behind is read,
// and the state that is read back decides.
func TestLiveWorker(t *testing.T) {
	onlyWine(t)
	w := newWorld(t, rollup, fakeservicing.Sound)
	starts := 0
	p := pluginOn(machine{
		store: servicing.DISM{Run: w.dism, Zone: time.UTC},
		start: func(j servicing.Job, k servicing.Kind) (command.Process, error) {
			starts++
			return servicing.Spawn(j, WorkArguments(k, j.Folder)...)
		},
		running: command.Running,
		serves:  func(*sdk.Call) error { return nil },
		poll:    10 * time.Millisecond,
	})
	c := plugintest.Serve(t, p)
	input := map[string]any{"path": path}
	prepared, err := c.Prepare("add_package", w.target(), input)
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	_, err = c.Apply("add_package", w.target(), input, prepared.Token, state)
	if err == nil || sdk.AsError(err).Code != sdk.Unsupported || !strings.Contains(err.Error(), "said nothing") || !strings.Contains(err.Error(), "is not_present") {
		t.Errorf("got %v; want that dism said nothing, and that nothing is installed", err)
	}
	if starts != 1 {
		t.Errorf("%d workers were started", starts)
	}
	jobs, err := servicing.Jobs(state, applyJob)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	if r, err := jobs[0].Result(); err != nil || r == nil || r.Code != 0 || r.Lost {
		t.Errorf("the worker left the result %+v, %v; it said %q", r, err, jobs[0].Complaint())
	}
	if a, err := c.Assess("add_package", w.target(), prepared.Token, state); err != nil || a.State != sdk.StateBefore {
		t.Errorf("assessed as %v, %v", a, err)
	}
	verification.InPart(t, "a worker of its own runs dism, leaves its result, and a success that is none is caught by reading back", "dism.add_package")
}
