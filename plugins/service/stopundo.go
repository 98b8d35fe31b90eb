package service

import (
	"context"
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

// assessStop says how far stopping got. That a service runs which did not run before says nothing by itself: services of this kind
// come and go. It counts when an action of this plugin has started it, for then nobody else wants it to run.
func assessStop(ctx context.Context, w *work, t token) (sdk.Assessment, error) {
	after, before, partial := true, true, ""
	for _, s := range w.every(t) {
		if w.reason(s.Name) != "" { // it is as it was, or as it made itself
			continue
		}
		f, err := w.look(ctx, s.Name)
		if absent(err) {
			return other("there is no service %s any more", s.Name), nil
		}
		if err != nil {
			return sdk.Assessment{}, err
		}
		if t.holds(s) && !f.own().Same(s.Start) {
			return other("the start type of %s is %s; it was %s", s.Name, f.own(), s.Start), nil
		}
		is := f.status.State == services.Stopped && (!t.holds(s) || f.held())
		was := w.asBefore(ctx, t, s, f)
		is = is || w.letGo(t, s)
		if !is {
			partial = fmt.Sprintf("%s is %s, its start type is %s", s.Name, f.status.State, f.config.Start())
		}
		after, before = after && is, before && was
	}
	if !w.begun {
		return sdk.Assessment{State: sdk.StateBefore}, nil
	}
	return w.verdict(after, before, partial), nil
}

// asBefore says whether a service is as it was before it was stopped. One that was started again, and has ended by itself since,
// is.
func (w *work) asBefore(ctx context.Context, t token, s standing, f found) bool {
	switch {
	case t.mine(s) && f.entry.Held != nil:
		return false
	case s.Ran:
		return f.runs() || w.record.Undone
	}
	return !f.runs() || !w.ours(ctx, f)
}

// ours says whether a running service runs because an action of this plugin has started it.
func (w *work) ours(ctx context.Context, f found) bool {
	started := f.entry.Started
	return started != nil && (started.PID == 0 || started.Same(w.process(ctx, f.status)))
}

func undoStop(ctx context.Context, w *work, t token) (ServicesOutput, error) {
	if w.begun {
		if err := w.putBack(ctx, t); err != nil {
			return ServicesOutput{}, err
		}
		w.record.Undone = true
		if err := w.save(); err != nil {
			return ServicesOutput{}, err
		}
	}
	return w.states(ctx, t)
}

// putBack gives the start types back, starts what ran, and stops what did not run and was started by a `finally`. What fails
// does not keep the others from it.
func (w *work) putBack(ctx context.Context, t token) error {
	each := w.every(t)
	var errs []error
	for _, s := range slices.Backward(each) {
		if t.mine(s) {
			errs = append(errs, w.giveBack(ctx, s.Name))
		}
	}
	for _, s := range slices.Backward(each) {
		if s.Ran {
			errs = append(errs, w.passOverUnstopped(ctx, t, s, w.launch(ctx, s)))
		}
	}
	for _, s := range each {
		if !s.Ran {
			errs = append(errs, w.passOverUnstopped(ctx, t, s, w.haltOurs(ctx, s)))
		}
		errs = append(errs, w.forget(s.Name), w.unchanged(ctx, t, s))
	}
	return all(errs...)
}

// haltOurs stops a service that did not run before, where an action of this plugin has started it.
func (w *work) haltOurs(ctx context.Context, s standing) error {
	f, err := w.look(ctx, s.Name)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.runs() && w.ours(ctx, f) {
		w.note("stopping %s", s.Name)
		if _, err := w.Halt(ctx, s.Name); err != nil {
			return err
		}
		w.note("stopped %s", s.Name)
	}
	return w.paid(s.Name)
}

// forget strikes out that a service was started by an action.
func (w *work) forget(name string) error {
	entries, err := w.Ledger.Entries()
	if err != nil {
		return err
	}
	was := entries.Of(name)
	is := was
	is.Started = nil
	return w.enter(name, was, is)
}

// unchanged says that somebody else has given a service another start type, which stays.
func (w *work) unchanged(ctx context.Context, t token, s standing) error {
	if !t.holds(s) || w.reason(s.Name) != "" {
		return nil
	}
	f, err := w.look(ctx, s.Name)
	if absent(err) {
		return nil
	}
	if err == nil && !f.own().Same(s.Start) {
		err = changedSince(s.Name, f.own(), s.Start)
	}
	return err
}
