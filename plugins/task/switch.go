package task

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
)

// SwitchInput is the input of `task.disable` and `task.enable`.
type SwitchInput struct {
	Path string `json:"path" jsonschema_description:"Path of the task: \\Check WSUS Reg"`
}

// SwitchOutput is the output of `task.disable` and `task.enable`.
type SwitchOutput struct {
	Path    string `json:"path" jsonschema_description:"Path of the task"`
	Enabled bool   `json:"enabled" jsonschema_description:"Whether it is enabled now, read back"`
}

func disableAction(s *tasks.Scheduler) sdk.Action {
	return switcher{s, false}.action(sdk.ActionManifest{
		Name:    "disable",
		Summary: "Disable a scheduled task",
		Doc:     "Keeps the task from being started; a run that is going on is not ended. The task's definition stays as it is but for that. Undo enables it again if it was enabled.",
	})
}

func enableAction(s *tasks.Scheduler) sdk.Action {
	return switcher{s, true}.action(sdk.ActionManifest{
		Name:    "enable",
		Summary: "Enable a scheduled task",
		Doc:     "Lets the task be started again by its triggers; it is not started now. Undo disables it again if it was disabled.",
	})
}

// switcher enables tasks, or disables them.
type switcher struct {
	scheduler *tasks.Scheduler
	enabled   bool
}

func (s switcher) action(m sdk.ActionManifest) sdk.Action {
	m.Targets = []sdk.TargetKind{sdk.Live}
	m.Needs = sdk.Needs{Elevation: true, Platforms: []string{"windows"}}
	m.Effect, m.Risk, m.Interruptible, m.Typical = sdk.Reversible, sdk.RiskMedium, true, schema.Span(2*time.Second)
	return sdk.NewAction(m, sdk.ActionHands[SwitchInput, SwitchOutput, switchToken]{
		Prepare: s.prepare,
		Apply:   s.apply,
		Assess:  s.assess,
		Undo:    s.undo,
	})
}

// switchToken knows a task by its path and by what it does.
type switchToken struct {
	Version int    `json:"version"`
	Path    string `json:"path"`
	Was     bool   `json:"was"` // enabled
	Is      bool   `json:"is"`
	Does    string `json:"does"` // digest, see does
}

const tokenVersion = 1

func (s switcher) check(t switchToken) error {
	full, err := tasks.CheckPath(t.Path)
	switch {
	case t.Version != tokenVersion:
		return sdk.Errorf(sdk.InvalidInput, "the token has version %d, this version of the plugin reads version %d", t.Version, tokenVersion).
			WithHint("use the version of the plugin that made it")
	case err != nil || full != t.Path || t.Does == "" || t.Is != s.enabled:
		return sdk.Errorf(sdk.InvalidInput, "the token is not one of this action")
	}
	return nil
}

// nothing says that there was nothing to do when this was planned.
func (t switchToken) nothing() bool { return t.Was == t.Is }

func (t switchToken) output(enabled bool) sdk.Result[SwitchOutput] {
	return sdk.Result[SwitchOutput]{Output: SwitchOutput{t.Path, enabled}}
}

// material is the definition of the task that is meant. Its state and its runs change by themselves and are no part of it.
type material struct {
	Definition string `json:"definition"` // digest, see fingerprint
	Enabled    bool   `json:"enabled"`
}

func (s switcher) prepare(ctx context.Context, _ *sdk.Call, in SwitchInput) (sdk.Preview[SwitchOutput, switchToken], error) {
	var p sdk.Preview[SwitchOutput, switchToken]
	path, err := tasks.CheckPath(in.Path)
	if err != nil {
		return p, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/path")
	}
	t, err := s.scheduler.Task(ctx, path)
	if err != nil {
		return p, failure(err).WithPath("/path")
	}
	d, err := taskxml.Parse(strings.NewReader(t.XML))
	if err != nil {
		return p, undefined(t.Path, err).WithPath("/path")
	}
	digest, err := fingerprint(t.XML)
	if err != nil {
		return p, undefined(t.Path, err).WithPath("/path")
	}
	p.Token = switchToken{tokenVersion, t.Path, t.Enabled, s.enabled, does(d)}
	p.Predicted = &SwitchOutput{t.Path, s.enabled}
	p.Material = material{digest, t.Enabled}
	if t.Enabled == s.enabled && d.Enabled == s.enabled {
		p.NoOp, p.Summary = true, fmt.Sprintf("the task %s is %s already", t.Path, switched(s.enabled))
		return p, nil
	}
	p.Summary = fmt.Sprintf("%s the task %s, which runs %s", verb(s.enabled), t.Path, oneLine(command(d)))
	p.Changes = []sdk.Change{{What: "task " + t.Path, Before: switched(t.Enabled), After: switched(s.enabled)}}
	return p, nil
}

