package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

func prepareRestart(ctx context.Context, w *work, in RestartInput) (sdk.Preview[ServicesOutput, token], error) {
	p := sdk.Preview[ServicesOutput, token]{NoOp: true}
	asked, err := uniqueNames(in.Names)
	if err != nil {
		return p, err
	}
	t := token{Version: tokenVersion, Services: []standing{}}
	states := map[string]services.State{}
	var why []string
	for _, name := range asked {
		f, err := w.look(ctx, name)
		if absent(err) {
			continue
		}
		if err != nil {
			return p, err
		}
		if reason := w.unrestarted(ctx, f, in.UnlessRestartedSince); reason != "" {
			t.Kept = append(t.Kept, name)
			states[name] = f.status.State
			why = append(why, name+" "+reason)
			continue
		}
		if err := w.gatherOne(ctx, &t, name, "", 0); err != nil {
			return p, err
		}
	}
	t.Asked = asked
	for i := range t.Services {
		s := &t.Services[i]
		f, err := w.look(ctx, s.Name)
		if err != nil {
			return p, err
		}
		s.Ran = f.runs() || f.entry.Ran
		if f.runs() {
			s.Process = w.process(ctx, f.status)
		}
		if f.held() {
			p.Changes = append(p.Changes, sdk.Change{What: startTypeOf(s.Name), Before: f.config.Start().String(), After: s.Start.String()})
		}
		p.NoOp = false
		p.Changes = append(p.Changes, sdk.Change{What: serviceNamed(s.Name), Before: string(f.status.State), After: "running anew"})
	}
	p.Summary = "restart the services " + list(in.Names)
	if p.NoOp {
		p.Summary = "no service is to be restarted"
	}
	for _, reason := range why {
		p.Summary += "; " + reason
	}
	p.Summary += t.without()
	p.Token, p.Material = t, t.material()
	p.Predicted = t.predicted(services.Running, states, nil)
	return p, nil
}

// unrestarted says why a service is not restarted; empty when it is. A service that shares its process was started no earlier than
// that process: where the process is older it may have been started since or not, and is restarted.
func (w *work) unrestarted(ctx context.Context, f found, since *time.Time) string {
	switch {
	case f.entry.Owes():
		return "" // it is held, or was left stopped
	case !f.runs():
		return "does not run"
	case f.own().Type == services.Disabled:
		return "runs although it is disabled, and could not be started again"
	case since == nil:
		return ""
	}
	started, err := w.ProcessStarted(ctx, f.status.PID)
	if err == nil && started.After(*since) {
		return "was started at " + started.UTC().Format(time.RFC3339)
	}
	return ""
}

// applyRestart stops the services in their order, and starts them in the reverse one. One that refuses to be stopped is left as it
// is.
func applyRestart(ctx context.Context, w *work, t token) (ServicesOutput, error) {
	if w.begun && w.record.Done && !w.record.Undone {
		return w.states(ctx, t)
	}
	if err := w.begin(); err != nil {
		return ServicesOutput{}, err
	}
	var errs []error
	for _, s := range t.Services {
		if s.Entry.Held != nil {
			errs = append(errs, w.giveBack(ctx, s.Name))
		}
	}
	for _, s := range w.every(t) {
		if s.Ran {
			errs = append(errs, w.owe(ctx, s, false))
		}
	}
	if err := all(errs...); err != nil {
		return ServicesOutput{}, err
	}
	errs = append(errs, w.stopForRestart(ctx, t), w.startStopped(ctx, t))
	if err := all(errs...); err != nil {
		return ServicesOutput{}, err
	}
	w.record.Done = true
	if err := w.save(); err != nil {
		return ServicesOutput{}, err
	}
	return w.states(ctx, t)
}

// stopForRestart stops what runs in the process that it was in. What is in another one by now was restarted before a crash.
func (w *work) stopForRestart(ctx context.Context, t token) error {
	for _, s := range t.Services {
		status, err := w.Status(ctx, s.Name)
		if absent(err) {
			continue
		}
		if err != nil {
			return err
		}
		if !s.Ran || !status.State.Runs() || holds(w.record.Skipped, s.Name) || !s.Process.Same(w.process(ctx, status)) {
			continue
		}
		err = w.halt(ctx, t, s.Name, 0)
		if errors.Is(err, services.ErrDenied) || errors.Is(err, services.ErrRefused) {
			w.note("%s refuses to be stopped, and is left as it is", s.Name)
			w.record.Skipped = append(w.record.Skipped, s.Name)
			err = w.save()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// startStopped starts what ran and does not. One that an action had started although it had not run before stays known as that, in
// its new process.
func (w *work) startStopped(ctx context.Context, t token) error {
	var errs []error
	for _, s := range slices.Backward(w.every(t)) {
		if !s.Ran {
			continue
		}
		err := w.launch(ctx, s)
		if started := s.Entry.Started; err == nil && started != nil && started.Same(s.Process) {
			err = w.passOn(ctx, s.Name)
		}
		errs = append(errs, err)
	}
	return all(errs...)
}

func (w *work) passOn(ctx context.Context, name string) error {
	f, err := w.look(ctx, name)
	if err != nil || !f.runs() {
		return err
	}
	process := w.process(ctx, f.status)
	e := f.entry
	e.Started = &process
	return w.enter(name, f.entry, e)
}

// assessRestart goes by what was noted: a service that was restarted is like one that was not.
func assessRestart(ctx context.Context, w *work, t token) (sdk.Assessment, error) {
	switch {
	case !w.begun, w.record.Undone:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case w.record.Done:
		return w.paidAll(t)
	}
	var stopped []string
	for _, s := range w.every(t) {
		status, err := w.Status(ctx, s.Name)
		if absent(err) {
			continue
		}
		if err != nil {
			return sdk.Assessment{}, err
		}
		if s.Ran && !status.State.Runs() {
			stopped = append(stopped, s.Name)
		}
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: fmt.Sprintf("the restart broke off; stopped are: %s", list(stopped))}, nil
}

// paidAll says that an action which pays what is owed is done, unless something is owed again.
func (w *work) paidAll(t token) (sdk.Assessment, error) {
	entries, err := w.Ledger.Entries()
	if err != nil {
		return sdk.Assessment{}, err
	}
	for _, s := range t.Services {
		if s.Ran && entries.Of(s.Name).Owes() {
			return sdk.Assessment{State: sdk.StatePartial, Reason: s.Name + " was held or stopped again since"}, nil
		}
	}
	return sdk.Assessment{State: sdk.StateAfter}, nil
}

// startLeft starts what a restart that broke off has left stopped. What is still held was not begun with.
func (w *work) startLeft(ctx context.Context, t token) error {
	var errs []error
	for _, s := range slices.Backward(w.every(t)) {
		f, err := w.look(ctx, s.Name)
		if absent(err) || err == nil && f.held() {
			continue
		}
		if err == nil && s.Ran {
			err = w.launch(ctx, s)
		}
		errs = append(errs, err)
	}
	return all(errs...)
}

func undoRestart(ctx context.Context, w *work, t token) (ServicesOutput, error) {
	if w.begun {
		if !w.record.Done {
			if err := w.startLeft(ctx, t); err != nil {
				return ServicesOutput{}, err
			}
		}
		w.record.Undone = true
		if err := w.save(); err != nil {
			return ServicesOutput{}, err
		}
	}
	return w.states(ctx, t)
}
