package update

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

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

	Evidence sdk.Evidence `json:"-"`
}

func searchProbe(m machine) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "search",
		Summary: "Updates that are offered to the machine",
		Doc: `Asks the Windows Update agent for updates that are neither installed nor hidden: offline, what the last scan found; online it asks the source of updates, which can take many minutes. ` +
			`Partial where the agent says that it could not search everything.`,
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   windows,
		Healthy: []byte(`{"updates":[]}`),
	}, m.search)
}

func (m machine) search(ctx context.Context, _ *sdk.Call, in SearchInput) (sdk.Reading[SearchOutput], error) {
	found, err := m.agent.Search(ctx, agent.Query{Criteria: agent.Offered, Online: in.Online})
	if err != nil {
		return sdk.Reading[SearchOutput]{}, explain(err)
	}
	if !found.Result.OK() {
		return sdk.Reading[SearchOutput]{}, sdk.Errorf(sdk.Unavailable, "the search of the Windows Update agent %s: %s", found.Result, strings.Join(found.Warnings, "; "))
	}
	reading := sdk.Observed(SearchOutput{Updates: []OfferedUpdate{}})
	for _, u := range found.Updates {
		offered := OfferedUpdate{
			UpdateGUID: u.ID, Revision: u.Revision, Title: u.Title, Downloaded: u.Downloaded, Size: schema.Bytes(u.MaxSize),
			Evidence: sdk.Evidence{Text: fmt.Sprintf("IUpdate %s revision %d: %s", u.ID, u.Revision, u.Title)},
		}
		if len(u.KBs) > 0 {
			offered.KB = slices.Min(u.KBs)
		}
		reading.Value.Updates = append(reading.Value.Updates, offered)
	}
	var gaps []string
	if found.Result == agent.SucceededWithErrors {
		gaps = append(gaps, "the Windows Update agent could not search everything: "+strings.Join(found.Warnings, "; "))
	}
	if found.Cut {
		gaps = append(gaps, fmt.Sprintf("only the first %d updates are listed", len(found.Updates)))
	}
	reading.Partial = strings.Join(gaps, "; ")
	return reading, nil
}
