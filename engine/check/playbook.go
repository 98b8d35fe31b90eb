// Package check gives a parsed playbook its meaning: names are resolved against the manifests of plugins, arguments are
// typed, conditions are compiled, the graph is acyclic and the safety rules hold. What it accepts is what runs: there is
// no other loader.
//
// One file holds one rule, or one family of them; each diagnostic carries the name of its rule as its kind.
package check

import (
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Playbook is a checked playbook. It is immutable.
type Playbook struct {
	Document *playbook.Document
	ID       string
	Title    string
	Codes    []hresult.Code
	Related  []hresult.Code

	Inputs     []Input
	Probes     []*Probe
	Lets       []*Let
	Applies    Conclusion
	Healed     *condition.Expression // whether the problem has gone by itself
	Others     *condition.Expression // failures that this playbook is not about, to be named in the report
	Symptoms   []*Conclusion
	Causes     []*Conclusion
	Steps      []*Step
	Fixed      *condition.Expression
	Pending    *condition.Expression
	Afterwards []*Step
	Escalate   *Escalate
}

// Input is what the operator may set.
type Input struct {
	Name     string
	Type     *schema.Type
	Default  any // canonical; nil when there is none
	Optional bool
	Help     string
}

// Probe is a call of a plugin's probe.
type Probe struct {
	Name     string
	Title    string
	Plugin   string
	Manifest sdk.ProbeManifest
	Input    *schema.Type
	Output   *schema.Type // resolved for this call's literal arguments
	With     []Argument
	When     *condition.Expression
	Timeout  time.Duration // 0: the engine's own
	Needs    []string      // the probes that its arguments and when rest on, directly or through values, sorted
}

// Uses is the probe's full name, "log.search".
func (p *Probe) Uses() string { return p.Plugin + "." + p.Manifest.Name }

// Let is a derived value.
type Let struct {
	Name       string
	Expression *condition.Expression
}

// Conclusion is a symptom or cause, or whether the playbook applies.
type Conclusion struct {
	Name    string
	Title   string
	Article string
	When    *condition.Expression // nil: never true
	Suspect *condition.Expression // nil: false
}

// Escalate says what to do when it did not work.
type Escalate struct {
	Article string
	Say     *Text
	Bundle  bool
}

// Argument is one named argument of a call.
type Argument struct {
	Name  string
	Value Value
}

// Value is an argument's value: exactly one of its fields is set.
type Value struct {
	Const      any // canonical, for a literal
	Expression *condition.Expression
	Text       *Text
	List       []Value
	Map        []Argument
	// OptionalInput names the input when the value is nothing but an optional input: when that was not given, the
	// argument is left out.
	OptionalInput string
}

// Text is text with expressions in it.
type Text struct {
	Parts []TextPart
}

// TextPart is literal text, or an expression whose value is formatted.
type TextPart struct {
	Literal    string
	Expression *condition.Expression
}

// Probe finds a probe by name.
func (p *Playbook) Probe(name string) *Probe {
	for _, x := range p.Probes {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Let finds a derived value by name.
func (p *Playbook) Let(name string) *Let {
	for _, x := range p.Lets {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Symptom finds a symptom by name.
func (p *Playbook) Symptom(name string) *Conclusion { return conclusion(p.Symptoms, name) }

// Cause finds a cause by name.
func (p *Playbook) Cause(name string) *Conclusion { return conclusion(p.Causes, name) }

func conclusion(list []*Conclusion, name string) *Conclusion {
	for _, c := range list {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// RunsOn says whether the playbook is about machines of a platform, by its GOOS name.
func (p *Playbook) RunsOn(goos string) bool {
	for _, platform := range p.Document.Platforms {
		if platform.Value == goos {
			return true
		}
	}
	return len(p.Document.Platforms) == 0
}

// ProbesUnder lists the probes that expressions rest on, directly or through values, symptoms, causes and the arguments
// of other probes, in the order of the playbook.
func (p *Playbook) ProbesUnder(expressions ...*condition.Expression) []string {
	seen := map[string]bool{}
	var follow func(names []string)
	follow = func(list []string) {
		for _, name := range list {
			if seen[name] {
				continue
			}
			seen[name] = true
			namespace, member, _ := strings.Cut(name, ".")
			switch {
			case namespace == "symptoms" || namespace == "causes":
				c := p.Symptom(member)
				if namespace == "causes" {
					c = p.Cause(member)
				}
				follow(names(c.When))
				follow(names(c.Suspect))
			case p.Let(name) != nil:
				follow(names(p.Let(name).Expression))
			case p.Probe(name) != nil:
				follow(p.Probe(name).Needs)
			}
		}
	}
	for _, e := range expressions {
		follow(names(e))
	}
	var out []string
	for _, probe := range p.Probes {
		if seen[probe.Name] {
			out = append(out, probe.Name)
		}
	}
	return out
}

// Expressions lists those of a value.
func (v Value) Expressions() []*condition.Expression {
	all := v.Text.Expressions()
	if v.Expression != nil {
		all = append(all, v.Expression)
	}
	for _, item := range v.List {
		all = append(all, item.Expressions()...)
	}
	for _, a := range v.Map {
		all = append(all, a.Value.Expressions()...)
	}
	return all
}

// Expressions lists those of a text, which may be nil.
func (t *Text) Expressions() []*condition.Expression {
	if t == nil {
		return nil
	}
	var all []*condition.Expression
	for _, part := range t.Parts {
		if part.Expression != nil {
			all = append(all, part.Expression)
		}
	}
	return all
}

// names lists the names that a value uses.
func (v Value) names() []string {
	var names []string
	for _, e := range v.Expressions() {
		names = append(names, e.Names()...)
	}
	return names
}
