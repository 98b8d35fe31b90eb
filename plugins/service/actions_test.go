package service

import (
	"errors"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

type object = map[string]any

var (
	manual    = services.Start{Type: services.Manual}
	automatic = services.Start{Type: services.Automatic}
	delayed   = services.Start{Type: services.Automatic, Delayed: true}
	disabled  = services.Start{Type: services.Disabled}
)

// updateMachine has the services of Windows Update as they are on an ordinary machine.
func updateMachine() *fakeservices.Machine {
	return fakeservices.New(map[string]fakeservices.Service{
		"RpcSs":    {Start: automatic, State: services.Running, Shared: true},
		"wuauserv": {Start: manual, State: services.Running, Polls: 2, Triggered: true, Restarts: 2, DependsOn: []string{"RpcSs"}},
		"BITS":     {Start: delayed, State: services.Running, Polls: 1, DependsOn: []string{"RpcSs"}},
		"UsoSvc":   {Start: delayed, Shared: true, Triggered: true},
		"Sender":   {Start: automatic, State: services.Running, DependsOn: []string{"BITS"}},
		"Relay":    {Start: manual, State: services.Running, DependsOn: []string{"Sender"}},
		"Off":      {Start: disabled},
		"OffRuns":  {Start: disabled, State: services.Running},
		"OffToo":   {Start: disabled, State: services.Running, DependsOn: []string{"Relay"}},
	})
}

// stopped is a machine on which an earlier run has stopped a service that ran although it was disabled.
func stopped(t *testing.T) *fakeservices.Machine {
	m := updateMachine()
	s := newScene(t, m, "stop", object{"names": []string{"OffRuns"}})
	s.prepare()
	s.apply()
	return m
}

// held is a machine on which an earlier run has held services and died.
func held(t *testing.T) *fakeservices.Machine {
	m := updateMachine()
	s := newScene(t, m, "stop", object{"names": []string{"wuauserv", "BITS", "UsoSvc"}, "hold": true})
	s.prepare()
	s.apply()
	return m
}

func TestActions(t *testing.T) {
	all := []string{"UsoSvc", "WUAUSERV", "NoSuchService", "BITS", "wuauserv"}
	on := func(make func() *fakeservices.Machine) func(*testing.T) *fakeservices.Machine {
		return func(*testing.T) *fakeservices.Machine { return make() }
	}
	ordinary := on(updateMachine)
	calm := func(t *testing.T) *fakeservices.Machine { // nothing is triggered
		m := updateMachine()
		m.Set("wuauserv", func(s *fakeservices.Service) { s.Restarts = 0 })
		return m
	}
	with := func(machine func(*testing.T) *fakeservices.Machine, name string, change func(s *fakeservices.Service)) func(*testing.T) *fakeservices.Machine {
		return func(t *testing.T) *fakeservices.Machine {
			m := machine(t)
			m.Set(name, change)
			return m
		}
	}
	stoppedUpdate := with(calm, "wuauserv", func(s *fakeservices.Service) { s.State = services.Stopped })
	protected := func(rights ...services.Right) func(*fakeservices.Service) {
		return func(s *fakeservices.Service) { s.State, s.Denies = services.Running, rights }
	}
	optional := func(name string) object { return object{"names": all, "hold": true, "optional": []string{name}} }
	back := func(name string) object {
		return object{"names": []string{"BITS", "Off", "wuauserv", "UsoSvc"}, "optional": []string{"Off", name}}
	}
	tests := map[string]struct {
		action string
		input  object
		given  func(*testing.T) *fakeservices.Machine
		still  bool // what it does is not to be seen in the states, or not to be taken back
	}{
		"stop":                        {action: "stop", input: object{"names": all}, given: calm},
		"stop-and-hold":               {action: "stop", input: object{"names": all, "hold": true}, given: ordinary},
		"stop-a-disabled":             {action: "stop", input: object{"names": []string{"OffRuns", "Off"}, "hold": true}, given: ordinary},
		"stop-what-is-older":          {action: "stop", input: object{"names": []string{"Sender"}}, given: calm},
		"stop-a-shared":               {action: "stop", input: object{"names": []string{"RpcSs"}, "hold": true}, given: ordinary},
		"start":                       {action: "start", input: object{"names": []string{"UsoSvc", "NoSuchService", "BITS"}}, given: ordinary},
		"start-held":                  {action: "start", input: object{"names": []string{"BITS", "wuauserv", "UsoSvc"}}, given: held},
		"start-a-disabled":            {action: "start", input: object{"names": []string{"OffRuns"}}, given: stopped},
		"restore-a-disabled":          {action: "restore", input: object{}, given: stopped, still: true},
		"restart":                     {action: "restart", input: object{"names": all}, given: ordinary, still: true},
		"restart-held":                {action: "restart", input: object{"names": all}, given: held, still: true},
		"restart-dependents":          {action: "restart", input: object{"names": []string{"RpcSs"}}, given: calm, still: true},
		"configure":                   {action: "configure", input: object{"name": "wuauserv", "start_type": "disabled"}, given: ordinary},
		"configure-delayed":           {action: "configure", input: object{"name": "wuauserv", "start_type": "automatic_delayed"}, given: ordinary},
		"configure-prompt":            {action: "configure", input: object{"name": "bits", "start_type": "automatic"}, given: ordinary},
		"configure-manual":            {action: "configure", input: object{"name": "bits", "start_type": "manual"}, given: ordinary},
		"stop-what-denies":            {action: "stop", input: optional("usosvc"), given: with(ordinary, "UsoSvc", protected(services.ToStop, services.ToConfigure))},
		"stop-what-denies-dependents": {action: "stop", input: optional("BITS"), given: with(ordinary, "BITS", protected(services.ToStop))},
		"stop-what-denies-its-dependents-when-asked": {action: "stop", input: optional("BITS"), given: with(ordinary, "BITS", func(s *fakeservices.Service) { s.Refuses = services.ErrDenied })},
		"stop-whose-dependent-denies":                {action: "stop", input: optional("BITS"), given: with(ordinary, "Sender", func(s *fakeservices.Service) { s.Refuses = services.ErrDenied })},
		"stop-what-cannot-be-held":                   {action: "stop", input: optional("UsoSvc"), given: with(ordinary, "UsoSvc", func(s *fakeservices.Service) { s.Fixed = services.ErrDenied })},
		"stop-what-forgets-that-it-is-held":          {action: "stop", input: optional("BITS"), given: with(ordinary, "BITS", func(s *fakeservices.Service) { s.Forgetful = true })},
		"stop-what-is-always-started-again":          {action: "stop", input: optional("BITS"), given: with(ordinary, "BITS", func(s *fakeservices.Service) { s.Races = 500 })},
		"stop-what-is-started-again":                 {action: "stop", input: object{"names": []string{"BITS", "wuauserv"}, "optional": []string{"wuauserv"}}, given: with(ordinary, "wuauserv", func(s *fakeservices.Service) { s.Restarts = 500 })},
		"start-what-is-disabled":                     {action: "start", input: back("UsoSvc"), given: ordinary},
		"start-what-denies":                          {action: "start", input: back("UsoSvc"), given: with(stoppedUpdate, "UsoSvc", func(s *fakeservices.Service) { s.Denies = []services.Right{services.ToStart} })},
		"start-the-held-that-denies":                 {action: "start", input: back("wuauserv"), given: with(held, "wuauserv", func(s *fakeservices.Service) { s.Denies = []services.Right{services.ToStart} })},
		"restore":                                    {action: "restore", input: object{}, given: held, still: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			promises(t, func(t *testing.T) *scene { return newScene(t, test.given(t), test.action, test.input) }, test.still)
			verification.ShownByFake(t, "keeps its promises with "+name+": applied once and twice, undone, and after a crash at each of its effects", "service."+test.action)
		})
	}
}

