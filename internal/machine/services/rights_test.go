package services_test

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
)

// TestPermissions has machines that protect a service, and what the checks say of them.
func TestPermissions(t *testing.T) {
	tests := map[string]struct {
		denies  []services.Right
		limited bool
		absent  bool
		outcome conformance.Outcome
		detail  string
	}{
		"granted":       {outcome: conformance.Works},
		"absent":        {absent: true, outcome: conformance.Unasked, detail: "there is no service UsoSvc"},
		"stop-denied":   {denies: []services.Right{services.ToStop}, outcome: conformance.Different, detail: "UsoSvc denies [stop] although"},
		"change-denied": {denies: []services.Right{services.ToStop, services.ToConfigure}, outcome: conformance.Different, detail: "UsoSvc denies [configure stop] although"},
		"not-elevated":  {limited: true, outcome: conformance.Unasked, detail: "UsoSvc denies [configure start stop] to a process that is not elevated"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := fakeservices.New(map[string]fakeservices.Service{"UsoSvc": {Start: manual, State: services.Running, Denies: test.denies}})
			m.Limited = test.limited
			if test.absent {
				m.Remove("UsoSvc")
			}
			before := m.String()
			var asked int
			for _, c := range services.Suite(m.Machine()).Checks {
				if !strings.HasSuffix(c.Name, "may configure, start and stop UsoSvc") {
					continue
				}
				asked++
				if f := c.Try(t.Context()); c.Changes || f.Outcome != test.outcome || !strings.Contains(f.Detail, test.detail) {
					t.Errorf("%s: %s; want %s: %s", f.Outcome, f.Detail, test.outcome, test.detail)
				}
			}
			if asked != 1 || m.String() != before {
				t.Errorf("%d checks of UsoSvc, which leave\n%sof\n%s", asked, m, before)
			}
		})
	}
}
