package update

import (
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// windows are the needs of what asks the Windows Update agent.
var windows = sdk.Needs{Elevation: true, Platforms: []string{"windows"}}

// SearchInput is the input of `update.search`.
type SearchInput struct {
	Online bool `json:"online,omitempty" jsonschema_description:"Ask the source of updates rather than what the last scan found"`
}

// SearchOutput is the output of `update.search`.
type SearchOutput struct {
	Updates []OfferedUpdate `json:"updates" jsonschema_description:"Updates that are offered and not installed"`
}

// OfferedUpdate is an update that could be installed.
type OfferedUpdate struct {
	UpdateGUID string       `json:"update_guid" jsonschema_description:"Identity of the update: lower case, without braces"`
	Revision   int64        `json:"revision" jsonschema_description:"Revision of the update"`
	KB         string       `json:"kb,omitempty" jsonschema_description:"KB5034441"`
	Title      string       `json:"title" jsonschema_description:"Name of the update, in the language of the machine"`
	Downloaded bool         `json:"downloaded" jsonschema_description:"Whether it is on the machine already"`
	Size       schema.Bytes `json:"size,omitempty" jsonschema_description:"At most so much is to be downloaded"`
}

func searchProbe() sdk.Probe {
	return sdk.DeclareProbe[SearchInput, SearchOutput](sdk.ProbeManifest{
		Name:    "search",
		Summary: "Updates that are offered to the machine",
		Doc:     "Asks the Windows Update agent.",
		Needs:   windows,
		Healthy: []byte(`{"updates":[]}`),
	})
}

// InstallInput is the input of `update.install`.
type InstallInput struct {
	UpdateGUID string `json:"update_guid" jsonschema_description:"Identity of the update: lower case, without braces"`
}

// InstallOutput is the output of `update.install`.
type InstallOutput struct {
	UpdateGUID   string       `json:"update_guid" jsonschema_description:"Identity of the update"`
	Installed    bool         `json:"installed" jsonschema_description:"Whether it is installed, or is after a restart"`
	NeedsRestart bool         `json:"needs_restart" jsonschema_description:"Whether the machine must be restarted to finish"`
	Code         hresult.Code `json:"code" jsonschema_description:"What the agent returned; 0x00000000 is success"`
}

func installAction() sdk.Action {
	return sdk.DeclareAction[InstallInput, InstallOutput](sdk.ActionManifest{
		Name:    "install",
		Summary: "Download and install an update",
		Doc:     "Has the Windows Update agent install one update. It must not be cut off, and may need a restart. Many updates can be removed again, but not all, so that it counts as irreversible.",
		Needs:   sdk.Needs{Elevation: true, Network: true, Platforms: []string{"windows"}},
		Effect:  sdk.Irreversible, Risk: sdk.RiskHigh, Typical: schema.Span(30 * time.Minute),
	})
}

// SaveHistoryInput is the input of `update.save_history`.
type SaveHistoryInput struct{}

// SaveHistoryOutput is the output of `update.save_history`.
type SaveHistoryOutput struct {
	Entries int `json:"entries" jsonschema_description:"How many entries were saved"`
}

func saveHistoryAction() sdk.Action {
	return sdk.DeclareAction[SaveHistoryInput, SaveHistoryOutput](sdk.ActionManifest{
		Name:    "save_history",
		Summary: "Save the update history with this run",
		Doc:     "The history stands in SoftwareDistribution, and Settings shows it no more once that folder is set aside. The copy is kept with the run.",
		Needs:   windows,
		Effect:  sdk.Reversible, Risk: sdk.RiskNone, Interruptible: true, Typical: schema.Span(5 * time.Second),
	})
}
