package service

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

// TestPassedOver has an optional UsoSvc that refuses: wuauserv is dealt with all the same, and UsoSvc is left as it was, and named.
func TestPassedOver(t *testing.T) {
	const (
		running = "UsoSvc running automatic delayed=true\n"
		stopped = "UsoSvc stopped automatic delayed=true\n"
	)
	stop := object{"names": []string{"UsoSvc", "wuauserv"}, "hold": true, "optional": []string{"usosvc"}}
	start := object{"names": []string{"wuauserv", "UsoSvc"}, "optional": []string{"UsoSvc"}}
	runs := func(change func(s *fakeservices.Service)) func(*fakeservices.Service) {
		return func(s *fakeservices.Service) {
			s.State = services.Running
			change(s)
		}
	}
	denies := func(rights ...services.Right) func(*fakeservices.Service) {
		return func(s *fakeservices.Service) { s.Denies = rights }
	}
	tests := map[string]struct {
		action   string
		input    object
		given    func(s *fakeservices.Service)
		foreseen string // in the summary, and predicted; "" where it cannot be known
		reason   string
		left     string
	}{
		"stop-denied":       {"stop", stop, runs(denies(services.ToStop)), "OpenService: access is denied", "OpenService: access is denied", running},
		"hold-denied":       {"stop", stop, denies(services.ToConfigure), "OpenService: access is denied", "OpenService: access is denied", stopped},
		"takes-no-stop":     {"stop", stop, runs(func(s *fakeservices.Service) { s.Refuses = services.ErrRefused }), "the service takes no request to stop", "the service takes no request to stop", running},
		"stop-denied-late":  {"stop", stop, runs(func(s *fakeservices.Service) { s.Refuses = services.ErrDenied }), "", "ControlService: access is denied", running},
		"hold-denied-late":  {"stop", stop, runs(func(s *fakeservices.Service) { s.Fixed = services.ErrDenied }), "", "ChangeServiceConfig: access is denied", running},
		"hold-forgotten":    {"stop", stop, runs(func(s *fakeservices.Service) { s.Forgetful = true }), "", "was to be disabled, no error was reported, and it reads back as automatic_delayed", running},
		"never-stops":       {"stop", stop, runs(func(s *fakeservices.Service) { s.Stuck = true }), "", "UsoSvc was asked to be stopped and is stop_pending", stopped},
		"runs-again":        {"stop", stop, runs(func(s *fakeservices.Service) { s.Races, s.Shared = 500, false }), "", "held and stopped 4 times, and started again each time by something else: UsoSvc", running},
		"start-denied":      {"start", start, denies(services.ToStart), "OpenService: access is denied", "OpenService: access is denied", stopped},
		"start-denied-late": {"start", start, func(s *fakeservices.Service) { s.Unstarted = services.ErrDenied }, "", "StartService: access is denied", stopped},
		"disabled":          {"start", start, func(s *fakeservices.Service) { s.Start = disabled }, "the service is disabled", "StartService: the service is disabled", "UsoSvc stopped disabled delayed=false\n"},
		"never-starts":      {"start", start, func(s *fakeservices.Service) { s.Polls = 1e6 }, "", "UsoSvc was asked to be running and is start_pending", running},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := updateMachine()
			m.Set("UsoSvc", test.given)
			state, line := "stopped", "wuauserv stopped disabled"
			if test.action == "start" {
				m.Set("wuauserv", func(s *fakeservices.Service) { s.State = services.Stopped })
				state, line = "running", "wuauserv running manual"
			}
			s := newScene(t, m, test.action, test.input)
			p := s.prepare()
			const will = "; UsoSvc will be passed over ("
			if test.foreseen != "" && !strings.Contains(p.Summary, will+test.foreseen+")") || test.foreseen == "" && strings.Contains(p.Summary, will) {
				t.Errorf("the summary is %s", p.Summary)
			}
			if _, predicted := outcomes(t, p.Predicted); predicted != test.foreseen {
				t.Errorf("predicted is %q", predicted)
			}
			for _, c := range p.Changes {
				if test.foreseen != "" && strings.Contains(c.What, "UsoSvc") {
					t.Errorf("a change is announced: %+v", c)
				}
			}
			states, reason := outcomes(t, json.RawMessage(s.apply()))
			if !strings.Contains(reason, test.reason) || states["wuauserv"] != state {
				t.Errorf("%v, passed over because: %s", states, reason)
			}
			is := m.String()
			if !strings.Contains(is, test.left) || strings.Contains(is, "ledger usosvc is owed") || strings.Contains(is, "ledger usosvc ran=true") || !strings.Contains(is, line) {
				t.Errorf("the machine is\n%s", is)
			}
			s.want(sdk.StateAfter, "applied,")
			s.undo()
			s.want(sdk.StateBefore, "undone,")
			verification.ShownByFake(t, "an optional service that refuses is left as it was and named, the others are dealt with: "+name, "service."+test.action)
		})
	}
}

// outcomes are the states by name, and why UsoSvc is passed over.
func outcomes(t *testing.T, output json.RawMessage) (map[string]string, string) {
	t.Helper()
	var out ServicesOutput
	if err := json.Unmarshal(output, &out); err != nil {
		t.Fatal(err)
	}
	states, reason := map[string]string{}, ""
	for _, s := range out.Services {
		states[s.Name] = s.State
		if s.Name == "UsoSvc" {
			reason = s.PassedOver
		} else if s.PassedOver != "" {
			t.Errorf("%s is passed over: %s", s.Name, s.PassedOver)
		}
	}
	return states, reason
}

