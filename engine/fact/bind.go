package fact

import (
	"context"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/sdk/schema"
)

// BindArguments evaluates the arguments of a call. known is false, with the reasons, when one of them is not known.
// Reasons beside known arguments say that one of them is a partial list, used with what it holds.
func BindArguments(ctx context.Context, with []check.Argument, values condition.Values) (args map[string]any, why []condition.Why, known bool) {
	b := &binding{ctx: ctx, values: values}
	args = b.fields(with)
	if b.unknown != nil {
		return nil, b.unknown, false
	}
	return args, b.partial, true
}

// BindText fills the expressions of a text in. known is false, with the reasons, when one of them is not known.
func BindText(ctx context.Context, t *check.Text, values condition.Values) (text string, why []condition.Why, known bool) {
	b := &binding{ctx: ctx, values: values}
	text = b.text(t)
	return text, b.unknown, b.unknown == nil
}

// BindInput is [BindArguments] for a function with an input type: what was not given has its default.
func BindInput(ctx context.Context, with []check.Argument, input *schema.Type, values condition.Values) (args map[string]any, why []condition.Why, known bool) {
	args, why, known = BindArguments(ctx, with, values)
	if !known {
		return nil, why, false
	}
	fitted, _ := input.Fit(args).(map[string]any)
	return input.WithDefaults(fitted), why, true
}

// binding is the binding of one call's arguments.
type binding struct {
	ctx     context.Context
	values  condition.Values
	partial []condition.Why
	unknown []condition.Why // not nil: an argument is not known
}

func (b *binding) fields(with []check.Argument) map[string]any {
	out := map[string]any{}
	for _, a := range with {
		if v, given := b.value(a.Value); given {
			out[a.Name] = v
		}
	}
	return out
}

// value evaluates one value; given is false when it is an optional input that was not given, or not known.
func (b *binding) value(v check.Value) (data any, given bool) {
	switch {
	case v.Expression != nil:
		result := v.Expression.Eval(b.ctx, b.values)
		if v.OptionalInput != "" && result.Value.IsAbsent() {
			return nil, false
		}
		data, partial, ok := result.Value.Canonical()
		if !ok {
			b.notKnown(v.Expression, result)
			return nil, false
		}
		if partial {
			b.partial = merge(b.partial, orReason(result.Value.Gaps(), "some records do not have the data that `"+v.Expression.Source()+"` asks for")...)
		}
		return data, true
	case v.Text != nil:
		return b.text(v.Text), true
	case v.List != nil:
		items := make([]any, 0, len(v.List))
		for _, item := range v.List {
			if d, ok := b.value(item); ok {
				items = append(items, d)
			}
		}
		return items, true
	case v.Map != nil:
		return b.fields(v.Map), true
	}
	return v.Const, v.Const != nil
}

func (b *binding) text(t *check.Text) string {
	var s strings.Builder
	for _, part := range t.Parts {
		s.WriteString(part.Literal)
		if part.Expression == nil {
			continue
		}
		result := part.Expression.Eval(b.ctx, b.values)
		if !result.Value.IsKnown() {
			b.notKnown(part.Expression, result)
			continue
		}
		s.WriteString(condition.Text(result.Value, part.Expression.Type()))
	}
	return s.String()
}

func (b *binding) notKnown(e *condition.Expression, result condition.Result) {
	b.unknown = merge(b.unknown, orReason(result.Value.Gaps(), "`"+e.Source()+"` has no value")...)
}

// merge adds reasons that are not there yet.
func merge(to []condition.Why, more ...condition.Why) []condition.Why {
	to = slices.Clip(to)
	for _, w := range more {
		if !slices.Contains(to, w) {
			to = append(to, w)
		}
	}
	return to
}

func orReason(why []condition.Why, reason string) []condition.Why {
	if len(why) == 0 {
		return []condition.Why{{Reason: reason}}
	}
	return why
}
