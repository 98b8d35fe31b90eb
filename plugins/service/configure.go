package service

import (
	"context"
	"fmt"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

// configureToken is what configure remembers.
type configureToken struct {
	Version int            `json:"version"`
	Name    string         `json:"name"`
	Before  services.Start `json:"before"`
	After   services.Start `json:"after"`
}

func (t configureToken) check() error {
	if t.Version != tokenVersion {
		return fmt.Errorf("it has version %d, this plugin knows version %d", t.Version, tokenVersion)
	}
	if !t.Before.Valid() || !t.After.Valid() {
		return fmt.Errorf("it has the start types %q and %q", t.Before.Type, t.After.Type)
	}
	return services.CheckName(t.Name)
}

func prepareConfigure(ctx context.Context, w *work, in ConfigureInput) (sdk.Preview[ConfigureOutput, configureToken], error) {
	var p sdk.Preview[ConfigureOutput, configureToken]
	if err := services.CheckName(in.Name); err != nil {
		return p, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/name")
	}
	f, err := w.look(ctx, in.Name)
	if absent(err) {
		return p, sdk.Errorf(sdk.NotFound, "there is no service %q", in.Name).WithPath("/name")
	}
	if err != nil {
		return p, err
	}
	if f.held() {
		return p, heldError(in.Name)
	}
	is := f.config.Start()
	want := services.Start{Type: services.StartType(in.StartType), Delayed: is.Delayed} // the flag of what is not automatic stays
	if in.StartType == "automatic_delayed" {
		want = services.Start{Type: services.Automatic, Delayed: true}
	}
	if in.StartType == string(services.Automatic) {
		want.Delayed = false
	}
	if want.Type == services.Automatic && f.config.Delayed.Err != nil {
		return p, f.config.Delayed.Err
	}
	p.NoOp = is.Same(want)
	p.Summary = fmt.Sprintf("make the start type of %s %s, which was %s", in.Name, want, is)
	if p.NoOp {
		p.Summary = fmt.Sprintf("the start type of %s is %s already", in.Name, want)
	} else {
		p.Changes = []sdk.Change{{What: startTypeOf(in.Name), Before: is.String(), After: want.String()}}
	}
	p.Predicted = &ConfigureOutput{in.Name, want.String()}
	p.Token = configureToken{tokenVersion, in.Name, is, want}
	p.Material = map[string]string{in.Name: is.String()}
	return p, nil
}

func heldError(name string) error {
	return sdk.Errorf(sdk.Unavailable, "the start type of %s is held until the service may start again", name).WithHint("give it back first, with service.start or service.restore")
}

func applyConfigure(ctx context.Context, w *work, t configureToken) (ConfigureOutput, error) {
	if err := w.mayConfigure(ctx, t); err != nil {
		return ConfigureOutput{}, err
	}
	if err := w.begin(); err != nil {
		return ConfigureOutput{}, err
	}
	return w.configure(ctx, t.Name, t.After)
}

// mayConfigure says whether the start type is one that this action knows: the one before, the one after, or what is in between.
func (w *work) mayConfigure(ctx context.Context, t configureToken) error {
	f, err := w.look(ctx, t.Name)
	switch {
	case err != nil:
		return err
	case f.held():
		return heldError(t.Name)
	case !t.knows(f.config.Type):
		return changedSince(t.Name, f.config.Start(), t.Before)
	}
	return nil
}

func (t configureToken) knows(is services.StartType) bool {
	return is == t.Before.Type || is == t.After.Type
}

func (w *work) configure(ctx context.Context, name string, want services.Start) (ConfigureOutput, error) {
	if err := w.setStart(ctx, name, want); err != nil {
		return ConfigureOutput{}, err
	}
	c, err := w.Configuration(ctx, name)
	return ConfigureOutput{name, c.Start().String()}, err
}

func assessConfigure(ctx context.Context, w *work, t configureToken) (sdk.Assessment, error) {
	f, err := w.look(ctx, t.Name)
	if absent(err) {
		return other("there is no service %s any more", t.Name), nil
	}
	if err != nil {
		return sdk.Assessment{}, err
	}
	is := f.own()
	switch {
	case is.Same(t.Before) && (!w.begun || !is.Same(t.After)):
		return sdk.Assessment{State: sdk.StateBefore}, nil
	case !w.begun || !t.knows(is.Type):
		return other("the start type of %s is %s; it was %s and was to be %s", t.Name, is, t.Before, t.After), nil
	case is.Same(t.After):
		return sdk.Assessment{State: sdk.StateAfter}, nil
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: fmt.Sprintf("the start type of %s is %s; it was %s and was to be %s", t.Name, is, t.Before, t.After)}, nil
}

func undoConfigure(ctx context.Context, w *work, t configureToken) (ConfigureOutput, error) {
	if w.begun {
		if err := w.mayConfigure(ctx, t); err != nil {
			return ConfigureOutput{}, err
		}
		return w.configure(ctx, t.Name, t.Before)
	}
	c, err := w.Configuration(ctx, t.Name)
	return ConfigureOutput{t.Name, c.Start().String()}, err
}
