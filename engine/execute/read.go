package execute

import (
	"context"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// read reads a condition of a step with new readings of the probes that it names, and writes down what it came to. What
// was cut off is no reading.
func (r *Run) read(ctx context.Context, of string, s *plan.Step, e *condition.Expression, at place) (condition.Result, error) {
	result := e.Eval(ctx, r.fresh(ctx, at.scope, e))
	if ctx.Err() != nil {
		return result, errInterrupted
	}
	return result, r.note(journal.Read, s.Key, readingOf(of, at, e, result))
}

func readingOf(of string, at place, e *condition.Expression, result condition.Result) journal.Reading {
	rec := journal.Reading{Of: of, Condition: e.Source(), Truth: result.Truth.String(), In: at.entry.key}
	for _, leaf := range result.Leaves {
		line := leaf.Source
		if leaf.Shown != "" {
			line += " → " + leaf.Shown
		}
		rec.Leaves = append(rec.Leaves, line+" "+leaf.Truth.String())
	}
	for _, why := range result.Why {
		line := why.Reason
		if why.Fact != "" {
			line = why.Fact + ": " + line
		}
		rec.Why = append(rec.Why, line)
	}
	return rec
}

// fresh gives values in which the names of probes mean new readings with the arguments of the diagnosis; every other
// name keeps the value that it had.
func (r *Run) fresh(ctx context.Context, scope *plan.Scope, conditions ...*condition.Expression) condition.Values {
	named := map[string]bool{}
	var names []string
	for _, e := range conditions {
		if e == nil {
			continue
		}
		for _, name := range e.Names() {
			if r.Playbook.Probe(name) != nil && !named[name] {
				named[name] = true
				names = append(names, name)
			}
		}
	}
	env := r.Builder.Result.Environment
	set := fact.NewSet(names)
	for _, f := range env.Facts().All() {
		if !named[f.Name] {
			set.Put(f)
		}
	}
	fact.Gather(ctx, r.Playbook, names, set, env.Value, r.Observer)
	return func(name string) condition.Value {
		if named[name] {
			if f := set.Get(name); f != nil {
				return f.Value()
			}
		}
		return scope.Value(name)
	}
}
