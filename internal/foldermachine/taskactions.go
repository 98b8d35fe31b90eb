package foldermachine

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rectify-project/rectify/sdk"
)

type taskInput struct {
	Name string `json:"name" jsonschema_description:"Name of the task"`
}

type taskOutput struct {
	Name    string `json:"name" jsonschema_description:"Name of the task"`
	Enabled bool   `json:"enabled" jsonschema_description:"Whether it is enabled now, read back"`
}

type taskToken struct {
	Name string `json:"name"`
	Was  bool   `json:"was"`
	Is   bool   `json:"is"`
}

// taskSwitch makes task_disable or task_enable.
func taskSwitch(verb, summary string, enabled bool) sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "task_" + verb, Summary: summary,
		Doc:    "Changes nothing else of the task.",
		Effect: sdk.Reversible, Risk: sdk.RiskLow, Interruptible: true,
	}, hands[taskInput, taskOutput, taskToken]{
		prepare: func(m Machine, in taskInput) (sdk.Preview[taskOutput, taskToken], error) {
			var p sdk.Preview[taskOutput, taskToken]
			if err := checkName(in.Name); err != nil {
				return p, badName(err, "/name")
			}
			t, err := m.Task(in.Name)
			if errors.Is(err, fs.ErrNotExist) {
				return p, sdk.Errorf(sdk.NotFound, "there is no task %q", in.Name).WithPath("/name")
			}
			if err != nil {
				return p, err
			}
			p.Summary = verb + " the task " + in.Name
			p.NoOp = t.Enabled == enabled
			if !p.NoOp {
				p.Changes = []sdk.Change{{What: taskNamed(in.Name), Before: switched(t.Enabled), After: switched(enabled)}}
			}
			p.Predicted = &taskOutput{in.Name, enabled}
			p.Token = taskToken{in.Name, t.Enabled, enabled}
			p.Material = t // also its command: that task is meant which was shown
			return p, nil
		},
		apply: func(_ context.Context, w *work, _ taskInput, token taskToken) (sdk.Result[taskOutput], error) {
			return w.setTask(token.Name, token.Is)
		},
		assess: func(m Machine, token taskToken, _ string) (sdk.Assessment, error) {
			t, err := m.Task(token.Name)
			if errors.Is(err, fs.ErrNotExist) {
				return sdk.Assessment{State: sdk.StateOther, Reason: "there is no task " + token.Name + " any more"}, nil
			}
			return howFar(t.Enabled == token.Is, true, ""), err
		},
		undo: func(_ context.Context, w *work, token taskToken) (sdk.Result[taskOutput], error) {
			return w.setTask(token.Name, token.Was)
		},
	})
}

func taskNamed(name string) string { return "task " + name }

func switched(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}

func (w *work) setTask(name string, enabled bool) (sdk.Result[taskOutput], error) {
	changed, err := w.switchTask(name, enabled)
	if err == nil && changed {
		err = w.did(taskNamed(name), switched(enabled))
	}
	if err != nil {
		return sdk.Result[taskOutput]{}, err
	}
	t, err := w.Task(name)
	return sdk.Result[taskOutput]{Output: taskOutput{name, t.Enabled}}, err
}
