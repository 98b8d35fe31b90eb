package check

import (
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// gate is a condition with the outcome that lets a call happen: `when` true, `unless` false.
type gate struct {
	condition *condition.Expression
	opens     bool
}

// gates are those of a call, and of the groups round it: it happens where all are open.
type gates []gate

// ensure says whether an input is given wherever the gates are open.
func (g gates) ensure(input string) bool {
	return slices.ContainsFunc(g, func(g gate) bool {
		return g.condition != nil && g.condition.Ensures(input, g.opens)
	})
}

// with adds the gates of a step. The gates of its neighbours stay as they are.
func (g gates) with(s *Step) gates {
	return append(slices.Clip(g), gate{s.When, true}, gate{s.Unless, false})
}

// arguments checks the arguments of a call against the input that the function takes.
func (c *checker) arguments(uses playbook.Scalar, with []playbook.Argument, input *schema.Type, scope scope, gates gates) []Argument {
	var out []Argument
	given := map[string]bool{}
	meant := map[string]bool{} // misspelt: not missing besides
	for _, a := range with {
		f, ok := input.Field(a.Name.Value)
		if !ok {
			near := diag.Suggest(a.Name.Value, input.FieldNames())
			meant[near] = true
			c.errorAt(a.Name.Span, "unknown-argument", fmt.Sprintf("%s has no argument %q; it takes %s", uses.Value, a.Name.Value, sorted(input.FieldNames())), didYouMean(a.Name.Value, input.FieldNames()))
			continue
		}
		given[f.Name] = true
		v := c.value(a.Value, f.Type, scope)
		if v.OptionalInput != "" && f.Required && !gates.ensure(v.OptionalInput) {
			c.errorAt(a.Value.Span, "optional-input", fmt.Sprintf("%s needs %q, and the input %q is optional", uses.Value, f.Name, v.OptionalInput), fmt.Sprintf("write given(inputs.%s) in `when`, or give the input a default", v.OptionalInput))
		}
		out = append(out, Argument{Name: f.Name, Value: v})
	}
	var missing []string
	for _, f := range input.Fields {
		if f.Required && !given[f.Name] && !meant[f.Name] {
			missing = append(missing, f.Name)
		}
	}
	if len(missing) > 0 {
		c.errorAt(uses.Span, "missing-argument", fmt.Sprintf("%s needs %s", uses.Value, sorted(missing)), "write it under `with`")
	}
	return out
}

// value checks one value against a type.
func (c *checker) value(v playbook.Value, t *schema.Type, scope scope) Value {
	switch v.Kind {
	case playbook.ScalarValue:
		return c.scalarValue(v, t, scope)
	case playbook.ListValue:
		elem := t.Elem
		switch t.Kind {
		case schema.List:
		case schema.Any:
			elem = t
		default:
			c.mismatch(v.Span, "a list", t, "")
			return Value{}
		}
		out := Value{List: []Value{}}
		for _, item := range v.List {
			out.List = append(out.List, c.value(item, elem, scope))
		}
		return out.folded()
	case playbook.MapValue:
		return c.mapValue(v, t, scope).folded()
	}
	return Value{}
}

func (c *checker) mismatch(span diag.Span, got string, t *schema.Type, hint string) {
	c.errorAt(span, "argument-type", fmt.Sprintf("expected %s, got %s", article(t), got), hint)
}

func (c *checker) scalarValue(v playbook.Value, t *schema.Type, scope scope) Value {
	if v.Template == nil {
		switch t.Kind {
		case schema.List:
			c.mismatch(v.Span, "text", t, "write a list, also of one item: begin its line with `- `, or put it between [ and ]")
			return Value{}
		case schema.Object, schema.Map:
			c.mismatch(v.Span, "text", t, "write a mapping: key: value")
			return Value{}
		}
		data, err := Literal(v.Scalar, t)
		if err != nil {
			c.errorAt(v.Span, "argument-type", err.Error(), literalHint(v.Scalar, t))
		}
		return Value{Const: data}
	}
	if whole := v.Template.Whole(); whole != nil {
		return c.expressionValue(whole, t, scope)
	}
	if t.Kind != schema.Text && t.Kind != schema.Path {
		c.errorAt(v.Span, "argument-type", fmt.Sprintf("expected %s, got text with expressions in it", article(t)), "write one ${{ expression }} and nothing else")
		return Value{}
	}
	return Value{Text: c.text(v.Template, scope)}
}

// expressionValue checks a value that is one expression. A literal one is held against the limits of the type as well.
func (c *checker) expressionValue(x *playbook.Expression, t *schema.Type, scope scope) Value {
	e := c.compile(x, scope, nil)
	if e == nil {
		return Value{}
	}
	switch got := e.Type(); {
	case got == nil:
	case !condition.Assignable(got, t):
		c.errorAt(x.Span(), "argument-type", fmt.Sprintf("expected %s, the expression is %s", article(t), article(got)), misfit(got, t))
	case t.Kind < schema.List:
		if data, literal := e.Literal(); literal {
			if _, err := t.Scalar(data); err != nil {
				c.errorAt(x.Span(), "argument-type", err.Error(), didYouMean(fmt.Sprint(data), t.Enum))
			}
		}
	}
	return Value{Expression: e, OptionalInput: c.optionalInput(e)}
}

// misfit says what an object lacks, or has of another type, to be what is expected.
func misfit(got, want *schema.Type) string {
	if got.Kind == schema.List && want.Kind == schema.List && got.Elem != nil {
		got, want = got.Elem, want.Elem
	}
	if got.Kind != schema.Object || want.Kind != schema.Object {
		return ""
	}
	for _, f := range want.Fields {
		have, ok := got.Field(f.Name)
		switch {
		case !ok && f.Required:
			return fmt.Sprintf("it has no field %q; it has %s", f.Name, sorted(got.FieldNames()))
		case ok && !condition.Assignable(have.Type, f.Type):
			return fmt.Sprintf("its field %q is %s, expected %s", f.Name, article(have.Type), article(f.Type))
		}
	}
	return ""
}

// optionalInput names the input when an expression is nothing but an optional one.
func (c *checker) optionalInput(e *condition.Expression) string {
	name, ok := e.Reference()
	for _, i := range c.out.Inputs {
		if ok && i.Optional && name == "inputs."+i.Name {
			return i.Name
		}
	}
	return ""
}

func (c *checker) mapValue(v playbook.Value, t *schema.Type, scope scope) Value {
	out := Value{Map: []Argument{}}
	switch t.Kind {
	case schema.Any:
		for _, e := range v.Map {
			out.Map = append(out.Map, Argument{e.Key.Value, c.value(e.Value, t, scope)})
		}
		return out
	case schema.Map, schema.Object:
	default:
		c.mismatch(v.Span, "a mapping", t, "")
		return Value{}
	}
	given, meant := map[string]bool{}, map[string]bool{}
	for _, e := range v.Map {
		elem := t.Elem
		if f, known := t.Field(e.Key.Value); known {
			elem = f.Type
		}
		if elem == nil {
			meant[diag.Suggest(e.Key.Value, t.FieldNames())] = true
			c.errorAt(e.Key.Span, "unknown-argument", fmt.Sprintf("unknown field %q; known are %s", e.Key.Value, sorted(t.FieldNames())), didYouMean(e.Key.Value, t.FieldNames()))
			continue
		}
		given[e.Key.Value] = true
		out.Map = append(out.Map, Argument{e.Key.Value, c.value(e.Value, elem, scope)})
	}
	for _, f := range t.Fields {
		if f.Required && !given[f.Name] && !meant[f.Name] {
			c.errorAt(v.Span, "missing-argument", fmt.Sprintf("the field %q is missing", f.Name), "")
		}
	}
	return out
}

// folded makes a list or map whose parts are all literal a literal itself.
func (v Value) folded() Value {
	switch {
	case v.List != nil:
		items := make([]any, 0, len(v.List))
		for _, item := range v.List {
			if item.Const == nil {
				return v
			}
			items = append(items, item.Const)
		}
		return Value{Const: items}
	case v.Map != nil:
		fields := make(map[string]any, len(v.Map))
		for _, a := range v.Map {
			if a.Value.Const == nil {
				return v
			}
			fields[a.Name] = a.Value.Const
		}
		return Value{Const: fields}
	}
	return v
}
