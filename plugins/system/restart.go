package system

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
)

// RestartInput is the input of `system.restart`.
type RestartInput struct {
	Reason string      `json:"reason,omitempty" jsonschema_description:"Why, for the event log and for who is logged on"`
	Delay  schema.Span `json:"delay,omitempty" jsonschema:"default=60s" jsonschema_description:"How long users have to save their work"`
}

// RestartOutput is the output of `system.restart`.
type RestartOutput struct {
	Asked time.Time `json:"asked" jsonschema_description:"When the restart was asked for"`
}

func (o operator) restartAction() sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "restart",
		Summary: "Restart the machine",
		Doc: "Asks Windows for a planned restart, as `shutdown /r` does, and makes sure that it counts down. After it the run goes on by itself and diagnoses anew. " +
			"A machine that has started anew since is recognised by the number of its start, which Windows counts. A shutdown that somebody else has scheduled is not replaced. " +
			"Undo calls the restart off while it counts down.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   operates(),
		Effect:  sdk.Restarts, Risk: sdk.RiskHigh,
		Typical: schema.Span(5 * time.Minute),
	}, sdk.ActionHands[RestartInput, RestartOutput, restartToken]{
		Prepare: o.prepareRestart, Apply: o.applyRestart, Assess: o.assessRestart, Undo: o.undoRestart,
	})
}

type restartToken struct {
	Version int         `json:"version"`
	Boot    power.Boot  `json:"boot"` // the start that the machine runs since
	Reason  string      `json:"reason,omitempty"`
	Delay   schema.Span `json:"delay"`
}

func (t restartToken) check() error {
	return readable(t.Version, !t.Boot.Time.IsZero() && goodDelay(t.Delay) == nil)
}

func goodDelay(d schema.Span) error {
	const longest = 24 * time.Hour
	if d := time.Duration(d); d < 0 || d > longest {
		return sdk.Errorf(sdk.InvalidInput, "a delay of %s: expected 0s to 24h", schema.FormatDuration(d)).WithPath("/delay")
	}
	return nil
}

// askedFile is the note that the restart is asked for. It is written before it is: whether it was is not known then.
const askedFile = "asked.json"

type askedNote struct {
	Version int       `json:"version"`
	Asked   time.Time `json:"asked"`
}

// readAsked reads the note; nil: there is none.
func readAsked(stateDir string) (*askedNote, error) {
	note := new(askedNote)
	found, err := kept.Read(stateDir, askedFile, note)
	if !found || err != nil {
		return nil, err
	}
	return note, nil
}

// shutdownTakes is how long after its countdown a machine may still be shutting down.
const shutdownTakes = 30 * time.Minute

const theMachine = "the machine"

func (o operator) prepareRestart(ctx context.Context, call *sdk.Call, in RestartInput) (sdk.Preview[RestartOutput, restartToken], error) {
	p := sdk.Preview[RestartOutput, restartToken]{}
	if err := o.serves(call); err != nil {
		return p, err
	}
	if err := goodDelay(in.Delay); err != nil {
		return p, err
	}
	boot, err := o.power.Boot()
	if err != nil {
		return p, power.Explain(err)
	}
	p.Summary = fmt.Sprintf("restart the machine %s after it is asked for", schema.FormatDuration(time.Duration(in.Delay)))
	if pending := waitingFor(ctx, call); pending != "" {
		p.Summary += "; it waits for one: " + pending
	}
	p.Changes = []sdk.Change{{What: theMachine, Before: "running", After: "restarted"}}
	p.Token = restartToken{tokenVersion, boot, in.Reason, in.Delay}
	p.Material = struct{}{}
	return p, nil
}