// TestStoppedForAnother has an optional service that cannot be held, and that another one needs to be stopped: it is stopped as any
// dependent is, and started again.
func TestStoppedForAnother(t *testing.T) {
	m := updateMachine()
	m.Set("Sender", func(s *fakeservices.Service) { s.Fixed = services.ErrDenied })
	before := m.String()
	s := newScene(t, m, "stop", object{"names": []string{"Sender", "BITS"}, "hold": true, "optional": []string{"Sender"}})
	s.prepare()
	film := s.filmed(func(call *sdk.Call) error {
		_, err := s.action.Apply(t.Context(), call, s.input, s.token, s.dir)
		return err
	})
	if is := m.String(); !strings.Contains(is, "Sender stopped automatic") || !strings.Contains(is, "ledger sender ran=true") || !strings.Contains(is, "BITS stopped disabled") {
		t.Errorf("the machine is\n%s", is)
	}
	s.want(sdk.StateAfter, "stopped,")
	s.undo()
	s.same(before, "undone,")
	for _, image := range film {
		s.restore(image)
		s.recoverable("after a crash at " + image.at)
		s.undo()
		s.same(before, "undone after a crash at "+image.at)
		s.want(sdk.StateBefore, "undone after a crash at "+image.at)
	}
}

// TestNeverStops has an optional service that never stops, with a crash at each instant.
func TestNeverStops(t *testing.T) {
	m := updateMachine()
	m.Set("UsoSvc", func(s *fakeservices.Service) { s.State, s.Stuck = services.Running, true })
	s := newScene(t, m, "stop", object{"names": []string{"wuauserv", "UsoSvc"}, "hold": true, "optional": []string{"UsoSvc"}})
	s.prepare()
	film := s.filmed(func(call *sdk.Call) error {
		_, err := s.action.Apply(t.Context(), call, s.input, s.token, s.dir)
		return err
	})
	for _, image := range film {
		at := "after a crash at " + image.at + ","
		s.restore(image)
		s.recoverable(at)
		s.apply()
		s.want(sdk.StateAfter, at+" applied,")
		s.restore(image)
		s.undo()
		s.want(sdk.StateBefore, at+" undone,")
		if is := m.String(); !strings.Contains(is, "wuauserv running manual") || strings.Contains(is, "ledger") || !strings.Contains(is, "UsoSvc running automatic delayed=true") && !strings.Contains(is, "UsoSvc stopped automatic delayed=true") {
			t.Errorf("%s undone, the machine is\n%s", at, is)
		}
	}
}

// TestUndoPassesOver has an optional service that lets itself be dealt with and refuses to be dealt with again by undo.
func TestUndoPassesOver(t *testing.T) {
	start := object{"names": []string{"wuauserv", "UsoSvc"}, "optional": []string{"UsoSvc"}}
	tests := map[string]struct {
		given  func(t *testing.T) *fakeservices.Machine
		change func(s *fakeservices.Service)
		reason string
	}{
		"stop-denied":             {func(*testing.T) *fakeservices.Machine { return updateMachine() }, func(s *fakeservices.Service) { s.Refuses = services.ErrDenied }, "ControlService: access is denied"},
		"hold-denied":             {held, func(s *fakeservices.Service) { s.Denies = []services.Right{services.ToConfigure, services.ToStop} }, "OpenService: access is denied"},
		"stop-of-the-held-denied": {held, func(s *fakeservices.Service) { s.Refuses = services.ErrDenied }, "ControlService: access is denied"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := test.given(t)
			m.Set("wuauserv", func(s *fakeservices.Service) { s.State, s.Restarts = services.Stopped, 0 })
			s := newScene(t, m, "start", start)
			s.prepare()
			if _, reason := outcomes(t, json.RawMessage(s.apply())); reason != "" {
				t.Errorf("passed over in Apply: %s", reason)
			}
			m.Set("UsoSvc", test.change)
			film := s.filmed(func(call *sdk.Call) error {
				a, err := s.action.Undo(t.Context(), call, s.token, s.dir)
				if states, reason := outcomes(t, a.Output); reason != test.reason || states["wuauserv"] != "stopped" {
					t.Errorf("%v, passed over: %s", states, reason)
				}
				return err
			})
			undone := func(when string) {
				t.Helper()
				s.want(sdk.StateBefore, when)
				if is := m.String(); !strings.Contains(is, "UsoSvc running automatic delayed=true") || strings.Contains(is, "ledger usosvc") {
					t.Errorf("%s the machine is\n%s", when, is)
				}
			}
			undone("undone,")
			for _, image := range film {
				s.restore(image)
				s.recoverable("after a crash at " + image.at)
				s.undo()
				undone("undone after a crash at " + image.at)
			}
			verification.ShownByFake(t, "an optional service that refuses to be taken back is left running as Windows starts it, and named: "+name, "service.start")
		})
	}
}

// TestNotElevated has somebody who may change nothing: that says nothing of the services.
func TestNotElevated(t *testing.T) {
	m := updateMachine()
	m.Limited = true
	s := newScene(t, m, "stop", object{"names": []string{"wuauserv", "UsoSvc"}, "hold": true, "optional": []string{"UsoSvc"}})
	if p := s.prepare(); strings.Contains(p.Summary, "passed over") || len(p.Changes) != 3 {
		t.Errorf("prepared %s, %+v", p.Summary, p.Changes)
	}
	if _, err := s.tryApply(); err == nil || sdk.AsError(err).Code != sdk.AccessDenied {
		t.Errorf("said %v", err)
	}
}
