package plan

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/condition"
)

// knownAfter begins the reason of a value that exists only when something has run.
const knownAfter = "known after "

// Scope gives the names of step expressions their values: what was diagnosed, and what steps have brought since.
type Scope struct {
	base    condition.Values
	stamp   string
	started time.Time // zero until the run has begun
	outputs map[string]condition.Value
	changed map[string]condition.Value
	each    *condition.Value // of the nearest repeated step; nil outside of one
}

// NewScope makes a scope over diagnosed values. started is zero while planning.
func NewScope(base condition.Values, stamp string, started time.Time) *Scope {
	return &Scope{base: base, stamp: stamp, started: started, outputs: map[string]condition.Value{}, changed: map[string]condition.Value{}}
}

// Value gives the value of a name, as [condition.Values] wants it.
func (s *Scope) Value(name string) condition.Value {
	namespace, member, _ := strings.Cut(name, ".")
	switch {
	case name == "each" && s.each != nil:
		return *s.each
	case name == "plan.stamp":
		return condition.Known(s.stamp)
	case name == "run.started":
		if s.started.IsZero() {
			return condition.Unknown(condition.Why{Reason: knownAfter + "the run has begun"})
		}
		return condition.Known(s.started)
	case namespace == "steps":
		return valueOr(s.outputs, member)
	case namespace == "changed":
		return valueOr(s.changed, member)
	}
	return s.base(name)
}

func valueOr(of map[string]condition.Value, id string) condition.Value {
	if v, ok := of[id]; ok {
		return v
	}
	return condition.Unknown(condition.Why{Reason: knownAfter + "step " + id})
}

// Output sets what a step has brought, or will bring; nil when that is not known although it was carried out.
func (s *Scope) Output(id string, output map[string]any) {
	if output == nil {
		s.outputs[id] = condition.Unknown(condition.Why{Reason: "what step " + id + " has brought is not known"})
		return
	}
	s.outputs[id] = condition.Known(output)
}

// Missed says that the output of a step never comes.
func (s *Scope) Missed(id, reason string) {
	s.outputs[id] = condition.Unknown(condition.Why{Reason: "step " + id + " was not carried out: " + reason})
	if _, ok := s.changed[id]; !ok {
		s.changed[id] = condition.Known([]any{})
	}
}

// Changed sets the items that a repeated step has changed.
func (s *Scope) Changed(id string, items []any) { s.changed[id] = condition.Known(items) }

// With is the scope inside of an instance of a repeated step. It knows what the steps before it have brought; what its
// own members bring is known in it alone, since outside nobody could say which instance is meant.
func (s *Scope) With(item any) *Scope {
	inner := *s
	each := condition.Known(item)
	inner.each, inner.outputs, inner.changed = &each, maps.Clone(s.outputs), maps.Clone(s.changed)
	return &inner
}

// isLater says whether a value is not known only because something has not run yet, and what.
func isLater(why []condition.Why) (after string, later bool) {
	after = awaited(why)
	return after, after != "" && !slices.ContainsFunc(why, func(w condition.Why) bool { return awaited([]condition.Why{w}) == "" })
}

// awaited is the first thing among the reasons that has to run for more to be known; empty when there is none.
func awaited(why []condition.Why) (after string) {
	for _, w := range why {
		if rest, ok := strings.CutPrefix(w.Reason, knownAfter); ok && w.Fact == "" {
			return rest
		}
	}
	return ""
}
