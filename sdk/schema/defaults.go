package schema

import "encoding/json"

// WithDefaults gives a canonical object with the absent fields that have a default filled in, also in the objects
// that it holds, in lists and maps too. An absent object stays absent unless it has a default itself. The value that
// is passed in is not changed.
func (t *Type) WithDefaults(object map[string]any) map[string]any {
	out := make(map[string]any, len(object))
	for k, v := range object {
		ft := t.Elem
		if f, known := t.Field(k); known {
			ft = f.Type
		}
		out[k] = ft.withDefaults(v)
	}
	for _, f := range t.Fields {
		if _, has := out[f.Name]; !has && f.Type.Default != nil {
			out[f.Name] = f.Type.withDefaults(clone(f.Type.Default))
		}
	}
	return out
}

func (t *Type) withDefaults(v any) any {
	if t == nil {
		return v
	}
	switch x := v.(type) {
	case []any:
		if t.Kind != List {
			return v
		}
		out := make([]any, len(x))
		for i := range x {
			out[i] = t.Elem.withDefaults(x[i])
		}
		return out
	case map[string]any:
		if t.Kind == Object || t.Kind == Map {
			return t.WithDefaults(x)
		}
	}
	return v
}

// clone copies the lists and objects of a canonical value, so that a default is never shared.
func clone(v any) any {
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = clone(x[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k := range x {
			out[k] = clone(x[k])
		}
		return out
	}
	return v
}

// everyKey stands, in the healthy answer of a manifest, for each key of the argument that a map's keys come from.
const everyKey = "*"

// Healthy reads the answer that a manifest gives for a healthy machine, for one call. In a map whose KeysFrom names an
// argument, the value of the key "*" is given for each key of that argument which the answer does not name itself. The
// result is canonical for the type resolved with args; args is as in [Type.Resolve].
func (t *Type) Healthy(raw json.RawMessage, args map[string]any) (any, error) {
	v, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return t.Resolve(args).canonical(t.expandKeys(v, args), "")
}

func (t *Type) expandKeys(v any, args map[string]any) any {
	if t == nil {
		return v
	}
	switch x := v.(type) {
	case []any:
		if t.Kind != List {
			return v
		}
		for i := range x {
			x[i] = t.Elem.expandKeys(x[i], args)
		}
	case map[string]any:
		if every, has := x[everyKey]; has && t.Kind == Map && t.KeysFrom != "" {
			delete(x, everyKey)
			keys, _ := args[t.KeysFrom].(map[string]any)
			for k := range keys {
				if _, named := x[k]; !named {
					x[k] = clone(every)
				}
			}
		}
		for k := range x {
			ft := t.Elem
			if f, known := t.Field(k); known {
				ft = f.Type
			}
			x[k] = ft.expandKeys(x[k], args)
		}
	}
	return v
}
