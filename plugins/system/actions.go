package system

import (
	"time"

	"github.com/rectify-project/rectify/sdk"
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

func restartAction() sdk.Action {
	return sdk.DeclareAction[RestartInput, RestartOutput](sdk.ActionManifest{
		Name:    "restart",
		Summary: "Restart the machine",
		Doc:     "Asks Windows for a planned restart, as `shutdown /r` does. After it the run goes on by itself and diagnoses anew.",
		Needs:   sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:  sdk.Restarts, Risk: sdk.RiskHigh,
		Typical: schema.Span(5 * time.Minute),
	})
}

// BlockRestartInput is the input of `system.block_restart` and `system.unblock_restart`.
type BlockRestartInput struct{}

// BlockRestartOutput is the output of `system.block_restart` and `system.unblock_restart`.
type BlockRestartOutput struct {
	Blocked bool `json:"blocked" jsonschema_description:"Whether restarts are held back now"`
}

func blockRestartAction() sdk.Action {
	return sdk.DeclareAction[BlockRestartInput, BlockRestartOutput](sdk.ActionManifest{
		Name:    "block_restart",
		Summary: "Hold back restarts by Windows Update",
		Doc: "Keeps Windows Update from restarting the machine by itself until `system.unblock_restart`, and aborts a shutdown that is counting down. " +
			"A restart that a person or another program asks for is not held back. Undo allows restarts again; a shutdown that was aborted is not asked for anew.",
		Needs:  sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect: sdk.Reversible, Risk: sdk.RiskLow,
		Typical: schema.Span(time.Second),
	})
}

func unblockRestartAction() sdk.Action {
	return sdk.DeclareAction[BlockRestartInput, BlockRestartOutput](sdk.ActionManifest{
		Name:    "unblock_restart",
		Summary: "Allow restarts by Windows Update again",
		Doc:     "Takes back what `system.block_restart` set; a restart that is due may then come at any time. Undo holds restarts back again.",
		Needs:   sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:  sdk.Reversible, Risk: sdk.RiskLow,
		Typical: schema.Span(time.Second),
	})
}

// RestorePointInput is the input of `system.restore_point`.
type RestorePointInput struct {
	Description string `json:"description" jsonschema_description:"What System Restore shows for the point"`
}

// RestorePointOutput is the output of `system.restore_point`.
type RestorePointOutput struct {
	Sequence int       `json:"sequence" jsonschema_description:"Number of the restore point"`
	Created  time.Time `json:"created" jsonschema_description:"When it was made"`
}

func restorePointAction() sdk.Action {
	return sdk.DeclareAction[RestorePointInput, RestorePointOutput](sdk.ActionManifest{
		Name:    "restore_point",
		Summary: "Make a system restore point",
		Doc:     "A restore point holds system files and the registry, never a backup of the whole disk. Windows servers and machines with System Restore off have none. Nothing takes it back; Windows deletes old restore points by itself.",
		Needs:   sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:  sdk.Irreversible, Risk: sdk.RiskLow,
		Typical: schema.Span(2 * time.Minute),
	})
}
