package service

import (
	"context"
	"maps"
	"slices"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

func prepareRestore(ctx context.Context, w *work, _ RestoreInput) (sdk.Preview[ServicesOutput, token], error) {
	p := sdk.Preview[ServicesOutput, token]{NoOp: true, Summary: "nothing is owed to any service"}
	entries, err := w.Ledger.Entries()
	if err != nil {
		return p, err
	}
	t := token{Version: tokenVersion, Services: []standing{}}
	var names, gone []string
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if !entries[name].Owes() {
			continue
		}
		f, err := w.look(ctx, name)
		if absent(err) {
			gone = append(gone, name)
			continue
		}
		if err != nil {
			return p, err
		}
		s := standingOf(name, f, "")
		s.Ran = f.entry.Ran
		t.Services = append(t.Services, s)
		names = append(names, name)
		if f.held() {
			p.Changes = append(p.Changes, sdk.Change{What: startTypeOf(name), Before: f.config.Start().String(), After: s.Start.String()})
		}
		if s.Ran && !f.runs() {
			p.Changes = append(p.Changes, sdk.Change{What: serviceNamed(name), Before: string(f.status.State), After: string(services.Running)})
		}
	}
	if len(names) > 0 {
		p.NoOp, p.Summary = false, "bring back what they were: "+list(names)
	}
	if len(gone) > 0 {
		p.Summary += "; there is no service " + list(gone) + " any more"
	}
	p.Token, p.Material = t, t.material()
	return p, nil
}

// applyRestore pays all that is owed. What fails does not keep the others from it.
func applyRestore(ctx context.Context, w *work, t token) (ServicesOutput, error) {
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
		if s.Ran {
			errs = append(errs, w.launch(ctx, s))
		}
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

func assessRestore(_ context.Context, w *work, t token) (sdk.Assessment, error) {
	switch {
	case !w.begun, w.record.Undone:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case w.record.Done:
		return w.paidAll(t)
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: "what is owed to the services was given back in part"}, nil
}

// undoRestore changes nothing: restore is itself a way back.
func undoRestore(ctx context.Context, w *work, t token) (ServicesOutput, error) {
	if w.begun {
		w.record.Undone = true
		if err := w.save(); err != nil {
			return ServicesOutput{}, err
		}
	}
	return w.states(ctx, t)
}
