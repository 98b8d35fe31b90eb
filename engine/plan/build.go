package plan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

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
	out := &Plan{Version: Version, Stamp: stamp, Outcome: b.Result.Outcome.String(), Choice: b.Choice}
	if b.Result.Outcome == diagnose.NotSeen || b.Result.Outcome == diagnose.Transient {
		return out
	}
	w := &walk{Builder: b, ctx: ctx, preview: true}
	scope := b.scope(stamp)
	out.Steps = w.list(b.Playbook.Steps, scope, surroundings{})
	out.Afterwards = w.list(b.Playbook.Afterwards, scope, surroundings{})
	return out
}

func (b *Builder) scope(stamp string) *Scope {
	return NewScope(b.Result.Environment.Value, stamp, noTime)
}

// Expand makes the instances of a step whose list, or whose gate, is known only now that earlier steps have run. inside
// is the prefix of its key.
func (b *Builder) Expand(ctx context.Context, s *check.Step, scope *Scope, prefix string) []*Step {
	w := &walk{Builder: b, ctx: ctx}
	return w.step(s, scope, surroundings{prefix: prefix, chosen: true})
}

// walk is one way through the steps.
type walk struct {
	*Builder
	ctx     context.Context
	preview bool
	guard   string // the guard that stands in the way of what follows; empty while none does
	changed string // name of the last step before that changes the target
}

// surroundings are what the groups round a step say.
type surroundings struct {
	prefix  string // of keys, inside of a repeated group
	chosen  bool   // a group round it is named by --only
	finally bool
	ownRisk bool // a group round it is approved as a whole
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
	if w.gated(s, one, scope, in) {
		w.settle(one, scope)
		return []*Step{one}
	}
	if s.Each == nil {
		if !w.barred(s, one, in) {
			w.instance(s, one, scope, in)
		}
		w.settle(one, scope)
		return []*Step{one}
	}
	result := s.Each.Eval(w.ctx, scope.Value)
	data, _, known := result.Value.Canonical()
	items, isList := data.([]any)
	switch {
	case !known || !isList:
		why := result.Value.Gaps()
		if after, later := isLater(why); later {
			if !w.barred(s, one, in) {
				one.State, one.Reason = Later, knownAfter+after
			}
		} else {
			w.open(one, "its list is not known", why)
		}
	case len(items) == 0:
		one.State, one.Reason = LeftOut, "there is nothing to do it for: "+s.Each.Source()+" is empty"
	default:
		w.barred(s, one, in)
	}
	if one.State != Planned {
		w.settle(one, scope)
		return []*Step{one}
	}
	var out []*Step
	for i, item := range items {
		x := w.describe(s, fmt.Sprintf("%s%s[%d]", in.prefix, s.ID, i+1))
		x.Suspected = one.Suspected
		x.Item, _ = schema.Marshal(item) // canonical: it was read from JSON
		inner := in
		inner.prefix = x.Key + "/"
		w.instance(s, x, scope.With(item), inner)
		w.settle(x, scope)
		out = append(out, x)
	}
	return out
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
		if out.Risk == "" {
			out.Risk = s.Action.Risk
		}
	}
	return out
}

// gated decides whether a step is planned at all, before its instances are looked at. It is true when it is not.
func (w *walk) gated(s *check.Step, out *Step, scope *Scope, in surroundings) bool {
	if !in.finally && !w.wanted(s, in) {
		out.State, out.Reason = LeftOut, w.unwanted(s)
		return true
	}
	for _, gate := range []struct {
		word string
		of   *condition.Expression
		open condition.Truth
	}{{"when", s.When, condition.True}, {"unless", s.Unless, condition.False}} {
		if gate.of == nil {
			continue
		}
		result := gate.of.Eval(w.ctx, scope.Value)
		switch {
		case result.Truth == condition.Undetermined:
			w.open(out, fmt.Sprintf("`%s: %s` cannot be decided", gate.word, gate.of.Source()), result.Why)
			return true
		case result.Truth != gate.open:
			out.State, out.Reason = LeftOut, fmt.Sprintf("`%s: %s` is %s", gate.word, gate.of.Source(), result.Truth)
			return true
		}
	}
	if reason := w.causes(s, out); reason != "" {
		out.State, out.Reason = LeftOut, reason
		return true
	}
	return false
}

