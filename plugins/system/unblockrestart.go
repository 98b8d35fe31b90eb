package system

import (
	"context"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

func (o operator) unblockRestartAction() sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "unblock_restart",
		Summary: "Allow restarts by Windows Update again",
		Doc: "Takes back what `system.block_restart` set, of this run or of one that was broken off; a restart that is due may then come at any time. " +
			"A value that somebody else has changed since stays. Undo holds restarts back again.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   operates(),
		Effect:  sdk.Reversible, Risk: sdk.RiskLow,
		Typical: schema.Span(time.Second),
	}, sdk.ActionHands[BlockRestartInput, BlockRestartOutput, unblockToken]{
		Prepare: o.prepareUnblock, Apply: o.applyUnblock, Assess: o.assessUnblock, Undo: o.undoUnblock,
	})
}

type unblockToken struct {
	Version int           `json:"version"`
	Free    bool          `json:"free,omitempty"`   // nothing was held back
	Ledger  *power.Ledger `json:"ledger,omitempty"` // what was
}

func (t unblockToken) check() error {
	return readable(t.Version, t.Free != (t.Ledger != nil) && (t.Ledger == nil || t.Ledger.Check() == nil))
}

func (o operator) prepareUnblock(_ context.Context, call *sdk.Call, _ BlockRestartInput) (sdk.Preview[BlockRestartOutput, unblockToken], error) {
	p := sdk.Preview[BlockRestartOutput, unblockToken]{}
	_, held, err := o.open(call)
	if err != nil {
		return p, err
	}
	p.Predicted = &BlockRestartOutput{}
	if held == nil {
		p.NoOp, p.Summary = true, "nothing to do: restarts by Windows Update are not held back"
		p.Token, p.Material = unblockToken{Version: tokenVersion, Free: true}, map[string]bool{"held": false}
		return p, nil
	}
	p.Token = unblockToken{Version: tokenVersion, Ledger: held}
	p.Summary = "allow restarts by Windows Update again"
	p.Changes, p.Material = changesOf(held, true)
	return p, nil
}

func (o operator) applyUnblock(_ context.Context, call *sdk.Call, _ BlockRestartInput, token unblockToken, _ string) (sdk.Result[BlockRestartOutput], error) {
	out := sdk.Result[BlockRestartOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	h, held, err := o.open(call)
	if err != nil || held == nil {
		return out, err
	}
	return out, release(call, h, held)
}

func (o operator) assessUnblock(_ context.Context, call *sdk.Call, token unblockToken, _ string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	h, held, err := o.open(call)
	if err != nil {
		return sdk.Assessment{}, err
	}
	if held == nil {
		return sdk.Assessment{State: sdk.StateAfter}, nil
	}
	at, err := h.Standing(held)
	if err != nil {
		return sdk.Assessment{}, registry.Explain(err)
	}
	if at.Before > 0 {
		return sdk.Assessment{State: sdk.StatePartial, Reason: fmt.Sprintf("%d of %d values are as they were", at.Before, len(held.Settings))}, nil
	}
	return sdk.Assessment{State: sdk.StateBefore}, nil
}

func (o operator) undoUnblock(_ context.Context, call *sdk.Call, token unblockToken, _ string) (sdk.Result[BlockRestartOutput], error) {
	out := sdk.Result[BlockRestartOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	h, held, err := o.open(call)
	if err != nil {
		return out, err
	}
	if token.Free {
		out.Output.Blocked = held != nil
		return out, nil
	}
	out.Output.Blocked, out.Output.Aborted = true, token.Ledger.Aborted
	if held == nil {
		call.Progress(sdk.Progress{Note: "notes what is there"})
		if err := h.Write(token.Ledger); err != nil {
			return out, registry.Explain(err)
		}
		held = token.Ledger
	}
	return out, set(call, h, held)
}
