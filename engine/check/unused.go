package check

import (
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/engine/condition"
)

// unused warns of probes, values and inputs that nothing uses: most often a condition was meant to.
func (c *checker) unused() {
	if c.list.HasErrors() {
		return // what could not be compiled uses nothing
	}
	used := map[string]bool{}
	mark := func(list ...*condition.Expression) {
		for _, e := range list {
			for _, n := range names(e) {
				used[n] = true
			}
		}
	}
	markArguments := func(with []Argument) {
		for _, a := range with {
			for _, n := range a.Value.names() {
				used[n] = true
			}
		}
	}
	mark(c.out.Applies.When, c.out.Healed, c.out.Others, c.out.Fixed, c.out.Pending)
	for _, x := range slices.Concat(c.out.Symptoms, c.out.Causes) {
		mark(x.When, x.Suspect)
	}
	for _, l := range c.out.Lets {
		mark(l.Expression)
	}
	for _, p := range c.out.Probes {
		mark(p.When)
		markArguments(p.With)
	}
	markText := func(texts ...*Text) {
		for _, t := range texts {
			for _, n := range (Value{Text: t}).names() {
				used[n] = true
			}
		}
	}
	for _, s := range c.allSteps {
		mark(s.When, s.Unless, s.Each, s.WaitUntil, s.Expect)
		markArguments(s.With)
		markText(s.Ask, s.Manual)
	}
	if c.out.Escalate != nil {
		markText(c.out.Escalate.Say)
	}
	for _, p := range c.doc.Probes {
		if !used[p.Name.Value] {
			c.warnAt(p.Name.Span, "unused", fmt.Sprintf("nothing uses the probe %q", p.Name.Value), "ask about it in a condition, or remove it")
		}
	}
	for _, l := range c.doc.Let {
		if !used[l.Name.Value] {
			c.warnAt(l.Name.Span, "unused", fmt.Sprintf("nothing uses the value %q", l.Name.Value), "use it in an expression, or remove it")
		}
	}
	for _, i := range c.doc.Inputs {
		if !used["inputs."+i.Name.Value] {
			c.warnAt(i.Name.Span, "unused", fmt.Sprintf("nothing uses the input %q", i.Name.Value), "use it as inputs."+i.Name.Value+", or remove it")
		}
	}
}