// barred decides whether something keeps a step from being planned that its gate lets through: the target, or a guard.
func (w *walk) barred(s *check.Step, out *Step, in surroundings) bool {
	if w.Target == target.Offline {
		switch s.Offline {
		case check.NotNeeded:
			out.State, out.Reason = NotNeeded, "nothing runs on this disk that would need it"
			return true
		case check.LeftToDo:
			out.State, out.Reason = LeftToDo, "it is to be done on the running machine"
			return true
		}
	}
	if w.guard != "" && !in.finally && s.Kind != playbook.AskStep {
		out.State, out.Reason = Blocked, fmt.Sprintf("the guard %q stands in the way", w.guard)
		return true
	}
	if s.Kind == playbook.ActionStep {
		if reason := unable(s, w.Target); reason != "" {
			out.State, out.Reason = Unsupported, reason
			return true
		}
		if w.Result.Outcome == diagnose.Unclear && !w.assumedCause() {
			out.State, out.Reason = Open, "whether this problem is there at all cannot be told"
			out.Settle = "see what the diagnosis was missing, or set a verdict: --assume CAUSE=confirmed"
			return true
		}
	}
	return false
}

// assumedCause says whether the operator set a cause, which stands for the problem itself.
func (w *walk) assumedCause() bool {
	return slices.ContainsFunc(w.Result.Causes, func(f *diagnose.Finding) bool {
		return f.Assumed && f.Verdict == condition.Confirmed
	})
}

// causes says why a step is left out for its causes, and notes those that are only suspected.
func (w *walk) causes(s *check.Step, out *Step) string {
	if len(s.For) == 0 {
		return ""
	}
	var undetermined []string
	for _, name := range s.For {
		switch w.Result.Environment.Cause(name).Verdict {
		case condition.Confirmed:
			out.Suspected = nil
			return ""
		case condition.Suspected:
			out.Suspected = append(out.Suspected, name)
		case condition.VerdictUndetermined:
			undetermined = append(undetermined, name)
		}
	}
	switch {
	case len(out.Suspected) > 0:
		return ""
	case len(undetermined) > 0:
		return "none of its causes is confirmed or suspected; undetermined: " + strings.Join(undetermined, ", ")
	}
	return "none of its causes is there: " + strings.Join(s.For, ", ")
}

// open marks a step as an open decision.
func (w *walk) open(out *Step, reason string, why []condition.Why) {
	out.State, out.Reason = Open, reason
	for _, y := range why {
		out.Reason += ": " + y.Reason
		out.Settle = y.Settle
		if y.Fact != "" {
			out.Reason = fmt.Sprintf("%s (%s)", out.Reason, y.Fact)
		}
		break // the first one is at the root; the report has all
	}
}

// unable says why a target cannot do an action; empty when it can.
func unable(s *check.Step, kind target.Kind) string {
	targets, needs := s.Action.Targets, s.Action.Needs
	switch {
	case len(targets) == 0:
		return s.Uses() + " is not possible in this version"
	case !sdk.Supports(targets, sdk.TargetKind(kind)) && kind == target.Offline:
		return s.Uses() + " needs the running machine, this is its disk"
	case !sdk.Supports(targets, sdk.TargetKind(kind)):
		return s.Uses() + " works on a disk only"
	case kind == target.Live && len(needs.Platforms) > 0 && !slices.Contains(needs.Platforms, runtime.GOOS):
		return fmt.Sprintf("%s needs %s, this machine runs %s", s.Uses(), strings.Join(needs.Platforms, " or "), runtime.GOOS)
	}
	return ""
}

// instance plans what one instance of a step does.
func (w *walk) instance(s *check.Step, out *Step, scope *Scope, in surroundings) {
	in.ownRisk = in.ownRisk || s.Risk != ""
	switch s.Kind {
	case playbook.ActionStep:
		w.action(s, out, scope)
	case playbook.GroupStep:
		w.group(s, out, scope, in)
	case playbook.AskStep:
		w.text(out, s.Ask, scope)
	case playbook.ManualStep:
		w.text(out, s.Manual, scope)
	}
}

