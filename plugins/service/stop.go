package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

const (
	// rounds bounds how often services are stopped again that something keeps starting.
	rounds = 3
	// depth bounds how far dependents are followed.
	depth = 16
)

func prepareStop(ctx context.Context, w *work, in StopInput) (sdk.Preview[ServicesOutput, token], error) {
	p := sdk.Preview[ServicesOutput, token]{NoOp: true}
	t, err := w.gather(ctx, in.Names)
	if err != nil {
		return p, err
	}
	t.Hold = in.Hold
	if t.Optional, err = optionalNames(in.Optional, t.Asked); err != nil {
		return p, err
	}
	if w.record.Passed, err = w.foreseenUnstopped(ctx, t); err != nil {
		return p, err
	}
	kept := map[string]services.State{}
	var dependents []string
	for _, s := range t.Services {
		f, err := w.look(ctx, s.Name)
		if err != nil {
			return p, err
		}
		p.NoOp = p.NoOp && !f.runs() && (!t.holds(s) || f.held())
		if w.letGo(t, s) { // Apply looks again whether that is so
			kept[s.Name] = f.status.State
			continue
		}
		if t.holds(s) && !f.held() {
			p.Changes = append(p.Changes, sdk.Change{What: startTypeOf(s.Name), Before: f.config.Start().String(), After: string(services.Disabled)})
		}
		if f.runs() {
			p.Changes = append(p.Changes, sdk.Change{What: serviceNamed(s.Name), Before: string(f.status.State), After: string(services.Stopped)})
		}
		if s.dependent() {
			dependents = append(dependents, s.Name)
		}
	}
	p.Summary = "stop the services " + list(in.Names)
	if in.Hold {
		p.Summary = "stop the services " + list(in.Names) + ", and hold them stopped"
	}
	if len(dependents) > 0 {
		p.Summary += "; before them " + list(dependents) + ", which cannot run without them"
	}
	p.Summary += without(w.record.Passed) + t.without()
	t.Idle = p.NoOp
	p.Token, p.Material = t, t.material()
	p.Predicted = t.predicted(services.Stopped, kept, w.record.Passed)
	return p, nil
}

// holds says whether the start type of a service is taken.
func (t token) holds(s standing) bool {
	return t.Hold && !s.dependent() && s.Start.Type != services.Disabled
}

// mine says whether Undo gives the start type of a service back. One that ran although it was disabled has another for a moment
// while it is started.
func (t token) mine(s standing) bool { return t.holds(s) || s.Start.Type == services.Disabled }

// gather finds the services that have the names, each after the running ones that depend on it.
func (w *work) gather(ctx context.Context, names []string) (token, error) {
	t := token{Version: tokenVersion, Services: []standing{}}
	var err error
	if t.Asked, err = uniqueNames(names); err != nil {
		return t, err
	}
	for _, name := range t.Asked {
		if err := w.gatherOne(ctx, &t, name, "", 0); err != nil && !absent(err) {
			return t, err
		}
	}
	return t, nil
}

func (w *work) gatherOne(ctx context.Context, t *token, name, below string, level int) error {
	if s := t.find(name); s != nil {
		if below == "" { // it is asked for by itself too
			s.For = ""
		}
		return nil
	}
	f, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	if f.runs() && level < depth {
		above, err := w.Dependents(ctx, name)
		if err != nil {
			return err
		}
		for _, d := range above {
			if err := w.gatherOne(ctx, t, d, name, level+1); err != nil && !absent(err) {
				return err
			}
		}
	}
	if t.find(name) == nil {
		t.Services = append(t.Services, standingOf(name, f, below))
	}
	return nil
}

func standingOf(name string, f found, below string) standing {
	return standing{Name: name, Ran: f.runs() || f.entry.Held != nil && f.entry.Ran, Start: f.own(), For: below, Entry: f.entry}
}

func applyStop(ctx context.Context, w *work, t token) (ServicesOutput, error) {
	if t.Idle {
		return w.states(ctx, t)
	}
	if err := w.begin(); err != nil {
		return ServicesOutput{}, err
	}
	if err := w.stopAll(ctx, t); err != nil {
		return ServicesOutput{}, all(err, w.takeBack(ctx, t))
	}
	w.record.Done = true
	if err := w.save(); err != nil {
		return ServicesOutput{}, err
	}
	return w.states(ctx, t)
}

// takeBack puts everything back after a failure.
func (w *work) takeBack(ctx context.Context, t token) error {
	if err := w.putBack(ctx, t); err != nil {
		return fmt.Errorf("and not everything could be put back: %w", err)
	}
	w.record.Undone = true
	return w.save()
}

