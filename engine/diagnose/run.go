package diagnose

import (
	"context"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/fact"
)

// Run reads what a playbook needs from an observer and concludes. When its problem is not there, or has healed, nothing
// more is read than what tells that. inputs are canonical; now is the
// target's time; assumed may be nil.
func Run(ctx context.Context, p *check.Playbook, observer fact.Observer, inputs map[string]any, now time.Time, assumed Assumptions) *Result {
	var names []string
	for _, probe := range p.Probes {
		names = append(names, probe.Name)
	}
	facts := fact.NewSet(names)
	env := NewEnvironment(ctx, p, facts, inputs, now, assumed)
	fact.Gather(ctx, p, NeededToApply(p), facts, env.Value, observer)
	result := Apply(env)
	if result.Outcome == NotSeen || result.Outcome == Transient {
		return result
	}
	fact.Gather(ctx, p, NeededToConclude(p), facts, env.Value, observer)
	Conclude(env, result)
	return result
}
