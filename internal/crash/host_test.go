package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/internal/foldermachine"
	"github.com/rectify-project/rectify/internal/memdisk"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/pluginserver"
)

// Started as `plugin serve NAME` the test binary is a plugin; as `act run|resume|undo MACHINE STATE KILL` it is rectify: a
// process to be killed.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "plugin":
		for _, p := range plugins() {
			if p.Name == os.Args[3] {
				pluginserver.Serve(p)
			}
		}
		return
	case len(os.Args) == 6 && os.Args[1] == "act":
		if err := act(context.Background(), os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(memdisk.Run(m))
}

func plugins() []sdk.Plugin {
	return []sdk.Plugin{foldermachine.Plugin(), foldermachine.System()}
}

// ending is what an act prints: how the run stands.
type ending struct {
	Outcome string        `json:"outcome"`
	Stop    *journal.Stop `json:"stop,omitempty"`
	Nothing bool          `json:"nothing,omitempty"` // there was nothing to do
}

// act does what the command of that name does.
func act(ctx context.Context, what, machine, state, kill string) error {
	e, err := engine.New(engine.Options{
		Linked: plugins(), ServeArgs: func(name string) []string { return []string{"plugin", "serve", name} }, Log: zerolog.Nop(),
	})
	if err != nil {
		return err
	}
	defer e.Close()
	store, err := journal.Open(state)
	if err != nil {
		return err
	}
	defer store.Close()
	remedy := engine.Remedy{Store: store, Operator: execute.Policy{Yes: true}, Wrap: func(l execute.Log) execute.Log { return newKiller(l, kill) }, Version: "test"}
	var end ending
	switch what {
	case "run":
		end, err = run(ctx, e, remedy, machine)
	case "resume":
		var result execute.Result
		_, result, err = e.Resume(ctx, remedy, "last")
		end = ending{Outcome: result.Outcome.String(), Stop: result.Stop}
	case "undo":
		var result execute.UndoResult
		_, result, err = e.TakeBack(ctx, remedy, "last", nil, nil)
		end = ending{Stop: result.Stop}
	}
	if errors.Is(err, engine.ErrFinished) || errors.Is(err, execute.ErrNothing) {
		end, err = ending{Nothing: true}, nil
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(end)
}

func run(ctx context.Context, e *engine.Engine, remedy engine.Remedy, machine string) (ending, error) {
	p, list := e.Load(ctx, "crash.yaml", foldermachine.CrashPlaybook())
	if p == nil {
		return ending{}, fmt.Errorf("the playbook is wrong: %v", list)
	}
	inputs, err := engine.Inputs(p, nil, false)
	if err != nil {
		return ending{}, err
	}
	s, err := e.Open(ctx, engine.Where{Root: machine, Record: true})
	if err != nil {
		return ending{}, err
	}
	planning, err := e.Plan(ctx, p, s, engine.Wish{Inputs: inputs})
	if err != nil {
		return ending{}, err
	}
	remedy.Begun = func(string) {
		if err := os.WriteFile(begun(machine), nil, 0o600); err != nil {
			panic(err)
		}
	}
	_, result, err := e.Carry(ctx, planning, s, remedy)
	return ending{Outcome: result.Outcome.String(), Stop: result.Stop}, err
}

// begun names the file that says of a machine that a run has begun on it: a plugin that is lost before only makes for
// another plan.
func begun(machine string) string { return machine + ".begun" }

// killer is a log that ends its own process at one of its records, before or behind the write.
type killer struct {
	execute.Log
	at     int // counted from 1; 0 never
	behind bool
	n      int
}

// newKiller reads "before:7", "behind:7" or "".
func newKiller(l execute.Log, kill string) *killer {
	where, n, _ := strings.Cut(kill, ":")
	at, _ := strconv.Atoi(n)
	return &killer{Log: l, at: at, behind: where == "behind"}
}

func (k *killer) Append(kind journal.Kind, step string, data any) error {
	k.n++
	if k.n == k.at && !k.behind {
		die()
	}
	err := k.Log.Append(kind, step, data)
	if k.n == k.at && err == nil {
		die()
	}
	return err
}

// die is SIGKILL: nothing of this process runs any more.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}
