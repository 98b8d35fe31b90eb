package check

import (
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
)

// reserved names mean something of their own in expressions.
var reserved = []string{"symptoms", "causes", "inputs", "steps", "changed", "plan", "run", "each", "now", "true", "false", "nil", "not", "and", "or", "in", "let", "if", "else", "matches", "contains"}

// names demands that a name means one thing: probes and values share the names that expressions use, and neither may
// take a word of the language; symptoms, causes, inputs and steps have namespaces of their own.
func (c *checker) names() {
	for _, p := range c.doc.Probes {
		c.define(p.Name, "", "probe")
	}
	for _, l := range c.doc.Let {
		c.define(l.Name, "", "value")
	}
	for _, i := range c.doc.Inputs {
		c.define(i.Name, "inputs.", "input")
	}
	for _, s := range c.doc.Symptoms {
		c.define(s.Name, "symptoms.", "symptom")
	}
	for _, s := range c.doc.Causes {
		c.define(s.Name, "causes.", "cause")
	}
	c.defineSteps(c.doc.Steps)
	c.defineSteps(c.doc.Afterwards)
}

func (c *checker) defineSteps(steps []playbook.Step) {
	for i := range steps {
		if steps[i].ID != nil {
			c.define(*steps[i].ID, "steps.", "step")
		}
		c.defineSteps(steps[i].Steps)
		c.defineSteps(steps[i].Finally)
	}
}

func (c *checker) define(name playbook.Scalar, namespace, what string) {
	if !name.Given() {
		return
	}
	if namespace == "" && (slices.Contains(reserved, name.Value) || slices.Contains(condition.FunctionNames(), name.Value)) {
		c.errorAt(name.Span, "reserved-name", fmt.Sprintf("the %s %q has a name that means something of its own in expressions", what, name.Value), "choose another name")
		return
	}
	key := namespace + name.Value
	if first, taken := c.defined[key]; taken {
		c.add(diag.Diagnostic{
			Span: name.Span, Kind: "duplicate-name", Message: fmt.Sprintf("the name %q is taken", name.Value),
			Hint: "choose another name", Related: []diag.Related{{Span: first, Message: "the first one is here"}},
		})
		return
	}
	c.defined[key] = name.Span
}