// standing is how things stand with the task of a token.
type standing struct {
	there   bool
	same    bool // it does what it did when this was planned
	enabled bool
}

func (s switcher) look(ctx context.Context, token switchToken) (standing, error) {
	t, err := s.scheduler.Task(ctx, token.Path)
	if errors.Is(err, tasks.ErrNotFound) {
		return standing{}, nil
	}
	if err != nil {
		return standing{}, failure(err)
	}
	d, err := taskxml.Parse(strings.NewReader(t.XML))
	if err != nil {
		return standing{}, undefined(t.Path, err)
	}
	return standing{true, does(d) == token.Does, t.Enabled}, nil
}

func (s switcher) apply(ctx context.Context, call *sdk.Call, _ SwitchInput, token switchToken, stateDir string) (sdk.Result[SwitchOutput], error) {
	out := token.output(token.Is)
	if err := s.check(token); err != nil || token.nothing() {
		return out, err
	}
	now, err := s.look(ctx, token)
	if err != nil {
		return out, err
	}
	n, err := readNote(stateDir)
	switch {
	case err != nil:
		return out, err
	case !now.there:
		return out, changed(sdk.NotFound, "the task %s is gone since this was planned", token.Path)
	case !now.same:
		return out, changed(sdk.Unavailable, "somebody else has changed the task %s since this was planned", token.Path)
	case now.enabled == token.Is && n == nil:
		return out, kept.Write(stateDir, noteFile, note{tokenVersion, true})
	case now.enabled == token.Is:
		return out, nil
	}
	if err := kept.Write(stateDir, noteFile, note{Version: tokenVersion}); err != nil {
		return out, err
	}
	return out, s.set(ctx, call, token.Path, token.Is)
}

// set does it, and believes what is read back.
func (s switcher) set(ctx context.Context, call *sdk.Call, path string, enabled bool) error {
	call.Progress(sdk.Progress{Total: 1, Unit: "tasks", Note: path + " is to be " + switched(enabled)})
	if _, err := s.scheduler.SetEnabled(ctx, path, enabled); err != nil {
		return failure(err)
	}
	call.Progress(sdk.Progress{Done: 1, Total: 1, Unit: "tasks", Note: path + " is " + switched(enabled)})
	return nil
}

func (s switcher) assess(ctx context.Context, _ *sdk.Call, token switchToken, stateDir string) (sdk.Assessment, error) {
	if err := s.check(token); err != nil {
		return sdk.Assessment{}, err
	}
	if token.nothing() {
		return sdk.Assessment{State: sdk.StateAfter, Reason: "there was nothing to do"}, nil
	}
	now, err := s.look(ctx, token)
	if err != nil {
		return sdk.Assessment{}, err
	}
	n, err := readNote(stateDir)
	switch {
	case err != nil:
		return sdk.Assessment{}, err
	case !now.there:
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("there is no task %s any more", token.Path)}, nil
	case !now.same:
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("somebody else has changed the task %s", token.Path)}, nil
	case now.enabled == token.Was:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case !n.ours():
		return sdk.Assessment{State: sdk.StateAfter, Reason: fmt.Sprintf("somebody else has %s it; undo leaves it so", switched(token.Is))}, nil
	}
	return sdk.Assessment{State: sdk.StateAfter}, nil
}

func (s switcher) undo(ctx context.Context, call *sdk.Call, token switchToken, stateDir string) (sdk.Result[SwitchOutput], error) {
	out := token.output(token.Was)
	if err := s.check(token); err != nil || token.nothing() {
		return out, err
	}
	n, err := readNote(stateDir)
	if err != nil {
		return out, err
	}
	now, err := s.look(ctx, token)
	switch {
	case err != nil:
		return out, err
	case !n.ours(): // it was not this action that changed it
		return token.output(now.enabled), nil
	case !now.there:
		return out, changed(sdk.NotFound, "the task %s is gone, it cannot be %s again", token.Path, switched(token.Was))
	case !now.same:
		return out, changed(sdk.Unavailable, "somebody else has changed the task %s since it was %s; it is left as it is", token.Path, switched(token.Is))
	case now.enabled != token.Was:
		if err := s.set(ctx, call, token.Path, token.Was); err != nil {
			return out, err
		}
	}
	return out, kept.Drop(stateDir, noteFile)
}

func verb(enabled bool) string {
	if enabled {
		return "enable"
	}
	return "disable"
}

func switched(enabled bool) string { return verb(enabled) + "d" }

// oneLine shortens a command line to what a summary can hold.
func oneLine(s string) string {
	const most = 120
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	if s == "" {
		return "nothing"
	}
	return s
}
