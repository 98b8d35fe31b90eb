package services_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
	"github.com/rectify-project/rectify/sdk"
)

var manual = services.Start{Type: services.Manual}

func one(s fakeservices.Service) *fakeservices.Machine {
	if s.Start.Type == "" {
		s.Start = manual
	}
	return fakeservices.New(map[string]fakeservices.Service{"x": s})
}

func TestHalt(t *testing.T) {
	tests := map[string]struct {
		service fakeservices.Service
		state   services.State
		err     error
		stuck   bool
		longest time.Duration
	}{
		"at-once":          {service: fakeservices.Service{State: services.Running}, state: services.Stopped, longest: time.Second},
		"stopped":          {state: services.Stopped},
		"slow":             {service: fakeservices.Service{State: services.Running, Polls: 400}, state: services.Stopped, longest: 2 * time.Minute},
		"slower-than-ever": {service: fakeservices.Service{State: services.Running, Polls: 1e6}, state: services.StopPending, stuck: true, longest: 6 * time.Minute},
		"never":            {service: fakeservices.Service{State: services.Running, Stuck: true}, state: services.StopPending, stuck: true, longest: time.Minute},
		"starting":         {service: fakeservices.Service{State: services.StartPending, Polls: 3}, state: services.Stopped, longest: 10 * time.Second},
		"paused":           {service: fakeservices.Service{State: services.Paused}, state: services.Stopped, longest: time.Second},
		"triggered":        {service: fakeservices.Service{State: services.Running, Restarts: 1, Polls: 1}, state: services.Running, longest: 10 * time.Second},
		"refuses":          {service: fakeservices.Service{State: services.Running, Refuses: services.ErrRefused}, state: services.Running, err: services.ErrRefused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := one(test.service)
			began := m.Now()
			s, err := m.Machine().Halt(t.Context(), "X")
			var stuck *services.StuckError
			want := test.err
			if errors.As(err, &stuck) {
				want = stuck
			}
			if s.State != test.state || !errors.Is(err, want) || (stuck != nil) != test.stuck {
				t.Errorf("%s, %v", s.State, err)
			}
			if took := m.Now().Sub(began); took > test.longest {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestLaunch(t *testing.T) {
	tests := map[string]struct {
		service fakeservices.Service
		state   services.State
		says    string
	}{
		"at-once":    {state: services.Running},
		"running":    {service: fakeservices.Service{State: services.Running}, state: services.Running},
		"slow":       {service: fakeservices.Service{Polls: 50}, state: services.Running},
		"stopping":   {service: fakeservices.Service{State: services.StopPending, Polls: 5}, state: services.Running},
		"idle":       {service: fakeservices.Service{EndsAtOnce: true}, state: services.Stopped},
		"broken":     {service: fakeservices.Service{EndsAtOnce: true, Exit: 1067}, state: services.Stopped, says: "ended with error 1067"},
		"disabled":   {service: fakeservices.Service{Start: services.Start{Type: services.Disabled}}, state: services.Stopped, says: "disabled"},
		"deleted":    {service: fakeservices.Service{Deleted: true}, state: services.Stopped, says: "marked for deletion"},
		"never-ends": {service: fakeservices.Service{State: services.StopPending, Stuck: true}, state: services.StopPending, says: "was asked to be running and is stop_pending"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := one(test.service).Machine().Launch(t.Context(), "x")
			if s.State != test.state || (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s, %v", s.State, err)
			}
		})
	}
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := one(fakeservices.Service{State: services.Running}).Machine().Halt(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestSetStart(t *testing.T) {
	all := []services.Start{manual, {Type: services.Manual, Delayed: true}, {Type: services.Automatic}, {Type: services.Automatic, Delayed: true}, {Type: services.Disabled}, {Type: services.Disabled, Delayed: true}}
	for _, from := range all {
		for _, to := range all {
			m := one(fakeservices.Service{Start: from})
			if err := m.Machine().SetStart(t.Context(), "x", to); err != nil {
				t.Errorf("from %+v to %+v: %v", from, to, err)
			}
			if c, err := m.Configuration(t.Context(), "x"); err != nil || !c.Start().Same(to) {
				t.Errorf("from %+v to %+v: %+v, %v", from, to, c.Start(), err)
			}
		}
	}
	if err := one(fakeservices.Service{Forgetful: true}).Machine().SetStart(t.Context(), "x", services.Start{Type: services.Disabled}); err == nil || !strings.Contains(err.Error(), "reads back as manual") {
		t.Errorf("a change that is not made: %v", err)
	}
	unread := errors.New("invalid level")
	blind := one(fakeservices.Service{Unreadable: unread}).Machine()
	if err := blind.SetStart(t.Context(), "x", services.Start{Type: services.Automatic, Delayed: true}); !errors.Is(err, unread) {
		t.Errorf("a delay that cannot be read: %v", err)
	}
	if err := blind.SetStart(t.Context(), "x", services.Start{Type: services.Disabled}); err != nil {
		t.Errorf("a start type, where the delay cannot be read: %v", err)
	}
}

func TestExplain(t *testing.T) {
	tests := map[string]struct {
		err  error
		code sdk.ErrorCode
		hint bool
	}{
		"absent":    {services.ErrAbsent, sdk.NotFound, false},
		"denied":    {services.ErrDenied, sdk.AccessDenied, true},
		"disabled":  {services.ErrDisabled, sdk.Unavailable, true},
		"shutdown":  {services.ErrShuttingDown, sdk.Unavailable, true},
		"deleted":   {services.ErrDeleted, sdk.Unavailable, true},
		"elsewhere": {services.ErrNotWindows, sdk.Unsupported, false},
		"cancelled": {context.Canceled, sdk.Canceled, false},
		"known":     {sdk.Errorf(sdk.InvalidInput, "x"), sdk.InvalidInput, false},
		"silent":    {services.ErrSilent, sdk.Unavailable, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := services.Explain(&services.Error{Call: "OpenService", Name: "x", Kind: test.err, Err: test.err})
			if e.Code != test.code || (e.Hint != "") != test.hint {
				t.Errorf("%+v", e)
			}
		})
	}
}
