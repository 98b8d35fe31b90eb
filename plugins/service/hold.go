package service

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/internal/machine/services"
)

// owe writes down, before the first effect, what is owed to a service from now on: that it runs, and its start type where that is
// to be held. What was owed before stays so: it was touched for the first time then.
func (w *work) owe(ctx context.Context, s standing, hold bool) error {
	f, err := w.look(ctx, s.Name)
	if err != nil {
		return err
	}
	if hold && !f.own().Same(s.Start) {
		return changedSince(s.Name, f.own(), s.Start)
	}
	e := f.entry
	if !e.Owes() {
		e.Since, e.For = w.Clock.Now(), s.For
	}
	if e.Held == nil {
		e.Ran = s.Ran
	}
	if hold && e.Held == nil {
		e.Held = &services.Held{Start: f.config.Start(), As: services.Disabled}
	}
	if !e.Owes() {
		return nil
	}
	return w.enter(s.Name, f.entry, e)
}

// enter makes an entry of the ledger another one; one that says nothing any more is deleted.
func (w *work) enter(name string, was, is services.Entry) error {
	before, err := was.Encode()
	if err != nil {
		return err
	}
	after, err := is.Encode()
	if err != nil || before == after {
		return err
	}
	if !is.Owes() && is.Started == nil {
		err = w.Ledger.Delete(name)
	} else {
		err = w.Ledger.Write(name, is)
	}
	if err == nil {
		w.note("noted what is owed to %s", name)
	}
	return err
}

// disable takes the start type of a service that owe has written down.
func (w *work) disable(ctx context.Context, name string) error {
	f, err := w.look(ctx, name)
	if err != nil || f.config.Type == services.Disabled {
		return err
	}
	return w.setStart(ctx, name, services.Start{Type: services.Disabled, Delayed: f.config.Delayed.Value})
}

func (w *work) setStart(ctx context.Context, name string, want services.Start) error {
	w.note("making the start type of %s %s", name, want)
	if err := w.SetStart(ctx, name, want); err != nil {
		return err
	}
	w.note("the start type of %s is %s", name, want)
	return nil
}

// giveBack gives a service the start type that is owed to it. One that somebody has given it meanwhile stays.
func (w *work) giveBack(ctx context.Context, name string) error {
	f, err := w.look(ctx, name)
	if absent(err) {
		return w.Ledger.Delete(name)
	}
	if err != nil || f.entry.Held == nil {
		return err
	}
	if own := f.own(); !f.config.Start().Same(own) {
		if err := w.setStart(ctx, name, own); err != nil {
			return err
		}
	}
	e := f.entry
	e.Held = nil
	return w.enter(name, f.entry, e)
}

// paid strikes out that it is owed to a service that it runs. A start type that is owed to it stays so: giveBack pays that.
func (w *work) paid(name string) error {
	entries, err := w.Ledger.Entries()
	if err != nil {
		return err
	}
	was := entries.Of(name)
	is := was
	is.Ran, is.For = false, ""
	return w.enter(name, was, is)
}

// launch starts a service that ran, and strikes out what was owed to it.
func (w *work) launch(ctx context.Context, s standing) error {
	f, err := w.look(ctx, s.Name)
	if absent(err) {
		return w.Ledger.Delete(s.Name)
	}
	if err != nil {
		return err
	}
	if h := f.entry.Held; h != nil && h.As != services.Disabled { // startUp was cut off
		if err := w.giveBack(ctx, s.Name); err != nil {
			return err
		}
	}
	if !f.runs() {
		w.note("starting %s", s.Name)
		if _, err := w.startUp(ctx, s.Name, s.Ran); err != nil {
			return err
		}
		w.note("started %s", s.Name)
	}
	return w.paid(s.Name)
}

// startUp starts a service, and reads what became of it. One that ran although it was disabled is started like that: its start type
// is another one for a moment, which the ledger knows.
func (w *work) startUp(ctx context.Context, name string, ran bool) (found, error) {
	_, err := w.Launch(ctx, name)
	if errors.Is(err, services.ErrDisabled) && ran {
		err = w.startDisabled(ctx, name)
	}
	if err != nil {
		return found{}, err
	}
	return w.look(ctx, name)
}

func (w *work) startDisabled(ctx context.Context, name string) error {
	f, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	e := f.entry
	e.Held = &services.Held{Start: f.config.Start(), As: services.Manual}
	if err := w.enter(name, f.entry, e); err != nil {
		return err
	}
	err = w.setStart(ctx, name, services.Start{Type: services.Manual, Delayed: f.config.Delayed.Value})
	if err == nil {
		_, err = w.Launch(ctx, name)
	}
	return all(err, w.giveBack(ctx, name))
}
