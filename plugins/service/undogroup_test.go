package service

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

// group is a group of steps that stops services, does something and starts them again, with what the engine does to take it back:
// docs/playbook.md, "Undo".
type group struct {
	t      *testing.T
	m      *fakeservices.Machine
	names  []string
	start  []string // as the `finally` names them
	spare  []string // of the names those that are optional
	hold   bool
	stop   *scene
	undone bool // as the engine's journal has it: the stop was taken back
}

func (g *group) run() {
	g.t.Helper()
	g.stop = newScene(g.t, g.m, "stop", object{"names": g.names, "hold": g.hold, "optional": g.spare})
	if p := g.stop.prepare(); p.NoOp {
		g.t.Fatal("nothing to stop")
	}
	g.stop.apply()
	g.stop.want(sdk.StateAfter, "stopped,")
	g.stopped("while the group works")
	g.finally()
}

func (g *group) stopped(when string) {
	g.t.Helper()
	for _, name := range g.names {
		if holds(g.spare, name) {
			continue
		}
		if s, err := g.m.Status(g.t.Context(), name); err != nil || s.State != services.Stopped {
			g.t.Errorf("%s %s is %s, %v", when, name, s.State, err)
		}
	}
}

// finally starts the services, unless there is nothing to do.
func (g *group) finally() {
	g.t.Helper()
	f := newScene(g.t, g.m, "start", object{"names": g.start, "optional": g.spare})
	if f.prepare().NoOp {
		return
	}
	f.apply()
	f.want(sdk.StateAfter, "started,")
}

// undo holds still again, takes the members back, runs the `finally`, and puts back what that has changed.
func (g *group) undo() {
	g.t.Helper()
	if !g.undone {
		g.takeBack()
		g.undone = true
	}
	g.finally()
	if a := g.stop.assess(); a.State != sdk.StateBefore {
		g.stop.undo()
		g.stop.want(sdk.StateBefore, "put back,")
	}
}

func (g *group) takeBack() {
	g.t.Helper()
	if a := g.stop.assess(); a.State == sdk.StateOther {
		g.t.Fatalf("it cannot be held still again: %s", a.Reason)
	} else if a.State != sdk.StateAfter {
		g.stop.apply()
		g.stop.want(sdk.StateAfter, "held still again,")
	}
	g.stopped("while members are taken back")
	g.stop.undo()
	g.stop.want(sdk.StateBefore, "taken back,")
}

// crashes undoes a group with a crash at each change that this makes, after which the undo goes on.
func crashes(g *group, before string) {
	g.t.Helper()
	type instant struct {
		snapshot
		undone bool
	}
	var film []instant
	g.m.Changed = func(what string) { film = append(film, instant{g.stop.snapshot(what), g.undone}) }
	g.undo()
	g.m.Changed = nil
	for _, i := range film {
		g.stop.restore(i.snapshot)
		g.undone = i.undone
		g.undo()
		if after := settledStates(g.m); after != before {
			g.t.Errorf("after a crash at %q, taken back, the machine is\n%swas\n%s", i.at, after, before)
		}
	}
}

// settledStates leaves out the notes of which process was started by whom: they say nothing once it has ended.
func settledStates(m *fakeservices.Machine) string {
	var lines []string
	for line := range strings.Lines(m.String()) {
		if !strings.HasPrefix(line, "ledger ") || !strings.HasSuffix(line, " ran=false started=true\n") || strings.Contains(line, "owed") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestUndoOfAGroup(t *testing.T) {
	update := []string{"UsoSvc", "wuauserv", "BITS"}
	back := []string{"BITS", "wuauserv", "UsoSvc"}
	set := func(name string, change func(s *fakeservices.Service)) func(m *fakeservices.Machine) {
		return func(m *fakeservices.Machine) { m.Set(name, change) }
	}
	stop := func(names ...string) func(m *fakeservices.Machine) {
		return func(m *fakeservices.Machine) {
			for _, name := range names {
				m.Set(name, func(s *fakeservices.Service) { s.State = services.Stopped })
			}
		}
	}
	tests := map[string]struct {
		given   func(m *fakeservices.Machine)
		between func(m *fakeservices.Machine) // the run and the undo
		hold    bool
		start   []string
		spare   []string
		crashes bool // the undo is cut off everywhere
	}{
		"as-they-are":            {hold: true},
		"all-stopped-before":     {hold: true, given: stop("wuauserv", "Relay", "Sender", "BITS")},
		"wuauserv-stopped":       {hold: true, given: stop("wuauserv"), crashes: true},
		"without-hold":           {given: set("wuauserv", func(s *fakeservices.Service) { s.Restarts = 0 })},
		"stopped-without-hold":   {given: stop("wuauserv")}, // nothing is stopped that a trigger could start again
		"only-one-started-again": {hold: true, start: []string{"wuauserv"}, given: stop("wuauserv")},
		"bits-ended-by-itself":   {hold: true, between: stop("Relay", "Sender", "BITS")},
		"usosvc-ends-at-once":    {hold: true, given: set("UsoSvc", func(s *fakeservices.Service) { s.EndsAtOnce = true })},
		"wuauserv-was-restarted": {hold: true, given: stop("wuauserv"), between: func(m *fakeservices.Machine) {
			stop("wuauserv")(m)
			m.Set("wuauserv", func(s *fakeservices.Service) { s.State = services.Running })
		}},
		"usosvc-denies-all": {hold: true, spare: []string{"UsoSvc"}, crashes: true, given: set("UsoSvc", func(s *fakeservices.Service) {
			s.State, s.Denies = services.Running, []services.Right{services.ToConfigure, services.ToStart, services.ToStop}
		})},
		"usosvc-denies-all-and-is-stopped": {hold: true, spare: []string{"UsoSvc"}, crashes: true, given: set("UsoSvc", func(s *fakeservices.Service) {
			s.Denies = []services.Right{services.ToConfigure, services.ToStart, services.ToStop}
		})},
		"usosvc-denies-when-asked": {hold: true, spare: []string{"UsoSvc"}, crashes: true, given: set("UsoSvc", func(s *fakeservices.Service) {
			s.State, s.Refuses = services.Running, services.ErrDenied
		})},
		"usosvc-is-disabled":          {hold: true, spare: []string{"UsoSvc"}, crashes: true, given: set("UsoSvc", func(s *fakeservices.Service) { s.Start = disabled })},
		"usosvc-may-be-stopped":       {hold: true, spare: []string{"UsoSvc"}, given: set("UsoSvc", func(s *fakeservices.Service) { s.State = services.Running })},
		"bits-runs-although-disabled": {hold: true, start: []string{"wuauserv", "UsoSvc"}, given: set("BITS", func(s *fakeservices.Service) { s.Start.Type = services.Disabled })},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := updateMachine()
			if test.given != nil {
				test.given(m)
			}
			before := settledStates(m)
			g := &group{t: t, m: m, names: update, start: back, hold: test.hold}
			g.spare = test.spare
			if test.start != nil {
				g.start = test.start
			}
			g.run()
			m.Set("wuauserv", func(s *fakeservices.Service) { s.Restarts = 0 }) // nothing triggers it when all is over
			if test.between != nil {
				test.between(m)
			}
			if test.crashes {
				crashes(g, before)
			} else {
				g.undo()
			}
			if after := settledStates(m); after != before {
				t.Errorf("taken back the machine is\n%swas\n%s", after, before)
			}
			verification.ShownByFake(t, "a group that stops and starts services is taken back as the engine does it: "+name, "service.stop", "service.start")
		})
	}
}
