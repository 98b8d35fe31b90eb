package plan

import (
	"context"
	"errors"
	"fmt"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// action binds the arguments of an action and asks for its preview.
func (w *walk) action(s *check.Step, out *Step, scope *Scope, in surroundings) {
	args, unbound, why := bind(w.ctx, s, scope)
	if output, done := w.done(out.Key); done { // what it would do is of no matter any more
		out.Unbound = nil
		if why == nil {
			out.Input = raw(args)
		}
		if s.Named {
			scope.Output(s.ID, output)
		}
		return
	}
	out.Unbound = unbound
	if why != nil {
		w.open(out, "an argument is not known", why)
		if in.owed {
			out.State, out.Unbound = Planned, []string{out.Reason}
		}
		return
	}
	out.Input = raw(args)
	if !w.preview {
		return
	}
	out.Preview = &Preview{}
	if len(unbound) > 0 {
		out.Preview.After = w.changed
		return
	}
	w.prepare(s, out, args, scope)
	if in.owed && out.State != Planned {
		out.Preview = &Preview{Error: out.Reason}
		out.State, out.Reason, out.Settle = Planned, "", ""
	}
}

// prepare asks an action what it would do. One that refuses behind a step that changes something may do so only as
// things are now.
func (w *walk) prepare(s *check.Step, out *Step, args map[string]any, scope *Scope) {
	p, err := w.Preparer.Prepare(w.ctx, s.Uses(), args)
	if err == nil {
		err = out.Preview.fill(p)
	}
	var told *sdk.Error
	switch {
	case err != nil && errors.As(err, &told) && told.Code == sdk.Unsupported:
		out.State, out.Reason, out.Settle, out.Preview = Unsupported, told.Message, told.Hint, nil
	case err != nil && w.changed != "":
		out.Preview.After, out.Preview.Error = w.changed, err.Error()
	case err != nil:
		out.State, out.Reason, out.Preview = Refused, err.Error(), nil
		if told != nil {
			out.Reason, out.Settle = told.Message, told.Hint
		}
	default:
		if p.NoOp {
			out.Preview.After = w.changed
		}
		if s.Named && p.Predicted != nil {
			scope.Output(s.ID, p.Predicted)
		}
	}
}

// fill takes over what an action would do. A material state that is no JSON is an error: a plan could not be compared.
func (p *Preview) fill(from Prepared) error {
	if from.Material != nil {
		if _, err := schema.Of(schema.Any).Canonical(from.Material); err != nil {
			return fmt.Errorf("its material state cannot be read: %w", err)
		}
	}
	p.Summary, p.Changes, p.NoOp, p.Material, p.Predicted = from.Summary, from.Changes, from.NoOp, from.Material, from.Predicted
	return nil
}

// Look asks an action anew what it would do, as a preview. Where it cannot say, the preview has the reason.
func Look(ctx context.Context, by Preparer, s *Step, input map[string]any) error {
	written, err := schema.Marshal(input)
	if err != nil {
		return err
	}
	s.Preview = &Preview{}
	p, err := by.Prepare(ctx, s.Uses, input)
	if err == nil {
		err = s.Preview.fill(p)
	}
	if err != nil {
		s.Preview.Error = err.Error()
		return err
	}
	s.Input, s.Unbound = written, nil
	return nil
}
