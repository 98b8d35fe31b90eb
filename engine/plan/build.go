package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// Builder makes plans, and the parts of one that are known only while it is carried out.
type Builder struct {
	Playbook *check.Playbook
	Result   *diagnose.Result
	Target   target.Kind
	Choice   Choice
	Preparer Preparer
}

// Build plans the steps of the playbook. It fills in what the diagnosis decides; who the plan is for, and when it was
// made, is set by the caller before [Plan.Seal].
func (b *Builder) Build(ctx context.Context, stamp string) *Plan {
	return b.build(ctx, stamp, nil)
}

func (b *Builder) build(ctx context.Context, stamp string, earlier *Earlier) *Plan {
	out := &Plan{Version: Version, Stamp: stamp, Outcome: b.Result.Outcome.String(), Choice: b.Choice}
	if b.Result.Outcome == diagnose.NotSeen || b.Result.Outcome == diagnose.Transient {
		return out
	}
	w := &walk{Builder: b, ctx: ctx, earlier: earlier, preview: true}
	scope := NewScope(b.Result.Environment.Value, stamp, time.Time{})
	out.Steps = w.list(b.Playbook.Steps, scope, surroundings{})
	out.Afterwards = w.list(b.Playbook.Afterwards, scope, surroundings{})
	return out
}

// Expand makes the instances of a step whose list is known only now that earlier steps have run. prefix is that of its
// key. What they would change is not asked for yet: see [Look].
func (b *Builder) Expand(ctx context.Context, s *check.Step, scope *Scope, prefix string) []*Step {
	w := &walk{Builder: b, ctx: ctx}
	return w.step(s, scope, surroundings{prefix: prefix, chosen: true, inGroup: true})
}

// walk is one way through the steps.
type walk struct {
	*Builder
	ctx     context.Context
	earlier *Earlier // what the plan goes on from; nil for a new one
	preview bool     // ask the actions what they would do
	guard   string   // the guard that stands in the way of what follows; empty while none does
	changed string   // name of the last step before that changes the target
}

// surroundings are what the groups round a step say.
type surroundings struct {
	prefix  string // of keys, inside of a repeated group
	inGroup bool
	chosen  bool   // a group round it is named by --only
	finally bool   // it is in a `finally`
	owed    bool   // of a group that was begun before: it is carried out whatever is known now
	dropped string // why a group round it, which was begun before, is not gone on with
}

func (w *walk) list(steps []*check.Step, scope *Scope, in surroundings) []*Step {
	var out []*Step
	for _, s := range steps {
		out = append(out, w.step(s, scope, in)...)
	}
	return out
}

// step plans one step: as many instances as there are items, or one that says why there is none.
func (w *walk) step(s *check.Step, scope *Scope, in surroundings) []*Step {
	one := w.describe(s, in.prefix+s.ID)
	w.gate(s, one, scope, in)
	if s.Each != nil {
		return w.repeat(s, one, scope, in)
	}
	w.bar(s, one, in)
	if one.State != Planned && w.begun(one.Key) {
		in.dropped = one.Reason
		one.State, one.Reason, one.Settle = Planned, "", ""
	}
	w.instance(s, one, scope, in)
	return []*Step{one}
}

// repeat plans the instances of a repeated step; one stands for them where there is none.
func (w *walk) repeat(s *check.Step, one *Step, scope *Scope, in surroundings) []*Step {
	var items []any
	var missing []condition.Why
	if one.State == Planned {
		items, missing = w.items(s, one, scope)
	}
	if one.State == Planned {
		w.bar(s, one, in)
	}
	if one.State == Planned && items == nil {
		w.await(s, one, missing)
	}
	out := w.kept(s, one, scope, in)
	if one.State == Planned {
		number := w.numbering(s, one.Key, scope)
		for _, item := range items {
			key, isNew := number(item)
			if isNew {
				out = append(out, w.item(s, w.describe(s, key), one, item, scope, in))
			}
		}
	}
	if len(out) == 0 || one.State == Later {
		w.settle(one, scope)
		out = append(out, one)
	}
	return out
}

