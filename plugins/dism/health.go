package dism

import (
	"context"
	"encoding/json"

	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/sdk"
)

// HealthInput is the input of `dism.health`.
type HealthInput struct {
	Mode string `json:"mode,omitempty" jsonschema:"enum=check,enum=scan,default=check" jsonschema_description:"check: what earlier operations have noted, seconds; scan: look at the whole store, many minutes"`
}

// HealthOutput is the output of `dism.health`.
type HealthOutput struct {
	State string `json:"state" jsonschema:"enum=healthy,enum=repairable,enum=not_repairable" jsonschema_description:"State of the component store; healthy after a check means only that no damage was noted so far"`
	Mode  string `json:"mode" jsonschema:"enum=check,enum=scan" jsonschema_description:"What the state rests on"`

	Evidence sdk.Evidence `json:"-"`
}

func (m machine) healthProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "health",
		Summary: "Whether the component store is damaged",
		Doc: `As dism /cleanup-image /checkhealth, or /scanhealth. A check reads a mark that earlier operations left, so that a store which
nobody has looked at passes; the answer to a check that finds no mark is partial. A scan compares the whole store, and writes
that mark and its log, nothing else.`,
		Targets: targets(),
		Needs:   needs(),
		Healthy: json.RawMessage(`{"state":"healthy","mode":"scan"}`),
	}, m.health)
}

func (m machine) health(ctx context.Context, call *sdk.Call, in HealthInput) (sdk.Reading[HealthOutput], error) {
	if err := m.serves(call); err != nil {
		return sdk.Reading[HealthOutput]{}, err
	}
	mode, option := "check", "checkhealth"
	if in.Mode == "scan" {
		mode, option = "scan", "scanhealth"
	}
	state, err := m.store.Health(ctx, mode == "scan")
	if err != nil {
		return sdk.Reading[HealthOutput]{}, explain(err)
	}
	reading := sdk.Observed(HealthOutput{string(state), mode, sdk.Evidence{Text: "dism /cleanup-image /" + option + ": " + string(state)}})
	if mode == "check" && state == servicing.Healthy {
		reading.Partial = "a check finds only damage that earlier operations have noted, and there is no such note"
		reading.Settle = "mode: scan, which takes many minutes"
	}
	return reading, nil
}
