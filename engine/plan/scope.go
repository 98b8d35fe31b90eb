package plan

import (
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
	each    []condition.Value // innermost last
}

// NewScope makes a scope over diagnosed values. started is zero while planning.
func NewScope(base condition.Values, stamp string, started time.Time) *Scope {
	return &Scope{base: base, stamp: stamp, started: started, outputs: map[string]condition.Value{}, changed: map[string]condition.Value{}}
}

// Value gives the value of a name, as [condition.Values] wants it.
func (s *Scope) Value(name string) condition.Value {
	namespace, member, _ := strings.Cut(name, ".")
	switch {
	case name == "each" && len(s.each) > 0:
		return s.each[len(s.each)-1]
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

// Output sets what a step has brought; nil when it brought nothing that is known.
func (s *Scope) Output(id string, output map[string]any) {
	if output != nil {
		s.outputs[id] = condition.Known(output)
	}
}

// Missed says that a step was not carried out, so that its output never comes.
func (s *Scope) Missed(id, reason string) {
	s.outputs[id] = condition.Unknown(condition.Why{Reason: "step " + id + " was not carried out: " + reason})
	if _, ok := s.changed[id]; !ok {
		s.changed[id] = condition.Known([]any{})
	}
}

// Changed sets the items that a repeated step has changed.
func (s *Scope) Changed(id string, items []any) { s.changed[id] = condition.Known(items) }

// With is the scope inside of an instance of a repeated step. Outputs are shared with the outer one.
func (s *Scope) With(item any) *Scope {
	inner := *s
	inner.each = append(slices.Clip(s.each), condition.Known(item))
	return &inner
}

// isLater says whether a value is not known because something has not run yet, and what.
func isLater(why []condition.Why) (after string, later bool) {
	for _, w := range why {
		if rest, ok := strings.CutPrefix(w.Reason, knownAfter); ok {
			return rest, true
		}
	}
	return "", false
}
