package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
)

// PathError is a value that does not have its type, with its place in the document as a JSON pointer.
type PathError struct {
	Pointer string // "/failed/0/code"; "" is the document itself
	Err     error
}

func (e *PathError) Error() string {
	if e.Pointer == "" {
		return e.Err.Error()
	}
	return e.Pointer + ": " + e.Err.Error()
}

func (e *PathError) Unwrap() error { return e.Err }

// Canonical reads a JSON document as the canonical Go value of a type: int64 for integers however they were written,
// time.Time in UTC, time.Duration, hresult.Code, []any, map[string]any. A JSON null is an absent key. Unknown fields,
// missing required fields, values outside an enumeration or bounds, and non-finite numbers are a [PathError].
func (t *Type) Canonical(raw []byte) (any, error) {
	v, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return t.canonical(v, "")
}

func (t *Type) canonical(v any, at string) (any, error) {
	if t == nil {
		return plain(v, at)
	}
	switch t.Kind {
	case List:
		items, ok := v.([]any)
		if v == nil {
			items, ok = []any{}, true // Go writes an empty list as null
		}
		if !ok {
			return nil, mismatch(t, v, at)
		}
		out := make([]any, len(items))
		for i, item := range items {
			c, err := t.Elem.canonical(item, at+"/"+strconv.Itoa(i))
			if err != nil {
				return nil, err
			}
			out[i] = c
		}
		return out, nil
	case Object, Map:
		m, ok := v.(map[string]any)
		if v == nil && t.Kind == Map {
			m, ok = map[string]any{}, true
		}
		if !ok {
			return nil, mismatch(t, v, at)
		}
		return t.canonicalObject(m, at)
	}
	if t.Kind == Any {
		return plain(v, at)
	}
	c, err := t.Scalar(v)
	if err != nil {
		return nil, &PathError{at, err}
	}
	return c, nil
}

func (t *Type) canonicalObject(m map[string]any, at string) (any, error) {
	out := make(map[string]any, len(m))
	for _, key := range sortedKeys(m) {
		if m[key] == nil {
			if f, known := t.Field(key); !known || f.Type.Kind != List && f.Type.Kind != Map {
				continue
			}
		}
		ft := t.Elem
		if f, known := t.Field(key); known {
			ft = f.Type
		} else if ft == nil && t.Kind == Object && len(t.Variants) == 0 {
			return nil, &PathError{at + "/" + escapePointer(key), t.unknownField(key)}
		}
		if ft == nil {
			ft = t.variantField(key)
		}
		c, err := ft.canonical(m[key], at+"/"+escapePointer(key))
		if err != nil {
			return nil, err
		}
		out[key] = c
	}
	for _, f := range t.Fields {
		if _, has := out[f.Name]; !has && f.Required {
			return nil, &PathError{at, fmt.Errorf("field %q is missing", f.Name)}
		}
	}
	return out, nil
}

func (t *Type) unknownField(name string) error {
	if len(t.Fields) == 0 {
		return fmt.Errorf("unknown field %q; the object has none", shorten(name))
	}
	return fmt.Errorf("unknown field %q; known are %s", shorten(name), strings.Join(t.FieldNames(), ", "))
}

// variantField is the type of a field that only variants know; free data where none does, or where they do not agree.
func (t *Type) variantField(name string) *Type {
	var found *Type
	for _, v := range t.Variants {
		for _, f := range v.Fields {
			switch {
			case f.Name != name:
			case found == nil:
				found = f.Type
			case found.Kind != f.Type.Kind:
				return Of(Any)
			}
		}
	}
	if found == nil {
		return Of(Any)
	}
	return found
}

