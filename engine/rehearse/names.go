package rehearse

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
)

// names checks the names of conclusions, steps and actions.
func (b *preparation) names() {
	t := b.test
	causes, symptoms := conclusionNames(b.playbook.Causes), conclusionNames(b.playbook.Symptoms)
	b.known("cause or applies", append([]string{"applies"}, causes...), named(t.Assume)...)
	steps := b.steps()
	if t.Approve != nil {
		b.approvals(steps, t.Approve.IDs)
	}
	for _, a := range t.Answers {
		b.known("question", steps.asked, a.Name)
	}
	if t.StopAfter != nil && b.refer(steps, *t.StopAfter) && slices.ContainsFunc(steps.find(t.StopAfter.Value), isGroup) {
		b.errorAt(t.StopAfter.Span, "step", fmt.Sprintf("%s is a group, and the run stops after one step", t.StopAfter.Value), "name the last step in it that is to be done")
	}
	e := t.Expect
	if e == nil {
		return
	}
	b.known("cause", causes, named(e.Causes)...)
	b.known("symptom", symptoms, named(e.Symptoms)...)
	b.known("step", steps.ids, e.Plan...)
	b.known("step", steps.ids, e.Never...)
	if e.PlanExactly != nil {
		b.known("step", steps.ids, *e.PlanExactly...)
	}
	for _, s := range slices.Concat(e.Did, e.DidNot, e.Failed, e.Left) {
		b.refer(steps, s)
	}
	b.takenBack(steps, e)
	b.codes(e.OtherFailures)
	if says := b.playbook.Escalate; e.Escalates != nil && e.Escalates.Value == "true" && (says == nil || says.Say == nil) {
		b.errorAt(e.Escalates.Span, "expect", "the playbook has nothing to say when it did not work", "it says it in escalate.say")
	}
}

// takenBack checks that an undo can have to do with what a test expects of it.
func (b *preparation) takenBack(n stepNames, e *playbook.Expectation) {
	final := map[*check.Step]bool{}
	everyStep(b.playbook, func(s *check.Step) { check.Walk(s.Finally, func(f *check.Step) { final[f] = true }) })
	for _, x := range []struct {
		refs []playbook.Scalar
		can  func(*check.Step) bool
		why  string
		hint string
	}{
		{e.Undone, func(s *check.Step) bool { return isAction(s) && s.Action.Effect == sdk.Reversible && !final[s] }, "is never taken back", "an undo takes back the actions that can be, but for those of a `finally`"},
		{e.UndoDid, isAction, "is no part of an undo", "name actions: an undo holds them still again, takes them back, or runs them as a `finally`"},
	} {
		for _, ref := range x.refs {
			if b.refer(n, ref) && !slices.ContainsFunc(n.find(ref.Value), x.can) {
				b.errorAt(ref.Span, "expect", ref.Value+" "+x.why, x.hint)
			}
		}
	}
}

// stepNames are the names by which a test can mean the steps of a playbook.
type stepNames struct {
	steps []*check.Step
	ids   []string
	uses  []string
	asked []string // ids of those that a person answers
}

func (b *preparation) steps() stepNames {
	var n stepNames
	everyStep(b.playbook, func(s *check.Step) {
		n.steps = append(n.steps, s)
		if isAction(s) && !slices.Contains(n.uses, s.Uses()) {
			n.uses = append(n.uses, s.Uses())
		}
		if !s.Named {
			return
		}
		n.ids = append(n.ids, s.ID)
		if s.Kind == playbook.AskStep || s.Kind == playbook.ManualStep {
			n.asked = append(n.asked, s.ID)
		}
	})
	return n
}

var oneItem = regexp.MustCompile(`^([a-z0-9_]+)\[[1-9][0-9]*\]$`)

// find lists the steps that a test means by an id, by ID[2] for one item of a repeated step, or by plugin.action.
func (n stepNames) find(ref string) []*check.Step {
	id, item := ref, false
	if m := oneItem.FindStringSubmatch(ref); m != nil {
		id, item = m[1], true
	}
	var out []*check.Step
	for _, s := range n.steps {
		byID := s.Named && s.ID == id && (!item || s.Each != nil)
		if byID || isAction(s) && s.Uses() == ref {
			out = append(out, s)
		}
	}
	return out
}

