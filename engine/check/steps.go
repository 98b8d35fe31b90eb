package check

import (
	"fmt"
	"strconv"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// stepWalk is what the steps before one have brought, and what the groups round it say. A step sees the steps that end
// before it begins, inside and outside of its group.
type stepWalk struct {
	outputs *schema.Type // steps.ID
	changed *schema.Type // changed.ID
	gates   gates        // of the groups round it
	each    *schema.Type // the item that the nearest repeated group works on; nil outside of one
	inEach  bool         // inside a repeated group, also where its type is not known
}

// steps checks the steps in their order, then those that come afterwards.
func (c *checker) steps() {
	w := &stepWalk{outputs: schema.ObjectOf(), changed: schema.ObjectOf()}
	c.out.Steps = c.stepList(c.doc.Steps, "", w)
	c.out.Afterwards = c.stepList(c.doc.Afterwards, "afterwards.", w)
	c.runScope = c.scopeAfter(w)
}

func (c *checker) stepList(steps []playbook.Step, prefix string, w *stepWalk) []*Step {
	var out []*Step
	for i := range steps {
		out = append(out, c.step(&steps[i], prefix+strconv.Itoa(i+1), w))
	}
	return out
}

// scopeAfter is the scope of what is evaluated when the steps so far have run.
func (c *checker) scopeAfter(w *stepWalk) scope {
	s := c.scope(phaseRun).with("steps", w.outputs).with("changed", w.changed)
	if w.inEach {
		s = s.with("each", w.each)
	}
	return s
}

func (c *checker) step(s *playbook.Step, place string, w *stepWalk) *Step {
	out := &Step{
		ID: place, Title: text(s.Title), Article: text(s.Article), Kind: s.Kind, Guard: s.Guard, Risk: sdk.Risk(text(s.Risk)),
		Offline: Offline(text(s.Offline)), Loses: text(s.Loses), Timeout: c.duration(s.Timeout),
	}
	if s.ID != nil {
		out.ID, out.Named = s.ID.Value, true
	}
	if s.Retry != nil {
		out.Retry = &Retry{Times: s.Retry.Times, Delay: c.duration(s.Retry.Delay)}
	}
	c.allSteps = append(c.allSteps, out)
	out.For = c.causesOf(s)

	gate := c.scope(phaseGate)
	out.When, out.Unless = c.condition(s.When, gate), c.condition(s.Unless, gate)

	inner := *w
	inner.gates = w.gates.with(out)
	run := c.scopeAfter(w)
	if s.Each != nil {
		out.Each = c.compile(s.Each, run, nil)
		inner.each, inner.inEach = c.eachType(s, out.Each), true
		run = run.with("each", inner.each)
	}
	switch s.Kind {
	case playbook.ActionStep:
		c.actionStep(s, out, run, inner.gates)
	case playbook.GroupStep:
		inner.outputs, inner.changed = clone(w.outputs), clone(w.changed)
		out.Steps = c.stepList(s.Steps, place+".", &inner)
		out.Finally = c.stepList(s.Finally, place+".finally.", &inner)
		if s.Each == nil { // which instance's outputs would be meant?
			w.outputs, w.changed = inner.outputs, inner.changed
		}
	case playbook.AskStep:
		out.Ask = c.text(s.Ask, run)
	case playbook.ManualStep:
		out.Manual = c.text(s.Manual, run)
	case playbook.WaitStep:
		out.WaitUntil = c.condition(s.WaitUntil, run)
	}
	expect := c.scopeAfter(&inner)
	if out.Output != nil && out.Named {
		own := clone(inner.outputs)
		own.Fields = append(own.Fields, schema.Field{Name: out.ID, Type: out.Output, Required: true})
		expect = expect.with("steps", own)
	}
	out.Expect = c.condition(s.Expect, expect)
	w.add(out)
	return out
}

// causesOf resolves the causes that a step is for.
func (c *checker) causesOf(s *playbook.Step) []string {
	var causes []string
	first := map[string]diag.Span{}
	for _, name := range s.For {
		if _, ok := c.defined["causes."+name.Value]; !ok {
			c.errorAt(name.Span, "for", fmt.Sprintf("there is no cause %q; there are %s", name.Value, sorted(c.causeType.FieldNames())), didYouMean(name.Value, c.causeType.FieldNames()))
			continue
		}
		if earlier, twice := first[name.Value]; twice {
			c.add(diag.Diagnostic{Span: name.Span, Kind: "for", Message: fmt.Sprintf("the cause %q is named twice", name.Value),
				Hint: "keep one of the two", Related: []diag.Related{{Span: earlier, Message: "the first one is here"}}})
			continue
		}
		first[name.Value] = name.Span
		causes = append(causes, name.Value)
	}
	return causes
}

func clone(t *schema.Type) *schema.Type {
	return schema.ObjectOf(append([]schema.Field(nil), t.Fields...)...)
}

// add makes a step known to those after it. A repeated step has no output of its own: it has one an item.
func (w *stepWalk) add(s *Step) {
	if !s.Named {
		return
	}
	if s.Output != nil && s.Each == nil {
		w.outputs.Fields = append(w.outputs.Fields, schema.Field{Name: s.ID, Type: s.Output, Required: true})
	}
	if s.Each != nil {
		t := s.Each.Type()
		if t == nil || t.Kind == schema.List {
			w.changed.Fields = append(w.changed.Fields, schema.Field{Name: s.ID, Type: t, Required: true})
		}
	}
}

// eachType is the type of the item that a repeated step works on.
func (c *checker) eachType(s *playbook.Step, each *condition.Expression) *schema.Type {
	if each == nil || each.Type() == nil {
		return nil
	}
	if each.Type().Kind != schema.List {
		c.errorAt(s.Each.Span(), "each", fmt.Sprintf("`each` needs a list, the expression is %s", article(each.Type())), "")
		return nil
	}
	return each.Type().Elem
}

func (c *checker) actionStep(s *playbook.Step, out *Step, run scope, gates gates) {
	plugin, m, ok := c.actionManifest(s.Uses)
	if !ok {
		return
	}
	in, output, err := signature(m.Input, m.Output)
	if err != nil {
		c.errorAt(s.Uses.Span, "plugin", fmt.Sprintf("the schema of %s cannot be used: %v", s.Uses.Value, err), "this is a fault of the plugin")
		return
	}
	out.Plugin, out.Action, out.Input, out.Output = plugin, m, in, output.Resolve(literals(s.With, in))
	out.With = c.arguments(s.Uses, s.With, in, run, gates)
}

func (c *checker) actionManifest(uses playbook.Scalar) (plugin string, m sdk.ActionManifest, ok bool) {
	plugin, name, manifest, ok := c.function(uses)
	if !ok {
		return "", m, false
	}
	var names []string
	for _, a := range manifest.Actions {
		if a.Name == name {
			return plugin, a, true
		}
		names = append(names, a.Name)
	}
	for _, p := range manifest.Probes {
		if p.Name == name {
			c.errorAt(uses.Span, "uses", fmt.Sprintf("%s is a probe: it looks and changes nothing", uses.Value), "probes are used under `probes`")
			return "", m, false
		}
	}
	c.errorAt(uses.Span, "uses", fmt.Sprintf("the plugin %q has no action %q; it has %s", plugin, name, sorted(names)), didYouMean(name, names))
	return "", m, false
}
