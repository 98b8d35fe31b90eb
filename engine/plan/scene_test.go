package plan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
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

// The functions that the playbooks of these tests use.
type (
	askInput struct {
		Name string `json:"name"`
	}
	askOutput struct {
		OK    bool     `json:"ok"`
		List  []string `json:"list"`
		Count int      `json:"count"`
	}
	doInput struct {
		Name  string    `json:"name"`
		Value string    `json:"value,omitempty"`
		At    time.Time `json:"at,omitzero"`
	}
	doOutput struct {
		Made  string   `json:"made"`
		Items []string `json:"items"`
	}
)

func doing(name string, effect sdk.Effect, targets ...sdk.TargetKind) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{Name: name, Summary: "Does", Targets: targets, Effect: effect, Risk: sdk.RiskLow, Interruptible: true}, sdk.ActionHands[doInput, doOutput, struct{}]{})
}

func functions() sdk.Plugin {
	both := []sdk.TargetKind{sdk.Live, sdk.Offline}
	return sdk.Plugin{
		Name: "p", Version: "1", Summary: "Asks and does",
		Probes: []sdk.Probe{sdk.NewProbe(sdk.ProbeManifest{Name: "ask", Summary: "Asks", Targets: both}, func(context.Context, *sdk.Call, askInput) (sdk.Reading[askOutput], error) {
			panic("no plugin is called here")
		})},
		Actions: []sdk.Action{
			doing("do", sdk.Reversible, both...), doing("live", sdk.Reversible, sdk.Live), doing("disk", sdk.Reversible, sdk.Offline),
			doing("final", sdk.Irreversible, both...), doing("restart", sdk.Restarts, both...),
			sdk.DeclareAction[doInput, doOutput](sdk.ActionManifest{Name: "planned", Summary: "Will do", Effect: sdk.Reversible}),
		},
	}
}

// scene is what is planned for.
type scene struct {
	playbook *check.Playbook
	probes   map[string]fact.Reading // by name; others answer ok, without items
	kind     target.Kind
	choice   plan.Choice
	assumed  diagnose.Assumptions
	inputs   map[string]any
	identity string
	asked    []string // what was prepared
	material string
}

// newScene makes a scene of steps, and of whatever follows them.
func newScene(t testing.TB, steps string) *scene {
	t.Helper()
	return &scene{playbook: checked(t, steps), probes: map[string]fact.Reading{}, kind: target.Live, identity: "this", material: "so"}
}

func checked(t testing.TB, steps string) *check.Playbook {
	t.Helper()
	doc, list := playbook.Parse("p.yaml", []byte(`rectify: v1
id: sample/p
title: P
summary: What is planned.
codes: [0x80070070]
inputs:
  word: {type: text, default: w}
probes:
  there: {uses: p.ask, with: {name: there}}
  yes_: {uses: p.ask, with: {name: "yes"}}
  no_: {uses: p.ask, with: {name: "no"}}
  open: {uses: p.ask, with: {name: open}}
  some: {uses: p.ask, with: {name: some}}
  moving: {uses: p.ask, with: {name: moving}}
applies:
  when: there.ok
causes:
  sure: {title: Sure, when: yes_.ok}
  maybe: {title: Maybe, when: no_.ok, suspect: yes_.ok}
  not: {title: Not, when: no_.ok}
  unknown: {title: Unknown, when: open.ok}
steps:
`+steps+`
verify: {fixed: not there.ok}
`))
	if list.HasErrors() {
		t.Fatal(list)
	}
	p, list := check.Check(doc, check.NewPluginCatalog(functions()))
	if list.HasErrors() {
		t.Fatal(list)
	}
	return p
}

// Observe answers a probe.
func (s *scene) Observe(_ context.Context, call fact.Call) fact.Reading {
	if r, ok := s.probes[call.Probe.Name]; ok {
		return r
	}
	switch call.Probe.Name {
	case "no_":
		return reading(false)
	case "open":
		return fact.Reading{Status: fact.Failed, Reason: "it does not answer", Settle: "ask again"}
	case "some":
		return reading(true, "a", "b")
	}
	return reading(true)
}

