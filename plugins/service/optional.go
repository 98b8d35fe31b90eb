package service

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

// optionalNames checks that what is optional is among the names, and leaves out what is there twice.
func optionalNames(optional, names []string) ([]string, error) {
	var unique []string
	for i, name := range optional {
		if !holds(names, name) {
			return nil, sdk.Errorf(sdk.InvalidInput, "%.300q is optional and is not among the names; expected one of: %s", name, list(names)).WithPath(fmt.Sprintf("/optional/%d", i))
		}
		if !holds(unique, name) {
			unique = append(unique, name)
		}
	}
	return unique, nil
}

// refuses says whether an error is that of a service which does not let itself be stopped, held or started. That it was
// started and has failed is another matter.
func refuses(err error) bool {
	for _, kind := range []error{services.ErrDenied, services.ErrRefused, services.ErrDisabled} {
		if errors.Is(err, kind) {
			return true
		}
	}
	var stuck *services.StuckError
	var unchanged *services.UnchangedError
	return errors.As(err, &stuck) || errors.As(err, &unchanged)
}

// why is a refusal in few words. Those of Windows are localised, and are left out where the kind says the same.
func why(err error) string {
	var e *services.Error
	if errors.As(err, &e) && e.Kind != nil {
		return fmt.Sprintf("%s: %v", e.Call, e.Kind)
	}
	return err.Error()
}

func reasonOf(all []passed, name string) string {
	for _, p := range all {
		if holds([]string{name}, p.Name) {
			return p.Reason
		}
	}
	return ""
}

// reason is why a service was passed over; "" when it was not.
func (w *work) reason(name string) string { return reasonOf(w.record.Passed, name) }

// without says in a summary what is foreseen to be passed over.
func without(foreseen []passed) string {
	text := ""
	for _, p := range foreseen {
		text += fmt.Sprintf("; %s will be passed over (%s)", p.Name, p.Reason)
	}
	return text
}

// denied says that a service denies rights to an administrator; "" where it does not, or where that cannot be told because every
// service denies them to this process.
func (w *work) denied(ctx context.Context, name string, rights ...services.Right) (string, error) {
	if len(rights) == 0 || !w.Rights.Elevated() {
		return "", nil
	}
	err := w.Rights.Granted(ctx, name, rights...)
	if errors.Is(err, services.ErrDenied) {
		return why(err), nil
	}
	return "", err
}

// refusesStop says why a service will not be stopped or held, as far as that shows without trying; "" where it does not.
func (w *work) refusesStop(ctx context.Context, t token, s standing, f found) (string, error) {
	var rights []services.Right
	if t.holds(s) && !f.held() {
		rights = append(rights, services.ToConfigure)
	}
	if f.runs() {
		rights = append(rights, services.ToStop)
		if !f.status.State.Pending() && !f.status.TakesStop {
			return services.ErrRefused.Error(), nil
		}
	}
	return w.denied(ctx, s.Name, rights...)
}

// foreseenUnstopped are the optional services that will refuse, as far as that shows without trying.
func (w *work) foreseenUnstopped(ctx context.Context, t token) ([]passed, error) {
	var all []passed
	for _, s := range t.Services {
		if !holds(t.Optional, s.Name) {
			continue
		}
		f, err := w.look(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		reason, err := w.refusesStop(ctx, t, s, f)
		if err != nil {
			return nil, err
		}
		if reason != "" {
			all = append(all, passed{s.Name, reason})
		}
	}
	return all, nil
}

// refusesStart says why a service will not be started, as far as that shows without trying; "" where it does not.
func (w *work) refusesStart(ctx context.Context, s standing, f found) (string, error) {
	switch {
	case f.runs():
		return "", nil
	case s.Start.Type == services.Disabled && !f.entry.Ran:
		return services.ErrDisabled.Error(), nil
	}
	return w.denied(ctx, s.Name, services.ToStart)
}

// root is the service that was asked for and that another is dealt with for; one that was asked for is its own.
func (w *work) root(t token, s standing) standing {
	each := token{Services: w.every(t)}
	for range each.Services {
		above := each.find(s.For)
		if !s.dependent() || above == nil {
			break
		}
		s = *above
	}
	return s
}

// letGo says whether a service was passed over, or the one was that it would have been stopped for.
func (w *work) letGo(t token, s standing) bool { return w.reason(w.root(t, s).Name) != "" }

// passOverUnstopped passes over what an error says to refuse, with its dependents, where it is optional. Any other error it gives back.
func (w *work) passOverUnstopped(ctx context.Context, t token, s standing, err error) error {
	root := w.root(t, s)
	if err == nil || !holds(t.Optional, root.Name) || !refuses(err) {
		return err
	}
	reason := why(err)
	if s.Name != root.Name {
		reason = s.Name + ", which cannot run without it: " + reason
	}
	return w.leaveUnstopped(ctx, t, root, reason)
}

// leaveUnstopped puts back what a stop has done to a service and to those that were stopped for it, and notes then that it is
// passed over.
func (w *work) leaveUnstopped(ctx context.Context, t token, s standing, reason string) error {
	status, err := w.Status(ctx, s.Name)
	if err != nil && !absent(err) {
		return err
	}
	if status.State.Runs() { // its dependents can, too; else it is owed to them still, and whoever starts it pays
		for _, d := range slices.Backward(w.every(t)) {
			if !d.dependent() || !d.Ran || w.root(t, d).Name != s.Name {
				continue
			}
			if err := w.launch(ctx, d); err != nil {
				return notPutBack(s, reason, err)
			}
		}
	}
	return w.leave(ctx, s, reason, !s.Entry.Ran)
}

// leave gives the start type back, strikes out that it is owed to the service that it runs, unless that is older than this action,
// and notes that the service is passed over.
func (w *work) leave(ctx context.Context, s standing, reason string, strike bool) error {
	err := w.giveBack(ctx, s.Name)
	if err == nil && strike {
		err = w.paid(s.Name)
	}
	if err != nil {
		return notPutBack(s, reason, err)
	}
	w.record.Passed = slices.DeleteFunc(w.record.Passed, func(p passed) bool { return p.Name == s.Name })
	w.record.Passed = append(w.record.Passed, passed{s.Name, reason})
	if err := w.save(); err != nil {
		return err
	}
	w.note("%s is passed over: %s", s.Name, reason)
	return nil
}

func notPutBack(s standing, reason string, err error) error {
	e := services.Explain(err)
	return &sdk.Error{Code: e.Code, Hint: e.Hint, Message: fmt.Sprintf("%s cannot be passed over (%s), because what was done for it cannot be put back: %s", s.Name, reason, e.Message)}
}
