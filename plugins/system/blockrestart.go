package system

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// BlockRestartInput is the input of `system.block_restart` and `system.unblock_restart`.
type BlockRestartInput struct{}

// BlockRestartOutput is the output of `system.block_restart` and `system.unblock_restart`.
type BlockRestartOutput struct {
	Blocked bool `json:"blocked" jsonschema_description:"Whether restarts are held back now"`
	Aborted bool `json:"aborted,omitempty" jsonschema_description:"Whether a shutdown that was counting down was called off; it is not asked for anew"`
}

func (o operator) blockRestartAction() sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "block_restart",
		Summary: "Hold back restarts by Windows Update",
		Doc: "Keeps Windows Update from restarting the machine by itself until `system.unblock_restart`, and aborts a shutdown that is counting down. " +
			"A restart that a person or another program asks for is not held back. Undo allows restarts again; a shutdown that was aborted is not asked for anew.\n\n" +
			`It sets the policies that Microsoft documents ("Manage device restarts after updates"): NoAutoRebootWithLoggedOnUsers, and active hours from the hour before now for 18 hours, ` +
			`12 before Windows 10 1703; where AlwaysAutoRebootAtScheduledTime is set, which overrules them, it becomes 0. A deadline that a policy sets for updates is stronger than all of them. ` +
			`What was there before is kept in HKLM\SOFTWARE\Rectify\RestartBlock until it is put back, exactly.`,
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   operates(),
		Effect:  sdk.Reversible, Risk: sdk.RiskLow,
		Typical: schema.Span(time.Second),
	}, sdk.ActionHands[BlockRestartInput, BlockRestartOutput, blockToken]{
		Prepare: o.prepareBlock, Apply: o.applyBlock, Assess: o.assessBlock, Undo: o.undoBlock,
	})
}

type blockToken struct {
	Version int           `json:"version"`
	Held    bool          `json:"held,omitempty"`   // they were held back already, by somebody who allows them again
	Ledger  *power.Ledger `json:"ledger,omitempty"` // what holding them back changes
}

func (t blockToken) check() error {
	return readable(t.Version, t.Held != (t.Ledger != nil) && (t.Ledger == nil || t.Ledger.Check() == nil))
}

// ledgerIn is the registry's word for the material state and for changes.
func changesOf(l *power.Ledger, allow bool) (changes []sdk.Change, material map[string]string) {
	material = map[string]string{}
	for _, s := range l.Settings {
		before, after := s.Shown(), s.Now.Show()
		material[s.String()] = before
		if allow {
			before, after = after, before
		}
		changes = append(changes, sdk.Change{What: s.String(), Before: before, After: after})
	}
	return changes, material
}

func (o operator) open(call *sdk.Call) (power.Hold, *power.Ledger, error) {
	if err := o.serves(call); err != nil {
		return power.Hold{}, nil, err
	}
	h, err := o.hold(call)
	if err != nil {
		return h, nil, registry.Explain(err)
	}
	l, err := h.Ledger()
	if err != nil {
		return h, nil, registry.Explain(err)
	}
	return h, l, nil
}

func (o operator) prepareBlock(_ context.Context, call *sdk.Call, _ BlockRestartInput) (sdk.Preview[BlockRestartOutput, blockToken], error) {
	p := sdk.Preview[BlockRestartOutput, blockToken]{}
	h, held, err := o.open(call)
	if err != nil {
		return p, err
	}
	p.Predicted = &BlockRestartOutput{Blocked: true}
	if held != nil {
		at, err := h.Standing(held)
		if err != nil {
			return p, registry.Explain(err)
		}
		if at.Set == len(held.Settings) {
			p.NoOp, p.Summary = true, "nothing to do: restarts by Windows Update are held back already"
			p.Predicted.Aborted = held.Aborted
			p.Token, p.Material = blockToken{Version: tokenVersion, Held: true}, map[string]bool{"held": true}
			return p, nil
		}
		return p, sdk.Errorf(sdk.Unavailable, "restarts were held back by a run that was broken off: %d of %d values are set", at.Set, len(held.Settings)).
			WithHint("take that run up again, or call system.unblock_restart first")
	}
	l, err := h.Plan(o.now())
	if err != nil {
		return p, registry.Explain(err)
	}
	p.Token = blockToken{Version: tokenVersion, Ledger: l}
	p.Summary = "hold back restarts by Windows Update, and call off a shutdown that counts down"
	p.Changes, p.Material = changesOf(l, false)
	return p, nil
}

