package fact_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

type (
	listInput struct {
		Since *schema.Span `json:"since,omitempty"`
		Most  int          `json:"most" jsonschema:"default=10"`
	}
	records struct {
		Count   int      `json:"count" jsonschema_extras:"x-counts=records"`
		Records []record `json:"records"`
		OK      bool     `json:"ok"`
	}
	record struct {
		From  time.Time `json:"from"`
		To    time.Time `json:"to,omitzero"`
		Title string    `json:"title,omitempty"`
	}
	windowsInput struct {
		Windows []sdk.Window `json:"windows"`
		Note    string       `json:"note,omitempty"`
	}
	everyInput struct {
		Size     schema.Bytes      `json:"size,omitempty"`
		Span     *schema.Span      `json:"span,omitempty"`
		Code     *hresult.Code     `json:"code,omitempty"`
		At       *time.Time        `json:"at,omitempty"`
		Ratio    *float64          `json:"ratio,omitempty"`
		Patterns map[string]string `json:"patterns,omitempty"`
		Most     int               `json:"most" jsonschema:"default=10"`
	}
	every struct {
		Text  string            `json:"text"`
		Int   int64             `json:"int"`
		Ratio float64           `json:"ratio"`
		Flag  bool              `json:"flag"`
		Size  schema.Bytes      `json:"size"`
		Span  schema.Span       `json:"span"`
		Code  hresult.Code      `json:"code"`
		At    time.Time         `json:"at"`
		Path  schema.TargetPath `json:"path"`
		Grid  [][]int           `json:"grid"`
		Data  map[string]string `json:"data"`
		Free  any               `json:"free"`
		Gone  string            `json:"gone,omitempty"`
	}
)

func sample() sdk.Plugin {
	return sdk.Plugin{Name: "sample", Version: "1.0.0", Summary: "Looks", Probes: []sdk.Probe{
		probe[listInput, records]("list"), probe[windowsInput, records]("during"), probe[everyInput, every]("every"),
	}}
}

func probe[In, Out any](name string) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{Name: name, Summary: "Looks", Targets: []sdk.TargetKind{sdk.Live}}, func(context.Context, *sdk.Call, In) (sdk.Reading[Out], error) {
		panic("no plugin is called here")
	})
}

// checked is a playbook of some probes, and of whatever else follows them.
func checked(t testing.TB, probes string) *check.Playbook {
	t.Helper()
	doc, list := playbook.Parse("p.yaml", []byte(`rectify: v1
id: sample/p
title: P
summary: What probes rest on.
codes: [0x80070070]
inputs:
  since: {type: duration, optional: true}
`+probes))
	if list.HasErrors() {
		t.Fatal(list)
	}
	p, list := check.Check(doc, check.NewPluginCatalog(sample()))
	if list.HasErrors() {
		t.Fatal(list)
	}
	return p
}

// observer answers by the name of the probe, and remembers what it was asked.
type observer struct {
	answer func(ctx context.Context, call fact.Call) fact.Reading

	mu    sync.Mutex
	calls []fact.Call
}

func (o *observer) Observe(ctx context.Context, call fact.Call) fact.Reading {
	o.mu.Lock()
	o.calls = append(o.calls, call)
	o.mu.Unlock()
	return o.answer(ctx, call)
}

// asked lists the probes that were asked, in order.
func (o *observer) asked() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var names []string
	for _, c := range o.calls {
		names = append(names, c.Probe.Name)
	}
	return strings.Join(names, " ")
}

// inputOf gives the arguments that a probe was called with, as JSON.
func (o *observer) inputOf(t *testing.T, name string) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.calls {
		if c.Probe.Name == name {
			raw, err := schema.Marshal(c.Input)
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		}
	}
	t.Fatalf("%s was not called", name)
	return ""
}

// gather reads probes of a playbook; without names, all.
func gather(ctx context.Context, p *check.Playbook, o fact.Observer, names ...string) *fact.Set {
	set := fact.NewSet(probeNames(p))
	if names == nil {
		names = probeNames(p)
	}
	env := diagnose.NewEnvironment(ctx, p, set, map[string]any{}, now, nil)
	fact.Gather(ctx, p, names, set, env.Value, o)
	return set
}

func probeNames(p *check.Playbook) []string {
	var names []string
	for _, probe := range p.Probes {
		names = append(names, probe.Name)
	}
	return names
}

var now = time.Date(2026, 1, 16, 11, 0, 0, 0, time.UTC)

// answered is an observed answer of sample.list and sample.during with records of an hour each.
func answered(n int) fact.Reading {
	list := []any{}
	for i := range n {
		from := now.Add(time.Duration(-i-1) * time.Hour)
		list = append(list, map[string]any{"from": from, "to": from.Add(time.Hour), "title": "t"})
	}
	return fact.Reading{Status: fact.Observed, Value: map[string]any{"records": list, "count": int64(n), "ok": n > 0}}
}

// byName answers each probe with its reading; one that has none with two records.
func byName(readings map[string]fact.Reading) *observer {
	return &observer{answer: func(_ context.Context, call fact.Call) fact.Reading {
		if r, ok := readings[call.Probe.Name]; ok {
			return r
		}
		return answered(2)
	}}
}
