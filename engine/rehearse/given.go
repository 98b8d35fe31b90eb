package rehearse

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// reader reads values by hand as what a plugin would answer, and says where they are wrong.
type reader struct {
	file string
	kind string // of what is wrong: fact, input
	list diag.List
}

func (r *reader) errorAt(span diag.Span, kind, message, hint string) {
	r.list = append(r.list, diag.Diagnostic{File: r.file, Span: span, Kind: kind, Message: message, Hint: hint})
}

// value reads a value of the document by its type. What is not given is not in it: [complete] fills it in. The value is
// nil where it is wrong.
func (r *reader) value(v playbook.Value, t *schema.Type) any {
	if t == nil {
		t = schema.Of(schema.Any)
	}
	switch {
	case v.Kind == playbook.Invalid:
		return nil // the parser has said why
	case t.Kind == schema.Any:
		return free(v)
	case v.Kind == playbook.ListValue && t.Kind == schema.List:
		items := make([]any, 0, len(v.List))
		for _, item := range v.List {
			items = append(items, r.value(item, t.Elem))
		}
		return items
	case v.Kind == playbook.MapValue && (t.Kind == schema.Object || t.Kind == schema.Map):
		return r.object(v.Map, t)
	case v.Kind == playbook.ScalarValue && t.Kind < schema.List:
		data, err := check.Literal(v.Scalar, t)
		if err != nil {
			r.errorAt(v.Span, r.kind, err.Error(), "")
			return nil
		}
		return data
	}
	r.errorAt(v.Span, r.kind, fmt.Sprintf("expected %s, got %s", t, describe(v)), "")
	return nil
}

func describe(v playbook.Value) string {
	switch v.Kind {
	case playbook.ListValue:
		return "a list"
	case playbook.MapValue:
		return "a mapping"
	}
	return fmt.Sprintf("%q", v.Scalar.Value)
}

// object reads the fields of an object, or the entries of a map.
func (r *reader) object(entries []playbook.Entry, t *schema.Type) map[string]any {
	out := make(map[string]any, len(entries))
	for _, e := range entries {
		f, known := t.Field(e.Key.Value)
		ft := f.Type
		if !known {
			ft = t.Elem
			if ft == nil && t.Kind == schema.Object && len(t.Variants) == 0 {
				r.unknownField(e.Key, t)
				continue
			}
		}
		if data := r.value(e.Value, ft); data != nil {
			out[e.Key.Value] = data
		}
	}
	for _, e := range entries {
		if f, known := t.Field(e.Key.Value); known && f.Type.Counts != "" {
			r.count(e.Value.Span, f, out)
		}
	}
	return out
}

func (r *reader) unknownField(key playbook.Scalar, t *schema.Type) {
	names := t.FieldNames()
	hint := ""
	if s := diag.Suggest(key.Value, names); s != "" {
		hint = "did you mean " + s + "?"
	}
	known := "the object has none"
	if len(names) > 0 {
		known = "known are " + strings.Join(names, ", ")
	}
	r.errorAt(key.Span, "fact", fmt.Sprintf("unknown field %q; %s", key.Value, known), hint)
}

// count holds a given count against the list that it counts. It may be more than what is listed where `cut: true` says
// that the list is not all.
func (r *reader) count(span diag.Span, f schema.Field, object map[string]any) {
	n, isCount := object[f.Name].(int64)
	items, listed := object[f.Type.Counts].([]any)
	if !isCount || !listed || n == int64(len(items)) {
		return
	}
	if cut, _ := object["cut"].(bool); cut && n > int64(len(items)) {
		return
	}
	r.errorAt(span, "fact", fmt.Sprintf("%s is %d, and %s has %d", f.Name, n, f.Type.Counts, len(items)), fmt.Sprintf("leave out %s: it follows from the list, unless cut: true says that there is more than is listed", f.Name))
}

// free reads data that no type is known for.
func free(v playbook.Value) any {
	switch v.Kind {
	case playbook.ListValue:
		items := make([]any, 0, len(v.List))
		for _, item := range v.List {
			items = append(items, free(item))
		}
		return items
	case playbook.MapValue:
		out := make(map[string]any, len(v.Map))
		for _, e := range v.Map {
			out[e.Key.Value] = free(e.Value)
		}
		return out
	}
	kind := schema.Text
	switch v.Scalar.Kind {
	case playbook.Bool:
		return v.Scalar.Value == "true"
	case playbook.Int:
		kind = schema.Int
	case playbook.Number:
		kind = schema.Number
	}
	data, err := check.Literal(v.Scalar, schema.Of(kind))
	if err != nil { // a number that is too large to be one
		return v.Scalar.Value
	}
	return data
}

// healthyAnswer reads the healthy answer of a probe's manifest for a call with these arguments; ok is false when the
// manifest has none.
func healthyAnswer(p *check.Probe, input any) (answer map[string]any, ok bool, err error) {
	if len(p.Manifest.Healthy) == 0 {
		return nil, false, nil
	}
	t, err := schema.Parse(json.RawMessage(p.Manifest.Output))
	if err != nil {
		return nil, false, err
	}
	args, _ := input.(map[string]any)
	v, err := t.Healthy(p.Manifest.Healthy, args)
	if err != nil {
		return nil, false, fmt.Errorf("the healthy answer of %s does not fit: %w", p.Uses(), err)
	}
	answer, ok = v.(map[string]any)
	return answer, ok, nil
}

// words lists names for a message.
func words(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	names = slices.Sorted(slices.Values(names))
	return strings.Join(names, ", ")
}
