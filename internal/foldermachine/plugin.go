package foldermachine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Plugin makes the plugin "machine": the probes and actions of a machine in a folder. The target is the folder, as an
// offline disk.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name:    "machine",
		Version: "1.0.0",
		Summary: "A machine that is a folder, for tests",
		Probes: []sdk.Probe{servicesProbe(), serviceProbe(), tasksProbe(), filesProbe(), problemProbe(), fixedProbe(),
			pendingProbe()},
		Actions: []sdk.Action{serviceStop(), serviceStart(), serviceConfigure(),
			taskSwitch("disable", "Disable a scheduled task", false), taskSwitch("enable", "Enable a scheduled task", true),
			rename(), write(), copyAll(), slow("slow", "Do something slow that must not be cut off", false),
			slow("slow_cut", "Do something slow that may be cut off", true), flaky(), liar(), hang(), restart(), irreversible()},
	}
}

// System makes the plugin "system" of such a machine: the clock that the engine asks for the target's own time.
func System() sdk.Plugin {
	return sdk.Plugin{
		Name:    "system",
		Version: "1.0.0",
		Summary: "The clock of a machine that is a folder, for tests",
		Probes:  []sdk.Probe{clockProbe()},
	}
}

func targets() []sdk.TargetKind { return []sdk.TargetKind{sdk.Live, sdk.Offline} }

// machineOf finds the machine that a call is about.
func machineOf(call *sdk.Call) (Machine, error) {
	if call.Target.Kind() != target.Offline {
		return Machine{}, sdk.Errorf(sdk.Unsupported, "this machine is not a folder").WithHint("name the folder of one with --root")
	}
	m := Machine{call.Target.Spec().Root}
	if _, err := os.Stat(m.path(bootFile)); err != nil {
		return m, sdk.Errorf(sdk.Unavailable, "%s is not the folder of a machine: it has no %s", m.Dir, bootFile)
	}
	return m, nil
}

// hands are what an action does to a machine. Apply and undo are called when the state is not sdk.StateOther.
type hands[In, Out, Token any] struct {
	prepare func(m Machine, in In) (sdk.Preview[Out, Token], error)
	apply   func(ctx context.Context, w *work, in In, token Token) (sdk.Result[Out], error)
	assess  func(m Machine, token Token, stateDir string) (sdk.Assessment, error)
	undo    func(ctx context.Context, w *work, token Token) (sdk.Result[Out], error) // nil: it cannot be undone
}

// newAction makes an action of hands. It adds what all actions have in common: one process at a time works on an
// instance, assessing finds it at work, calls are noted in the ledger, and what somebody else has changed is left alone.
func newAction[In, Out, Token any](manifest sdk.ActionManifest, h hands[In, Out, Token]) sdk.Action {
	manifest.Targets = targets()
	begin := func(ctx context.Context, call *sdk.Call, name string, token Token, stateDir string) (*work, func(), error) {
		m, err := machineOf(call)
		if err != nil {
			return nil, nil, err
		}
		if !filepath.IsAbs(stateDir) {
			return nil, nil, sdk.Errorf(sdk.InvalidInput, "the state directory %q is not an absolute path", stateDir)
		}
		done, err := lockWork(ctx, stateDir)
		if err != nil {
			return nil, nil, err
		}
		w := &work{m, stateDir, Entry{Key: filepath.Base(stateDir), Action: manifest.Name, Call: name}, call}
		a, err := h.assess(m, token, stateDir)
		if err == nil && a.State == sdk.StateOther {
			err = sdk.Errorf(sdk.Unavailable, "somebody else has changed it since: %s", a.Reason).WithHint("look at it, and put it right by hand")
		}
		if err == nil {
			err = m.note(w.entry)
		}
		if err != nil {
			done()
			return nil, nil, plain(err)
		}
		return w, done, nil
	}
	out := sdk.ActionHands[In, Out, Token]{
		Prepare: func(_ context.Context, call *sdk.Call, in In) (sdk.Preview[Out, Token], error) {
			m, err := machineOf(call)
			if err != nil {
				return sdk.Preview[Out, Token]{}, err
			}
			p, err := h.prepare(m, in)
			return p, plain(err)
		},
		Apply: func(ctx context.Context, call *sdk.Call, in In, token Token, stateDir string) (sdk.Result[Out], error) {
			w, done, err := begin(ctx, call, "apply", token, stateDir)
			if err != nil {
				return sdk.Result[Out]{}, err
			}
			defer done()
			r, err := h.apply(ctx, w, in, token)
			return r, plain(err)
		},
		Assess: func(_ context.Context, call *sdk.Call, token Token, stateDir string) (sdk.Assessment, error) {
			m, err := machineOf(call)
			if err != nil {
				return sdk.Assessment{}, err
			}
			busy, err := atWork(stateDir)
			if err != nil {
				return sdk.Assessment{}, plain(err)
			}
			a, err := h.assess(m, token, stateDir)
			if busy && err == nil {
				a = sdk.Assessment{State: sdk.StatePartial, Reason: "it is being worked on by another process"}
			}
			return a, plain(err)
		},
	}
	if h.undo != nil {
		out.Undo = func(ctx context.Context, call *sdk.Call, token Token, stateDir string) (sdk.Result[Out], error) {
			w, done, err := begin(ctx, call, "undo", token, stateDir)
			if err != nil {
				return sdk.Result[Out]{}, err
			}
			defer done()
			r, err := h.undo(ctx, w, token)
			return r, plain(err)
		}
	}
	return sdk.NewAction(manifest, out)
}

// plain gives an error of the disk a code: what is wrong then is the machine, not the plugin.
func plain(err error) error {
	var known *sdk.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return sdk.Errorf(sdk.NotFound, "%v", err)
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}

// work is an apply or undo at work.
type work struct {
	Machine
	stateDir string
	entry    Entry
	call     *sdk.Call
}

// did notes an effect in the ledger.
func (w *work) did(what, detail string) error {
	e := w.entry
	e.What, e.Detail = what, detail
	return w.note(e)
}

// pause waits between two single effects, and ends an action that may be cut off.
func (w *work) pause(ctx context.Context, millis int) error {
	if err := ctx.Err(); err != nil || millis == 0 {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(millis) * time.Millisecond):
		return nil
	}
}

// badName is the error of an argument that names nothing.
func badName(err error, pointer string) error {
	return sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath(pointer)
}