// items evaluates the list of a repeated step. They are nil when it is not known, for the reasons that are given.
func (w *walk) items(s *check.Step, one *Step, scope *Scope) (items []any, missing []condition.Why) {
	result := s.Each.Eval(w.ctx, scope.Value)
	data, _, known := result.Value.Canonical()
	items, isList := data.([]any)
	gaps := result.Value.Gaps()
	switch after := awaited(gaps); {
	case !known || !isList:
		return nil, gaps
	case after != "": // it holds what is known now
		return nil, []condition.Why{{Reason: knownAfter + after}}
	case len(items) == 0:
		one.State, one.Reason = LeftOut, "there is nothing to do it for: "+s.Each.Source()+" is empty"
	}
	return items, nil
}

// await is the state of a repeated step whose list is not known: an earlier step brings it, or it is an open decision.
func (w *walk) await(s *check.Step, one *Step, missing []condition.Why) {
	after, later := isLater(missing)
	if !later {
		w.open(one, "its list is not known", missing)
		return
	}
	one.State, one.Reason = Later, knownAfter+after
	if s.Kind == playbook.GroupStep {
		risk, effect := worst(s)
		one.Effect = effect
		if !one.OwnRisk {
			one.Risk = risk
		}
	}
}

// worst gives the highest risk of the actions in a step, and the effect that is hardest to take back.
func worst(s *check.Step) (sdk.Risk, sdk.Effect) {
	risk, effect := sdk.RiskNone, sdk.Reversible
	check.Walk([]*check.Step{s}, func(x *check.Step) {
		if x.Kind != playbook.ActionStep {
			return
		}
		if own := orOf(x.Risk, x.Action.Risk); !RiskAtMost(own, risk) {
			risk = own
		}
		if effect == sdk.Reversible || x.Action.Effect == sdk.Irreversible {
			effect = x.Action.Effect
		}
	})
	return risk, effect
}

// item plans one instance of a repeated step.
func (w *walk) item(s *check.Step, x, one *Step, item any, scope *Scope, in surroundings) *Step {
	x.Suspected = one.Suspected
	x.Item = raw(item)
	in.prefix = x.Key + "/"
	w.instance(s, x, scope.With(item), in)
	return x
}

// instance plans what one instance of a step does, and what follows from it for those after it.
func (w *walk) instance(s *check.Step, out *Step, scope *Scope, in surroundings) {
	if out.State == Planned {
		switch s.Kind {
		case playbook.ActionStep:
			w.action(s, out, scope, in)
		case playbook.GroupStep:
			w.group(s, out, scope, in)
		case playbook.AskStep:
			w.text(out, s.Ask, scope)
		case playbook.ManualStep:
			w.text(out, s.Manual, scope)
		}
	}
	w.settle(out, scope)
}

// describe says of a step what its playbook says.
func (w *walk) describe(s *check.Step, key string) *Step {
	out := &Step{
		Key: key, ID: s.ID, Named: s.Named, Title: s.Title, Article: s.Article, Kind: kindOf(s), State: Planned, Guard: s.Guard,
		Risk: s.Risk, OwnRisk: s.Risk != "", Loses: s.Loses,
	}
	if s.WaitUntil != nil {
		out.Condition = s.WaitUntil.Source()
	}
	if s.Expect != nil {
		out.Expect = s.Expect.Source()
	}
	if s.Kind == playbook.ActionStep {
		out.Uses, out.Effect, out.Needs = s.Uses(), s.Action.Effect, s.Action.Needs
		out.Interruptible, out.Typical = s.Action.Interruptible, s.Action.Typical
		out.Risk = orOf(s.Risk, s.Action.Risk)
	}
	return out
}

func orOf(own, of sdk.Risk) sdk.Risk {
	if own == "" {
		return of
	}
	return own
}

