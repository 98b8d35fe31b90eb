package system

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk"
)

// running is the registry of a Windows that runs.
func running() *fakeregistry.Registry {
	f := fakeregistry.New()
	f.Put(versionKey, registry.TextValue("ProductName", "Windows 10 Pro"), registry.TextValue("EditionID", "Professional"), registry.TextValue("CurrentBuildNumber", "19045"),
		registry.NumberValue("CurrentMajorVersionNumber", 10), registry.NumberValue("CurrentMinorVersionNumber", 0), registry.TextValue("InstallationType", "Client"),
		registry.NumberValue("InstallDate", 1700000000))
	f.Put(`HKLM\SYSTEM\ControlSet001\Control\ComputerName\ComputerName`, registry.TextValue("ComputerName", "PC-7"))
	f.Put(`HKLM\SYSTEM\ControlSet001\Control\Session Manager\Environment`, registry.TextValue("PROCESSOR_ARCHITECTURE", "AMD64"))
	return f
}

func TestInfoOfARunningWindows(t *testing.T) {
	f := running()
	reading, err := info(registry.Of(f), &self{kernel: kernel{10, 0, 19045}})
	out := reading.Value
	if err != nil || out.Version != "10.0.19045" || *out.Build != 19045 || out.Arch != "x64" || out.Computer != "PC-7" || !out.Installed.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("%v: %+v", err, out)
	}
	for _, field := range []string{"/ubr", "/release", "/time_zone"} {
		if reading.Missing[field] == "" {
			t.Errorf("%s is missing without a reason: %v", field, reading.Missing)
		}
	}
	f.Deny(`HKLM\SYSTEM`)
	if reading, err = info(registry.Of(f), &self{kernel: kernel{10, 0, 19045}}); err != nil || reading.Value.Computer != "" || reading.Missing["/computer"] == "" || reading.Value.Product == "" {
		t.Errorf("half of it is denied: %v, %+v", err, reading)
	}
	f.Deny(`HKLM\SOFTWARE`)
	if _, err := info(registry.Of(f), &self{kernel: kernel{10, 0, 19045}}); err == nil || sdk.AsError(err).Code != sdk.AccessDenied {
		t.Errorf("all of it is denied: %v", err)
	}
	empty := fakeregistry.New()
	empty.Put(versionKey)
	if reading, err = info(registry.Of(empty), &self{kernel: kernel{10, 0, 19045}}); err != nil || reading.Value.Version != "10.0.19045" || reading.Missing["/build"] != "" || reading.Missing["/ubr"] == "" {
		t.Errorf("the kernel alone tells: %v, %+v", err, reading)
	}
	if reading, err = info(registry.Of(empty), &self{zone: &winzone.Zone{Name: "UTC"}}); err != nil || reading.Value.TimeZone != "UTC" || reading.Missing["/time_zone"] != "" {
		t.Errorf("the system alone tells its zone: %v, %+v", err, reading)
	}
	verification.ShownByFake(t, "what the registry has is told, what it has not is left out with the reason", "system.info")
}

// oracle is an update agent.
type oracle struct {
	yes bool
	err error
}

func (o oracle) RebootRequired(context.Context) (bool, error) { return o.yes, o.err }

func TestPendingRestartOfARunningWindows(t *testing.T) {
	type answer struct{ any, servicing string }
	tests := map[string]struct {
		set   func(*fakeregistry.Registry)
		agent updateAgent
		want  answer
	}{
		"healthy":          {nil, oracle{}, answer{"false", "false"}},
		"healthy-no-agent": {nil, nil, answer{"false", "false"}},
		"agent-silent":     {nil, oracle{err: errors.New("not implemented")}, answer{"false", "false"}},
		"agent-says-yes":   {nil, oracle{yes: true}, answer{"true", "false"}},
		"servicing":        {func(f *fakeregistry.Registry) { f.Put(servicingKey + `\RebootPending`) }, oracle{}, answer{"true", "true"}},
		"update":           {func(f *fakeregistry.Registry) { f.Put(updateKey + `\RebootRequired`) }, oracle{}, answer{"true", "true"}},
		"renames": {func(f *fakeregistry.Registry) {
			f.Put(`HKLM\SYSTEM\ControlSet001\Control\Session Manager`, registry.ListValue("PendingFileRenameOperations", []string{`\??\C:\x`, ""}))
		}, oracle{}, answer{"true", "false"}},
		"servicing-denied":   {func(f *fakeregistry.Registry) { f.Deny(servicingKey) }, oracle{}, answer{"", ""}},
		"system-denied":      {func(f *fakeregistry.Registry) { f.Deny(sessionKeyReal) }, oracle{}, answer{"", "false"}},
		"denied-agent-knows": {func(f *fakeregistry.Registry) { f.Deny(sessionKeyReal) }, oracle{yes: true}, answer{"true", "false"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := running()
			if test.set != nil {
				test.set(f)
			}
			reading, err := pendingRestart(t.Context(), registry.Of(f), disk.New(t, noon, nil), test.agent)
			if test.want == (answer{}) {
				if err == nil || sdk.AsError(err).Code != sdk.AccessDenied {
					t.Errorf("got %v, %+v", err, reading)
				}
				return
			}
			got := answer{shown(reading.Value.Any), shown(reading.Value.Servicing)}
			if err != nil || got != test.want {
				t.Errorf("%v: %+v, want %+v", err, got, test.want)
			}
			if (got.any == "") != (reading.Missing["/any"] != "") {
				t.Errorf("missing %v", reading.Missing)
			}
		})
	}
	verification.ShownByFake(t, "signs are found, the agent adds to any alone, and what cannot be read is not taken for absent", "system.pending_restart")
}

const sessionKeyReal = `HKLM\SYSTEM\ControlSet001\Control\Session Manager`

func shown(b *bool) string {
	if b == nil {
		return ""
	}
	text, err := json.Marshal(b)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestVersionSuite(t *testing.T) {
	f := running()
	f.Put(versionKey, registry.NumberValue("UBR", 3570))
	conformtest.RunFake(t, versionSuite(f, kernel{10, 0, 19045}), nil)
}
