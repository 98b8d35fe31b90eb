package system

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

const (
	config    = "Windows/System32/config/"
	systemLog = "Windows/System32/winevt/Logs/System.evtx"
)

func written(t *testing.T, build func(root *hive.Key)) []byte {
	t.Helper()
	root := &hive.Key{}
	build(root)
	return disk.Hive(t, root)
}

func software(t *testing.T, build func(*hive.Key)) []byte {
	return written(t, func(root *hive.Key) {
		root.At(`Microsoft\Windows NT\CurrentVersion`).Set(
			hive.String("ProductName", "Windows 10 Pro"), hive.String("EditionID", "Professional"), hive.String("CurrentBuildNumber", "22631"),
			hive.DWord("CurrentMajorVersionNumber", 10), hive.DWord("CurrentMinorVersionNumber", 0), hive.DWord("UBR", 4169),
			hive.String("DisplayVersion", "23H2"), hive.String("InstallationType", "Client"), hive.DWord("InstallDate", 1700000000))
		if build != nil {
			build(root)
		}
	})
}

func system(t *testing.T, build func(*hive.Key)) []byte {
	return written(t, func(root *hive.Key) {
		root.At("Select").Set(hive.DWord("Current", 2))
		set := root.At(`ControlSet002\Control`)
		set.At(`ComputerName\ComputerName`).Set(hive.String("ComputerName", "PC-7"))
		set.At(`Session Manager\Environment`).Set(hive.String("PROCESSOR_ARCHITECTURE", "AMD64"))
		set.At("TimeZoneInformation").Set(hive.String("TimeZoneKeyName", "UTC"), hive.DWord("Bias", 0), hive.DWord("StandardBias", 0),
			hive.DWord("DaylightBias", 0), hive.Binary("StandardStart", make([]byte, 16)), hive.Binary("DaylightStart", make([]byte, 16)))
		if build != nil {
			build(root)
		}
	})
}

