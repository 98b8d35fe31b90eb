package foldermachine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/sdk"
)

type stopInput struct {
	Names  []string `json:"names" jsonschema_description:"The services, in the order of stopping; one that does not exist is passed over"`
	Hold   bool     `json:"hold,omitempty" jsonschema_description:"Disable them first, so that nothing starts them until service_start or undo"`
	Millis int      `json:"millis,omitempty" jsonschema:"minimum=0,maximum=60000" jsonschema_description:"How long to wait after each single change"`
}

type startInput struct {
	Names  []string `json:"names" jsonschema_description:"The services, in the order of starting; one that does not exist is passed over"`
	Millis int      `json:"millis,omitempty" jsonschema:"minimum=0,maximum=60000" jsonschema_description:"How long to wait after each single change"`
}

// servicesToken is what each service was and is to be.
type servicesToken struct {
	Services []serviceChange `json:"services"`
	Millis   int             `json:"millis,omitempty"`
}

type serviceChange struct {
	Name   string   `json:"name"`
	Before standing `json:"before"`
	After  standing `json:"after"`
}

func serviceStop() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "service_stop", Summary: "Stop services",
		Doc:    "Disables all that are to be held, then stops one after the other. Undo gives the start types back, then starts those that it stopped.",
		Effect: sdk.Reversible, Risk: sdk.RiskMedium,
	}, serviceHands(func(in stopInput) ([]string, int) { return in.Names, in.Millis }, "stop", func(in stopInput, was standing) standing {
		is := was
		is.State = Stopped
		if in.Hold && was.StartType != Disabled {
			is.StartType, is.Held = Disabled, was.StartType
		}
		return is
	}))
}

func serviceStart() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "service_start", Summary: "Start services",
		Doc:    "Gives all start types that are held back, then starts one after the other. Undo takes the start types again, then stops those that it started.",
		Effect: sdk.Reversible, Risk: sdk.RiskLow,
	}, serviceHands(func(in startInput) ([]string, int) { return in.Names, in.Millis }, "start", func(_ startInput, was standing) standing {
		is := was
		is.State = Running
		if was.Held != "" {
			is.StartType, is.Held = was.Held, ""
		}
		return is
	}))
}

// serviceHands are those of an action that brings services from what they are to something else. First all start types
// are changed, then all states: so nothing starts a service that is about to be stopped, or stopped to be disabled.
func serviceHands[In any](arguments func(In) (names []string, millis int), verb string, after func(In, standing) standing) hands[In, servicesOutput, servicesToken] {
	return hands[In, servicesOutput, servicesToken]{
		prepare: func(m Machine, in In) (sdk.Preview[servicesOutput, servicesToken], error) {
			names, millis := arguments(in)
			return prepareServices(m, names, millis, verb, func(was standing) standing { return after(in, was) })
		},
		apply: func(ctx context.Context, w *work, _ In, token servicesToken) (sdk.Result[servicesOutput], error) {
			for _, c := range token.Services {
				if err := w.settleType(ctx, c.Name, c.After, token.Millis); err != nil {
					return sdk.Result[servicesOutput]{}, err
				}
			}
			for i, c := range token.Services {
				w.call.Progress(sdk.Progress{Done: int64(i), Total: int64(len(token.Services)), Unit: "services"})
				if err := w.settleState(ctx, c.Name, c.After.State, token.Millis, false); err != nil {
					return sdk.Result[servicesOutput]{}, err
				}
			}
			return w.readServices(token)
		},
		assess: func(m Machine, token servicesToken, _ string) (sdk.Assessment, error) {
			return assessServices(m, token)
		},
		undo: func(ctx context.Context, w *work, token servicesToken) (sdk.Result[servicesOutput], error) {
			for _, c := range slices.Backward(token.Services) {
				if c.Before.sameType(c.After) {
					continue
				}
				if err := w.settleType(ctx, c.Name, c.Before, token.Millis); err != nil {
					return sdk.Result[servicesOutput]{}, err
				}
			}
			for _, c := range slices.Backward(token.Services) {
				if c.Before.State == c.After.State {
					continue
				}
				if err := w.settleState(ctx, c.Name, c.Before.State, token.Millis, true); err != nil {
					return sdk.Result[servicesOutput]{}, err
				}
			}
			return w.readServices(token)
		},
	}
}

