package event

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
)

// EnableInput is the input of event.enable_channel.
type EnableInput struct {
	Channel string        `json:"channel" jsonschema_description:"Name of the channel, such as Microsoft-Windows-TaskScheduler/Operational"`
	MaxSize *schema.Bytes `json:"max_size,omitempty" jsonschema:"minimum=1048576" jsonschema_description:"Size that the log may grow to; left as it is if not given"`
}

// EnableOutput is the output of event.enable_channel.
type EnableOutput struct {
	Channel    string `json:"channel" jsonschema_description:"Name of the channel"`
	WasEnabled bool   `json:"was_enabled" jsonschema_description:"Whether the channel was on before"`
}

// enableToken is what is remembered of a change.
type enableToken struct {
	Version int    `json:"version"`
	Channel string `json:"channel"`
	Before  state  `json:"before"`
	After   state  `json:"after"`
}

// state is how a channel is set.
type state struct {
	Enabled bool         `json:"enabled"`
	MaxSize schema.Bytes `json:"max_size"`
}

func (s state) same(other state) bool {
	return s.Enabled == other.Enabled && eventlog.SameSize(uint64(s.MaxSize), uint64(other.MaxSize))
}

func (s state) String() string {
	return fmt.Sprintf("%s, with a log of at most %d bytes", onOff(s.Enabled), s.MaxSize)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

const (
	enableVersion = 1
	// begun is the name of the note that Apply leaves before its effect.
	begun = "enable-channel.json"
)

// hasBegun says whether Apply has left its note.
func hasBegun(stateDir string) (bool, error) {
	_, err := os.Stat(filepath.Join(stateDir, begun))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, sdk.Errorf(sdk.Unavailable, "the state directory cannot be read: %v", err)
	}
	return true, nil
}

func (t enableToken) check() error {
	if t.Version != enableVersion || t.Channel == "" || t.Before.MaxSize <= 0 || t.After.MaxSize <= 0 || !t.After.Enabled {
		return sdk.Errorf(sdk.InvalidInput, "the token is none of event.enable_channel, version %d", enableVersion)
	}
	return nil
}

type enabling struct{ source eventlog.Source }

func enableChannel(source eventlog.Source) sdk.Action {
	e := enabling{source}
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "enable_channel",
		Summary: "Switch an event channel on, so that what happens next is recorded",
		Doc: `Undo gives the channel the state and the size back that it had; its records stay. It is switched on in one step or not at all. A log that may grow larger ` +
			`already keeps its size. Windows rounds sizes up to chunks of 64 KiB. Analytic and debug channels are refused: to switch them on empties their logs.`,
		Targets:       []sdk.TargetKind{sdk.Live},
		Needs:         sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskLow,
		Interruptible: true,
		Typical:       schema.Span(2 * time.Second),
	}, sdk.ActionHands[EnableInput, EnableOutput, enableToken]{Prepare: e.prepare, Apply: e.apply, Assess: e.assess, Undo: e.undo})
}

// now reads how a channel is set.
func (e enabling) now(channel string) (state, error) {
	s, err := e.source.Settings(channel)
	return state{s.Enabled, schema.Bytes(s.MaxSize)}, err
}

