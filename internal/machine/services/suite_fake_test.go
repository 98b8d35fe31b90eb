//go:build !windows

package services_test

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestFakeConforms(t *testing.T) {
	m := fakeservices.New(map[string]fakeservices.Service{
		"RpcSs":    {Start: services.Start{Type: services.Automatic}, State: services.Running, Binary: "svchost.exe", Shared: true},
		"EventLog": {Start: services.Start{Type: services.Automatic}, State: services.Running, DependsOn: []string{"RpcSs"}},
		"wuauserv": {Start: services.Start{Type: services.Manual}, Polls: 3, Triggered: true},
		"BITS":     {Start: services.Start{Type: services.Automatic, Delayed: true}},
		"UsoSvc":   {Start: services.Start{Type: services.Automatic, Delayed: true}},
	})
	before := m.String()
	conformtest.RunFake(t, services.Suite(m.Machine()), nil)
	if after := m.String(); after != before {
		t.Errorf("the checks leave\n%s\nof\n%s", after, before)
	}
}
