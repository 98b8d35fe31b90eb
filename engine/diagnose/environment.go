// Package diagnose concludes: from facts to symptoms and causes, each with a verdict, the conditions' leaves as the
// reason, and the evidence that they rest on.
package diagnose

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/fact"
)

// Environment gives the names of a playbook their values. It evaluates what it is asked for, once. It is not safe for
// concurrent use.
type Environment struct {
	ctx      context.Context
	playbook *check.Playbook
	facts    *fact.Set
	inputs   map[string]any
	now      time.Time
	assumed  Assumptions

	values   map[string]condition.Value
	findings map[string]*Finding
}

// NewEnvironment makes an environment over facts that may still be gathered: a name is asked for when the facts under
// it are there. inputs are canonical; those that were not given are not in it. assumed may be nil.
func NewEnvironment(ctx context.Context, p *check.Playbook, facts *fact.Set, inputs map[string]any, now time.Time, assumed Assumptions) *Environment {
	return &Environment{ctx, p, facts, inputs, now, assumed, map[string]condition.Value{}, map[string]*Finding{}}
}

// Facts are those that the environment stands on.
func (e *Environment) Facts() *fact.Set { return e.facts }

// Value gives the value of a name, as [condition.Values] wants it.
func (e *Environment) Value(name string) condition.Value {
	if v, ok := e.values[name]; ok {
		return v
	}
	v := e.find(name)
	e.values[name] = v
	return v
}

func (e *Environment) find(name string) condition.Value {
	namespace, member, dotted := strings.Cut(name, ".")
	switch {
	case name == "now":
		return condition.Known(e.now)
	case namespace == "inputs" && dotted:
		if v, given := e.inputs[member]; given {
			return condition.Known(v)
		}
		return condition.Absent()
	case namespace == "symptoms" && dotted:
		return e.Symptom(member).value()
	case namespace == "causes" && dotted:
		return e.Cause(member).value()
	}
	if l := e.playbook.Let(name); l != nil {
		return l.Expression.Eval(e.ctx, e.Value).Value
	}
	if f := e.facts.Get(name); f != nil {
		return f.Value()
	}
	return condition.Unknown(condition.Why{Fact: name, Reason: "was not looked at"})
}

// Symptom concludes a symptom.
func (e *Environment) Symptom(name string) *Finding {
	return e.finding("symptoms."+name, e.playbook.Symptom(name))
}

// Cause concludes a cause.
func (e *Environment) Cause(name string) *Finding {
	return e.finding("causes."+name, e.playbook.Cause(name))
}

func (e *Environment) finding(key string, c *check.Conclusion) *Finding {
	if f, ok := e.findings[key]; ok {
		return f
	}
	f := e.conclude(c)
	if namespace, name, _ := strings.Cut(key, "."); namespace == "causes" {
		e.assumed.override(f, name)
	}
	e.findings[key] = f
	return f
}

// conclude evaluates both conditions of a conclusion and judges.
func (e *Environment) conclude(c *check.Conclusion) *Finding {
	f := &Finding{Name: c.Name, Title: c.Title, Article: c.Article}
	when, suspect := condition.False, condition.False
	if c.When != nil {
		f.When = e.evaluate(c.When)
		when = f.When.Truth
	}
	if c.Suspect != nil {
		f.Suspect = e.evaluate(c.Suspect)
		suspect = f.Suspect.Truth
	}
	f.Verdict = condition.Judge(when, suspect)
	switch f.Verdict {
	case condition.VerdictUndetermined:
		f.miss(f.When)
		f.miss(f.Suspect)
	case condition.Suspected: // what would confirm it
		f.miss(f.When)
	}
	return f
}

// miss adds what one of the finding's conditions did not know.
func (f *Finding) miss(r *Reasoning) {
	if r == nil || r.Truth != condition.Undetermined {
		return
	}
	for _, w := range r.Why {
		if !slices.Contains(f.Missing, w) {
			f.Missing = append(f.Missing, w)
		}
	}
}

// value is the finding in an expression. Of one that is suspected for want of nothing, the reason is that it is not
// more than that.
func (f *Finding) value() condition.Value {
	why := f.Missing
	if f.Verdict == condition.Suspected && len(why) == 0 {
		why = []condition.Why{{Reason: fmt.Sprintf("%q is suspected, not confirmed", f.Title)}}
	}
	return condition.OfVerdict(f.Verdict, why...)
}

func (e *Environment) evaluate(x *condition.Expression) *Reasoning {
	r := x.Eval(e.ctx, e.Value)
	return &Reasoning{Source: x.Source(), Truth: r.Truth, Why: r.Why, Leaves: r.Leaves}
}