// waitingFor names the signs that the machine waits for a restart, for people; empty where there are none or they cannot be told.
func waitingFor(ctx context.Context, call *sdk.Call) string {
	r, err := registry.Open(call.Target)
	if err != nil {
		return ""
	}
	defer r.Close()
	reading, err := pendingRestart(ctx, r, call.Target, nil)
	if err != nil {
		return ""
	}
	var names []string
	for _, s := range reading.Value.Signals {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

func (o operator) applyRestart(_ context.Context, call *sdk.Call, _ RestartInput, token restartToken, stateDir string) (sdk.Result[RestartOutput], error) {
	out := sdk.Result[RestartOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	if err := o.serves(call); err != nil {
		return out, err
	}
	note, err := readAsked(stateDir)
	if err != nil {
		return out, err
	}
	boot, err := o.power.Boot()
	if err != nil {
		return out, power.Explain(err)
	}
	if token.Boot.Precedes(boot) {
		out.Output.Asked = boot.Time
		if note != nil {
			out.Output.Asked = note.Asked
		}
		return out, nil
	}
	before := note
	if before == nil || o.overdue(*before, token) {
		note = &askedNote{tokenVersion, o.now().UTC()}
		if err := kept.Write(stateDir, askedFile, note); err != nil {
			return out, err
		}
	}
	call.Progress(sdk.Progress{Note: "asks for the restart"})
	err = o.power.Restart(power.Request{Message: message(token.Reason), Delay: time.Duration(token.Delay)})
	switch {
	case errors.Is(err, power.ErrScheduled) && before != nil: // it was asked for before, by this action
	case err != nil:
		if before == nil {
			err = errors.Join(err, kept.Drop(stateDir, askedFile))
		}
		return out, power.Explain(err)
	}
	call.Progress(sdk.Progress{Note: "the machine counts down"})
	return sdk.Result[RestartOutput]{Output: RestartOutput{note.Asked}, NeedsRestart: true}, nil
}

func message(reason string) string {
	if reason == "" {
		return "Rectify restarts this machine to go on with a repair. Save your work."
	}
	return "Rectify restarts this machine to go on with a repair. Save your work. Reason: " + reason
}

// overdue says whether a restart should have come long ago.
func (o operator) overdue(note askedNote, token restartToken) bool {
	return o.now().Sub(note.Asked) > time.Duration(token.Delay)+shutdownTakes
}

func (o operator) assessRestart(_ context.Context, call *sdk.Call, token restartToken, stateDir string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	if err := o.serves(call); err != nil {
		return sdk.Assessment{}, err
	}
	boot, err := o.power.Boot()
	if err != nil {
		return sdk.Assessment{}, power.Explain(err)
	}
	if token.Boot.Precedes(boot) {
		return sdk.Assessment{State: sdk.StateAfter, Reason: "the machine was started at " + boot.Time.Format(time.RFC3339)}, nil
	}
	note, err := readAsked(stateDir)
	switch {
	case err != nil:
		return sdk.Assessment{}, err
	case note == nil:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case o.overdue(*note, token):
		return sdk.Assessment{State: sdk.StateBefore, Reason: fmt.Sprintf("the restart that was asked for at %s did not come: was it called off?", note.Asked.Format(time.RFC3339))}, nil
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: fmt.Sprintf("the restart was asked for at %s and has not happened yet", note.Asked.Format(time.RFC3339))}, nil
}

func (o operator) undoRestart(_ context.Context, call *sdk.Call, token restartToken, stateDir string) (sdk.Result[RestartOutput], error) {
	out := sdk.Result[RestartOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	if err := o.serves(call); err != nil {
		return out, err
	}
	note, err := readAsked(stateDir)
	if err != nil || note == nil {
		return out, err
	}
	out.Output.Asked = note.Asked
	boot, err := o.power.Boot()
	if err != nil {
		return out, power.Explain(err)
	}
	if token.Boot.Precedes(boot) {
		return out, sdk.Errorf(sdk.Unsupported, "the machine has restarted: nothing takes that back")
	}
	call.Progress(sdk.Progress{Note: "calls the restart off"})
	if _, err := o.power.Abort(); err != nil {
		return out, power.Explain(err)
	}
	return out, kept.Drop(stateDir, askedFile)
}