func (e enabling) prepare(_ context.Context, _ *sdk.Call, in EnableInput) (sdk.Preview[EnableOutput, enableToken], error) {
	var none sdk.Preview[EnableOutput, enableToken]
	settings, err := e.source.Settings(in.Channel)
	var missing *eventlog.MissingError
	switch {
	case errors.As(err, &missing):
		return none, sdk.Errorf(sdk.NotFound, "%v", err).WithPath("/channel")
	case err != nil:
		return none, placed(err)
	case settings.Direct && !settings.Enabled:
		return none, sdk.Errorf(sdk.Unsupported, "%s is an analytic or debug channel: to switch it on would empty its log", in.Channel).WithPath("/channel").
			WithHint("save its log first, and switch it on in the Event Viewer")
	}
	before := state{settings.Enabled, schema.Bytes(settings.MaxSize)}
	after := state{true, before.MaxSize}
	p := sdk.Preview[EnableOutput, enableToken]{
		Predicted: &EnableOutput{Channel: in.Channel, WasEnabled: before.Enabled},
		Material:  before,
	}
	if !before.Enabled {
		p.Changes = append(p.Changes, sdk.Change{What: "event channel " + in.Channel, Before: onOff(false), After: onOff(true)})
	}
	if in.MaxSize != nil && *in.MaxSize > before.MaxSize && !eventlog.SameSize(uint64(*in.MaxSize), uint64(before.MaxSize)) {
		after.MaxSize = *in.MaxSize
		p.Changes = append(p.Changes, sdk.Change{What: "size of the log of the event channel " + in.Channel,
			Before: fmt.Sprintf("at most %d bytes", before.MaxSize), After: fmt.Sprintf("at most %d bytes", after.MaxSize)})
	}
	p.Token = enableToken{enableVersion, in.Channel, before, after}
	p.Summary = "switch the event channel " + in.Channel + " on"
	switch {
	case len(p.Changes) == 0:
		p.NoOp, p.Summary = true, "the event channel "+in.Channel+" is on already"
	case before.Enabled:
		p.Summary = "let the log of the event channel " + in.Channel + " grow larger"
	}
	return p, nil
}

func (e enabling) apply(_ context.Context, call *sdk.Call, _ EnableInput, t enableToken, stateDir string) (sdk.Result[EnableOutput], error) {
	done := sdk.Result[EnableOutput]{Output: EnableOutput{Channel: t.Channel, WasEnabled: t.Before.Enabled}}
	if err := t.check(); err != nil {
		return done, err
	}
	now, err := e.now(t.Channel)
	switch {
	case err != nil:
		return done, err
	case now.same(t.After):
		return done, nil
	case !now.same(t.Before):
		return done, changed(t, now)
	}
	call.Progress(sdk.Progress{Note: "before " + t.Channel + " is switched on"})
	if err := kept.Write(stateDir, begun, t); err != nil {
		return done, err
	}
	call.Progress(sdk.Progress{Note: t.Channel + " is about to be switched on"})
	if err := e.source.Configure(t.Channel, t.After.Enabled, uint64(t.After.MaxSize)); err != nil {
		return done, err
	}
	call.Progress(sdk.Progress{Note: t.Channel + " is on"})
	return done, nil
}

func changed(t enableToken, now state) error {
	return sdk.Errorf(sdk.Unavailable, "somebody else has changed the event channel %s: it was %s, and was to be %s; it is %s", t.Channel, t.Before, t.After, now)
}

func (e enabling) assess(_ context.Context, _ *sdk.Call, t enableToken, stateDir string) (sdk.Assessment, error) {
	if err := t.check(); err != nil {
		return sdk.Assessment{}, err
	}
	now, err := e.now(t.Channel)
	if err != nil {
		return sdk.Assessment{}, err
	}
	noted, err := hasBegun(stateDir)
	switch {
	case err != nil:
		return sdk.Assessment{}, err
	case now.same(t.Before):
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case !now.same(t.After):
		return sdk.Assessment{State: sdk.StateOther, Reason: changed(t, now).Error()}, nil
	case !noted:
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("the event channel %s is %s, and somebody else made it so", t.Channel, now)}, nil
	}
	return sdk.Assessment{State: sdk.StateAfter}, nil
}

func (e enabling) undo(_ context.Context, call *sdk.Call, t enableToken, stateDir string) (sdk.Result[EnableOutput], error) {
	done := sdk.Result[EnableOutput]{Output: EnableOutput{Channel: t.Channel, WasEnabled: t.Before.Enabled}}
	if err := t.check(); err != nil {
		return done, err
	}
	noted, err := hasBegun(stateDir)
	if err != nil || !noted {
		return done, err // nothing was done
	}
	now, err := e.now(t.Channel)
	switch {
	case err != nil:
		return done, err
	case now.same(t.Before):
		return done, nil
	case !now.same(t.After):
		return done, changed(t, now)
	}
	call.Progress(sdk.Progress{Note: t.Channel + " is about to get its settings back"})
	if err := e.source.Configure(t.Channel, t.Before.Enabled, uint64(t.Before.MaxSize)); err != nil {
		return done, err
	}
	call.Progress(sdk.Progress{Note: t.Channel + " has its settings back"})
	return done, nil
}
