package rehearse

import (
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// filled completes the output of a simulated action. What the test does not give is its default, else the plainest value
// of its type: the first of an enumeration, an empty text, 0, false, no items, the time of the test.
func filled(t *schema.Type, given map[string]any, now time.Time) map[string]any {
	out := make(map[string]any, len(given))
	for name, v := range given {
		ft := t.Elem
		if f, known := t.Field(name); known {
			ft = f.Type
		}
		out[name] = filledValue(ft, v, now)
	}
	for _, f := range t.Fields {
		if _, has := out[f.Name]; has {
			continue
		}
		items, counted := out[f.Type.Counts].([]any)
		switch {
		case counted:
			out[f.Name] = int64(len(items))
		case f.Type.Default != nil:
			out[f.Name] = f.Type.Default
		case f.Required:
			if v := plainest(f.Type, now); v != nil {
				out[f.Name] = v
			}
		}
	}
	return out
}

func filledValue(t *schema.Type, v any, now time.Time) any {
	if t == nil {
		return v
	}
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = filledValue(t.Elem, x[i], now)
		}
		return out
	case map[string]any:
		return filled(t, x, now)
	}
	return v
}

func plainest(t *schema.Type, now time.Time) any {
	switch t.Kind {
	case schema.Text:
		if len(t.Enum) > 0 {
			return t.Enum[0]
		}
		return ""
	case schema.Path:
		return ""
	case schema.Int, schema.Size:
		if t.Minimum != nil {
			return int64(*t.Minimum)
		}
		return int64(0)
	case schema.Number:
		if t.Minimum != nil {
			return *t.Minimum
		}
		return 0.0
	case schema.Bool:
		return false
	case schema.Time:
		return now
	case schema.Duration:
		return time.Duration(0)
	case schema.HResult:
		return hresult.Code(0)
	case schema.List:
		return []any{}
	case schema.Object, schema.Map:
		return filled(t, nil, now)
	}
	return nil
}
