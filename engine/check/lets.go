package check

import (
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// letType is a derived value while its type is found.
type letType struct {
	doc        *playbook.Let
	begun      bool
	expression *condition.Expression // nil where it is wrong
}

// index makes the values known to one another, before the first one is compiled. A probe's name is the probe's.
func (c *checker) index() {
	for i := range c.doc.Let {
		if l := &c.doc.Let[i]; c.lets[l.Name.Value] == nil {
			c.lets[l.Name.Value] = &letType{doc: l}
		}
	}
}

// compileLets compiles the derived values.
func (c *checker) compileLets() {
	for _, l := range c.doc.Let {
		if lt := c.lets[l.Name.Value]; lt != nil {
			c.letType(lt)
			if lt.expression != nil {
				c.out.Lets = append(c.out.Lets, &Let{Name: l.Name.Value, Expression: lt.expression})
			}
		}
	}
}

// letType compiles a derived value when it is first needed: its type follows from the values that it uses. The type is
// nil where it is wrong, or part of a circle, which graph tells.
func (c *checker) letType(l *letType) *schema.Type {
	if !l.begun {
		l.begun = true
		l.expression = c.compile(&l.doc.Expression, c.scope(phaseDiagnose), nil)
	}
	if l.expression == nil {
		return nil
	}
	return l.expression.Type()
}
