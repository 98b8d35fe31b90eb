package service

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/sdk"
)

func TestStatus(t *testing.T) {
	root := &hive.Key{}
	root.At("Select").Set(hive.DWord("Current", 1))
	services := root.At(`ControlSet001\Services`)
	services.At("wuauserv").Set(hive.DWord("Start", 4), hive.String("ObjectName", "LocalSystem"), hive.String("DisplayName", `@%systemroot%\system32\wuaueng.dll,-105`),
		hive.ExpandString("ImagePath", `%systemroot%\system32\svchost.exe -k netsvcs -p`))
	services.At(`wuauserv\TriggerInfo\0`)
	services.At("BITS").Set(hive.DWord("Start", 2), hive.DWord("DelayedAutostart", 1), hive.String("DisplayName", "BITS service"))
	services.At("Broken").Set(hive.DWord("Start", 77))
	data := disk.Hive(t, root)
	machine := disk.New(t, noon, map[string][]byte{systemHive: data})
	tests := map[string]struct {
		name, startType, display string
		exists, triggered        bool
		missing                  []string
	}{
		"disabled":      {"WUAUSERV", "disabled", "", true, true, []string{"/state", "/display_name"}},
		"delayed":       {"BITS", "automatic_delayed", "BITS service", true, false, []string{"/state", "/account", "/binary"}},
		"broken":        {"Broken", "", "", true, false, []string{"/start_type"}},
		"not-installed": {"UsoSvc", "", "", false, false, []string{"/start_type", "/state"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, answer, err := disk.Observe[StatusOutput](t, Plugin(), "status", machine, `{"name":"`+test.name+`"}`)
			if err != nil {
				t.Fatal(err)
			}
			if out.Exists != test.exists || out.StartType != test.startType || out.DisplayName != test.display || out.Exists && *out.TriggerStarted != test.triggered || out.State != "" {
				t.Errorf("answer %s", answer.Value)
			}
			for _, pointer := range test.missing {
				if answer.Missing[pointer] == "" {
					t.Errorf("missing %v, want %s", answer.Missing, pointer)
				}
			}
			if test.startType != "" && (len(answer.Evidence) == 0 || answer.Evidence[0].Value != "Start") {
				t.Errorf("evidence %+v", answer.Evidence)
			}
		})
	}
	if _, _, err := disk.Observe[StatusOutput](t, Plugin(), "status", machine, `{"name":"a\\b"}`); err == nil || sdk.AsError(err).Code != sdk.InvalidInput {
		t.Errorf("a path: %v", err)
	}
	if _, _, err := disk.Observe[StatusOutput](t, Plugin(), "status", disk.New(t, noon, nil), `{"name":"x"}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("no hive: %v", err)
	}
}

func TestStatusOfRealMachines(t *testing.T) {
	dir := disk.Corpus(t)
	tests := map[string]map[string]string{
		"win10-1803": {"wuauserv": "manual", "UsoSvc": "automatic_delayed", "BITS": "automatic_delayed", "TrustedInstaller": "manual", "WaaSMedicSvc": "manual", "Schedule": "automatic"},
		"win7":       {"wuauserv": "automatic_delayed", "UsoSvc": "", "BITS": "manual", "TrustedInstaller": "manual", "WaaSMedicSvc": ""},
	}
	for host, services := range tests {
		for name, want := range services {
			out, _, err := disk.Observe[StatusOutput](t, Plugin(), "status", disk.Open(t, filepath.Join(dir, host), time.Time{}), `{"name":"`+name+`"}`)
			if err != nil || out.StartType != want || out.Exists != (want != "") {
				t.Errorf("%s on %s: %+v, %v; want %q", name, host, out, err, want)
			}
		}
	}
}

// TestStatusOfAStaleHive has a hive that Windows had not written whole: what is not in it may have been set since.
func TestStatusOfAStaleHive(t *testing.T) {
	root := &hive.Key{}
	root.At("Select").Set(hive.DWord("Current", 1))
	root.At(`ControlSet001\Services\wuauserv`).Set(hive.DWord("Start", 3))
	data, err := hive.Bytes(root, hive.Options{Dirty: true})
	if err != nil {
		t.Fatal(err)
	}
	machine := disk.New(t, noon, map[string][]byte{systemHive: data})
	for _, name := range []string{"wuauserv", "NoSuchService"} {
		_, answer, err := disk.Observe[StatusOutput](t, Plugin(), "status", machine, `{"name":"`+name+`"}`)
		if err != nil || answer.Partial == "" || answer.Settle == "" {
			t.Errorf("%s: %v, partial %q, settle %q", name, err, answer.Partial, answer.Settle)
		}
	}
}