func (s standing) sameType(other standing) bool {
	return s.StartType == other.StartType && s.Held == other.Held
}

func prepareServices(m Machine, names []string, millis int, verb string, after func(standing) standing) (sdk.Preview[servicesOutput, servicesToken], error) {
	p := sdk.Preview[servicesOutput, servicesToken]{
		Summary: verb + " the services " + strings.Join(names, ", "), NoOp: true, Token: servicesToken{Millis: millis}, Predicted: &servicesOutput{Services: []serviceState{}},
	}
	material := map[string]any{} // not the states: triggers change them
	for i, name := range names {
		if err := checkName(name); err != nil {
			return p, badName(err, fmt.Sprintf("/names/%d", i))
		}
		if slices.Index(names, name) < i {
			continue
		}
		was, err := m.standing(name)
		if errors.Is(err, fs.ErrNotExist) {
			material[name] = "absent"
			continue
		}
		if err != nil {
			return p, err
		}
		is := after(was)
		material[name] = was.StartType
		p.Token.Services = append(p.Token.Services, serviceChange{name, was, is})
		p.Predicted.Services = append(p.Predicted.Services, serviceState{name, is.State, is.StartType})
		p.NoOp = p.NoOp && was == is
		if was.StartType != is.StartType {
			p.Changes = append(p.Changes, sdk.Change{What: startTypeOf(name), Before: was.StartType, After: is.StartType})
		}
		if was.State != is.State {
			p.Changes = append(p.Changes, sdk.Change{What: serviceNamed(name), Before: was.State, After: is.State})
		}
	}
	p.Material = material
	return p, nil
}

// The words for what several actions change.
func serviceNamed(name string) string { return "service " + name }
func startTypeOf(name string) string  { return "start type of " + name }

func (w *work) settleType(ctx context.Context, name string, want standing, millis int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	changed, err := w.giveType(name, want)
	if err != nil || !changed {
		return err
	}
	return errors.Join(w.did(startTypeOf(name), want.StartType), w.pause(ctx, millis))
}

func (w *work) settleState(ctx context.Context, name, want string, millis int, force bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	changed, err := w.giveState(name, want, force)
	if err != nil || !changed {
		return err
	}
	return errors.Join(w.did(serviceNamed(name), want), w.pause(ctx, millis))
}

// readServices reads back what became of the services.
func (m Machine) readServices(token servicesToken) (sdk.Result[servicesOutput], error) {
	services, err := m.Services()
	var names []string
	for _, c := range token.Services {
		names = append(names, c.Name)
	}
	return sdk.Result[servicesOutput]{Output: statesOf(services, names)}, err
}

func assessServices(m Machine, token servicesToken) (sdk.Assessment, error) {
	all, none := true, true
	for _, c := range token.Services {
		s, err := m.Service(c.Name)
		if errors.Is(err, fs.ErrNotExist) {
			return sdk.Assessment{State: sdk.StateOther, Reason: "there is no service " + c.Name + " any more"}, nil
		}
		if err != nil {
			return sdk.Assessment{}, err
		}
		h, err := m.heldType(c.Name)
		if err != nil {
			return sdk.Assessment{}, err
		}
		is := standing{s.State, s.StartType, h}
		if is.StartType != c.Before.StartType && is.StartType != c.After.StartType {
			return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("the start type of %s is %s; it was %s and was to be %s",
				c.Name, is.StartType, c.Before.StartType, c.After.StartType)}, nil
		}
		all = all && is == c.After
		// That it runs says nothing of a service that was to be stopped, and that triggers start.
		byItself := s.Triggered && is.State == Running && c.After.State == Stopped
		none = none && is.sameType(c.Before) && (is.State == c.Before.State || byItself)
	}
	return howFar(all, none, "some services are changed, some are not"), nil
}

// howFar makes an assessment of whether all and whether none of it was done. Where there is nothing to do all is done.
func howFar(all, none bool, partial string) sdk.Assessment {
	switch {
	case all:
		return sdk.Assessment{State: sdk.StateAfter}
	case none:
		return sdk.Assessment{State: sdk.StateBefore}
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: partial}
}