// refer checks a reference to a step.
func (b *preparation) refer(n stepNames, ref playbook.Scalar) bool {
	if len(n.find(ref.Value)) > 0 {
		return true
	}
	if strings.Contains(ref.Value, ".") {
		b.unknownName(ref, "step that uses", n.uses)
	} else {
		b.unknownName(ref, "step", n.ids)
	}
	return false
}

// approvals checks that what is approved is asked for by itself.
func (b *preparation) approvals(n stepNames, refs []playbook.Scalar) {
	with := b.approvedWith()
	for _, ref := range refs {
		if !b.refer(n, ref) {
			continue
		}
		for _, s := range n.find(ref.Value) {
			group, goesAlong := with[s.ID]
			switch {
			case s.Kind == playbook.AskStep || s.Kind == playbook.ManualStep:
				b.errorAt(ref.Span, "approve", fmt.Sprintf("%s is answered, not approved", ref.Value), fmt.Sprintf("add answers: {%s: …}", ref.Value))
			case s.Kind == playbook.WaitStep:
				b.errorAt(ref.Span, "approve", fmt.Sprintf("%s waits and changes nothing: it is not asked for", ref.Value), "")
			case goesAlong && group.Named:
				b.errorAt(ref.Span, "approve", fmt.Sprintf("%s is not asked for by itself: it goes with its group", ref.Value), "name the group: "+group.ID)
			default:
				continue
			}
			break
		}
	}
}

// approvedWith gives the group that a step is approved with, by the step's id: a group with a risk of its own, the one whose
// `finally` holds the step, or the one that the step only holds the machine still for.
func (b *preparation) approvedWith() map[string]*check.Step {
	out := map[string]*check.Step{}
	var visit func(steps []*check.Step, around, whole *check.Step)
	visit = func(steps []*check.Step, around, whole *check.Step) {
		for _, s := range steps {
			with := whole
			if with == nil && isAction(s) && !s.Named && s.Risk == "" && s.Action.Effect == sdk.Reversible {
				with = around
			}
			if with != nil {
				out[s.ID] = with
			}
			if with == nil && s.Risk != "" {
				with = s
			}
			visit(s.Steps, s, with)
			if with == nil {
				with = s
			}
			visit(s.Finally, s, with)
		}
	}
	visit(b.playbook.Steps, nil, nil)
	visit(b.playbook.Afterwards, nil, nil)
	return out
}

func isGroup(s *check.Step) bool  { return s.Kind == playbook.GroupStep }
func isAction(s *check.Step) bool { return s.Kind == playbook.ActionStep }

func (b *preparation) known(what string, names []string, given ...playbook.Scalar) {
	for _, s := range given {
		if !slices.Contains(names, s.Value) {
			b.unknownName(s, what, names)
		}
	}
}

func named(list []playbook.Assumption) []playbook.Scalar {
	var out []playbook.Scalar
	for _, a := range list {
		out = append(out, a.Name)
	}
	return out
}

func conclusionNames(list []*check.Conclusion) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Name)
	}
	return out
}

// action reads how a simulated action behaves and what it answers.
func (b *preparation) action(a playbook.TestAction) *behaviour {
	out := &behaviour{does: a.Behaviour, times: a.Times, reason: "it failed, as the test says"}
	if a.Reason != nil {
		out.reason = a.Reason.Value
	}
	n := b.steps()
	found := n.find(a.Uses.Value)
	if len(found) == 0 || !strings.Contains(a.Uses.Value, ".") {
		b.unknownName(a.Uses, "step that uses", n.uses)
		return out
	}
	if len(a.Outputs) > 0 {
		out.outputs = b.object(a.Outputs, found[len(found)-1].Output)
	}
	return out
}

// codes checks the expected codes of other failures.
func (b *preparation) codes(list *[]playbook.Scalar) {
	if list == nil {
		return
	}
	if b.playbook.Others == nil && len(*list) > 0 {
		b.errorAt((*list)[0].Span, "expect", "the playbook does not say which failures it is not about", "it says so in applies.others")
	}
	for _, s := range *list {
		if _, err := code(s); err != nil {
			b.errorAt(s.Span, "expect", strings.TrimSpace(err.Error()), "")
		}
	}
}