func TestNothingToDo(t *testing.T) {
	tests := map[string]struct {
		action string
		input  object
		given  func(*testing.T) *fakeservices.Machine
	}{
		"stop-the-stopped":    {"stop", object{"names": []string{"UsoSvc", "NoSuchService"}}, nil},
		"stop-the-held":       {"stop", object{"names": []string{"wuauserv", "BITS"}, "hold": true}, held},
		"start-the-running":   {"start", object{"names": []string{"wuauserv", "NoSuchService"}}, nil},
		"restart-the-stopped": {"restart", object{"names": []string{"UsoSvc"}}, nil},
		"restart-the-new":     {"restart", object{"names": []string{"BITS"}, "unless_restarted_since": "2026-01-10T10:30:00Z"}, nil},
		"configure-the-same":  {"configure", object{"name": "wuauserv", "start_type": "manual"}, nil},
		"restore-nothing":     {"restore", object{}, nil},
		"nobody":              {"stop", object{"names": []string{"NoSuchService"}, "hold": true}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := updateMachine()
			if test.given != nil {
				m = test.given(t)
			}
			s := newScene(t, m, test.action, test.input)
			before := m.String()
			if p := s.prepare(); !p.NoOp || p.Summary == "" {
				t.Fatalf("prepared %+v", p)
			}
			if a := s.assess(); a.State != sdk.StateBefore && a.State != sdk.StateAfter {
				t.Errorf("assessed %+v", a)
			}
			s.apply()
			s.same(before, "applied with nothing to do,")
			s.undo()
			s.same(before, "undone with nothing done,")
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		action string
		input  object
		code   sdk.ErrorCode
		path   string
	}{
		"stop-a-path":          {"stop", object{"names": []string{"BITS", `a\b`}}, sdk.InvalidInput, "/names/1"},
		"start-nothing":        {"start", object{"names": []string{""}}, sdk.InvalidInput, "/names/0"},
		"restart-a-long":       {"restart", object{"names": []string{strings.Repeat("x", 300)}}, sdk.InvalidInput, "/names/0"},
		"stop-other-optional":  {"stop", object{"names": []string{"BITS", "wuauserv"}, "optional": []string{"bits", "UsoSvc"}}, sdk.InvalidInput, "/optional/1"},
		"start-other-optional": {"start", object{"names": []string{"BITS"}, "optional": []string{""}}, sdk.InvalidInput, "/optional/0"},
		"configure-a-path":     {"configure", object{"name": "a/b", "start_type": "manual"}, sdk.InvalidInput, "/name"},
		"configure-nobody":     {"configure", object{"name": "NoSuchService", "start_type": "manual"}, sdk.NotFound, "/name"},
		"configure-the-held":   {"configure", object{"name": "wuauserv", "start_type": "manual"}, sdk.Unavailable, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, held(t), test.action, test.input)
			_, err := s.action.Prepare(t.Context(), s.call, s.input)
			if err == nil {
				t.Fatal("accepted")
			}
			if e := sdk.AsError(err); e.Code != test.code || e.Path != test.path {
				t.Errorf("%s at %q: %v", e.Code, e.Path, e)
			}
		})
	}
}

