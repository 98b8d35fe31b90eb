package check_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// catalog is the plugins of the golden cases: look (probes), act (actions), and two that cannot be used.
type catalog struct{ check.PluginCatalog }

func newCatalog() catalog {
	odd := look()
	odd.Name = "odd"
	c := catalog{check.NewPluginCatalog(look(), act(), odd)}
	m := c.PluginCatalog["odd"]
	m.Probes = []sdk.ProbeManifest{{Name: "look", Summary: "Has a schema that says nothing", Input: json.RawMessage(`{"type":"object","oneOf":[]}`), Output: json.RawMessage(`{"type":"object"}`)}}
	m.Actions = []sdk.ActionManifest{{Name: "do", Summary: "Has a schema that says nothing", Effect: sdk.Reversible, Input: json.RawMessage(`{"type":"object"}`), Output: json.RawMessage(`{"$ref":"x"}`)}}
	c.PluginCatalog["odd"] = m
	return c
}

func (c catalog) Plugin(name string) (sdk.Manifest, error) {
	if name == "unpinned" {
		return sdk.Manifest{}, errors.New("it is not pinned in rectify.lock")
	}
	return c.PluginCatalog.Plugin(name)
}

func (c catalog) PluginNames() []string {
	return slices.Sorted(slices.Values(append(c.PluginCatalog.PluginNames(), "unpinned")))
}

type searchInput struct {
	Files    []schema.TargetPath      `json:"files"`
	Patterns map[string]schema.Regexp `json:"patterns"`
	Format   string                   `json:"format,omitempty" jsonschema:"enum=auto,enum=cbs,enum=plain,default=auto"`
	Windows  []sdk.Window             `json:"windows,omitzero"`
	Since    *schema.Span             `json:"since,omitempty"`
	Most     int                      `json:"most,omitempty" jsonschema:"minimum=1,maximum=200"`
	Ratio    float64                  `json:"ratio,omitempty"`
	Deep     bool                     `json:"deep,omitempty"`
	Larger   schema.Bytes             `json:"larger,omitempty"`
	Newer    *time.Time               `json:"newer,omitempty"`
	Code     *hresult.Code            `json:"code,omitempty"`
	Near     *place                   `json:"near,omitempty"`
	Options  any                      `json:"options,omitempty"`
	Labels   map[string]string        `json:"labels,omitempty"`
}

type place struct {
	File   string `json:"file"`
	Within string `json:"within,omitempty" jsonschema:"enum=folder,enum=disk"`
}

type searchOutput struct {
	Patterns map[string]hits `json:"patterns" jsonschema_extras:"x-keys-from=patterns"`
	Lines    int             `json:"lines" jsonschema_extras:"x-grows=true"`
}

type hits struct {
	Count   int     `json:"count" jsonschema_extras:"x-counts=matches"`
	Matches []match `json:"matches"`
}

type match struct {
	Line int       `json:"line"`
	Text string    `json:"text"`
	Time time.Time `json:"time"`
}

type statusInput struct {
	Name string `json:"name"`
}

type statusOutput struct {
	StartType string        `json:"start_type" jsonschema:"enum=automatic,enum=manual,enum=disabled"`
	Running   bool          `json:"running"`
	Size      schema.Bytes  `json:"size"`
	Code      *hresult.Code `json:"code,omitempty"`
	Since     time.Time     `json:"since"`
	Depends   []string      `json:"depends"`
}

type queryInput struct {
	Channel string `json:"channel"`
	IDs     []int  `json:"ids,omitempty"`
}

type queryOutput struct {
	Events []record `json:"events"`
}

type record struct {
	ID   int               `json:"id"`
	Time time.Time         `json:"time"`
	Data map[string]string `json:"data"`
}

func look() sdk.Plugin {
	events := schema.WithVariants(schema.Reflect[queryOutput](), "events[].data", []schema.Variant{
		{When: map[string]any{"channel": "System", "ids": int64(20)}, Fields: []schema.Field{{Name: "error", Type: schema.Of(schema.HResult)}, {Name: "title", Type: schema.Of(schema.Text)}}},
		{When: map[string]any{"channel": "System", "ids": int64(7036)}, Fields: []schema.Field{{Name: "service", Type: schema.Of(schema.Text)}}},
	})
	return sdk.Plugin{Name: "look", Version: "1.0.0", Summary: "Looks", Probes: []sdk.Probe{
		probe[searchInput, searchOutput]("search", nil), probe[statusInput, statusOutput]("status", nil), probe[queryInput, queryOutput]("query", events),
	}}
}

func probe[In, Out any](name string, output json.RawMessage) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{Name: name, Summary: "Looks", Output: output}, func(context.Context, *sdk.Call, In) (sdk.Reading[Out], error) {
		return sdk.Reading[Out]{}, errors.New("it is only checked")
	})
}

type namesInput struct {
	Names []string `json:"names"`
	Kind  string   `json:"kind,omitempty" jsonschema:"enum=automatic,enum=manual"`
}

type nothing struct{}

type expandInput struct {
	Path   schema.TargetPath `json:"path"`
	SHA256 string            `json:"sha256,omitempty"`
}

type expandOutput struct {
	Packages []struct {
		Path schema.TargetPath `json:"path"`
	} `json:"packages"`
}

func act() sdk.Plugin {
	return sdk.Plugin{Name: "act", Version: "1.0.0", Summary: "Acts", Actions: []sdk.Action{
		sdk.DeclareAction[namesInput, nothing](sdk.ActionManifest{Name: "start", Summary: "Starts services", Effect: sdk.Reversible}),
		sdk.DeclareAction[namesInput, nothing](sdk.ActionManifest{Name: "wipe", Summary: "Forgets services", Effect: sdk.Irreversible}),
		sdk.DeclareAction[nothing, nothing](sdk.ActionManifest{Name: "reboot", Summary: "Restarts", Effect: sdk.Restarts}),
		sdk.DeclareAction[expandInput, expandOutput](sdk.ActionManifest{Name: "expand", Summary: "Expands", Effect: sdk.Reversible}),
	}}
}
