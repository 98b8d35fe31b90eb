package foldermachine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rectify-project/rectify/sdk"
)

type configureInput struct {
	Name      string `json:"name" jsonschema_description:"Name of the service"`
	StartType string `json:"start_type" jsonschema:"enum=auto,enum=manual,enum=disabled" jsonschema_description:"How it is to be started"`
}

type configureToken struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

func serviceConfigure() sdk.Action {
	return newAction(sdk.ActionManifest{
		Name: "service_configure", Summary: "Change how a service is started",
		Doc:    "Changes the start type alone. One that is held cannot be changed until it is given back.",
		Effect: sdk.Reversible, Risk: sdk.RiskMedium, Interruptible: true,
	}, hands[configureInput, serviceState, configureToken]{
		prepare: prepareConfigure,
		apply: func(_ context.Context, w *work, _ configureInput, token configureToken) (sdk.Result[serviceState], error) {
			return w.configure(token.Name, token.After)
		},
		assess: func(m Machine, token configureToken, _ string) (sdk.Assessment, error) {
			is, err := m.standing(token.Name)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return sdk.Assessment{State: sdk.StateOther, Reason: "there is no service " + token.Name + " any more"}, nil
			case err != nil:
				return sdk.Assessment{}, err
			case is.own() != token.Before && is.own() != token.After:
				return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf("the start type of %s is %s; it was %s and was to be %s",
					token.Name, is.own(), token.Before, token.After)}, nil
			}
			return howFar(is.own() == token.After, true, ""), nil
		},
		undo: func(_ context.Context, w *work, token configureToken) (sdk.Result[serviceState], error) {
			return w.configure(token.Name, token.Before)
		},
	})
}

func prepareConfigure(m Machine, in configureInput) (sdk.Preview[serviceState, configureToken], error) {
	var p sdk.Preview[serviceState, configureToken]
	if err := checkName(in.Name); err != nil {
		return p, badName(err, "/name")
	}
	was, err := m.standing(in.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return p, sdk.Errorf(sdk.NotFound, "there is no service %q", in.Name).WithPath("/name")
	}
	if err != nil {
		return p, err
	}
	if was.Held != "" {
		return p, heldError(in.Name)
	}
	p.Summary = fmt.Sprintf("make the start type of %s %s", in.Name, in.StartType)
	p.NoOp = was.StartType == in.StartType
	if !p.NoOp {
		p.Changes = []sdk.Change{{What: startTypeOf(in.Name), Before: was.StartType, After: in.StartType}}
	}
	p.Predicted = &serviceState{in.Name, was.State, in.StartType}
	p.Token = configureToken{in.Name, was.StartType, in.StartType}
	p.Material = map[string]any{in.Name: was.StartType}
	return p, nil
}

func heldError(name string) error {
	return sdk.Errorf(sdk.Unavailable, "the start type of %s is held", name).WithHint("start the service first")
}

func (w *work) configure(name, startType string) (sdk.Result[serviceState], error) {
	was, err := w.standing(name)
	if err == nil && was.own() != startType {
		if was.Held != "" {
			return sdk.Result[serviceState]{}, heldError(name)
		}
		_, err = w.giveType(name, standing{StartType: startType})
		if err == nil {
			err = w.did(startTypeOf(name), startType)
		}
	}
	if err != nil {
		return sdk.Result[serviceState]{}, err
	}
	s, err := w.Service(name)
	return sdk.Result[serviceState]{Output: serviceState{name, s.State, s.StartType}}, err
}
