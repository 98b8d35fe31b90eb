package check

import (
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/schema"
)

// literals gives what is literal of a call's arguments, as [schema.Type.Resolve] wants it: canonical, with defaults, and
// a map with its keys even when its values are computed.
func literals(with []playbook.Argument, input *schema.Type) map[string]any {
	out := map[string]any{}
	for _, f := range input.Fields {
		if f.Type.Default != nil {
			out[f.Name] = f.Type.Default
		}
	}
	for _, a := range with {
		f, known := input.Field(a.Name.Value)
		if !known {
			continue
		}
		delete(out, f.Name)
		if v, ok := literalOf(a.Value, f.Type); ok {
			out[f.Name] = v
		}
	}
	return out
}

func literalOf(v playbook.Value, t *schema.Type) (any, bool) {
	switch v.Kind {
	case playbook.ScalarValue:
		if v.Template != nil || t.Kind >= schema.List {
			return nil, false
		}
		data, err := Literal(v.Scalar, t)
		return data, err == nil
	case playbook.ListValue:
		if t.Kind != schema.List {
			return nil, false
		}
		items := make([]any, 0, len(v.List))
		for _, item := range v.List {
			l, ok := literalOf(item, t.Elem)
			if !ok {
				return nil, false
			}
			items = append(items, l)
		}
		return items, true
	case playbook.MapValue:
		keys := map[string]any{}
		for _, e := range v.Map {
			keys[e.Key.Value] = nil
		}
		return keys, true
	}
	return nil, false
}