func TestIdleService(t *testing.T) {
	m := updateMachine()
	m.Set("UsoSvc", func(s *fakeservices.Service) { s.EndsAtOnce = true })
	s := newScene(t, m, "start", object{"names": []string{"UsoSvc"}})
	s.prepare()
	s.apply()
	s.want(sdk.StateAfter, "started, and ended because it had nothing to do,")
	s.undo()
	s.want(sdk.StateBefore, "undone,")
}

// TestBITSHasNothingToDo has a service that was stopped, was started by undo and ended by itself: it is as before.
func TestBITSHasNothingToDo(t *testing.T) {
	for _, hold := range []bool{false, true} {
		m := updateMachine()
		m.Set("BITS", func(s *fakeservices.Service) { s.DependsOn = nil })
		m.Remove("Sender")
		s := newScene(t, m, "stop", object{"names": []string{"BITS"}, "hold": hold})
		s.prepare()
		s.apply()
		m.Set("BITS", func(s *fakeservices.Service) { s.EndsAtOnce = true })
		s.undo()
		s.want(sdk.StateBefore, "undone,")
	}
}

// TestComesAndGoes has a demand service that was stopped and runs later: nothing of that is somebody's change.
func TestComesAndGoes(t *testing.T) {
	m := updateMachine()
	s := newScene(t, m, "stop", object{"names": []string{"UsoSvc", "wuauserv"}, "hold": true})
	s.prepare()
	m.Set("UsoSvc", func(s *fakeservices.Service) { s.State = services.Running })
	s.want(sdk.StateBefore, "not begun,")
	s.apply()
	s.undo()
	m.Set("UsoSvc", func(s *fakeservices.Service) { s.State = services.Running })
	s.want(sdk.StateBefore, "undone, and triggered since,")
	s.undo()
	if is := m.String(); !strings.Contains(is, "UsoSvc running") {
		t.Errorf("undo has stopped what a trigger had started:\n%s", is)
	}
}

