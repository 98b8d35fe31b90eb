package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// hands carry the actions of a playbook out in memory, as a test says that they behave. An action of a `finally` releases
// what its group did before to the same things, as starting a service releases one that the group held still.
type hands struct {
	log       *records // what is done last in it is what is being done
	actions   map[string]action
	behaviour map[string]*behaviour // without one an action succeeds
	around    map[string][]string   // ids of the groups round a step, by its id
	final     map[string]bool       // ids of the steps of a `finally`

	effects  []*effect // a token is the index
	releases []release
	order    int // counts what happened
	restarts int // of the machine
}

// action is what the checker knows of an action.
type action struct {
	effect        sdk.Effect
	input, output *schema.Type
}

// release is something that a `finally` did to a thing.
type release struct {
	group string // id of the group of the `finally`
	thing string
	at    int
}

var _ execute.Hands = (*hands)(nil)

// mostEffects bounds what one test prepares, for its plan and while that is carried out: a list by hand may have any
// length, and each of its items is looked at together with all the others.
const mostEffects = 2000

// behaviour is what a simulated action does.
type behaviour struct {
	does    playbook.Behaviour
	reason  string
	times   int            // how often; 0: always
	outputs map[string]any // canonical, as far as the test gives them; nil when it gives none
	done    int            // how often it did
}

// effect is what one token stands for.
type effect struct {
	uses   string
	input  map[string]any
	things []string // in lower case
	step   string   // id of its step
	state  effectState
	at     int // when it came to its state, in the order of what happened
}

type effectState int

const (
	notThere  effectState = iota
	there                 // it was done
	pretended             // it says that it was done
	takenBack
)

// token is what stands in the journal for an effect.
type token struct {
	Effect int `json:"effect"`
}

// newHands makes hands for the actions of a playbook. log is where the run is written down.
func newHands(p *check.Playbook, behaviours map[string]*behaviour, log *records) *hands {
	h := &hands{log: log, actions: map[string]action{}, behaviour: behaviours, around: groupsAround(p), final: map[string]bool{}}
	everyStep(p, func(s *check.Step) {
		if _, known := h.actions[s.Uses()]; s.Kind == playbook.ActionStep && !known {
			a := action{effect: s.Action.Effect, input: s.Input}
			if output, err := schema.Parse(s.Action.Output); err == nil { // the checker has read it
				a.output = output
			}
			h.actions[s.Uses()] = a
		}
		check.Walk(s.Finally, func(f *check.Step) { h.final[f.ID] = true })
	})
	return h
}

// everyStep calls f for each step of a playbook, those that come afterwards last.
func everyStep(p *check.Playbook, f func(*check.Step)) {
	check.Walk(slices.Concat(p.Steps, p.Afterwards), f)
}

// Prepare says what an action would do. What it would answer is told where the test gives it.
func (h *hands) Prepare(_ context.Context, uses string, input map[string]any) (plan.Prepared, error) {
	a, ok := h.actions[uses]
	if !ok {
		return plan.Prepared{}, sdk.Errorf(sdk.Internal, "the playbook has no step that uses %s", uses)
	}
	if len(h.effects) >= mostEffects {
		return plan.Prepared{}, sdk.Errorf(sdk.Unavailable, "a test prepares at most %d actions", mostEffects)
	}
	e := &effect{uses: uses, input: input}
	out := plan.Prepared{Summary: summary(uses, input)}
	for _, thing := range things(a.input, uses, input) {
		e.things = append(e.things, strings.ToLower(thing))
		out.Changes = append(out.Changes, sdk.Change{What: thing})
	}
	if b := h.behaviour[uses]; b != nil && b.outputs != nil {
		out.Predicted = h.output(e)
	}
	var err error
	out.Token, err = json.Marshal(token{len(h.effects)})
	h.effects = append(h.effects, e)
	return out, err
}

// summary is an action with its arguments in one line.
func summary(uses string, input map[string]any) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(input)) {
		words = append(words, texts(input[name])...)
	}
	return strings.TrimSpace(uses + " " + strings.Join(words, ", "))
}

// texts writes an argument for people.
func texts(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var out []string
		for _, item := range x {
			out = append(out, texts(item)...)
		}
		return out
	}
	written, err := schema.Marshal(v)
	if err != nil {
		return []string{fmt.Sprint(v)}
	}
	return []string{strings.Trim(string(written), `"`)}
}

