package check

import (
	"fmt"

	"github.com/rectify-project/rectify/engine/playbook"
)

// article holds the playbook against the sections of the article that it implements: a section that does not exist is
// an error, one that nothing implements a warning.
func (c *checker) article() {
	a := c.doc.Article
	known, used := map[string]bool{}, map[string]bool{}
	var all []string
	if a != nil {
		for _, s := range a.Sections {
			if known[s.Value] {
				c.errorAt(s.Span, "article", fmt.Sprintf("the section %q is listed twice", s.Value), "keep one of the two")
				continue
			}
			known[s.Value] = true
			all = append(all, s.Value)
		}
	}
	refer := func(s *playbook.Scalar) {
		if s == nil || !s.Given() {
			return
		}
		used[s.Value] = true
		switch {
		case known[s.Value]:
		case len(all) == 0:
			c.errorAt(s.Span, "article", fmt.Sprintf("the section %q belongs to no article", s.Value), "name the article and list its `sections` under `article`")
		default:
			c.errorAt(s.Span, "article", fmt.Sprintf("the article has no section %q; it has %s", s.Value, sorted(all)), didYouMean(s.Value, all))
		}
	}
	for _, x := range c.doc.Symptoms {
		refer(x.Article)
	}
	for _, x := range c.doc.Causes {
		refer(x.Article)
	}
	c.referSteps(c.doc.Steps, refer)
	c.referSteps(c.doc.Afterwards, refer)
	if c.doc.Escalate != nil {
		refer(c.doc.Escalate.Article)
	}
	if a == nil {
		return
	}
	for _, s := range a.Sections {
		if !used[s.Value] {
			used[s.Value] = true
			c.warnAt(s.Span, "article", fmt.Sprintf("nothing implements the section %q", s.Value), "name it in `article` of a symptom, cause or step")
		}
	}
}

func (c *checker) referSteps(steps []playbook.Step, refer func(*playbook.Scalar)) {
	for i := range steps {
		refer(steps[i].Article)
		c.referSteps(steps[i].Steps, refer)
		c.referSteps(steps[i].Finally, refer)
	}
}