func TestChangedBySomebody(t *testing.T) {
	tests := map[string]struct {
		action string
		input  object
		change func(m *fakeservices.Machine)
	}{
		"stop": {"stop", object{"names": []string{"BITS"}, "hold": true}, func(m *fakeservices.Machine) {
			m.Set("BITS", func(s *fakeservices.Service) { s.Start.Type = services.Manual })
		}},
		"configure":      {"configure", object{"name": "BITS", "start_type": "manual"}, func(m *fakeservices.Machine) { m.Set("BITS", func(s *fakeservices.Service) { s.Start = disabled }) }},
		"stop-gone":      {"stop", object{"names": []string{"BITS"}, "hold": true}, func(m *fakeservices.Machine) { m.Remove("BITS") }},
		"configure-gone": {"configure", object{"name": "BITS", "start_type": "manual"}, func(m *fakeservices.Machine) { m.Remove("BITS") }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := updateMachine()
			s := newScene(t, m, test.action, test.input)
			s.prepare()
			s.apply()
			test.change(m)
			s.want(sdk.StateOther, "changed by somebody,")
			changed := m.String()
			if _, err := s.action.Undo(t.Context(), s.call, s.token, s.dir); err == nil && !strings.HasSuffix(name, "gone") {
				t.Error("Undo says nothing of it")
			}
			if line := "BITS running manual delayed=true\n"; name == "stop" && !strings.Contains(m.String(), line) {
				t.Errorf("undo has changed what somebody has set:\n%swas\n%s", m, changed)
			}
		})
	}
}

