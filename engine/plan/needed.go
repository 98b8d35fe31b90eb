package plan

import (
	"slices"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
)

// Needed lists the probes that planning rests on beyond the diagnosis: those under the gates, lists, arguments and texts
// of steps. Those under expect, wait_until and verify are read anew while the plan is carried out; only what their
// arguments rest on is needed now.
func Needed(p *check.Playbook) []string {
	var now, later []*condition.Expression
	check.Walk(slices.Concat(p.Steps, p.Afterwards), func(s *check.Step) {
		now = append(now, s.When, s.Unless, s.Each)
		now = append(now, s.Ask.Expressions()...)
		now = append(now, s.Manual.Expressions()...)
		for _, a := range s.With {
			now = append(now, a.Value.Expressions()...)
		}
		later = append(later, s.WaitUntil, s.Expect)
	})
	later = append(later, p.Fixed, p.Pending)
	needed := p.ProbesUnder(present(now)...)
	for _, e := range present(later) {
		for _, name := range e.Names() {
			if probe := p.Probe(name); probe != nil {
				needed = append(needed, probe.Needs...)
			} else {
				needed = append(needed, p.ProbesUnder(e)...)
			}
		}
	}
	slices.Sort(needed)
	return slices.Compact(needed)
}

func present(list []*condition.Expression) []*condition.Expression {
	return slices.DeleteFunc(list, func(e *condition.Expression) bool { return e == nil })
}