// stale is a SOFTWARE hive that Windows had not written whole.
func stale(t *testing.T) []byte {
	t.Helper()
	data, err := hive.Bytes(&hive.Key{}, hive.Options{Dirty: true})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestInfo(t *testing.T) {
	machine := disk.New(t, noon, map[string][]byte{config + "SOFTWARE": software(t, nil), config + "SYSTEM": system(t, nil)})
	out, answer, err := disk.Observe[InfoOutput](t, Plugin(), "info", machine, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	if out.Product != "Windows 11 Pro" || out.Version != "10.0.22631.4169" || *out.Build != 22631 || *out.UBR != 4169 || out.Arch != "x64" ||
		out.InstallType != "client" || out.Computer != "PC-7" || out.TimeZone != "UTC" || !out.Installed.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("answer %s", answer.Value)
	}
	if len(answer.Missing) != 0 || len(answer.Evidence) < 8 {
		t.Errorf("missing %v, evidence %v", answer.Missing, answer.Evidence)
	}
}

func TestInfoOfHalfADisk(t *testing.T) {
	machine := disk.New(t, noon, map[string][]byte{config + "SYSTEM": system(t, nil)})
	out, answer, err := disk.Observe[InfoOutput](t, Plugin(), "info", machine, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	if out.Arch != "x64" || answer.Missing["/build"] == "" || answer.Missing["/arch"] != "" {
		t.Errorf("answer %s, missing %v", answer.Value, answer.Missing)
	}
	if _, _, err := disk.Observe[InfoOutput](t, Plugin(), "info", disk.New(t, noon, nil), `{}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("without hives: %v", err)
	}
}

func TestPendingRestart(t *testing.T) {
	const cbs = `Microsoft\Windows\CurrentVersion\Component Based Servicing`
	yes, no := true, false
	type files = map[string][]byte
	tests := map[string]struct {
		files          files
		any, servicing *bool
		signals        []string
	}{
		"healthy": {files{config + "SOFTWARE": software(t, func(k *hive.Key) {
			k.At(cbs + `\SessionsPending`).Set(hive.DWord("Exclusive", 0))
			k.At(cbs + `\PackagesPending`)
		}), config + "SYSTEM": system(t, nil)}, &no, &no, nil},
		"servicing": {files{config + "SOFTWARE": software(t, func(k *hive.Key) { k.At(cbs + `\RebootPending`) }), config + "SYSTEM": system(t, nil)},
			&yes, &yes, []string{"cbs_reboot_pending"}},
		"update-and-packages": {files{config + "SOFTWARE": software(t, func(k *hive.Key) {
			k.At(cbs + `\PackagesPending\Package_for_KB5000000`)
			k.At(`Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`)
		}), config + "SYSTEM": system(t, nil)}, &yes, &yes, []string{"cbs_packages_pending", "update_reboot_required"}},
		"renames-only": {files{config + "SOFTWARE": software(t, nil), config + "SYSTEM": system(t, func(k *hive.Key) {
			k.At(`ControlSet002\Control\Session Manager`).Set(hive.Strings("PendingFileRenameOperations", `\??\C:\x`, ""))
		})}, &yes, &no, []string{"file_renames"}},
		"pending-xml": {files{config + "SOFTWARE": software(t, nil), config + "SYSTEM": system(t, nil), "Windows/WinSxS/pending.xml": []byte("<x/>")},
			&yes, &yes, []string{"pending_xml"}},
		"no-software-hive": {files{config + "SYSTEM": system(t, func(k *hive.Key) {
			k.At(`ControlSet002\Control\Session Manager`).Set(hive.Strings("PendingFileRenameOperations", `\??\C:\x`, ""))
		})}, &yes, nil, nil},
		"no-system-hive": {files{config + "SOFTWARE": software(t, nil)}, nil, &no, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, answer, err := disk.Observe[PendingRestartOutput](t, Plugin(), "pending_restart", disk.New(t, noon, test.files), `{}`)
			if err != nil {
				t.Fatal(err)
			}
			same := func(a, b *bool) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
			if !same(out.Any, test.any) || !same(out.Servicing, test.servicing) {
				t.Errorf("answer %s", answer.Value)
			}
			if (out.Any == nil) != (answer.Missing["/any"] != "") || (out.Servicing == nil) != (answer.Missing["/servicing"] != "") {
				t.Errorf("missing %v for %s", answer.Missing, answer.Value)
			}
			var got []string
			for _, s := range out.Signals {
				got = append(got, s.Name)
			}
			if len(got) != len(test.signals) || len(got) > 0 && got[0] != test.signals[0] {
				t.Errorf("signals %v, want %v", got, test.signals)
			}
		})
	}
	for name, files := range map[string]files{"no-hives": nil, "stale-hive": {config + "SOFTWARE": stale(t), config + "SYSTEM": system(t, nil)}} {
		if _, answer, err := disk.Observe[PendingRestartOutput](t, Plugin(), "pending_restart", disk.New(t, noon, files), `{}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
			t.Errorf("%s: %v, %s", name, err, answer.Value)
		}
	}
}

func TestClock(t *testing.T) {
	host := noon.Add(1000 * time.Hour)
	later := one(plain("Other", 1, 0), plain("Other", 1, 30), plain("Other", 1, 60*24*365*50))
	const other = "Windows/System32/winevt/Logs/Microsoft-Windows-X%4Operational.evtx"
	const cbsLog = "Windows/Logs/CBS/CBS.log"
	tests := map[string]struct {
		files  map[string][]byte
		now    time.Time
		source string
	}{
		"system-channel":    {map[string][]byte{systemLog: disk.Log(t, plain("Other", 1, 0), plain("Other", 1, 30)), other: disk.Log(t, plain("Other", 1, 90))}, moment(30), "channel System"},
		"wrong-clock-once":  {map[string][]byte{systemLog: disk.Log(t, later...)}, moment(30), "future"},
		"another-channel":   {map[string][]byte{other: disk.Log(t, plain("Other", 1, 90))}, moment(90), "Microsoft-Windows-X/Operational"},
		"empty-system-log":  {map[string][]byte{systemLog: disk.Log(t), other: disk.Log(t, plain("Other", 1, 90))}, moment(90), "Operational"},
		"servicing-log":     {map[string][]byte{cbsLog: []byte("2024-06-01 14:00:00, Info                  CBS    Universal Time is: 2024-06-01 12:00:00.000\r\n2024-06-01 14:05:00, Info                  CBS    x\r\n")}, moment(5), "CBS.log"},
		"servicing-no-zone": {map[string][]byte{cbsLog: []byte("2024-06-01 12:05:00, Info                  CBS    x\r\n")}, moment(5), "taken as UTC"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			reading, err := clock(t.Context(), disk.New(t, time.Time{}, test.files), host)
			if err != nil {
				t.Fatal(err)
			}
			if !reading.Value.Now.Equal(test.now) || !strings.Contains(reading.Value.Source, test.source) || reading.Value.Evidence == (sdk.Evidence{}) {
				t.Errorf("clock %+v, want %s of %s", reading.Value, test.now, test.source)
			}
		})
	}
	if _, err := clock(t.Context(), disk.New(t, time.Time{}, nil), host); err == nil || sdk.AsError(err).Hint == "" {
		t.Errorf("an empty disk: %v", err)
	}
	live, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	if reading, err := clock(t.Context(), live, host); err != nil || !reading.Value.Now.Equal(host) {
		t.Errorf("live: %+v, %v", reading, err)
	}
}

func TestClockOfRealDisks(t *testing.T) {
	dir := disk.Corpus(t)
	for host, want := range map[string]string{"win10-1803": "2018-03-06", "win7": "2015-09-18", "win11-ja": "2022-07-13", "win11-restore": "2025-04-26"} {
		out, _, err := disk.Observe[ClockOutput](t, Plugin(), "clock", disk.Open(t, filepath.Join(dir, host), time.Time{}), `{}`)
		if err != nil || out.Now.Format(time.DateOnly) != want {
			t.Errorf("%s: %+v, %v; want %s", host, out, err, want)
		}
	}
}

func TestConform(t *testing.T) { plugintest.Conform(t, Plugin()) }
