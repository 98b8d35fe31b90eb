package service

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// StatusInput is the input of `service.status`.
type StatusInput struct {
	Name string `json:"name" jsonschema_description:"Key name of the service: wuauserv"`
}

// StatusOutput is the output of `service.status`. A field that could not be read is left out, with the reason.
type StatusOutput struct {
	Exists         bool   `json:"exists" jsonschema_description:"Whether there is such a service; if not, all but name is absent"`
	Name           string `json:"name" jsonschema_description:"Key name"`
	DisplayName    string `json:"display_name,omitempty" jsonschema_description:"Name for people; absent on a disk where it is in the language files of a program"`
	StartType      string `json:"start_type,omitempty" jsonschema:"enum=boot,enum=system,enum=automatic,enum=automatic_delayed,enum=manual,enum=disabled" jsonschema_description:"How it is started"`
	State          string `json:"state,omitempty" jsonschema:"enum=stopped,enum=start_pending,enum=stop_pending,enum=running,enum=continue_pending,enum=pause_pending,enum=paused" jsonschema_description:"What it does now; a disk that is not running has no states"`
	Account        string `json:"account,omitempty" jsonschema_description:"Account that it runs as: LocalSystem"`
	Binary         string `json:"binary,omitempty" jsonschema_description:"Command line of its program"`
	TriggerStarted *bool  `json:"trigger_started,omitempty" jsonschema_description:"Whether Windows also starts it when something happens, whatever its start type except disabled"`

	Evidence []sdk.Evidence `json:"-"`
}

// statusFields are those that may be missing.
var statusFields = [...]string{"display_name", "start_type", "state", "account", "binary", "trigger_started"}

func statusProbe(open opener) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "status",
		Summary: "How a service is configured, and what it does",
		Doc: `Asks the service control manager, and on a disk that is not running reads HKLM\SYSTEM\CurrentControlSet\Services. A manual service that is stopped is nothing unusual: wuauserv and BITS are started when they are needed. ` +
			`On a disk that is not running the state is left out. Partial where Windows had not written the hive whole when it stopped, and its transaction logs do not complete it.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"exists":true,"name":"wuauserv","display_name":"Windows Update","start_type":"manual","state":"running","account":"LocalSystem",` +
			`"binary":"%systemroot%\\system32\\svchost.exe -k netsvcs -p","trigger_started":true}`),
	}, func(ctx context.Context, call *sdk.Call, in StatusInput) (sdk.Reading[StatusOutput], error) {
		if err := services.CheckName(in.Name); err != nil {
			return sdk.Reading[StatusOutput]{}, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/name")
		}
		if call.Target.Kind() == target.Offline {
			return offlineStatus(call.Target, in.Name)
		}
		machine, err := open()
		if err != nil {
			return sdk.Reading[StatusOutput]{}, services.Explain(err)
		}
		return liveStatus(ctx, machine, in.Name)
	})
}

// servicesKey holds a key for each service and driver.
const servicesKey = `HKLM\SYSTEM\CurrentControlSet\Services`

func offlineStatus(t *target.Target, name string) (sdk.Reading[StatusOutput], error) {
	reading := sdk.Reading[StatusOutput]{Missing: map[string]string{}}
	r, err := registry.Open(t)
	if err != nil {
		return reading, registry.Explain(err)
	}
	defer r.Close()
	all, err := r.Key(servicesKey)
	if err != nil {
		return reading, registry.Explain(err)
	}
	k, err := all.Open(name)
	if registry.Absent(err) {
		e := all.Evidence("")
		e.Text = fmt.Sprintf("has no key %s", name)
		reading.Value = StatusOutput{Name: name, Evidence: []sdk.Evidence{e}}
		for _, field := range statusFields {
			reading.Missing["/"+field] = fmt.Sprintf("there is no service %s", name)
		}
		reading.Partial, reading.Settle = stale(all)
		return reading, nil
	}
	if err != nil {
		return reading, registry.Explain(err)
	}
	reading.Value = StatusOutput{Exists: true, Name: k.Name()}
	reading.Value.configuration(k, reading.Missing)
	reading.Missing["/state"] = "a disk that is not running has no states of services"
	reading.Partial, reading.Settle = stale(all)
	return reading, nil
}

// stale says why what the hive has may not be the last that was set; empty where it is whole.
func stale(k *registry.Key) (reason, settle string) {
	if reason = k.Dirty(); reason == "" {
		return "", ""
	}
	return "the hive SYSTEM may be stale: " + reason, "the transaction logs of the hive: the files SYSTEM.LOG1 and SYSTEM.LOG2 beside it"
}

func (o *StatusOutput) configuration(k *registry.Key, missing map[string]string) {
	text := func(value, pointer string) string {
		s, err := k.Text(value)
		if err != nil {
			missing[pointer] = err.Error()
		}
		return s
	}
	o.Account = text("ObjectName", "/account")
	o.Binary = text("ImagePath", "/binary")
	if name := text("DisplayName", "/display_name"); strings.HasPrefix(name, "@") {
		missing["/display_name"] = "it is in a language file: " + name
	} else {
		o.DisplayName = name
	}
	o.startType(k, missing)
	_, err := k.Open("TriggerInfo")
	if err != nil && !registry.Absent(err) {
		missing["/trigger_started"] = err.Error()
		return
	}
	triggered := err == nil
	o.TriggerStarted = &triggered
}

// startType reads Start (SERVICE_BOOT_START 0 to SERVICE_DISABLED 4) and DelayedAutostart.
func (o *StatusOutput) startType(k *registry.Key, missing map[string]string) {
	start, err := k.Number("Start")
	types := []string{"boot", "system", "automatic", "manual", "disabled"}
	if err == nil && start >= uint64(len(types)) {
		err = fmt.Errorf("%s → Start is %d, expected 0 to 4", k.Path(), start)
	}
	if err != nil {
		missing["/start_type"] = err.Error()
		return
	}
	delayed, err := k.Number("DelayedAutostart")
	if err != nil && !registry.Absent(err) && types[start] == "automatic" {
		missing["/start_type"] = err.Error()
		return
	}
	o.StartType = types[start]
	o.Evidence = append(o.Evidence, k.Evidence("Start"))
	if delayed == 1 && o.StartType == "automatic" {
		o.StartType = "automatic_delayed"
		o.Evidence = append(o.Evidence, k.Evidence("DelayedAutostart"))
	}
}
