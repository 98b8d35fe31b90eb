package foldermachine

import (
	"context"

	"github.com/rectify-project/rectify/sdk"
)

type restartInput struct {
	Reason string `json:"reason,omitempty" jsonschema_description:"Why"`
}

type restartOutput struct {
	Requested bool `json:"requested" jsonschema_description:"Whether the machine will restart; false where it has already"`
}

type restartToken struct {
	Boots int `json:"boots"` // how often it had been started
}

func restart() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "restart", Summary: "Ask the machine to restart",
		Doc:    "The restart itself is the machine's. It is done when the machine has been started since it was asked for.",
		Effect: sdk.Restarts, Risk: sdk.RiskHigh,
	}, hands[restartInput, restartOutput, restartToken]{
		prepare: func(m Machine, in restartInput) (sdk.Preview[restartOutput, restartToken], error) {
			boots, err := m.Boots()
			return sdk.Preview[restartOutput, restartToken]{
				Summary:   "restart the machine",
				Changes:   []sdk.Change{{What: "the machine", Before: "running", After: "restarted"}},
				Predicted: &restartOutput{true},
				Token:     restartToken{boots},
			}, err
		},
		apply: func(_ context.Context, w *work, in restartInput, token restartToken) (sdk.Result[restartOutput], error) {
			boots, err := w.Boots()
			if err != nil || boots > token.Boots {
				return sdk.Result[restartOutput]{}, err
			}
			requested, err := w.RestartRequested()
			if err == nil && !requested {
				err = w.writeJSON(restartFile, restartRequest(in))
				if err == nil {
					err = w.did("the machine", "restart requested")
				}
			}
			return sdk.Result[restartOutput]{Output: restartOutput{true}, NeedsRestart: true}, err
		},
		assess: func(m Machine, token restartToken, _ string) (sdk.Assessment, error) {
			boots, err := m.Boots()
			if err != nil {
				return sdk.Assessment{}, err
			}
			requested, err := m.RestartRequested()
			if boots > token.Boots {
				return sdk.Assessment{State: sdk.StateAfter}, err
			}
			if requested {
				return sdk.Assessment{State: sdk.StatePartial, Reason: "the restart was asked for and has not happened yet"}, err
			}
			return sdk.Assessment{State: sdk.StateBefore}, err
		},
	})
}
