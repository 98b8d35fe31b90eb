// Package dism is about the component store of Windows: the packages in it, its health, and how to change and repair it.
package dism

import (
	"context"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/sdk"
)

// Plugin makes the plugin.
func Plugin() sdk.Plugin { return pluginOn(thisMachine()) }

func pluginOn(m machine) sdk.Plugin {
	return sdk.Plugin{
		Name:    "dism",
		Version: "1.0.0",
		Summary: "The component store: packages, health, repair",
		Probes:  []sdk.Probe{m.packagesProbe(), m.healthProbe()},
		Actions: []sdk.Action{m.addPackageAction(), m.removePackageAction(), m.restoreHealthAction()},
	}
}

// Work does what an action has ordered, in the process of a worker that outlives the plugin and its host. The executable that
// serves this plugin calls it when it is started with the arguments that [WorkArguments] gives; the folder is the last of them.
// An error is for the worker's standard error: the action reads it there.
func Work(ctx context.Context, folder string) error {
	return servicing.Work(ctx, folder, servicing.Live())
}

// WorkArguments are the arguments of a worker: "plugin", "work", "dism.add_package", and the folder of the job.
func WorkArguments(kind servicing.Kind, folder string) []string {
	return []string{"plugin", "work", "dism." + string(kind), folder}
}

// machine is what the plugin works on.
type machine struct {
	store   servicing.Store
	start   func(servicing.Job, servicing.Kind) (command.Process, error) // a worker
	running func(command.Process) (bool, error)
	serves  func(*sdk.Call) error // refuses targets that the store is not of
	poll    time.Duration         // how often a worker is looked at
}

func thisMachine() machine {
	return machine{
		store: servicing.DISM{Run: command.Live()},
		start: func(j servicing.Job, k servicing.Kind) (command.Process, error) {
			return servicing.Spawn(j, WorkArguments(k, j.Folder)...)
		},
		running: command.Running,
		serves: func(call *sdk.Call) error {
			if kind := call.Target.Kind(); string(kind) != string(sdk.Live) {
				return sdk.Errorf(sdk.Unsupported, "the component store of a target of kind %q is not served, that of the running Windows is", kind)
			}
			return nil
		},
		poll: 500 * time.Millisecond,
	}
}

// needs is what servicing a running Windows needs.
func needs() sdk.Needs { return sdk.Needs{Elevation: true, Platforms: []string{"windows"}} }

func targets() []sdk.TargetKind { return []sdk.TargetKind{sdk.Live} }

// explain gives an error its code.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if e := servicing.Explain(err); e != nil {
		return e
	}
	return coded(err)
}
