package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

// neverStarted is ERROR_SERVICE_NEVER_STARTED: the machine was started since, and nothing has needed the service.
const neverStarted = 1077

func prepareStart(ctx context.Context, w *work, in StartInput) (sdk.Preview[ServicesOutput, token], error) {
	p := sdk.Preview[ServicesOutput, token]{NoOp: true}
	t := token{Version: tokenVersion, Services: []standing{}}
	var err error
	if t.Asked, err = uniqueNames(in.Names); err != nil {
		return p, err
	}
	if t.Optional, err = optionalNames(in.Optional, t.Asked); err != nil {
		return p, err
	}
	entries, err := w.Ledger.Entries()
	if err != nil {
		return p, err
	}
	kept := map[string]services.State{}
	var foreseen []passed
	var disabled []string
	for _, next := range stoppedFor(entries, t.Asked) {
		f, err := w.look(ctx, next.name)
		if absent(err) {
			continue
		}
		if err != nil {
			return p, err
		}
		s := standingOf(next.name, f, next.below)
		s.Ran = f.runs()
		t.Services = append(t.Services, s)
		if f.held() {
			p.Changes = append(p.Changes, sdk.Change{What: startTypeOf(s.Name), Before: f.config.Start().String(), After: s.Start.String()})
		}
		refusal := ""
		if holds(t.Optional, s.Name) { // it is tried all the same
			if refusal, err = w.refusesStart(ctx, s, f); err != nil {
				return p, err
			}
		}
		if refusal != "" {
			foreseen = append(foreseen, passed{s.Name, refusal})
			kept[s.Name] = f.status.State
		} else if !s.Ran {
			p.Changes = append(p.Changes, sdk.Change{What: serviceNamed(s.Name), Before: string(f.status.State), After: string(services.Running)})
			if s.Start.Type == services.Disabled && !f.entry.Ran {
				disabled = append(disabled, s.Name)
			}
		}
		p.NoOp = p.NoOp && s.Ran && !f.entry.Owes()
	}
	p.Summary = "start the services " + list(in.Names)
	if p.NoOp {
		p.Summary = "the services " + list(in.Names) + " run already"
	}
	if len(disabled) > 0 { // it may be given another start type before this is done
		p.Summary += "; disabled, and cannot be started: " + list(disabled)
	}
	p.Summary += without(foreseen) + t.without()
	p.Token, p.Material = t, t.material()
	p.Predicted = t.predicted(services.Running, kept, foreseen)
	return p, nil
}

// owed is a service with the one that it was stopped for.
type owed struct{ name, below string }

// stoppedFor lists services, and after them those that were stopped for them, because they cannot run without.
func stoppedFor(entries services.Entries, names []string) []owed {
	var all []owed
	seen := slices.Clone(names)
	for _, name := range names {
		all = append(all, owed{name: name})
	}
	for i := 0; i < len(seen); i++ {
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			if e := entries[name]; e.Ran && strings.EqualFold(e.For, seen[i]) && !holds(seen, name) {
				all, seen = append(all, owed{name, seen[i]}), append(seen, name)
			}
		}
	}
	return all
}

// applyStart gives all start types back before it starts anything: one service may need another. What fails does not keep
// the others from it.
func applyStart(ctx context.Context, w *work, t token) (ServicesOutput, error) {
	if w.begun && w.record.Done && !w.record.Undone {
		return w.states(ctx, t)
	}
	if err := w.begin(); err != nil {
		return ServicesOutput{}, err
	}
	var errs []error
	for _, s := range t.Services {
		errs = append(errs, w.giveBack(ctx, s.Name))
	}
	for _, s := range t.Services {
		errs = append(errs, w.passOverUnstarted(ctx, t, s, w.startOne(ctx, s)))
	}
	if err := all(errs...); err != nil {
		return ServicesOutput{}, err
	}
	w.record.Done = true
	if err := w.save(); err != nil {
		return ServicesOutput{}, err
	}
	return w.states(ctx, t)
}

// passOverUnstarted passes over what an error says to refuse, where it is optional; nothing is owed to it then. Any other error it
// gives back.
func (w *work) passOverUnstarted(ctx context.Context, t token, s standing, err error) error {
	if !holds(t.Optional, s.Name) || !refuses(err) {
		return err
	}
	return w.leave(ctx, s, why(err), true)
}

// startOne starts a service unless it runs. That it was started although it had not run before is noted in the ledger: the undo of
// a stop stops it again by that.
func (w *work) startOne(ctx context.Context, s standing) error {
	if _, err := w.Status(ctx, s.Name); absent(err) {
		return nil
	}
	if s.Ran {
		return w.launch(ctx, s)
	}
	if err := w.noteStarted(s, services.Process{}); err != nil {
		return err
	}
	w.note("starting %s", s.Name)
	f, err := w.startUp(ctx, s.Name, s.Entry.Ran)
	if err != nil {
		return all(err, w.forget(s.Name))
	}
	if status := f.status; status.State.Runs() {
		process := w.process(ctx, status)
		if w.record.Started == nil {
			w.record.Started = map[string]services.Process{}
		}
		w.record.Started[s.Name] = process
		err = w.save()
		if err == nil {
			err = w.noteStarted(s, process)
		}
	} else {
		err = w.forget(s.Name)
	}
	if err != nil {
		return err
	}
	w.note("started %s", s.Name)
	return w.paid(s.Name)
}

