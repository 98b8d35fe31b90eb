package rehearse_test

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// sample is a plugin of which only the manifest matters: rehearsing never calls a plugin.
func sample() sdk.Plugin {
	both := []sdk.TargetKind{sdk.Live, sdk.Offline}
	return sdk.Plugin{
		Name: "sample", Version: "1.0.0", Summary: "Looks at drives",
		Probes: []sdk.Probe{
			probe[sinceInput, failures]("failures", both, `{"failed":[],"others":[],"healed":false}`),
			probe[patternsInput, search]("search", both, `{"patterns":{"*":{"count":0,"matches":[]}},"files":["a.log"]}`),
			probe[struct{}, drive]("drive", both, `{"free":107374182400,"volume":"C:","checked":"1h"}`),
			probe[struct{}, reach]("reach", []sdk.TargetKind{sdk.Live}, `{"ok":true}`),
			probe[struct{}, reach]("quiet", both, ``),
		},
		Actions: []sdk.Action{sdk.NewAction(sdk.ActionManifest{
			Name: "clean", Summary: "Deletes old files", Targets: both, Effect: sdk.Reversible, Risk: sdk.RiskLow,
		}, sdk.ActionHands[struct{}, cleaned, struct{}]{})},
	}
}

type (
	sinceInput struct {
		Since *schema.Span `json:"since,omitempty"`
	}
	failures struct {
		Failed []failure `json:"failed"`
		Others []failure `json:"others"`
		Healed bool      `json:"healed"`
	}
	failure struct {
		Code  hresult.Code `json:"code"`
		Phase string       `json:"phase" jsonschema:"enum=download,enum=install"`
		Ended time.Time    `json:"ended"`
		Title string       `json:"title,omitempty"`
	}
	patternsInput struct {
		Patterns map[string]string `json:"patterns"`
	}
	search struct {
		Patterns map[string]hits `json:"patterns" jsonschema_extras:"x-keys-from=patterns"`
		Files    []string        `json:"files"`
	}
	hits struct {
		Count   int     `json:"count" jsonschema_extras:"x-counts=matches"`
		Cut     bool    `json:"cut,omitempty"`
		Matches []match `json:"matches"`
	}
	match struct {
		Text string `json:"text"`
	}
	drive struct {
		Free    schema.Bytes `json:"free"`
		Volume  string       `json:"volume"`
		Checked *schema.Span `json:"checked,omitempty"`
	}
	reach struct {
		OK bool `json:"ok"`
	}
	cleaned struct {
		Bytes schema.Bytes `json:"bytes"`
	}
)

func probe[In, Out any](name string, targets []sdk.TargetKind, healthy string) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{Name: name, Summary: "Looks", Targets: targets, Healthy: json.RawMessage(healthy)},
		func(context.Context, *sdk.Call, In) (sdk.Reading[Out], error) {
			panic("a rehearsal calls no plugin")
		})
}
