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
		Actions: []sdk.Action{
			sdk.NewAction(sdk.ActionManifest{
				Name: "clean", Summary: "Deletes old files", Targets: both, Effect: sdk.Reversible, Risk: sdk.RiskLow,
			}, sdk.ActionHands[struct{}, cleaned, struct{}]{}),
			sdk.NewAction(sdk.ActionManifest{
				Name: "move", Summary: "Moves a folder", Targets: both, Needs: sdk.Needs{Platforms: []string{"plan9"}}, Effect: sdk.Reversible, Risk: sdk.RiskMedium,
			}, sdk.ActionHands[moveInput, struct{}, struct{}]{}),
			declared[namesInput, struct{}]("stop", sdk.Reversible, sdk.RiskMedium),
			declared[namesInput, struct{}]("start", sdk.Reversible, sdk.RiskLow),
			declared[pathInput, struct{}]("disable", sdk.Reversible, sdk.RiskMedium),
			declared[pathInput, struct{}]("enable", sdk.Reversible, sdk.RiskMedium),
			declared[pathInput, unpacked]("unpack", sdk.Reversible, sdk.RiskLow),
			declared[pathInput, struct{}]("add", sdk.Irreversible, sdk.RiskHigh),
			declared[struct{}, struct{}]("restart", sdk.Restarts, sdk.RiskHigh),
			declared[struct{}, struct{}]("block", sdk.Reversible, sdk.RiskLow),
			declared[struct{}, struct{}]("unblock", sdk.Reversible, sdk.RiskLow),
		},
	}
}

// declared is an action that no version carries out yet, on a system that no test runs on.
func declared[In, Out any](name string, effect sdk.Effect, risk sdk.Risk) sdk.Action {
	return sdk.DeclareAction[In, Out](sdk.ActionManifest{Name: name, Summary: "Changes something", Needs: sdk.Needs{Platforms: []string{"plan9"}}, Effect: effect, Risk: risk})
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
	namesInput struct {
		Names []string `json:"names"`
		Wait  bool     `json:"wait,omitempty"`
	}
	pathInput struct {
		Path string `json:"path"`
	}
	moveInput struct {
		Path schema.TargetPath `json:"path"`
		To   string            `json:"to"`
	}
	unpacked struct {
		Parts []part `json:"parts"`
		Count int    `json:"count" jsonschema_extras:"x-counts=parts"`
	}
	part struct {
		Path string       `json:"path"`
		Kind string       `json:"kind" jsonschema:"enum=first,enum=second"`
		Size schema.Bytes `json:"size"`
	}
)

func probe[In, Out any](name string, targets []sdk.TargetKind, healthy string) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{Name: name, Summary: "Looks", Targets: targets, Healthy: json.RawMessage(healthy)},
		func(context.Context, *sdk.Call, In) (sdk.Reading[Out], error) {
			panic("a rehearsal calls no plugin")
		})
}