func escapePointer(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

// Scalar makes the canonical value of a single-valued type out of decoded JSON (string, bool, json.Number, float64) or
// out of a value that is canonical already. Text is read as what the type is: "10GiB" as a size, "30d" as a duration.
func (t *Type) Scalar(v any) (any, error) {
	c, err := t.scalar(v)
	if err != nil {
		return nil, err
	}
	return c, t.bounds(c)
}

func (t *Type) scalar(v any) (any, error) {
	switch t.Kind {
	case Any:
		return plain(v, "")
	case Text, Path:
		if s, ok := v.(string); ok {
			return s, nil
		}
	case Bool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case Int:
		return integer(v, t)
	case Size:
		if s, ok := v.(string); ok {
			return ParseSize(s)
		}
		return integer(v, t)
	case Number:
		if f, ok := float(v); ok {
			return f, nil
		}
	case Time:
		switch x := v.(type) {
		case time.Time:
			return x.UTC(), nil
		case string:
			parsed, err := time.Parse(time.RFC3339Nano, x)
			if err != nil {
				return nil, fmt.Errorf("%q is not a time: write it as 2026-01-10T09:00:00Z", shorten(x))
			}
			parsed = parsed.UTC()
			if parsed.Year() < 0 || parsed.Year() > 9999 {
				return nil, fmt.Errorf("%q is not within the years 0 to 9999 in UTC", x)
			}
			return parsed, nil
		}
	case Duration:
		switch x := v.(type) {
		case time.Duration:
			return x, nil
		case string:
			return ParseDuration(x)
		}
	case HResult:
		switch x := v.(type) {
		case hresult.Code:
			return x, nil
		case string:
			return hresult.Parse(x)
		case json.Number, int64:
			n, err := integer(x, t)
			if err != nil {
				return nil, err
			}
			return hresult.FromInt(n.(int64))
		}
	}
	return nil, fmt.Errorf("expected %s, got %s", t.Kind, describe(v))
}

func (t *Type) bounds(v any) error {
	if s, ok := v.(string); ok {
		return t.textBounds(s)
	}
	n, ok := float(v)
	if !ok {
		return nil
	}
	if t.Minimum != nil && n < *t.Minimum {
		return fmt.Errorf("%v is less than %v", v, *t.Minimum)
	}
	if t.Maximum != nil && n > *t.Maximum {
		return fmt.Errorf("%v is more than %v", v, *t.Maximum)
	}
	return nil
}

func (t *Type) textBounds(s string) error {
	if len(t.Enum) > 0 && !slices.Contains(t.Enum, s) {
		return fmt.Errorf("%q is none of %s", shorten(s), strings.Join(t.Enum, ", "))
	}
	if t.Regexp {
		if err := checkRegexp(s); err != nil {
			return err
		}
	}
	if t.Pattern == "" {
		return nil
	}
	pattern := t.compiled
	if pattern == nil { // the type was made in Go, not parsed
		var err error
		if pattern, err = regexp.Compile(t.Pattern); err != nil {
			return fmt.Errorf("the pattern of the type: %w", err)
		}
	}
	if !pattern.MatchString(s) {
		return fmt.Errorf("%q does not match the pattern %s", shorten(s), t.Pattern)
	}
	return nil
}

func integer(v any, t *Type) (any, error) {
	switch x := v.(type) {
	case int64:
		return x, nil
	case int:
		return int64(x), nil
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i, nil
		}
		if f, err := x.Float64(); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), nil
		}
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return int64(x), nil
		}
	}
	return nil, fmt.Errorf("expected %s, got %s", t.Kind, describe(v))
}

func float(v any) (float64, bool) {
	var f float64
	switch x := v.(type) {
	case float64:
		f = x
	case int64:
		f = float64(x)
	case json.Number:
		n, err := x.Float64()
		if err != nil {
			return 0, false
		}
		f = n
	default:
		return 0, false
	}
	return f, !math.IsNaN(f) && !math.IsInf(f, 0)
}

func mismatch(t *Type, v any, at string) error {
	return &PathError{at, fmt.Errorf("expected %s, got %s", t, describe(v))}
}
