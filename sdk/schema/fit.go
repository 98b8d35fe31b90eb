package schema

// Fit gives a canonical value without the fields that an object type does not know: a record of one probe's answer can
// so be the argument of another that asks for less. The value that is passed in is not changed.
func (t *Type) Fit(v any) any {
	switch x := v.(type) {
	case []any:
		if t.Kind != List {
			return v
		}
		out := make([]any, len(x))
		for i := range x {
			out[i] = t.Elem.Fit(x[i])
		}
		return out
	case map[string]any:
		if t.Kind != Object && t.Kind != Map {
			return v
		}
		out := make(map[string]any, len(x))
		for k := range x {
			if f, known := t.Field(k); known {
				out[k] = f.Type.Fit(x[k])
			} else if t.Elem != nil {
				out[k] = t.Elem.Fit(x[k])
			}
		}
		return out
	}
	return v
}
