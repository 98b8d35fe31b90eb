package condition

import (
	"math"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// conforms says whether data is what its type promises. A value that is not, which a plugin or a test may bring, is
// unknown rather than compared as something else.
func conforms(data any, t *schema.Type) bool {
	if t == nil {
		return true
	}
	switch x := data.(type) {
	case string:
		return textual(t) || t.Kind == schema.Any
	case int64:
		return numeric(t) || t.Kind == schema.Any
	case float64:
		return (t.Kind == schema.Number || t.Kind == schema.Any) && !math.IsNaN(x) && !math.IsInf(x, 0)
	case bool, Verdict:
		return t.Kind == schema.Bool || t.Kind == schema.Any
	case time.Time:
		return t.Kind == schema.Time
	case time.Duration:
		return t.Kind == schema.Duration
	case hresult.Code:
		return t.Kind == schema.HResult
	case versionNumber:
		return t == versionType
	case []any, []Value:
		return t.Kind == schema.List || t.Kind == schema.Any
	case map[string]any, map[string]Value:
		return t.Kind == schema.Object || t.Kind == schema.Map || t.Kind == schema.Any
	}
	return false
}

// typed makes a value unknown that does not have its type.
func typed(v Value, t *schema.Type) Value {
	switch {
	case v.state == absent || v.state == unknown || conforms(v.data, t):
		return v
	case v.data == nil:
		return Value{state: absent, ref: v.ref}
	}
	why := Why{Reason: "a value is not " + article(t) + ", as its schema says"}
	if v.ref != nil {
		why.Fact = v.ref.Fact()
		why.Reason = v.ref.Pointer() + " is not " + article(t) + ", as its schema says"
	}
	return Unknown(why)
}

// compareBounded compares; a count that can only be higher decides what no higher count would change.
func compareBounded(op string, l, r Value) Value {
	c, ok := compare(l.data, r.data)
	switch {
	case !ok:
		return Unknown(Why{Reason: "the values are of different types"})
	case l.state == known && r.state == known:
		return boolean(holds(op, c))
	case l.state == atLeast && r.state == atLeast:
		return Unknown(mergeWhy(l.why, r.why...)...)
	}
	why := l.why
	if r.state == atLeast { // 3 < count is count > 3
		op, c, why = mirrored(op), -c, r.why
	}
	if c > 0 || c == 0 && (op == ">=" || op == "<") {
		return boolean(holds(op, c))
	}
	return Unknown(why...)
}

// mirrored is the operator that says the same with its sides exchanged.
func mirrored(op string) string {
	switch op {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return op
}

func holds(op string, c int) bool {
	switch op {
	case "==":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// compare orders two canonical values: negative, 0 or positive; ok is false when they are of types that have no order.
func compare(a, b any) (c int, ok bool) {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return strings.Compare(x, y), ok
	case time.Time:
		y, ok := b.(time.Time)
		return x.Compare(y), ok
	case time.Duration:
		y, ok := b.(time.Duration)
		return sign(x, y), ok
	case hresult.Code:
		y, ok := b.(hresult.Code)
		return sign(x, y), ok
	case versionNumber:
		y, ok := b.(versionNumber)
		return x.compare(y), ok
	case bool, Verdict:
		l, r := Value{data: a}.truth(), Value{data: b}.truth()
		return sign(l, r), l != Undetermined && r != Undetermined
	case int64:
		if y, ok := b.(int64); ok {
			return sign(x, y), true
		}
	}
	x, y := toFloat(a), toFloat(b)
	return sign(x, y), !math.IsNaN(x) && !math.IsNaN(y)
}

func sign[T int64 | float64 | time.Duration | hresult.Code | Truth](x, y T) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func toFloat(v any) float64 {
	switch x := v.(type) {
	case int64:
		return float64(x)
	case float64:
		return x
	}
	return math.NaN()
}
