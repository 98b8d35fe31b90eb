package plan

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/sdk/schema"
)

// bind evaluates the arguments of an action as far as they are known. unbound lists those that something has to run for;
// why is not nil when one is not known for another reason.
func bind(ctx context.Context, s *check.Step, scope *Scope) (args map[string]any, unbound []string, why []condition.Why) {
	var known []check.Argument
	for _, a := range s.With {
		_, gaps, ok := fact.BindArguments(ctx, []check.Argument{a}, scope.Value)
		after, later := isLater(gaps)
		switch {
		case ok && awaited(gaps) == "":
			known = append(known, a)
			continue
		case ok: // a list, with what of it is known now
			after = awaited(gaps)
		case !later:
			return nil, nil, gaps
		}
		unbound = append(unbound, fmt.Sprintf("%s: %s%s", a.Name, knownAfter, after))
	}
	args, why, ok := fact.BindInput(ctx, known, s.Input, scope.Value)
	if !ok {
		return nil, nil, why
	}
	return args, unbound, nil
}

// Bind evaluates the arguments of an action that is about to be done. An argument that is not known is an error.
func Bind(ctx context.Context, s *check.Step, scope *Scope) (map[string]any, error) {
	args, why, ok := fact.BindInput(ctx, s.With, s.Input, scope.Value)
	if ok {
		return args, nil
	}
	reason := "it has no value"
	if len(why) > 0 {
		reason = why[0].Reason
	}
	return nil, fmt.Errorf("an argument of %s is not known: %s", s.Uses(), reason)
}

// Say gives the text of an ask or manual step that is about to be said; known is false when it is not known in full.
func Say(ctx context.Context, s *check.Step, scope *Scope) (text string, known bool) {
	of := s.Ask
	if of == nil {
		of = s.Manual
	}
	if of == nil {
		return "", false
	}
	text, _, known = bindText(ctx, of, scope)
	return text, known
}

// ItemOf reads an item of a repeated step as it was written down. A field that a probe could not fill is not in it.
func ItemOf(s *check.Step, written json.RawMessage) (any, error) {
	list := s.Each.Type()
	if list == nil {
		return schema.Of(schema.Any).Canonical(written)
	}
	return loose(list.Elem).Canonical(written)
}

// loose is a type that demands no field.
func loose(t *schema.Type) *schema.Type {
	if t == nil {
		return nil
	}
	out := *t
	out.Elem = loose(t.Elem)
	out.Fields = nil
	for _, f := range t.Fields {
		f.Required, f.Type = false, loose(f.Type)
		out.Fields = append(out.Fields, f)
	}
	return &out
}

func bindText(ctx context.Context, t *check.Text, scope *Scope) (string, []condition.Why, bool) {
	return fact.BindText(ctx, t, scope.Value)
}
