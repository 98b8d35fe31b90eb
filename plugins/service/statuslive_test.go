package service

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestStatusOfARunningMachine(t *testing.T) {
	m := fakeservices.New(map[string]fakeservices.Service{
		"wuauserv": {Start: delayed, State: services.Running, Account: "LocalSystem", Binary: `C:\WINDOWS\system32\svchost.exe -k netsvcs -p`, Triggered: true},
		"BITS":     {Start: delayed, Account: "LocalSystem", Binary: "svchost.exe", Unreadable: errors.New("invalid level")},
		"UsoSvc":   {Start: manual, State: services.StopPending, Polls: 5, Unreadable: errors.New("invalid level")},
	})
	probe, _ := on(func() (services.Machine, error) { return m.Machine(), nil }).Probe("status")
	running, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	call := &sdk.Call{Target: running}
	tests := map[string]struct {
		name, answer string
		missing      []string
	}{
		"whole": {"wuauserv", `{"exists":true,"name":"wuauserv","display_name":"The service wuauserv","start_type":"automatic_delayed","state":"running","account":"LocalSystem",` +
			`"binary":"C:\\WINDOWS\\system32\\svchost.exe -k netsvcs -p","trigger_started":true}`, nil},
		"delay-unknown": {"BITS", `{"exists":true,"name":"BITS","display_name":"The service BITS","state":"stopped","account":"LocalSystem","binary":"svchost.exe"}`, []string{"/start_type", "/trigger_started"}},
		"pending":       {"UsoSvc", `{"exists":true,"name":"UsoSvc","display_name":"The service UsoSvc","start_type":"manual","state":"stop_pending"}`, []string{"/account", "/binary", "/trigger_started"}},
		"absent":        {"NoSuchService", `{"exists":false,"name":"NoSuchService"}`, []string{"/display_name", "/start_type", "/state", "/account", "/binary", "/trigger_started"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer, err := probe.Observe(t.Context(), call, json.RawMessage(`{"name":"`+test.name+`"}`))
			if err != nil || string(answer.Value) != test.answer || len(answer.Missing) != len(test.missing) || len(answer.Evidence) == 0 {
				t.Errorf("%s, missing %v, %v", answer.Value, answer.Missing, err)
			}
			for _, field := range test.missing {
				if answer.Missing[field] == "" {
					t.Errorf("missing %v, want %s", answer.Missing, field)
				}
			}
			verification.ShownByFake(t, "a field that cannot be read is left out with its reason, the others stay known: "+name, "service.status")
		})
	}
	if _, err := probe.Observe(t.Context(), call, json.RawMessage(`{"name":"a\\b"}`)); err == nil || sdk.AsError(err).Code != sdk.InvalidInput {
		t.Errorf("a path: %v", err)
	}
	elsewhere, _ := on(func() (services.Machine, error) { return services.Machine{}, services.ErrNotWindows }).Probe("status")
	if _, err := elsewhere.Observe(t.Context(), call, json.RawMessage(`{"name":"BITS"}`)); err == nil || sdk.AsError(err).Code != sdk.Unsupported {
		t.Errorf("on another system: %v", err)
	}
	if _, err := probe.Observe(cancelled(t), call, json.RawMessage(`{"name":"BITS"}`)); err == nil || sdk.AsError(err).Code != sdk.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}
