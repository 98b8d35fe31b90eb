package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
)

// graph demands that nothing rests on itself: probes by their gates and arguments, values, symptoms and causes. It also
// finds which probes each probe rests on.
func (c *checker) graph() {
	g := &graph{edges: map[string][]string{}, spans: map[string]diag.Span{}, state: map[string]int{}}
	for i, p := range c.out.Probes {
		uses := names(p.When)
		for _, a := range p.With {
			uses = append(uses, a.Value.names()...)
		}
		g.add(p.Name, c.doc.Probes[i].Name.Span, uses)
	}
	for _, l := range c.doc.Let {
		if lt := c.lets[l.Name.Value]; lt != nil {
			g.add(l.Name.Value, l.Name.Span, names(lt.expression))
		}
	}
	conclusions := func(namespace string, docs []playbook.Conclusion, compiled []*Conclusion) {
		for i, x := range compiled {
			g.add(namespace+x.Name, docs[i].Name.Span, append(names(x.When), names(x.Suspect)...))
		}
	}
	conclusions("symptoms.", c.doc.Symptoms, c.out.Symptoms)
	conclusions("causes.", c.doc.Causes, c.out.Causes)

	for _, name := range g.order {
		if circle := g.visit(name); circle != nil {
			c.circle(circle, g.spans)
		}
	}
	for _, p := range c.out.Probes {
		p.Needs = c.probesUnder(g.edges[p.Name], g.edges, map[string]bool{})
		slices.Sort(p.Needs)
	}
}

// maxCircle bounds how many names of a circle are told.
const maxCircle = 20

// circle tells of names that rest on one another, at the one that stands first in the document.
func (c *checker) circle(circle []string, spans map[string]diag.Span) {
	first := slices.Index(circle, slices.MinFunc(circle, func(a, b string) int {
		if spans[a].Start.Before(spans[b].Start) {
			return -1
		}
		return 1
	}))
	circle = slices.Concat(circle[first:], circle[:first])
	shown := circle[:min(len(circle), maxCircle)]
	way := slices.Clone(shown)
	if len(shown) < len(circle) {
		way = append(way, fmt.Sprintf("%d more", len(circle)-len(shown)))
	}
	d := diag.Diagnostic{
		Span: spans[circle[0]], Kind: "circle",
		Message: fmt.Sprintf("%s rests on itself: %s", circle[0], strings.Join(append(way, circle[0]), " → ")),
		Hint:    "each name rests on what was found out before it; leave one of them out",
	}
	for _, name := range shown[1:] {
		d.Related = append(d.Related, diag.Related{Span: spans[name], Message: name + " stands here"})
	}
	c.add(d)
}

// probesUnder lists the probes that names rest on, up to the first of them on each way.
func (c *checker) probesUnder(names []string, edges map[string][]string, seen map[string]bool) []string {
	var probes []string
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		if c.probeAt[name] != nil {
			probes = append(probes, name)
			continue
		}
		probes = append(probes, c.probesUnder(edges[name], edges, seen)...)
	}
	return probes
}

func names(e *condition.Expression) []string {
	if e == nil {
		return nil
	}
	return slices.Clone(e.Names())
}

// graph is what rests on what; circles are found by depth-first search.
type graph struct {
	order []string // of the document
	edges map[string][]string
	spans map[string]diag.Span
	state map[string]int // 1: on the path, 2: done
	path  []string
}

// add adds a name with the names that it uses. Of a name that is there twice, which is an error, the first one counts.
func (g *graph) add(name string, at diag.Span, uses []string) {
	if _, twice := g.spans[name]; twice {
		return
	}
	g.order = append(g.order, name)
	g.spans[name], g.edges[name] = at, uses
}

// visit finds a circle through names that were not visited before.
func (g *graph) visit(name string) (circle []string) {
	switch g.state[name] {
	case 1:
		return slices.Clone(g.path[slices.Index(g.path, name):])
	case 2:
		return nil
	}
	g.state[name] = 1
	g.path = append(g.path, name)
	for _, next := range g.edges[name] {
		if circle = g.visit(next); circle != nil {
			break
		}
	}
	g.path = g.path[:len(g.path)-1]
	g.state[name] = 2
	return circle
}
