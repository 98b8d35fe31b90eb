package update

import (
	"context"
	"encoding/json"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// BusyInput is the input of `update.busy`.
type BusyInput struct{}

// BusyOutput is the output of `update.busy`.
type BusyOutput struct {
	Busy      bool     `json:"busy" jsonschema_description:"Whether an update is being installed, or servicing works on the system"`
	Processes []string `json:"processes" jsonschema_description:"The programs that do: TiWorker.exe"`
}

func busyProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "busy",
		Summary: "Whether an update is being installed right now",
		Doc:     "A disk that is not running installs nothing. A running machine cannot be asked in this version.",
		Targets: []sdk.TargetKind{sdk.Offline},
		Healthy: json.RawMessage(`{"busy":false,"processes":[]}`),
	}, func(_ context.Context, call *sdk.Call, _ BusyInput) (sdk.Reading[BusyOutput], error) {
		if call.Target.Kind() != target.Offline {
			return sdk.Reading[BusyOutput]{}, sdk.Errorf(sdk.Unsupported, "whether a running machine installs an update cannot be seen in this version")
		}
		return sdk.Observed(BusyOutput{Processes: []string{}}), nil
	})
}
