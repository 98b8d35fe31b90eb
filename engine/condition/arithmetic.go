package condition

import (
	"math"
	"time"

	"github.com/rectify-project/rectify/sdk/schema"
)

// outOfRange is what an operation without a result comes to.
func outOfRange() Value {
	return Unknown(Why{Reason: "a division by zero or a number out of range"})
}

// arithmetic applies + - * / % to two known values whose types the checker has matched; t is the type of the outcome.
// What has no result (a division by zero, an overflow) is undetermined, with the reason.
func (e *evaluation) arithmetic(op string, l, r any, t *schema.Type) Value {
	switch x := l.(type) {
	case string:
		if y, ok := r.(string); ok && op == "+" {
			e.build(len(x) + len(y))
			return Value{data: x + y}
		}
	case time.Time:
		switch y := r.(type) {
		case time.Duration:
			if op == "-" {
				if y == math.MinInt64 {
					return outOfRange()
				}
				y = -y
			}
			return asTime(x.Add(y))
		case time.Time:
			return Value{data: x.Sub(y)}
		}
	case time.Duration:
		switch y := r.(type) {
		case time.Time:
			return asTime(y.Add(x))
		case time.Duration:
			return asDuration(integers(op, int64(x), int64(y)))
		case int64:
			return asDuration(integers(op, int64(x), y))
		}
	case int64:
		switch y := r.(type) {
		case time.Duration:
			return asDuration(integers(op, x, int64(y)))
		case int64:
			if op != "/" {
				return integers(op, x, y)
			}
		}
	}
	out := floats(op, toFloat(l), toFloat(r))
	switch {
	case math.IsNaN(out) || math.IsInf(out, 0):
		return outOfRange()
	case t != nil && t.Kind == schema.Size: // bytes are whole
		if out = math.Round(out); math.Abs(out) >= math.MaxInt64 {
			return outOfRange()
		}
		return Value{data: int64(out)}
	}
	return Value{data: out}
}

func floats(op string, x, y float64) float64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		return x / y
	}
	return math.NaN()
}

// asTime keeps times within the years that can be written.
func asTime(t time.Time) Value {
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
		return outOfRange()
	}
	return Value{data: t}
}

func asDuration(v Value) Value {
	if n, ok := v.data.(int64); ok {
		v.data = time.Duration(n)
	}
	return v
}

// integers applies an operator to whole numbers; / is the whole quotient, for durations.
func integers(op string, x, y int64) Value {
	switch op {
	case "+":
		if sum := x + y; (sum > x) == (y > 0) {
			return Value{data: sum}
		}
	case "-":
		if diff := x - y; (diff < x) == (y > 0) {
			return Value{data: diff}
		}
	case "*":
		if x == 0 || y == 0 {
			return Value{data: int64(0)}
		}
		if p := x * y; p/y == x && !(x == -1 && y == math.MinInt64) && !(y == -1 && x == math.MinInt64) {
			return Value{data: p}
		}
	case "/":
		if y != 0 && !(x == math.MinInt64 && y == -1) {
			return Value{data: x / y}
		}
	case "%":
		if y != 0 {
			return Value{data: x % y}
		}
	}
	return outOfRange()
}

// opposite is -x.
func opposite(v Value) Value {
	switch x := v.data.(type) {
	case int64:
		if x != math.MinInt64 {
			return Value{data: -x}
		}
	case float64:
		return Value{data: -x}
	case time.Duration:
		if x != math.MinInt64 {
			return Value{data: -x}
		}
	}
	return outOfRange()
}