// things names what an action would change: each text of the first argument that must be given and is text, or a list of
// texts; an action without one changes its plugin's matter as a whole.
func things(t *schema.Type, uses string, input map[string]any) []string {
	plugin, _, _ := strings.Cut(uses, ".")
	for _, f := range t.Fields {
		of := f.Type
		if of.Kind == schema.List {
			of = of.Elem
		}
		if !f.Required || of.Kind != schema.Text && of.Kind != schema.Path {
			continue
		}
		var out []string
		for _, text := range texts(input[f.Name]) {
			out = append(out, plugin+" "+text)
		}
		return out
	}
	return []string{plugin}
}

// output is what an action answers: what the test gives, completed.
func (h *hands) output(e *effect) map[string]any {
	var given map[string]any
	if b := h.behaviour[e.uses]; b != nil {
		given = b.outputs
	}
	t := h.actions[e.uses].output
	if t == nil {
		return given
	}
	return filled(t.Resolve(e.input), given, h.log.clock.Now())
}

func (h *hands) effect(raw json.RawMessage) (*effect, error) {
	var t token
	if err := json.Unmarshal(raw, &t); err != nil || t.Effect < 0 || t.Effect >= len(h.effects) {
		return nil, sdk.Errorf(sdk.InvalidInput, "there is no effect with the token %s", raw)
	}
	return h.effects[t.Effect], nil
}

// Apply does what the test says that the action does.
func (h *hands) Apply(_ context.Context, call execute.Call, _ func(sdk.Progress)) (execute.Applied, error) {
	e, err := h.effect(call.Token)
	if err != nil {
		return execute.Applied{}, err
	}
	e.step = h.log.doing()
	does, reason := h.next(call.Uses)
	if does == playbook.Fail {
		return execute.Applied{}, &sdk.Error{Code: sdk.Unavailable, Message: reason}
	}
	restarts := h.actions[call.Uses].effect == sdk.Restarts
	switch {
	case does == playbook.Lie && restarts: // it does not come, and everybody sees that
	case does == playbook.Lie:
		h.become(e, pretended)
	default:
		h.become(e, there)
	}
	if restarts && does != playbook.Lie {
		h.restarts++
	}
	return execute.Applied{Output: h.output(e), NeedsRestart: does == playbook.NeedsRestart}, nil
}

// next is what an action does this time.
func (h *hands) next(uses string) (playbook.Behaviour, string) {
	b := h.behaviour[uses]
	if b == nil || b.times > 0 && b.done >= b.times {
		return playbook.Succeed, ""
	}
	b.done++
	return b.does, b.reason
}

// become notes what came of an effect, and what it releases.
func (h *hands) become(e *effect, state effectState) {
	h.order++
	e.state, e.at = state, h.order
	groups := h.around[e.step]
	if state != there || !h.final[e.step] || len(groups) == 0 {
		return
	}
	for _, thing := range e.things {
		h.releases = append(h.releases, release{groups[len(groups)-1], thing, h.order})
	}
}

// released counts the things of an effect that the `finally` of a group round it has released since.
func (h *hands) released(e *effect) int {
	n := 0
	for _, thing := range e.things {
		if slices.ContainsFunc(h.releases, func(r release) bool {
			return r.thing == thing && r.at > e.at && !h.final[e.step] && slices.Contains(h.around[e.step], r.group)
		}) {
			n++
		}
	}
	return n
}

// Assess says what the simulation knows of an effect. One that pretends is believed: only the playbook's own reading back
// finds it out.
func (h *hands) Assess(_ context.Context, call execute.Call) (sdk.Assessment, error) {
	e, err := h.effect(call.Token)
	if err != nil {
		return sdk.Assessment{}, err
	}
	released := h.released(e)
	switch {
	case e.state == pretended, e.state == there && released == 0:
		return sdk.Assessment{State: sdk.StateAfter}, nil
	case e.state == there && released < len(e.things):
		return sdk.Assessment{State: sdk.StatePartial, Reason: "a part of it was released since"}, nil
	case e.state == takenBack && released > 0:
		return sdk.Assessment{State: sdk.StatePartial, Reason: "it was changed again since"}, nil
	}
	return sdk.Assessment{State: sdk.StateBefore}, nil
}

// Undo takes an effect back.
func (h *hands) Undo(_ context.Context, call execute.Call, _ func(sdk.Progress)) (execute.Applied, error) {
	e, err := h.effect(call.Token)
	if err != nil {
		return execute.Applied{}, err
	}
	h.become(e, takenBack)
	return execute.Applied{}, nil
}

// Plugin names the simulation.
func (h *hands) Plugin(_ context.Context, uses string) (journal.Plugin, error) {
	name, _, _ := strings.Cut(uses, ".")
	return journal.Plugin{Name: name, Version: "rehearsed"}, nil
}
