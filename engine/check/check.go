package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// maxDiagnostics bounds what is collected. After so many errors nothing more is compiled: each further one would be compared
// with all names for its hint.
const maxDiagnostics = 200

// Check checks a document that was parsed without errors against the functions that plugins offer. The playbook is nil
// when there are errors; warnings come beside it.
func Check(doc *playbook.Document, functions Catalog) (*Playbook, diag.List) {
	c := &checker{
		doc:       doc,
		functions: functions,
		out:       &Playbook{Document: doc, ID: doc.ID.Value, Title: doc.Title.Value},
		defined:   map[string]diag.Span{},
		probeAt:   map[string]*Probe{},
		lets:      map[string]*letType{},
	}
	c.names()
	c.codes()
	c.inputs()
	c.namespaces()
	c.index()
	c.probes()
	c.compileLets()
	c.conclusions()
	c.steps()
	c.verify()
	c.graph()
	c.safety()
	c.article()
	c.unused()
	list := c.list.Sorted()
	if list.HasErrors() {
		return nil, list
	}
	return c.out, list
}

// checker is one check of one document.
type checker struct {
	doc       *playbook.Document
	functions Catalog
	out       *Playbook
	list      diag.List
	count     [2]int // of errors and of warnings

	defined  map[string]diag.Span // where each name stands
	probeAt  map[string]*Probe    // by name
	lets     map[string]*letType  // by name
	allSteps []*Step

	inputType, symptomType, causeType *schema.Type // what the namespaces are in expressions
	runScope                          scope        // of what is evaluated when the steps have run
}

// add collects a diagnostic. Errors and warnings have bounds of their own, so that no error is lost for warnings.
func (c *checker) add(d diag.Diagnostic) {
	d.File = c.doc.File
	c.count[d.Severity]++
	switch n := c.count[d.Severity]; {
	case n <= maxDiagnostics:
		c.list = append(c.list, d)
	case n == maxDiagnostics+1:
		c.list = append(c.list, diag.Diagnostic{File: d.File, Span: d.Span, Severity: d.Severity, Kind: "too-many", Message: "more is wrong; it is not listed"})
	}
}

// full says whether there is no room for another error.
func (c *checker) full() bool { return c.count[diag.Error] >= maxDiagnostics }

func (c *checker) errorAt(span diag.Span, kind, message, hint string) {
	c.add(diag.Diagnostic{Span: span, Kind: kind, Message: message, Hint: hint})
}

func (c *checker) warnAt(span diag.Span, kind, message, hint string) {
	c.add(diag.Diagnostic{Span: span, Severity: diag.Warning, Kind: kind, Message: message, Hint: hint})
}

// compile compiles an expression of the document in a scope; nil when it is not there or wrong.
func (c *checker) compile(e *playbook.Expression, scope scope, want *schema.Type) *condition.Expression {
	if e == nil {
		return nil
	}
	if c.full() {
		c.errorAt(e.Span(), "expression", "this expression was not looked at", "")
		return nil
	}
	compiled, problems := condition.Compile(e.Source, scope, want)
	for _, p := range problems {
		message, hint := p.Message, p.Hint
		if m, h := scope.misplaced(e.Source, p); m != "" {
			message, hint = m, h
		}
		c.errorAt(e.Range(p.From, p.To), "expression", cut(message), cut(hint))
	}
	return compiled
}

// condition compiles a condition, and warns of one that does not ask about anything.
func (c *checker) condition(e *playbook.Expression, scope scope) *condition.Expression {
	compiled := c.compile(e, scope, boolType)
	if compiled == nil {
		return nil
	}
	if v, constant := compiled.Literal(); constant {
		c.warnAt(e.Span(), "constant", fmt.Sprintf("this condition is always %v", v), "a condition asks about a probe, a value, an input, a symptom or a cause; leave out one that says nothing")
	}
	return compiled
}

// duration reads a duration of the document; 0 when it is not there or wrong.
func (c *checker) duration(s *playbook.Scalar) time.Duration {
	if s == nil {
		return 0
	}
	d, err := schema.ParseDuration(s.Value)
	switch {
	case err != nil:
		c.errorAt(s.Span, "duration", err.Error(), "")
	case d <= 0:
		c.errorAt(s.Span, "duration", fmt.Sprintf("%q is no time to wait", s.Value), "write a positive duration, as in 10m")
	}
	return d
}

func text(s *playbook.Scalar) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func didYouMean(word string, accepted []string) string {
	if s := diag.Suggest(word, accepted); s != "" {
		return "did you mean " + s + "?"
	}
	return ""
}

// maxListed bounds how many names a message lists.
const maxListed = 50

func sorted(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	names = slices.Clone(names)
	slices.Sort(names)
	if rest := len(names) - maxListed; rest > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), rest)
	}
	return strings.Join(names, ", ")
}

// cut keeps a message that lists what a hostile document holds to a size that can be shown.
func cut(message string) string {
	const most = 2000
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "…"
}

var (
	boolType = schema.Of(schema.Bool)
	timeType = schema.Of(schema.Time)
)
