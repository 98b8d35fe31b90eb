package condition

import (
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/rectify-project/rectify/sdk/schema"
)

// The bounds of an expression. A real condition uses a tiny part of them.
const (
	MaxSource = 4 << 10 // bytes
	MaxNodes  = 500
	// maxSteps bounds one evaluation: less than half a second. It is counted, not timed, so that a slow machine comes to the same
	// verdict as a fast one.
	maxSteps = 2_000_000
	// maxBytes bounds what one evaluation may build.
	maxBytes = 16 << 20
)

// Scope gives the types of the names that an expression may use.
type Scope interface {
	// Lookup gives the type of a name. A name that exists and whose own definition is wrong has the type nil: nothing
	// is said of what uses it.
	Lookup(name string) (t *schema.Type, ok bool)
	// Names lists the names, for hints.
	Names() []string
}

// Types is a scope whose types are all known.
type Types map[string]*schema.Type

// Lookup gives the type of a name.
func (s Types) Lookup(name string) (*schema.Type, bool) { t, ok := s[name]; return t, ok }

// Names lists the names.
func (s Types) Names() []string { return slices.Sorted(maps.Keys(s)) }

// VerdictType is the type of symptoms.x and causes.x: a boolean whose verdict can be asked for. It is told from other
// booleans by its identity.
var VerdictType = schema.Of(schema.Bool)

// versionType is the type of version("10.0.19045"); told by its identity.
var versionType = schema.Of(schema.Text)

// Problem is an error in an expression, with its place as rune offsets into the source.
type Problem struct {
	From, To int
	Message  string
	Hint     string
}

func (p *Problem) Error() string { return p.Message }

// Expression is a compiled expression. It is immutable and safe for concurrent use.
type Expression struct {
	layout  layout
	root    ast.Node
	typ     *schema.Type
	types   map[ast.Node]*schema.Type
	folded  map[ast.Node]any      // calls on literals: hresult("…"), duration("…")
	regexps map[ast.Node]*pattern // of `matches`
	names   []string
}

// Compile parses and types an expression. want is the kind that it must have, or nil for any; Bool is a condition.
func Compile(source string, scope Scope, want *schema.Type) (*Expression, []*Problem) {
	e := &Expression{types: map[ast.Node]*schema.Type{}, folded: map[ast.Node]any{}, regexps: map[ast.Node]*pattern{}}
	root, layout, problem := parse(source)
	if problem != nil {
		return nil, []*Problem{problem}
	}
	e.root, e.layout = root, layout
	c := &checker{expr: e, scope: scope}
	e.typ = c.typeOf(root)
	if len(c.problems) == 0 && want != nil && !assignable(e.typ, want) {
		c.wrongResult(root, e.typ, want)
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	slices.Sort(c.names)
	e.names = slices.Compact(c.names)
	return e, nil
}

// Type is the type of the expression's value.
func (e *Expression) Type() *schema.Type { return e.typ }

// Source is the expression as it was written.
func (e *Expression) Source() string { return string(e.layout.source) }

// Names lists what the expression uses, sorted: "attempts", "symptoms.download_fails", "inputs.since". A name of a
// namespace (symptoms, causes, inputs, steps, changed, plan, run) comes with its member.
func (e *Expression) Names() []string { return e.names }

// Literal gives the value of an expression that uses no name.
func (e *Expression) Literal() (any, bool) {
	if len(e.names) > 0 {
		return nil, false
	}
	v := e.run(&evaluation{expr: e, nextCheck: checkEvery}).Value
	data, _, ok := v.Canonical()
	return data, ok
}

func (c *checker) wrongResult(n ast.Node, got, want *schema.Type) {
	p := &Problem{Message: fmt.Sprintf("the expression is %s, expected %s", article(got), article(want))}
	p.From, p.To = c.expr.layout.span(n)
	if want.Kind == schema.Object && got.Kind == schema.Object {
		p.Hint = lacking(got, want)
	}
	if want.Kind == schema.Bool {
		p.Message = fmt.Sprintf("the condition is %s, expected true or false", article(got))
		switch got.Kind {
		case schema.List:
			p.Hint = "ask whether it holds anything: len(…) > 0, or any(…)"
		case schema.Int, schema.Number, schema.Size:
			p.Hint = "compare it: … > 0"
		case schema.Text, schema.Path:
			p.Hint = `compare it: … == "…"`
		case schema.Object, schema.Map:
			p.Hint = "ask for one of its fields: " + strings.Join(got.FieldNames(), ", ")
		}
	}
	c.problems = append(c.problems, p)
}

// lacking says what keeps an object from standing where another is expected.
func lacking(got, want *schema.Type) string {
	for _, f := range want.Fields {
		have, ok := got.Field(f.Name)
		switch {
		case !ok && f.Required:
			return fmt.Sprintf("it has no field %q, which is %s", f.Name, article(f.Type))
		case ok && !assignable(have.Type, f.Type):
			return fmt.Sprintf("its field %q is %s, expected %s", f.Name, article(have.Type), article(f.Type))
		}
	}
	return ""
}

// pattern is a regular expression with what a byte of text costs it.
type pattern struct {
	*regexp.Regexp
	cost int // in instructions: at worst each of them is at work on each byte
}

// maxInstructions bounds the program of a regular expression: counted repetitions make long ones of short sources.
const maxInstructions = 5000

func compilePattern(source string) (*pattern, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	if len(program.Inst) > maxInstructions {
		return nil, fmt.Errorf("it is too big: its repetitions make %d instructions of it, at most %d are allowed", len(program.Inst), maxInstructions)
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, err
	}
	return &pattern{re, len(program.Inst)}, nil
}

func article(t *schema.Type) string {
	s := t.String()
	switch {
	case t == versionType:
		return "a version"
	case s == "text", s == "any":
		return s
	case strings.ContainsRune("aeiou", rune(s[0])), s == "hresult":
		return "an " + s
	}
	return "a " + s
}
