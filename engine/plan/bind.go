package plan

import (
	"context"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/fact"
)

var noTime time.Time

// bind evaluates the arguments of an action as far as they are known. unbound lists those that something has to run for;
// why is not nil when one is not known for another reason.
func bind(ctx context.Context, s *check.Step, scope *Scope) (args map[string]any, unbound []string, why []condition.Why) {
	var known []check.Argument
	for _, a := range s.With {
		_, gaps, ok := fact.BindArguments(ctx, []check.Argument{a}, scope.Value)
		if ok {
			known = append(known, a)
			continue
		}
		after, later := isLater(gaps)
		if !later {
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

func bindText(ctx context.Context, t *check.Text, scope *Scope) (string, []condition.Why, bool) {
	return fact.BindText(ctx, t, scope.Value)
}