func (o operator) applyBlock(_ context.Context, call *sdk.Call, _ BlockRestartInput, token blockToken, _ string) (sdk.Result[BlockRestartOutput], error) {
	out := sdk.Result[BlockRestartOutput]{Output: BlockRestartOutput{Blocked: true}}
	if err := token.check(); err != nil {
		return out, err
	}
	h, held, err := o.open(call)
	if err != nil {
		return out, err
	}
	if token.Held {
		if held == nil {
			return out, sdk.Errorf(sdk.Unavailable, "restarts were held back when this was planned, and are not now").WithHint("plan anew")
		}
		out.Output.Aborted = held.Aborted
		return out, nil
	}
	if held == nil {
		at, err := h.Standing(token.Ledger)
		if err != nil {
			return out, registry.Explain(err)
		}
		if len(at.Others) > 0 {
			return out, sdk.Errorf(sdk.Unavailable, "%s was changed since this was planned", at.Others[0]).WithHint("plan anew")
		}
		call.Progress(sdk.Progress{Note: "notes what is there"})
		held = token.Ledger
		if err := h.Write(held); err != nil {
			return out, registry.Explain(err)
		}
	}
	if err := set(call, h, held); err != nil {
		return out, err
	}
	if !held.Aborted {
		if held.Aborted, err = o.abort(call); err != nil {
			return out, err
		}
		if held.Aborted {
			if err := h.Write(held); err != nil {
				return out, registry.Explain(err)
			}
		}
	}
	out.Output.Aborted = held.Aborted
	return out, nil
}

// set sets the values of a ledger and reports each.
func set(call *sdk.Call, h power.Hold, l *power.Ledger) error {
	done := int64(0)
	err := h.Set(l, func(s power.Setting) {
		done++
		call.Progress(sdk.Progress{Done: done, Total: int64(len(l.Settings)), Unit: "values", Note: s.String() + " is set"})
	})
	if err != nil {
		return registry.Explain(err)
	}
	return nil
}

// abort calls off a shutdown that counts down. Where that has no effect whether one does cannot be told, which keeps nobody from
// holding back those to come.
func (o operator) abort(call *sdk.Call) (bool, error) {
	aborted, err := o.power.Abort()
	if errors.Is(err, power.ErrNoEffect) {
		call.Progress(sdk.Progress{Note: fmt.Sprintf("whether a shutdown counts down cannot be told: %v", err)})
		return false, nil
	}
	if aborted {
		call.Progress(sdk.Progress{Note: "a shutdown that was counting down was called off"})
	}
	return aborted, power.Explain(err)
}

func (o operator) assessBlock(_ context.Context, call *sdk.Call, token blockToken, _ string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	h, held, err := o.open(call)
	if err != nil {
		return sdk.Assessment{}, err
	}
	if held == nil {
		return sdk.Assessment{State: sdk.StateBefore}, nil
	}
	at, err := h.Standing(held)
	switch {
	case err != nil:
		return sdk.Assessment{}, registry.Explain(err)
	case len(at.Others) > 0:
		return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("%s was changed since", at.Others[0])}, nil
	case at.Before > 0:
		return sdk.Assessment{State: sdk.StatePartial, Reason: fmt.Sprintf("%d of %d values are set", at.Set, len(held.Settings))}, nil
	}
	return sdk.Assessment{State: sdk.StateAfter}, nil
}

func (o operator) undoBlock(_ context.Context, call *sdk.Call, token blockToken, _ string) (sdk.Result[BlockRestartOutput], error) {
	out := sdk.Result[BlockRestartOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	h, held, err := o.open(call)
	if err != nil {
		return out, err
	}
	if token.Held {
		out.Output.Blocked = held != nil
		return out, nil
	}
	if held == nil { // never done, or allowed again already
		return out, nil
	}
	out.Output.Aborted = held.Aborted
	return out, release(call, h, held)
}

// release puts back what a ledger has, and names what stays as somebody else has set it.
func release(call *sdk.Call, h power.Hold, l *power.Ledger) error {
	call.Progress(sdk.Progress{Note: "puts back what was there"})
	left, err := h.Release(l, func(s power.Setting) { call.Progress(sdk.Progress{Note: s.String() + " is as it was"}) })
	for _, s := range left {
		call.Progress(sdk.Progress{Note: s.String() + " stays as somebody else has set it since"})
	}
	if err != nil {
		return registry.Explain(err)
	}
	return nil
}
