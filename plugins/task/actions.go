package task

import (
	"time"

	"github.com/rectify-project/rectify/sdk"
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

func disableAction() sdk.Action {
	return sdk.DeclareAction[SwitchInput, SwitchOutput](sdk.ActionManifest{
		Name:    "disable",
		Summary: "Disable a scheduled task",
		Doc:     "Keeps the task from being started; a run that is going on is not ended. The task's definition stays as it is but for that. Undo enables it again if it was enabled.",
		Needs:   sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:  sdk.Reversible, Risk: sdk.RiskMedium, Interruptible: true, Typical: schema.Span(2 * time.Second),
	})
}

func enableAction() sdk.Action {
	return sdk.DeclareAction[SwitchInput, SwitchOutput](sdk.ActionManifest{
		Name:    "enable",
		Summary: "Enable a scheduled task",
		Doc:     "Lets the task be started again by its triggers; it is not started now. Undo disables it again if it was disabled.",
		Needs:   sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:  sdk.Reversible, Risk: sdk.RiskMedium, Interruptible: true, Typical: schema.Span(2 * time.Second),
	})
}