// settle does what follows from a step's state for those after it.
func (w *walk) settle(out *Step, scope *Scope) {
	switch {
	case out.State == Later || out.State == Planned && out.Kind == kindAction:
		w.changed = out.Name()
	case out.Holds():
	case out.Named && out.Item == nil:
		scope.Missed(out.ID, string(out.State))
	}
	if out.Guard && slices.Contains([]State{Open, Unsupported, Refused}, out.State) {
		w.stand(out)
	}
}

// stand notes a guard that stands in the way of what follows.
func (w *walk) stand(guard *Step) {
	if w.guard == "" {
		w.guard = guard.Name()
	}
}

func (w *walk) group(s *check.Step, out *Step, scope *Scope, in surroundings) {
	in.inGroup = true
	in.chosen = in.chosen || slices.Contains(w.Choice.Only, s.ID)
	before := w.changed
	out.Steps = w.list(s.Steps, scope, in)
	inner := in
	inner.finally, inner.owed = true, w.begun(out.Key)
	out.Finally = w.list(s.Finally, scope, inner)
	why, reason := impossible(out)
	if why == "" && !Worthwhile(out) {
		why, reason = emptyState(out)
	}
	if why == "" {
		why, reason = uncleanable(out)
	}
	switch {
	case why == "":
	case w.begun(out.Key):
		w.withdraw(out, out.Steps, why, reason)
	default:
		out.State, out.Reason = why, reason
		w.withdraw(out, slices.Concat(out.Steps, out.Finally), why, reason)
		w.changed = before
	}
}

// impossible says why a group cannot be done: a member cannot. A group in it takes only itself.
func impossible(g *Step) (State, string) {
	for _, m := range slices.Concat(g.Steps, g.Finally) {
		if (m.State == Unsupported || m.State == Refused) && !m.IsGroup() {
			return m.State, fmt.Sprintf("%s: %s", m.Name(), m.Reason)
		}
	}
	return "", ""
}

// uncleanable says why what would be held still for a group could not be released again: what that needs is not known.
func uncleanable(g *Step) (State, string) {
	for _, m := range g.Finally {
		if m.State == Open {
			return Open, fmt.Sprintf("%s, behind it: %s", m.Name(), m.Reason)
		}
	}
	return "", ""
}

// Worthwhile says whether something in a group is to be done for its own sake: its named members are; where none has a
// name all are.
func Worthwhile(g *Step) bool {
	named := slices.ContainsFunc(g.Steps, func(m *Step) bool { return m.Named })
	return slices.ContainsFunc(g.Steps, func(m *Step) bool { return m.Holds() && (m.Named || !named) })
}

// emptyState is the state of a group in which nothing is to be done: that of its members where they agree on what is
// left or blocked.
func emptyState(g *Step) (State, string) {
	for _, state := range []State{Blocked, Open, LeftToDo} {
		for _, m := range g.Steps {
			if m.State == state {
				return state, m.Reason
			}
		}
	}
	return LeftOut, "nothing in it is to be done"
}

// withdraw takes members of a group that cannot be done out of the plan, but for what was done before. A guard among
// them that would have been asked stands in the way of what follows: nobody has asked it.
func (w *walk) withdraw(g *Step, members []*Step, why State, reason string) {
	for _, m := range members {
		if w.begun(m.Key) {
			w.withdraw(m, m.Steps, why, reason)
			continue
		}
		Walk([]*Step{m}, func(x *Step) {
			if !x.Holds() {
				return
			}
			x.State, x.Reason = LeftOut, "with its group: "+reason
			if x.Guard && (why == Open || why == Unsupported || why == Refused) {
				w.stand(x)
			}
		})
	}
}

func (w *walk) text(out *Step, text *check.Text, scope *Scope) {
	said, why, known := bindText(w.ctx, text, scope)
	if known {
		out.Text = said
		return
	}
	if after, later := isLater(why); later {
		out.Text = "(" + knownAfter + after + ")"
		return
	}
	w.open(out, "what it says is not known", why)
}

// raw gives a canonical value as JSON.
func raw(v any) json.RawMessage {
	b, err := schema.Marshal(v)
	if err != nil { // canonical values are made of JSON
		return json.RawMessage("null")
	}
	return b
}
