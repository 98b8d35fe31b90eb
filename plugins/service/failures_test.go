package service

import (
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

// TestFailures has services that do not do as they are told.
func TestFailures(t *testing.T) {
	change := func(name string, change func(s *fakeservices.Service)) func(*fakeservices.Machine) {
		return func(m *fakeservices.Machine) { m.Set(name, change) }
	}
	stop := object{"names": []string{"wuauserv", "BITS"}}
	hold := object{"names": []string{"wuauserv", "BITS"}, "hold": true}
	tests := map[string]struct {
		action string
		input  object
		given  func(*fakeservices.Machine)
		says   string
		code   sdk.ErrorCode
		left   func(before string) string // what becomes of the machine; as before when it is nil
	}{
		"never-stops": {"stop", hold, change("BITS", func(s *fakeservices.Service) { s.Stuck = true }), "BITS was asked to be stopped and is stop_pending", sdk.Unavailable,
			func(before string) string { return strings.Replace(before, "BITS running", "BITS stopped", 1) }},
		"dependent-never-stops": {"stop", hold, change("Relay", func(s *fakeservices.Service) { s.Stuck = true }), "Relay was asked to be stopped", sdk.Unavailable,
			func(before string) string { return strings.Replace(before, "Relay running", "Relay stopped", 1) }},
		"refuses":          {"stop", hold, change("BITS", func(s *fakeservices.Service) { s.Refuses = services.ErrDenied }), "access is denied", sdk.AccessDenied, nil},
		"triggered":        {"stop", stop, nil, "started again at once by something else: wuauserv", sdk.Unavailable, nil},
		"triggered-always": {"stop", hold, change("BITS", func(s *fakeservices.Service) { s.Races = 50 }), "held and stopped 4 times", sdk.Unavailable, nil},
		"type-not-changed": {"stop", hold, change("BITS", func(s *fakeservices.Service) { s.Forgetful = true }), "was to be disabled, no error was reported, and it reads back as automatic_delayed", sdk.Unavailable, nil},
		"configure-not-done": {"configure", object{"name": "BITS", "start_type": "manual"}, change("BITS", func(s *fakeservices.Service) { s.Forgetful = true }),
			"was to be manual, no error was reported, and it reads back as automatic_delayed", sdk.Unavailable, nil},
		"start-the-disabled": {"start", object{"names": []string{"Off"}}, nil, "the service Off", sdk.Unavailable, nil},
		"start-the-deleted":  {"start", object{"names": []string{"UsoSvc"}}, change("UsoSvc", func(s *fakeservices.Service) { s.Deleted = true }), "the service UsoSvc", sdk.Unavailable, nil},
		"ends-with-an-error": {"start", object{"names": []string{"UsoSvc"}}, change("UsoSvc", func(s *fakeservices.Service) { s.EndsAtOnce, s.Exit = true, 1067 }), "UsoSvc was started and has ended with error 1067", sdk.Unavailable, nil},
		"shutdown":           {"start", object{"names": []string{"UsoSvc"}}, change("UsoSvc", func(s *fakeservices.Service) { s.Unstarted = services.ErrShuttingDown }), "UsoSvc", sdk.Unavailable, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := updateMachine()
			if test.given != nil {
				test.given(m)
			}
			s := newScene(t, m, test.action, test.input)
			before := m.String()
			s.prepare()
			began := m.Now()
			_, err := s.tryApply()
			if err == nil {
				t.Fatalf("no error\n%s", m)
			}
			if e := sdk.AsError(err); e.Code != test.code || !strings.Contains(e.Message, test.says) {
				t.Errorf("%s: %v; want %s: %s", e.Code, e, test.code, test.says)
			}
			if took := m.Now().Sub(began); took > 10*time.Minute {
				t.Errorf("it took %s", took)
			}
			is := strings.Split(m.String(), "ledger")[0]
			want := strings.Split(before, "ledger")[0]
			if test.left != nil {
				want = test.left(want)
			}
			if is != want {
				t.Errorf("the machine is\n%swant\n%s", is, want)
			}
			s.recoverable("failed,")
			verification.ShownByFake(t, "fails and says why: "+name, "service."+test.action)
		})
	}
}

// TestStartGoesOn has one service that cannot be started among others: they are started all the same, and all held start types
// are given back.
func TestStartGoesOn(t *testing.T) {
	m := held(t)
	m.Set("wuauserv", func(s *fakeservices.Service) { s.Unstarted = services.ErrDenied })
	s := newScene(t, m, "start", object{"names": []string{"Off", "wuauserv", "BITS", "UsoSvc"}})
	s.prepare()
	_, err := s.tryApply()
	if err == nil || !strings.Contains(err.Error(), "wuauserv") || !strings.Contains(err.Error(), "Off") {
		t.Errorf("said %v", err)
	}
	s.want(sdk.StatePartial, "with two that cannot be started,")
	is := m.String()
	for _, want := range []string{"BITS running automatic delayed=true", "UsoSvc running automatic delayed=true", "wuauserv stopped manual", "ledger wuauserv ran=true"} {
		if !strings.Contains(is, want) {
			t.Errorf("not %q:\n%s", want, is)
		}
	}
	m.Set("wuauserv", func(s *fakeservices.Service) { s.Unstarted = nil })
	r := newScene(t, m, "restore", object{})
	r.prepare()
	r.apply()
	if is := m.String(); !strings.Contains(is, "wuauserv running manual") || strings.Contains(is, "ledger wuauserv ran=true") {
		t.Errorf("restored:\n%s", is)
	}
	verification.ShownByFake(t, "one service that cannot be started does not keep the others from it, and restore brings it back later", "service.start", "service.restore")
}