func reading(ok bool, items ...string) fact.Reading {
	list := []any{}
	for _, i := range items {
		list = append(list, i)
	}
	return fact.Reading{Status: fact.Observed, Value: map[string]any{"ok": ok, "list": list, "count": int64(len(items))}}
}

// Prepare answers by the name that an action is given: refuse, unsupported, broken, idle, tells VALUE (its output is
// known), brings ITEMS.
func (s *scene) Prepare(_ context.Context, uses string, input map[string]any) (plan.Prepared, error) {
	name := input["name"].(string)
	s.asked = append(s.asked, name)
	out := plan.Prepared{Summary: "do " + name, Changes: []sdk.Change{{What: name, After: "done"}}, Token: json.RawMessage("{}")}
	out.Material, _ = json.Marshal(map[string]string{name: s.material})
	word, rest, _ := strings.Cut(name, " ")
	switch word {
	case "refuse":
		return plan.Prepared{}, sdk.Errorf(sdk.Unavailable, "it is busy").WithHint("wait")
	case "unsupported":
		return plan.Prepared{}, sdk.Errorf(sdk.Unsupported, "not on this build").WithHint("take another")
	case "lost":
		return plan.Prepared{}, fmt.Errorf("the plugin ended")
	case "broken":
		out.Material = json.RawMessage("{")
	case "idle":
		out.NoOp, out.Changes = true, nil
	case "tells":
		out.Predicted = map[string]any{"made": rest, "items": []any{}}
	case "brings":
		items := []any{}
		for _, i := range strings.Fields(rest) {
			items = append(items, i)
		}
		out.Predicted = map[string]any{"made": "", "items": items}
	}
	return out, nil
}

func (s *scene) builder(ctx context.Context) *plan.Builder {
	inputs := map[string]any{"word": "w"}
	if s.inputs != nil {
		inputs = s.inputs
	}
	r := diagnose.Run(ctx, s.playbook, s, inputs, time.Date(2026, 1, 16, 11, 0, 0, 0, time.UTC), s.assumed)
	fact.Gather(ctx, s.playbook, plan.Needed(s.playbook), r.Facts, r.Environment.Value, s)
	return &plan.Builder{Playbook: s.playbook, Result: r, Target: s.kind, Choice: s.choice, Preparer: s}
}

func (s *scene) plan(ctx context.Context) *plan.Plan {
	b := s.builder(ctx)
	p := b.Build(ctx, "20260116-110000")
	p.Rectify, p.Playbook, p.Target = "1", plan.Playbook{ID: "sample/p", SHA256: "abc"}, plan.Target{Identity: s.identity}
	inputs := map[string]any{"word": "w"}
	if s.inputs != nil {
		inputs = s.inputs
	}
	p.Seal(s.playbook, b.Result, inputs)
	return p
}

// told tells a plan in short: each step with its state, why it is not planned, what it would be done with or waits for.
func told(p *plan.Plan) string {
	var out strings.Builder
	var visit func(list []*plan.Step, in string)
	visit = func(list []*plan.Step, in string) {
		for _, s := range list {
			fmt.Fprintf(&out, "%s%s %s", in, s.Key, s.State)
			if s.Reason != "" {
				fmt.Fprintf(&out, ": %s", s.Reason)
			}
			if len(s.Suspected) > 0 {
				fmt.Fprintf(&out, "; suspected %s", strings.Join(s.Suspected, ", "))
			}
			for _, u := range s.Unbound {
				fmt.Fprintf(&out, "; %s", u)
			}
			if s.Preview != nil && s.Preview.After != "" {
				fmt.Fprintf(&out, "; again after %s", s.Preview.After)
			}
			if s.Preview != nil && s.Preview.Error != "" {
				fmt.Fprintf(&out, "; now %s", s.Preview.Error)
			}
			out.WriteString("\n")
			visit(s.Steps, in+"  ")
			visit(s.Finally, in+"  /")
		}
	}
	visit(p.Steps, "")
	visit(p.Afterwards, "afterwards ")
	return strings.TrimSpace(out.String())
}