// settle does what follows from a step's state for those after it.
func (w *walk) settle(out *Step, scope *Scope) {
	if out.Holds() {
		w.note(out)
		return
	}
	if out.Named && out.Item == nil {
		scope.Missed(out.ID, string(out.State))
	}
	if out.Guard && w.guard == "" && (out.State == Open || out.State == Unsupported || out.State == Refused) {
		w.guard = out.Name()
	}
}

// note remembers a step that changes the target.
func (w *walk) note(out *Step) {
	if out.Kind == kindAction {
		w.changed = out.Name()
	}
}

func (w *walk) group(s *check.Step, out *Step, scope *Scope, in surroundings) {
	in.chosen = in.chosen || slices.Contains(w.Choice.Only, s.ID)
	before := w.changed
	out.Steps = w.list(s.Steps, scope, in)
	inner := in
	inner.finally = true
	out.Finally = w.list(s.Finally, scope, inner)
	for _, m := range slices.Concat(out.Steps, out.Finally) {
		if (m.State == Unsupported || m.State == Refused) && !m.isGroup() {
			out.State, out.Reason = m.State, fmt.Sprintf("%s: %s", m.Name(), m.Reason)
			w.withdraw(out)
			w.changed = before
			return
		}
	}
	if !Worthwhile(out) {
		out.State, out.Reason = emptyState(out)
		w.withdraw(out)
		w.changed = before
	}
}

// isGroup says whether the step is a group: one that cannot be done leaves the group round it standing.
func (s *Step) isGroup() bool { return s.Kind == kindGroup }

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

// withdraw takes the members of a group that is not planned out of the plan.
func (w *walk) withdraw(g *Step) {
	Walk(slices.Concat(g.Steps, g.Finally), func(m *Step) {
		if m.Holds() {
			m.State, m.Reason = LeftOut, "with its group: "+g.Reason
		}
	})
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

// action binds the arguments of an action and asks for its preview.
func (w *walk) action(s *check.Step, out *Step, scope *Scope) {
	args, unbound, why := bind(w.ctx, s, scope)
	out.Unbound = unbound
	if why != nil {
		w.open(out, "an argument is not known", why)
		return
	}
	var err error
	if out.Input, err = schema.Marshal(args); err != nil {
		out.State, out.Reason = Refused, err.Error()
		return
	}
	if !w.preview {
		return
	}
	out.Preview = &Preview{}
	if len(unbound) > 0 {
		out.Preview.After = w.changed
		return
	}
	p, err := w.Preparer.Prepare(w.ctx, s.Uses(), args)
	var told *sdk.Error
	switch {
	case err != nil && errors.As(err, &told) && told.Code == sdk.Unsupported:
		out.State, out.Reason, out.Settle, out.Preview = Unsupported, told.Message, told.Hint, nil
	case err != nil && w.changed != "": // an earlier step may bring what it needs
		out.Preview.After, out.Preview.Error = w.changed, err.Error()
	case err != nil:
		out.State, out.Reason, out.Preview = Refused, err.Error(), nil
		if told != nil {
			out.Reason, out.Settle = told.Message, told.Hint
		}
	default:
		out.Preview.fill(p)
		if p.NoOp {
			out.Preview.After = w.changed
		}
		if s.Named && s.Each == nil {
			scope.Output(s.ID, p.Predicted)
		}
	}
}

func (p *Preview) fill(from Prepared) {
	p.Summary, p.Changes, p.NoOp, p.Material, p.Predicted = from.Summary, from.Changes, from.NoOp, from.Material, from.Predicted
}

// Look asks an action anew what it would do, as a preview.
func Look(ctx context.Context, by Preparer, s *Step, input map[string]any) error {
	p, err := by.Prepare(ctx, s.Uses, input)
	if err != nil {
		s.Preview = &Preview{Error: err.Error()}
		return err
	}
	s.Preview = &Preview{}
	s.Preview.fill(p)
	s.Input, err = schema.Marshal(input)
	s.Unbound = nil
	return err
}

// raw gives a value as JSON for people; a value that cannot be written is null.
func raw(v any) json.RawMessage {
	b, err := schema.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}
