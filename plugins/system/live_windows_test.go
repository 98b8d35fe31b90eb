package system

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk/target"
)

func here(t *testing.T) *target.Target {
	t.Helper()
	machine, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	return machine
}

func TestVersionOfThisWindows(t *testing.T) {
	suite, err := VersionSuite()
	if err != nil {
		t.Fatal(err)
	}
	known := conformtest.Known{}
	if strings.HasPrefix(verification.System(), "Wine") {
		known["the registry has the revision of the build"] = "missing: UBR: the value does not exist"
	}
	conformtest.Run(t, suite, known)
}

func TestClockOfThisWindows(t *testing.T) {
	began := time.Now()
	out, answer, err := disk.Observe[ClockOutput](t, Plugin(), "clock", here(t), `{}`)
	if err != nil || answer.Partial != "" || out.Now.Before(began.Add(-time.Second)) || out.Now.After(time.Now().Add(time.Second)) {
		t.Errorf("%+v, %+v, %v", out, answer, err)
	}
	verification.Shown(t, "the time is that of the system's clock", "system.clock")
}

func TestInfoOfThisWindows(t *testing.T) {
	out, answer, err := disk.Observe[InfoOutput](t, Plugin(), "info", here(t), `{}`)
	if err != nil {
		t.Fatal(err)
	}
	v := windows.RtlGetVersion()
	if out.Build == nil || *out.Build != int64(v.BuildNumber) || out.Product == "" || out.Computer == "" || out.Arch == "" || out.InstallType == "" || out.TimeZone == "" {
		t.Errorf("build %d, answer %s", v.BuildNumber, answer.Value)
	}
	for pointer, is := range map[string]bool{"/ubr": out.UBR != nil, "/release": out.Release != "", "/edition": out.Edition != ""} {
		if is == (answer.Missing[pointer] != "") {
			t.Errorf("%s is there: %v, reason %q", pointer, is, answer.Missing[pointer])
		}
	}
	verification.Shown(t, "the build is the one that RtlGetVersion tells, and what is not in the registry is left out with the reason", "system.info")
}

func TestPendingRestartOfThisWindows(t *testing.T) {
	machine := here(t)
	s, err := registry.OpenStore(machine)
	if err != nil {
		t.Fatal(err)
	}
	const key = servicingKey + `\RebootPending`
	if _, err := s.Key(key); !registry.Absent(err) {
		t.Skipf("this machine waits for a restart: %v", err)
	}
	made, err := s.Create(key)
	if err != nil {
		t.Fatal(err)
	}
	out, answer, err := disk.Observe[PendingRestartOutput](t, Plugin(), "pending_restart", machine, `{}`)
	if err != nil || out.Any == nil || !*out.Any || out.Servicing == nil || !*out.Servicing || out.Signals[0].Name != "cbs_reboot_pending" {
		t.Errorf("%v: %s", err, answer.Value)
	}
	for i := range made {
		if gone, err := s.DeleteEmpty(made[len(made)-1-i]); err != nil || !gone {
			t.Fatalf("%s stays: %v", made[len(made)-1-i], err)
		}
	}
	out, answer, err = disk.Observe[PendingRestartOutput](t, Plugin(), "pending_restart", machine, `{}`)
	if err != nil || out.Servicing == nil || *out.Servicing || out.Any == nil {
		t.Errorf("%v, missing %v: %s", err, answer.Missing, answer.Value)
	}
	verification.Shown(t, "the key of servicing is found while it is there", "system.pending_restart")
}