// stopAll writes down all that will be owed, takes the start types, and then stops: so no trigger starts a service that was
// stopped, or is about to be.
func (w *work) stopAll(ctx context.Context, t token) error {
	for _, s := range w.every(t) {
		if t.mine(s) && !t.holds(s) { // it was started although it is disabled, and that broke off
			if err := w.giveBack(ctx, s.Name); err != nil {
				return err
			}
		}
		if err := w.owe(ctx, s, t.holds(s)); err != nil {
			return err
		}
	}
	foreseen, err := w.foreseenUnstopped(ctx, t)
	if err != nil {
		return err
	}
	for _, p := range foreseen { // before anything is stopped for them
		if err := w.leaveUnstopped(ctx, t, *t.find(p.Name), p.Reason); err != nil {
			return err
		}
	}
	for _, s := range t.Services {
		if !t.holds(s) || w.letGo(t, s) {
			continue
		}
		if err := w.passOverUnstopped(ctx, t, s, w.disable(ctx, s.Name)); err != nil {
			return err
		}
	}
	for _, s := range w.every(t) {
		if w.letGo(t, s) {
			continue
		}
		if err := w.passOverUnstopped(ctx, t, s, w.halt(ctx, t, s.Name, 0)); err != nil {
			return err
		}
	}
	return w.stayStopped(ctx, t)
}

// halt stops a service, and before it what depends on it and has come up since Prepare.
func (w *work) halt(ctx context.Context, t token, name string, level int) error {
	for range rounds {
		s, err := w.Status(ctx, name)
		if err != nil || s.State == services.Stopped {
			return err
		}
		w.note("stopping %s", name)
		s, err = w.Halt(ctx, name)
		if err == nil {
			w.note("%s is %s", name, s.State)
			return nil
		}
		if !errors.Is(err, services.ErrDependents) || level >= depth {
			return err
		}
		if err := w.haltDependents(ctx, t, name, level, err); err != nil {
			return err
		}
	}
	_, err := w.Halt(ctx, name)
	return err
}

func (w *work) haltDependents(ctx context.Context, t token, name string, level int, reason error) error {
	above, err := w.Dependents(ctx, name)
	if err != nil {
		return err
	}
	if len(above) == 0 {
		return reason
	}
	for _, d := range above {
		var err error
		if s := (token{Services: w.every(t)}).find(d); s == nil {
			err = w.admit(ctx, d, name)
		} else if w.letGo(t, *s) { // it has to be stopped after all, for another one
			err = w.owe(ctx, *s, false)
		}
		if err != nil {
			return err
		}
		if err := w.halt(ctx, t, d, level+1); err != nil {
			return err
		}
	}
	return nil
}

// admit notes a dependent that was not there when the action was prepared.
func (w *work) admit(ctx context.Context, name, below string) error {
	f, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	s := standingOf(name, f, below)
	w.record.Extra = append(w.record.Extra, s)
	if err := w.save(); err != nil {
		return err
	}
	return w.owe(ctx, s, false)
}

// stayStopped reads back that all are stopped. Held ones that were started by a trigger which had come before they were held are
// stopped again.
func (w *work) stayStopped(ctx context.Context, t token) error {
	for round := 0; ; round++ {
		again, err := w.unstopped(ctx, t)
		if err != nil || len(again) == 0 {
			return err
		}
		for _, s := range again {
			var err error
			switch {
			case t.Hold && round < rounds:
				err = w.passOverUnstopped(ctx, t, s, w.halt(ctx, t, s.Name, 0))
			case holds(t.Optional, w.root(t, s).Name):
				err = w.leaveUnstopped(ctx, t, w.root(t, s), notKept(t, s.Name).Message)
			default:
				return notKept(t, names(again)...)
			}
			if err != nil {
				return err
			}
		}
	}
}

// unstopped are the services that run, without those that are passed over.
func (w *work) unstopped(ctx context.Context, t token) ([]standing, error) {
	var all []standing
	for _, s := range w.every(t) {
		if w.letGo(t, s) {
			continue
		}
		now, err := w.Status(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		if now.State != services.Stopped {
			all = append(all, s)
		}
	}
	return all, nil
}

func names(all []standing) []string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// notKept says that services were stopped and do not stay so.
func notKept(t token, names ...string) *sdk.Error {
	if !t.Hold {
		return sdk.Errorf(sdk.Unavailable, "stopped, and started again at once by something else: %s", list(names)).WithHint("stop them with hold: true, which keeps triggers from starting them")
	}
	return sdk.Errorf(sdk.Unavailable, "held and stopped %d times, and started again each time by something else: %s", rounds+1, list(names)).
		WithHint("find out what starts them, and stop that first")
}