func TestRestartLeaves(t *testing.T) {
	m := updateMachine()
	m.Set("UsoSvc", func(s *fakeservices.Service) { s.State, s.Refuses = services.Running, services.ErrDenied })
	pids := func() map[string]uint32 {
		all := map[string]uint32{}
		for _, name := range []string{"wuauserv", "BITS", "Sender", "Relay", "UsoSvc", "OffRuns", "RpcSs"} {
			status, err := m.Status(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = status.PID
		}
		return all
	}
	before := pids()
	s := newScene(t, m, "restart", object{"names": []string{"wuauserv", "UsoSvc", "OffRuns", "BITS", "Off"}, "unless_restarted_since": "2026-01-10T11:30:00Z"})
	p := s.prepare()
	for _, want := range []string{"OffRuns runs although it is disabled", "Off does not run"} {
		if !strings.Contains(p.Summary, want) {
			t.Errorf("not %q: %s", want, p.Summary)
		}
	}
	var told []string
	s.call.Report = func(p sdk.Progress) { told = append(told, p.Note) }
	s.apply()
	after := pids()
	for name, same := range map[string]bool{"wuauserv": false, "BITS": false, "Sender": false, "Relay": false, "UsoSvc": true, "OffRuns": true, "RpcSs": true} {
		if (before[name] == after[name]) != same || after[name] == 0 {
			t.Errorf("%s was in process %d and is in %d", name, before[name], after[name])
		}
	}
	if all := strings.Join(told, "\n"); !strings.Contains(all, "UsoSvc refuses to be stopped") {
		t.Errorf("told %s", all)
	}
	s.want(sdk.StateAfter, "restarted,")
	verification.ShownByFake(t, "a service that refuses to be stopped is left and named, the others and their dependents are restarted", "service.restart")
}

// TestRestartedSince has a service in a shared process that is older than the time that is asked about: it may have been started since or
// not, and is restarted.
func TestRestartedSince(t *testing.T) {
	m := updateMachine()
	m.Set("UsoSvc", func(s *fakeservices.Service) { s.State = services.Running })
	for since, want := range map[string]bool{"2026-01-10T07:00:00Z": true, "2026-01-10T09:00:00Z": false} {
		p := newScene(t, m, "restart", object{"names": []string{"UsoSvc"}, "unless_restarted_since": since}).prepare()
		if p.NoOp != want {
			t.Errorf("since %s: %s", since, p.Summary)
		}
	}
}

func TestNoLedger(t *testing.T) {
	m := updateMachine()
	broken := m.Machine()
	broken.Ledger = brokenLedger{}
	plugin := on(func() (services.Machine, error) { return broken, nil })
	a, _ := plugin.Action("stop")
	s := newScene(t, m, "stop", object{"names": []string{"BITS"}, "hold": true})
	s.prepare()
	s.action = a
	before := m.String()
	if _, err := s.tryApply(); err == nil {
		t.Error("stopped without a note of what is owed")
	}
	s.same(before, "where nothing can be noted,")
}

type brokenLedger struct{}

var errBroken = errors.New("the registry is read-only")

func (brokenLedger) Entries() (services.Entries, error) { return nil, errBroken }
func (brokenLedger) Write(string, services.Entry) error { return errBroken }
func (brokenLedger) Delete(string) error                { return errBroken }

// TestDependentComesUp has a dependent that is started between Prepare and Apply.
func TestDependentComesUp(t *testing.T) {
	m := updateMachine()
	m.Set("Relay", func(s *fakeservices.Service) { s.State = services.Stopped })
	m.Set("Sender", func(s *fakeservices.Service) { s.State = services.Stopped })
	s := newScene(t, m, "stop", object{"names": []string{"BITS"}, "hold": true})
	s.prepare()
	m.Set("Sender", func(s *fakeservices.Service) { s.State = services.Running })
	m.Set("Relay", func(s *fakeservices.Service) { s.State = services.Running })
	before := m.String()
	film := s.filmed(func(call *sdk.Call) error {
		_, err := s.action.Apply(t.Context(), call, s.input, s.token, s.dir)
		return err
	})
	s.want(sdk.StateAfter, "stopped,")
	s.undo()
	s.same(before, "undone,")
	for _, image := range film {
		s.restore(image)
		s.recoverable("after a crash at " + image.at)
		s.undo()
		s.same(before, "undone after a crash at "+image.at)
	}
}

// TestGoesOn has a context that ended: a change that is under way goes on.
func TestGoesOn(t *testing.T) {
	m := updateMachine()
	s := newScene(t, m, "stop", object{"names": []string{"BITS"}, "hold": true})
	s.prepare()
	if _, err := s.action.Apply(cancelled(t), s.call, s.input, s.token, s.dir); err != nil {
		t.Error(err)
	}
	s.want(sdk.StateAfter, "stopped,")
	if _, err := s.action.Prepare(cancelled(t), s.call, s.input); sdk.AsError(err).Code != sdk.Canceled {
		t.Errorf("looking: %v", err)
	}
}