// noteStarted notes in the ledger who is about to start a service, and then in which process; not of one that ran before somebody
// stopped it: that it runs is nothing new.
func (w *work) noteStarted(s standing, process services.Process) error {
	if s.Entry.Ran {
		return nil
	}
	entries, err := w.Ledger.Entries()
	if err != nil {
		return err
	}
	was := entries.Of(s.Name)
	is := was
	is.Started, is.Ran, is.Since = &process, false, w.Clock.Now()
	return w.enter(s.Name, was, is)
}

func assessStart(ctx context.Context, w *work, t token) (sdk.Assessment, error) {
	after, before, partial := true, true, ""
	for _, s := range t.Services {
		f, err := w.look(ctx, s.Name)
		if absent(err) {
			return other("there is no service %s any more", s.Name), nil
		}
		if err != nil {
			return sdk.Assessment{}, err
		}
		if s.Entry.Held != nil && !f.own().Same(s.Start) {
			return other("the start type of %s is %s; it was %s", s.Name, f.own(), s.Start), nil
		}
		idle := w.reason(s.Name) != "" || w.record.Done && f.status.State == services.Stopped && (f.status.Exit == 0 || f.status.Exit == neverStarted)
		is := f.entry.Held == nil && (f.runs() || idle)
		was := (f.entry.Held != nil) == (s.Entry.Held != nil) && (s.Ran || !f.runs() || w.record.Undone)
		was = was || w.record.Undone && w.reason(s.Name) != ""
		if !is {
			partial = s.Name + " is " + string(f.status.State) + ", its start type is " + f.config.Start().String()
		}
		after, before = after && is, before && was
	}
	if !w.begun {
		return sdk.Assessment{State: sdk.StateBefore}, nil
	}
	return w.verdict(after, before, partial), nil
}

func undoStart(ctx context.Context, w *work, t token) (ServicesOutput, error) {
	if w.begun {
		var errs []error
		for _, s := range slices.Backward(t.Services) {
			err := w.holdAgain(ctx, s)
			if holds(t.Optional, s.Name) && refuses(err) {
				err = w.leave(ctx, s, why(err), false)
			}
			errs = append(errs, err)
		}
		errs = append(errs, w.haltAllStarted(ctx, t))
		if err := all(errs...); err != nil {
			return ServicesOutput{}, err
		}
		w.record.Undone = true
		if err := w.save(); err != nil {
			return ServicesOutput{}, err
		}
	}
	return w.states(ctx, t)
}

// holdAgain takes a start type that start has given back, with the note that it is owed.
func (w *work) holdAgain(ctx context.Context, s standing) error {
	if s.Entry.Held == nil {
		return w.giveBack(ctx, s.Name) // it was started although it is disabled, and that broke off
	}
	f, err := w.look(ctx, s.Name)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !f.own().Same(s.Start) {
		return changedSince(s.Name, f.own(), s.Start)
	}
	if err := w.enter(s.Name, f.entry, s.Entry); err != nil {
		return err
	}
	if f.config.Type == s.Entry.Held.As {
		return nil
	}
	return w.setStart(ctx, s.Name, services.Start{Type: s.Entry.Held.As, Delayed: f.config.Delayed.Value})
}

// haltAllStarted stops what start has started. One that others depend on comes after them.
func (w *work) haltAllStarted(ctx context.Context, t token) error {
	rest := slices.Clone(t.Services)
	slices.Reverse(rest)
	var errs []error
	for len(rest) > 0 {
		var waiting []standing
		var why []error
		for _, s := range rest {
			err := w.haltStarted(ctx, t, s)
			if errors.Is(err, services.ErrDependents) {
				waiting, why = append(waiting, s), append(why, err)
				continue
			}
			errs = append(errs, err)
		}
		if len(waiting) == len(rest) {
			return all(append(errs, why...)...)
		}
		rest = waiting
	}
	return all(errs...)
}

// haltStarted stops a service that start has started, unless something else has started it anew since.
func (w *work) haltStarted(ctx context.Context, t token, s standing) error {
	f, err := w.look(ctx, s.Name)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	noted, ok := w.record.Started[s.Name]
	ours := ok && noted.Same(w.process(ctx, f.status)) || !ok && !w.record.Done
	if !s.Ran && f.runs() && ours {
		w.note("stopping %s", s.Name)
		_, err := w.Halt(ctx, s.Name)
		switch {
		case err == nil:
			w.note("stopped %s", s.Name)
		case holds(t.Optional, s.Name) && refuses(err):
			if err := w.leave(ctx, s, why(err), false); err != nil {
				return err
			}
			if f, err = w.look(ctx, s.Name); err != nil {
				return err
			}
		default:
			return err
		}
	}
	e := s.Entry
	e.Held = f.entry.Held // as holdAgain has left it
	return w.enter(s.Name, f.entry, e)
}
