package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/sdk/schema"
)

// phase is when an expression is evaluated, which decides what it can know.
type phase int

const (
	phaseDiagnose phase = iota // probes, values, symptoms, causes
	phaseGate                  // whether a step is planned: nothing has run yet
	phaseRun                   // arguments, each, expect, wait_until, verify
)

// scope is what an expression of the playbook can name.
type scope struct {
	c     *checker
	extra map[string]*schema.Type // each, steps, changed, plan, run
}

var _ condition.Scope = scope{}

var (
	planType = schema.ObjectOf(schema.Field{Name: "stamp", Type: schema.Of(schema.Text), Required: true})
	runType  = schema.ObjectOf(schema.Field{Name: "started", Type: schema.Of(schema.Time), Required: true})
)

// scope makes the scope of a phase. What steps add is put in by the caller.
func (c *checker) scope(p phase) scope {
	s := scope{c, map[string]*schema.Type{}}
	if p == phaseRun {
		s.extra["plan"], s.extra["run"] = planType, runType
	}
	return s
}

// with adds a name to a scope.
func (s scope) with(name string, t *schema.Type) scope {
	extra := maps.Clone(s.extra)
	extra[name] = t
	return scope{s.c, extra}
}

// Lookup gives the type of a name.
func (s scope) Lookup(name string) (*schema.Type, bool) {
	if t, ok := s.extra[name]; ok {
		return t, true
	}
	switch name {
	case "inputs":
		return s.c.inputType, true
	case "now":
		return timeType, true
	case "symptoms":
		return s.c.symptomType, true
	case "causes":
		return s.c.causeType, true
	}
	if p, ok := s.c.probeAt[name]; ok {
		return p.Output, true
	}
	if l, ok := s.c.lets[name]; ok {
		return s.c.letType(l), true
	}
	return nil, false
}

// Names lists what can be named, for hints.
func (s scope) Names() []string {
	names := slices.Collect(maps.Keys(s.extra))
	names = append(names, "inputs", "symptoms", "causes", "now")
	names = slices.AppendSeq(names, maps.Keys(s.c.probeAt))
	names = slices.AppendSeq(names, maps.Keys(s.c.lets))
	slices.Sort(names)
	return names
}

// misplaced says of a problem with a name that it is known elsewhere: in another phase, or behind the step that brings
// it. The message is empty where the problem is another one.
func (s scope) misplaced(source string, p *condition.Problem) (message, hint string) {
	runes := []rune(source)
	if p.From < 0 || p.To > len(runes) || p.From >= p.To {
		return "", ""
	}
	word := string(runes[p.From:p.To])
	before := strings.TrimRight(string(runes[:p.From]), " ")
	for _, namespace := range []string{"steps", "changed"} {
		_, known := s.extra[namespace]
		rest, member := strings.CutSuffix(before, namespace+".")
		if known && member && (rest == "" || strings.ContainsRune(" (,[!", rune(rest[len(rest)-1]))) {
			return s.noSuchStep(namespace, word)
		}
	}
	if _, known := s.extra[word]; known || strings.HasSuffix(before, ".") {
		return "", ""
	}
	switch word {
	case "steps", "changed", "plan", "run":
		return fmt.Sprintf("%q is not known here: nothing has run yet", word),
			"it is known in `with`, `each`, `expect`, `wait_until` and texts of steps, in `verify` and in `escalate`"
	case "each":
		return "\"each\" is not known here", "it is the item that a step with `each: ${{ list }}` works on, in that step's `with`, `expect` and texts, and in its members"
	}
	return "", ""
}

// noSuchStep says why steps.ID or changed.ID is not known.
func (s scope) noSuchStep(namespace, id string) (message, hint string) {
	c := s.c
	if _, exists := c.defined["steps."+id]; !exists {
		known := s.extra[namespace].FieldNames()
		return fmt.Sprintf("there is no step %q before this one; %s knows %s", id, namespace, sorted(known)), didYouMean(id, known)
	}
	if namespace == "changed" {
		return fmt.Sprintf("the step %q has changed nothing that is known here", id), "`changed` knows the repeated steps (with `each`) that stand before this one"
	}
	return fmt.Sprintf("the step %q has no output that is known here", id), "`steps` knows the steps with `uses` that stand before this one and are not repeated"
}
