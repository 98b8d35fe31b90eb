package execute

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// world is a machine in memory: values with names, and services. A service that is not held is started by its trigger
// at once, and one that runs makes its value anew when it is gone.
type world struct {
	Values   map[string]string
	Services map[string]service
	Boots    int
	Asked    bool   // for a restart
	Blocked  string // until the next boot

	changes int // counts them
}

type service struct {
	Runs      bool
	Type      string // auto, manual, disabled
	Held      string // the type that it had, while it is held
	Makes     string // the value that it makes
	Triggered bool
}

func newWorld() *world {
	return &world{
		Values: map[string]string{
			"sick": "yes", "task/1": "on", "task/2": "on", "task/<3>&": "on", "cache": "old", "queue": "q", "m1": "0", "m2": "0", "m3": "0", "parts": "p1,p2",
		},
		Services: map[string]service{
			"updater": {Runs: true, Type: "auto", Makes: "cache", Triggered: true},
			"sender":  {Runs: true, Type: "manual", Makes: "queue", Triggered: true},
			"indexer": {Runs: true, Type: "auto", Triggered: true},
			"idle":    {Type: "manual"}, // does not run, and a `finally` starts it
			"p1":      {Runs: true, Type: "manual", Triggered: true},
			"p2":      {Runs: true, Type: "auto", Triggered: true},
		},
	}
}

func (w *world) clone() *world {
	out := *w
	out.Values, out.Services = maps.Clone(w.Values), maps.Clone(w.Services)
	return &out
}

// String is the world as it is compared: without what was set aside.
func (w *world) String() string {
	bare := w.clone()
	maps.DeleteFunc(bare.Values, func(name, _ string) bool { return strings.HasPrefix(name, "aside/") })
	written, err := json.MarshalIndent(bare, "", " ")
	if err != nil {
		panic(err)
	}
	return string(written)
}

func (w *world) json() json.RawMessage {
	written, err := plainJSON(w)
	if err != nil {
		panic(err)
	}
	return written
}

// trigger is what the machine does by itself.
func (w *world) trigger() {
	for name, s := range w.Services {
		if s.Triggered && !s.Runs && s.Type != "disabled" {
			s.Runs = true
			w.Services[name] = s
			w.changes++
		}
		if _, there := w.Values[s.Makes]; s.Runs && s.Makes != "" && !there {
			w.Values[s.Makes] = "made by " + name
			w.changes++
		}
	}
}

// boot is a restart of the machine.
func (w *world) boot() {
	w.Boots++
	w.Asked, w.Blocked = false, ""
	w.trigger()
}

// The actions, as a plugin "w" declares them.
type (
	setInput struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Silent bool   `json:"silent,omitempty"` // its output is not predicted
		Guess  string `json:"guess,omitempty"`  // it is predicted wrongly
	}
	setOutput struct {
		Is string `json:"is"`
	}
	manyInput struct {
		Names []string `json:"names"`
		Value string   `json:"value"`
	}
	manyOutput struct {
		Count int `json:"count"`
	}
	servicesInput struct {
		Names []string `json:"names"`
	}
	nothing     struct{}
	renameInput struct {
		From  string `json:"from"`
		To    string `json:"to"`
		Needs string `json:"needs"` // the service that must not run
	}
	findInput struct {
		Name string `json:"name"`
	}
	findOutput struct {
		Parts []string `json:"parts"`
	}
	readOutput struct {
		Value string `json:"value"`
		There bool   `json:"there"`
	}
	serviceOutput struct {
		Runs bool `json:"runs"`
	}
	listOutput struct {
		Names []string `json:"names"`
	}
)

func action[In, Out any](name string, effect sdk.Effect, interruptible bool) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name: name, Summary: "Does", Targets: []sdk.TargetKind{sdk.Live, sdk.Offline}, Effect: effect, Risk: sdk.RiskLow, Interruptible: interruptible,
	}, sdk.ActionHands[In, Out, nothing]{})
}

func probe[In, Out any](name string) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{Name: name, Summary: "Looks", Targets: []sdk.TargetKind{sdk.Live, sdk.Offline}}, func(context.Context, *sdk.Call, In) (sdk.Reading[Out], error) {
		panic("no plugin is called here")
	})
}

