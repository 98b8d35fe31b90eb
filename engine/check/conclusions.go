package check

import (
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// conclusions compiles applies, symptoms and causes. They may use one another; a circle is told by graph.
func (c *checker) conclusions() {
	scope := c.scope(phaseDiagnose)
	c.out.Applies = Conclusion{Name: "applies", Title: c.out.Title}
	if a := c.doc.Applies; a != nil {
		c.out.Applies.When = c.condition(a.When, scope)
		c.out.Healed = c.condition(a.Healed, scope)
		c.out.Others = c.compile(a.Others, scope, otherFailures)
	}
	c.out.Symptoms = c.conclusionList(c.doc.Symptoms, scope)
	c.out.Causes = c.conclusionList(c.doc.Causes, scope)
}

// otherFailures is what `applies.others` lists; the other fields that a failure has are welcome.
var otherFailures = schema.ListOf(schema.ObjectOf(
	schema.Field{Name: "code", Type: schema.Of(schema.HResult), Required: true},
	schema.Field{Name: "title", Type: schema.Of(schema.Text)},
	schema.Field{Name: "ended", Type: timeType},
))

func (c *checker) conclusionList(list []playbook.Conclusion, scope scope) []*Conclusion {
	var out []*Conclusion
	for _, x := range list {
		out = append(out, &Conclusion{
			Name: x.Name.Value, Title: x.Title.Value, Article: text(x.Article),
			When: c.condition(x.When, scope), Suspect: c.condition(x.Suspect, scope),
		})
	}
	return out
}

// verify compiles how one knows that it worked, and what to say when it did not.
func (c *checker) verify() {
	scope := c.runScope
	if v := c.doc.Verify; v != nil {
		c.out.Fixed = c.condition(v.Fixed, scope)
		c.out.Pending = c.condition(v.Pending, scope)
	}
	if e := c.doc.Escalate; e != nil {
		c.out.Escalate = &Escalate{Article: text(e.Article), Say: c.text(e.Say, scope), Bundle: e.Bundle}
	}
}
