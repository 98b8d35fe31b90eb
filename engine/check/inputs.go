package check

import (
	"fmt"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// inputs types what the operator may set.
func (c *checker) inputs() {
	for _, i := range c.doc.Inputs {
		kind, ok := schema.KindOf(i.Type.Value)
		if !ok {
			continue // the parser has said which types there are
		}
		in := Input{Name: i.Name.Value, Type: schema.Of(kind), Optional: i.Optional, Help: text(i.Help)}
		if i.Default != nil {
			v, err := Literal(*i.Default, in.Type)
			if err != nil {
				c.errorAt(i.Default.Span, "input", fmt.Sprintf("the default of %q: %v", in.Name, err), literalHint(*i.Default, in.Type))
			}
			in.Default = v
		}
		c.out.Inputs = append(c.out.Inputs, in)
	}
}

// namespaces makes the objects that `inputs`, `symptoms` and `causes` are in expressions.
func (c *checker) namespaces() {
	c.inputType = schema.ObjectOf()
	for _, i := range c.out.Inputs {
		c.inputType.Fields = append(c.inputType.Fields, schema.Field{Name: i.Name, Type: i.Type, Required: !i.Optional})
	}
	verdicts := func(list []playbook.Conclusion) *schema.Type {
		t := schema.ObjectOf()
		for _, x := range list {
			t.Fields = append(t.Fields, schema.Field{Name: x.Name.Value, Type: condition.VerdictType, Required: true})
		}
		return t
	}
	c.symptomType, c.causeType = verdicts(c.doc.Symptoms), verdicts(c.doc.Causes)
}