func plugin() sdk.Plugin {
	return sdk.Plugin{
		Name: "w", Version: "1", Summary: "A world",
		Probes: []sdk.Probe{probe[findInput, readOutput]("read"), probe[findInput, serviceOutput]("service"), probe[findInput, listOutput]("list")},
		Actions: []sdk.Action{
			action[setInput, setOutput]("set", sdk.Reversible, true), action[setInput, setOutput]("final", sdk.Irreversible, false),
			action[manyInput, manyOutput]("many", sdk.Reversible, true), action[servicesInput, nothing]("stop", sdk.Reversible, false),
			action[servicesInput, nothing]("start", sdk.Reversible, false), action[renameInput, setOutput]("rename", sdk.Reversible, true),
			action[findInput, findOutput]("find", sdk.Reversible, true), action[nothing, nothing]("restart", sdk.Restarts, true),
			action[nothing, nothing]("block", sdk.Reversible, true), action[nothing, nothing]("unblock", sdk.Reversible, true),
		},
	}
}

// token is what an action of the world remembers: what each thing was and is to be.
type token struct {
	Things []thing `json:"things,omitempty"`
	Needs  string  `json:"needs,omitempty"`
	Boots  int     `json:"boots,omitempty"`
}

type thing struct {
	Kind   string `json:"kind"` // value, service, move, block
	Name   string `json:"name"`
	To     string `json:"to,omitempty"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// hands carry actions out on a world. Each single change is a point at which the process can be killed.
type hands struct {
	*world
	point func(string)
	// disturb, when it is not nil, is asked before a call: what it gives is what the call does instead.
	disturb func(ctx context.Context, call string, c Call) (answer *disturbance)
	// effected is told of each single change.
	effected func(call string, c Call)
	plugin   journal.Plugin
	calls    []string
}

// disturbance is a call that does not do what it should.
type disturbance struct {
	err    error
	after  int // so many single changes are done before it
	lie    bool
	during func() // called before it ends, in place of nothing
	found  sdk.State
}

var _ Hands = (*hands)(nil)

func newHands(w *world) *hands {
	return &hands{world: w, point: func(string) {}, effected: func(string, Call) {}, plugin: journal.Plugin{Name: "w", Version: "1", SHA256: "aa", Path: "/w"}}
}

func (w *world) current(t thing) string {
	switch t.Kind {
	case "value":
		return w.Values[t.Name]
	case "move":
		from, to := w.Values[t.Name], w.Values[t.To]
		switch {
		case to == t.Before: // what is at the old name is new
			return "moved"
		case to == "" && from == t.Before:
			return t.Before
		}
		return from + " and " + to
	case "block":
		return w.Blocked
	}
	s := w.Services[t.Name]
	return fmt.Sprintf("%s %s %v", s.Type, s.Held, s.Runs)
}

// become makes one single change.
func (w *world) become(t thing, back bool) {
	w.changes++
	to := t.After
	if back {
		to = t.Before
	}
	switch t.Kind {
	case "value":
		if to == "" {
			delete(w.Values, t.Name)
		} else {
			w.Values[t.Name] = to
		}
	case "move":
		if !back {
			delete(w.Values, t.Name)
			w.Values[t.To] = t.Before
			return
		}
		if made, there := w.Values[t.Name]; there {
			w.Values["aside/"+t.Name] = made
		}
		w.Values[t.Name] = t.Before
		delete(w.Values, t.To)
	case "block":
		w.Blocked = to
	default:
		s := w.Services[t.Name]
		words := strings.Split(to, " ")
		s.Type, s.Held, s.Runs = words[0], words[1], words[2] == "true"
		w.Services[t.Name] = s
	}
}

func (h *hands) Prepare(ctx context.Context, uses string, input map[string]any) (plan.Prepared, error) {
	h.point("prepare " + uses)
	h.trigger()
	h.calls = append(h.calls, "prepare "+uses)
	if d := h.disturbed(ctx, "prepare", Call{Uses: uses, Input: rawOf(input)}); d != nil && d.err != nil {
		return plan.Prepared{}, d.err
	}
	out := plan.Prepared{Summary: uses + " " + string(rawOf(input)), Predicted: map[string]any{}}
	t := token{}
	texts := func(name string) []string {
		var list []string
		for _, x := range input[name].([]any) {
			list = append(list, x.(string))
		}
		return list
	}
	value := func(name, after string) { t.Things = append(t.Things, thing{"value", name, "", h.Values[name], after}) }
	switch uses {
	case "w.set", "w.final":
		value(input["name"].(string), input["value"].(string))
		out.Predicted = map[string]any{"is": input["value"]}
		if guess, ok := input["guess"]; ok {
			out.Predicted["is"] = guess
		}
		if input["silent"] == true {
			out.Predicted = nil
		}
	case "w.many":
		for _, name := range texts("names") {
			value(name, input["value"].(string))
		}
		out.Predicted = map[string]any{"count": int64(len(t.Things))}
	case "w.find":
		value("found/"+input["name"].(string), "yes")
		out.Predicted = nil
	case "w.stop", "w.start":
		for _, name := range texts("names") {
			s, there := h.Services[name]
			if !there {
				return out, sdk.Errorf(sdk.NotFound, "there is no service %q", name)
			}
			after := fmt.Sprintf("disabled %s false", s.Type)
			if s.Type == "disabled" {
				after = fmt.Sprintf("disabled %s false", s.Held)
			}
			if uses == "w.start" {
				after = fmt.Sprintf("%s  true", s.Type)
				if s.Held != "" {
					after = fmt.Sprintf("%s  true", s.Held)
				}
			}
			x := thing{"service", name, "", "", after}
			x.Before = h.current(x)
			t.Things = append(t.Things, x)
		}
	case "w.rename":
		from, to := input["from"].(string), input["to"].(string)
		t.Things, t.Needs = []thing{{"move", from, to, h.Values[from], "moved"}}, input["needs"].(string)
		out.Predicted = map[string]any{"is": to}
		if _, taken := h.Values[to]; taken {
			return out, sdk.Errorf(sdk.Unavailable, "%s is there", to)
		}
	case "w.restart":
		t.Boots = h.Boots + 1
	case "w.block":
		t.Things = []thing{{"block", "restarts", "", h.Blocked, "yes"}}
	case "w.unblock":
		t.Things = []thing{{"block", "restarts", "", h.Blocked, ""}}
	}
	material := map[string]string{}
	out.NoOp = uses != "w.restart"
	for _, x := range t.Things {
		out.Changes = append(out.Changes, sdk.Change{What: x.Kind + " " + x.Name, Before: x.Before, After: x.After})
		out.NoOp = out.NoOp && x.Before == x.After
		if x.Kind != "service" { // triggers change them
			material[x.Name] = x.Before
		}
	}
	out.Token, out.Material = rawOf(t), rawOf(material)
	return out, nil
}

func rawOf(v any) json.RawMessage {
	written, err := schema.Marshal(v)
	if err != nil {
		panic(err)
	}
	return written
}

func (h *hands) disturbed(ctx context.Context, call string, c Call) *disturbance {
	if h.disturb == nil {
		return nil
	}
	return h.disturb(ctx, call, c)
}

func tokenOf(c Call) token {
	var t token
	if err := json.Unmarshal(c.Token, &t); err != nil {
		panic(err)
	}
	return t
}

func (h *hands) Apply(ctx context.Context, c Call, _ func(sdk.Progress)) (Applied, error) {
	return h.do(ctx, "apply", c, false)
}

func (h *hands) Undo(ctx context.Context, c Call, _ func(sdk.Progress)) (Applied, error) {
	return h.do(ctx, "undo", c, true)
}

func (h *hands) do(ctx context.Context, call string, c Call, back bool) (Applied, error) {
	h.point(call + " " + c.StateDir + " before")
	h.trigger()
	h.calls = append(h.calls, call+" "+c.StateDir)
	t := tokenOf(c)
	left := len(t.Things) + 1
	d := h.disturbed(ctx, call, c)
	if d != nil {
		if d.during != nil {
			d.during()
		}
		if left = d.after; d.lie {
			return h.answer(c)
		}
		if d.err == nil {
			left = len(t.Things) + 1
		}
	}
	if ctx.Err() != nil {
		return Applied{}, ctx.Err()
	}
	if t.Needs != "" && h.Services[t.Needs].Runs {
		return Applied{}, sdk.Errorf(sdk.Unavailable, "the service %s runs", t.Needs)
	}
	if c.Uses == "w.restart" {
		h.Asked = h.Asked || h.Boots < t.Boots
		h.changes++
		h.effected(call, c)
	}
	things := slices.Clone(t.Things)
	if back {
		slices.Reverse(things)
	}
	for _, x := range things {
		if left--; left < 0 {
			break
		}
		if ctx.Err() != nil {
			return Applied{}, ctx.Err()
		}
		if now := h.current(x); back && now == x.Before || !back && now == x.After {
			continue
		}
		h.become(x, back)
		h.effected(call, c)
		h.point(call + " " + c.StateDir + " " + x.Name)
	}
	h.trigger()
	if d != nil && d.err != nil {
		return Applied{}, d.err
	}
	return h.answer(c)
}

// answer is the output of an action.
func (h *hands) answer(c Call) (Applied, error) {
	v, err := schema.Of(schema.Any).Canonical(c.Input)
	if err != nil {
		return Applied{}, err
	}
	input := v.(map[string]any)
	switch c.Uses {
	case "w.set", "w.final":
		return Applied{Output: map[string]any{"is": input["value"]}}, nil
	case "w.rename":
		return Applied{Output: map[string]any{"is": input["to"]}}, nil
	case "w.many":
		return Applied{Output: map[string]any{"count": int64(len(input["names"].([]any)))}}, nil
	case "w.find":
		parts := []any{}
		for _, p := range strings.Split(h.Values["parts"], ",") {
			parts = append(parts, p)
		}
		return Applied{Output: map[string]any{"parts": parts}}, nil
	}
	return Applied{Output: map[string]any{}}, nil
}

func (h *hands) Assess(ctx context.Context, c Call) (sdk.Assessment, error) {
	h.point("assess " + c.StateDir)
	h.trigger()
	h.calls = append(h.calls, "assess "+c.StateDir)
	if ctx.Err() != nil {
		return sdk.Assessment{}, ctx.Err()
	}
	if d := h.disturbed(ctx, "assess", c); d != nil && (d.err != nil || d.found != "") {
		return sdk.Assessment{State: d.found, Reason: "so it is"}, d.err
	}
	t := tokenOf(c)
	if c.Uses == "w.restart" {
		switch {
		case h.Boots >= t.Boots:
			return sdk.Assessment{State: sdk.StateAfter}, nil
		case h.Asked:
			return sdk.Assessment{State: sdk.StatePartial}, nil
		}
		return sdk.Assessment{State: sdk.StateBefore}, nil
	}
	all, none := true, true
	for _, x := range t.Things {
		now := h.current(x)
		all = all && now == x.After
		switch x.Kind {
		case "service":
			s := h.Services[x.Name]
			byItself := s.Triggered && s.Runs && strings.HasSuffix(x.After, "false")
			before, _, _ := strings.Cut(x.Before, " ")
			none = none && (now == x.Before || byItself && s.Type == before)
		default:
			none = none && now == x.Before
			if now != x.Before && now != x.After {
				return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("%s is %q", x.Name, now)}, nil
			}
		}
	}
	switch {
	case all:
		return sdk.Assessment{State: sdk.StateAfter}, nil
	case none:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: "some of it"}, nil
}

func (h *hands) Plugin(ctx context.Context, uses string) (journal.Plugin, error) {
	if d := h.disturbed(ctx, "plugin", Call{Uses: uses}); d != nil && d.err != nil {
		return journal.Plugin{}, d.err
	}
	return h.plugin, nil
}

// Observe reads the world.
func (w *world) Observe(_ context.Context, call fact.Call) fact.Reading {
	name := call.Input.(map[string]any)["name"].(string)
	var value map[string]any
	switch call.Probe.Manifest.Name {
	case "read":
		v, there := w.Values[name]
		if v == "unknown" {
			return fact.Reading{Status: fact.Failed, Reason: "it cannot be read"}
		}
		value = map[string]any{"value": v, "there": there}
	case "service":
		value = map[string]any{"runs": w.Services[name].Runs}
	case "list":
		names := []any{}
		for _, n := range slices.Sorted(maps.Keys(w.Values)) {
			if strings.HasPrefix(n, name) && w.Values[n] == "on" {
				names = append(names, n)
			}
		}
		value = map[string]any{"names": names}
	}
	return fact.Reading{Status: fact.Observed, Value: value}
}
