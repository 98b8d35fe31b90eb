package plan_test

import (
	"context"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

type nothing struct{}

type answer struct {
	OK bool `json:"ok"`
}

// sick answers that the problem is there, and nothing else.
type sick struct{}

func (sick) Observe(_ context.Context, call fact.Call) fact.Reading {
	if call.Probe.Name == "w" {
		return fact.Reading{Status: fact.Observed, Value: map[string]any{"ok": false}}
	}
	return fact.Reading{Status: fact.Failed, Reason: "access denied", Settle: "run as administrator"}
}

func (sick) Prepare(_ context.Context, uses string, _ map[string]any) (plan.Prepared, error) {
	if uses == "sample.busy" {
		return plan.Prepared{}, sdk.Errorf(sdk.Unsupported, "somebody else holds it")
	}
	return plan.Prepared{Summary: uses + " something", Changes: []sdk.Change{{What: "a", Before: "off", After: "on"}}}, nil
}

// TestTextOfABuiltPlan makes sure that each group that is not carried out is told once, by what says why.
func TestTextOfABuiltPlan(t *testing.T) {
	doc, list := playbook.Parse("p.yaml", []byte(`rectify: v1
id: sample/p
title: P
summary: What is planned.
codes: [0x80070070]
probes:
  w: {uses: sample.ask, title: The sign}
  s: {uses: sample.hidden, title: The log}
applies: {when: not w.ok}
causes:
  there: {title: There, when: not w.ok}
  away: {title: Away, when: w.ok}
steps:
  - id: hold
    title: Hold still
    steps:
      - uses: sample.change
      - {id: mend, title: Mend it, for: [there], uses: sample.change}
      - {id: other, title: Mend something else, for: [away], uses: sample.change}
    finally:
      - uses: sample.change
  - id: taken
    title: What somebody holds
    steps:
      - uses: sample.change
      - {id: grab, title: Grab it, uses: sample.busy}
      - {id: more, title: Then this, uses: sample.change}
  - id: unclear
    title: Nobody knows
    steps:
      - uses: sample.change
      - {id: inner, title: By the log, when: s.ok, uses: sample.change}
      - {id: none, title: Not this, for: [away], uses: sample.change}
  - id: empty
    title: Nothing in it
    steps:
      - {id: leaf, title: A leaf, for: [away], uses: sample.change}
verify: {fixed: w.ok}
`))
	if list.HasErrors() {
		t.Fatal(list)
	}
	targets := []sdk.TargetKind{sdk.Live}
	probe := func(name string) sdk.Probe {
		return sdk.NewProbe(sdk.ProbeManifest{Name: name, Summary: "Looks", Targets: targets}, func(context.Context, *sdk.Call, nothing) (sdk.Reading[answer], error) {
			panic("no plugin is called here")
		})
	}
	action := func(name string) sdk.Action {
		return sdk.NewAction(sdk.ActionManifest{Name: name, Summary: "Changes", Targets: targets, Effect: sdk.Reversible, Risk: sdk.RiskLow, Interruptible: true}, sdk.ActionHands[nothing, nothing, nothing]{})
	}
	p, list := check.Check(doc, check.NewPluginCatalog(sdk.Plugin{Name: "sample", Version: "1.0.0", Summary: "Looks and changes",
		Probes: []sdk.Probe{probe("ask"), probe("hidden")}, Actions: []sdk.Action{action("change"), action("busy")}}))
	if list.HasErrors() {
		t.Fatal(list)
	}
	result := diagnose.Run(t.Context(), p, sick{}, nil, time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC), nil)
	fact.Gather(t.Context(), p, plan.Needed(p), result.Facts, result.Environment.Value, sick{})
	b := &plan.Builder{Playbook: p, Result: result, Target: target.Live, Preparer: sick{}}
	built := b.Build(t.Context(), "stamp")
	built.Rectify, built.Made = "1.2.0", result.Now
	built.Playbook, built.Target = plan.Playbook{ID: p.ID, Title: p.Title}, plan.Target{Name: "this machine"}
	got := shown(t, built, plan.View{})
	golden(t, "built.txt", got)
	legible(t, got, plan.View{})
}
