package service

import (
	"context"
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

const tokenVersion = 1

// token is what the actions on several services remember: how each was.
type token struct {
	Version  int        `json:"version"`
	Asked    []string   `json:"asked,omitempty"`    // the names as they were given, those that do not exist too
	Optional []string   `json:"optional,omitempty"` // those of the names that may be passed over
	Services []standing `json:"services"`           // in the order in which they are dealt with
	Kept     []string   `json:"kept,omitempty"`     // services that were asked for and are left alone
	Hold     bool       `json:"hold,omitempty"`
	Idle     bool       `json:"idle,omitempty"` // there was nothing to do
}

// standing is a service as Prepare found it.
type standing struct {
	Name string `json:"name"`
	// Ran says that it ran, or that it is owed to it that it does.
	Ran bool `json:"ran,omitempty"`
	// Start is its own start type, also where it was held.
	Start services.Start `json:"start"`
	// For names the service that this one depends on and is dealt with for; "" of one that was asked for.
	For string `json:"for,omitempty"`
	// Entry is what was known of it in the ledger.
	Entry services.Entry `json:"entry,omitzero"`
	// Process is the one that it ran in; only restart needs to know.
	Process services.Process `json:"process,omitzero"`
}

func (t token) check() error {
	if t.Version != tokenVersion {
		return fmt.Errorf("it has version %d, this plugin knows version %d", t.Version, tokenVersion)
	}
	if t.Services == nil {
		return fmt.Errorf("it has no services")
	}
	var names []string
	for _, s := range t.Services {
		if err := services.CheckName(s.Name); err != nil {
			return err
		}
		if holds(names, s.Name) {
			return fmt.Errorf("the service %s is in it twice", s.Name)
		}
		if h := s.Entry.Held; !s.Start.Valid() || h != nil && !h.Start.Valid() {
			return fmt.Errorf("the service %s has no start type", s.Name)
		}
		names = append(names, s.Name)
	}
	for _, name := range slices.Concat(t.Asked, t.Optional, t.Kept) {
		if err := services.CheckName(name); err != nil {
			return err
		}
	}
	return nil
}

// dependent says whether a service is dealt with for the sake of another alone.
func (s standing) dependent() bool { return s.For != "" }

// find gives a service of the token by its name.
func (t token) find(name string) *standing {
	for i := range t.Services {
		if holds([]string{name}, t.Services[i].Name) {
			return &t.Services[i]
		}
	}
	return nil
}

// absent are the names for which there was no service.
func (t token) absent() []string {
	var names []string
	for _, name := range t.Asked {
		if t.find(name) == nil && !holds(t.Kept, name) {
			names = append(names, name)
		}
	}
	return names
}

// material is the state that the actions rest on: which services there are, and for those whose start type is taken that type.
// States are not in it, because triggers change them.
func (t token) material() map[string]string {
	m := map[string]string{}
	for _, name := range t.Asked {
		s := t.find(name)
		switch {
		case s == nil && !holds(t.Kept, name):
			m[name] = stateAbsent
		case s != nil && t.Hold:
			m[name] = s.Start.String()
		default:
			m[name] = "exists"
		}
	}
	return m
}

// without says which names there are no services for; empty where there are all.
func (t token) without() string {
	if names := t.absent(); len(names) > 0 {
		return "; there is no service " + list(names)
	}
	return ""
}

// every is the services that an action deals with: those of the token, and the dependents that came up on the way.
func (w *work) every(t token) []standing {
	return append(t.Services[:len(t.Services):len(t.Services)], w.record.Extra...)
}

// states reads back what became of the services, those that were asked for first.
func (w *work) states(ctx context.Context, t token) (ServicesOutput, error) {
	out := ServicesOutput{Services: []ServiceState{}}
	names := append([]string(nil), t.Asked...)
	for _, s := range w.every(t) {
		if !holds(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		s, err := w.Status(ctx, name)
		state := string(s.State)
		if absent(err) {
			state, err = stateAbsent, nil
		}
		if err != nil {
			return out, err
		}
		out.Services = append(out.Services, ServiceState{name, state, w.reason(name)})
	}
	return out, nil
}

const stateAbsent = "absent"

// predicted is what states will give as far as that is known; kept has the states of those that are left alone, and foreseen says
// why some are.
func (t token) predicted(state services.State, kept map[string]services.State, foreseen []passed) *ServicesOutput {
	out := &ServicesOutput{Services: []ServiceState{}}
	for _, name := range t.Asked {
		is := ServiceState{Name: name, State: string(state), PassedOver: reasonOf(foreseen, name)}
		if k, ok := kept[name]; ok {
			is.State = string(k)
		} else if t.find(name) == nil {
			is.State = stateAbsent
		}
		out.Services = append(out.Services, is)
	}
	for _, s := range t.Services {
		if holds(t.Asked, s.Name) {
			continue
		}
		is := state
		if k, ok := kept[s.Name]; ok {
			is = k
		}
		out.Services = append(out.Services, ServiceState{Name: s.Name, State: string(is)})
	}
	return out
}

// verdict makes an assessment of whether all and whether none of it was done. What was taken back as a whole and still is counts as
// before; else, where there is nothing to do, all is done.
func (w *work) verdict(all, none bool, partial string) sdk.Assessment {
	switch {
	case none && (!w.begun || w.record.Undone):
		return sdk.Assessment{State: sdk.StateBefore}
	case all:
		return sdk.Assessment{State: sdk.StateAfter}
	case none:
		return sdk.Assessment{State: sdk.StateBefore}
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: partial}
}

func other(format string, args ...any) sdk.Assessment {
	return sdk.Assessment{State: sdk.StateOther, Reason: fmt.Sprintf(format, args...)}
}
