package check

import (
	"fmt"

	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
)

// safety holds the rules that keep a playbook from doing harm: what changes is verified, what cannot be taken back says
// what is lost, and a `finally` cannot be talked out of running.
func (c *checker) safety() {
	s := &safetyWalk{checker: c}
	s.steps(c.doc.Steps, c.out.Steps, surroundings{})
	s.steps(c.doc.Afterwards, c.out.Afterwards, surroundings{})
	if s.change == nil {
		return
	}
	if c.doc.Verify == nil {
		c.errorAt(s.change.Span, "no-verify", "the playbook changes something and does not say how to know that it worked", "add `verify:` with `fixed:`")
	}
	if c.doc.Applies == nil {
		c.errorAt(s.change.Span, "no-applies", "the playbook changes something and does not say when its problem is there", "add `applies:` with `when:`")
	}
}

type safetyWalk struct {
	*checker
	change *playbook.Scalar // the `uses` of the first step that changes something
}

// surroundings are what the groups round a step say.
type surroundings struct {
	finally bool // it is in a `finally`
	loses   bool // one of them says what is lost
}

func (s *safetyWalk) steps(docs []playbook.Step, steps []*Step, in surroundings) {
	for i, step := range steps {
		d := &docs[i]
		if in.finally {
			s.inFinally(d, step)
		}
		in := surroundings{in.finally, in.loses || step.Loses != ""}
		switch step.Kind {
		case playbook.ActionStep:
			if s.change == nil {
				s.change = &d.Uses
			}
			if step.Action.Effect == sdk.Irreversible && !in.loses {
				s.errorAt(d.Uses.Span, "loses", fmt.Sprintf("%s cannot be taken back", d.Uses.Value), "say what is lost in `loses`, on the step or on a group round it")
			}
		case playbook.GroupStep:
			s.steps(d.Steps, step.Steps, in)
			s.steps(d.Finally, step.Finally, surroundings{true, in.loses})
		}
	}
}

// inFinally refuses what would keep a step of a `finally` from running, or make it harmful on undo.
func (s *safetyWalk) inFinally(d *playbook.Step, step *Step) {
	refuse := func(at diag.Span, message, hint string) { s.errorAt(at, "finally", message, hint) }
	const onGroup = "put it on the group"
	gate := func(key string, at diag.Span) {
		refuse(at, fmt.Sprintf("a step of a `finally` has no `%s`: it always runs", key), onGroup)
	}
	if d.When != nil {
		gate("when", d.When.Span())
	}
	if d.Unless != nil {
		gate("unless", d.Unless.Span())
	}
	if len(d.For) > 0 {
		gate("for", d.For[0].Span)
	}
	if step.Guard {
		refuse(stepSpan(d), "a step of a `finally` cannot guard what comes after it: it runs whatever happens", onGroup)
	}
	const waits = "a `finally` cannot wait for a person or a condition: it runs whatever happens"
	switch step.Kind {
	case playbook.ActionStep:
		if step.Action.Effect == sdk.Restarts {
			refuse(d.Uses.Span, "a `finally` cannot restart the machine: it runs after a failure and on undo as well", "make the restart a step behind the group")
		}
	case playbook.AskStep:
		refuse(d.Ask.Scalar.Span, waits, "ask before the group")
	case playbook.ManualStep:
		refuse(d.Manual.Scalar.Span, waits, "make it a step behind the group")
	case playbook.WaitStep:
		refuse(d.WaitUntil.Span(), waits, "wait behind the group")
	}
}

// stepSpan is a short place that stands for a step.
func stepSpan(d *playbook.Step) diag.Span {
	switch {
	case d.ID != nil:
		return d.ID.Span
	case d.Uses.Given():
		return d.Uses.Span
	}
	return diag.Span{Start: d.Span.Start, End: d.Span.Start}
}
