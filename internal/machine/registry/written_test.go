package registry_test

import (
	"errors"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/internal/machine/registry"
)

func TestPaths(t *testing.T) {
	system := &hive.Key{}
	system.At("Select").Set(hive.DWord("Current", 0), hive.DWord("Default", 2))
	system.At(`ControlSet002\Services\wuauserv`).Set(hive.DWord("Start", 3), hive.QWord("Big", 1<<40), hive.Strings("List", "a", "", "b"))
	software := &hive.Key{}
	software.At(`Channels`).Keys = append(software.At(`Channels`).Keys, &hive.Key{Name: "A/Operational", Values: []hive.Value{hive.DWord("Enabled", 1), hive.String("", "default")}})
	files := map[string][]byte{}
	for name, root := range map[string]*hive.Key{"SYSTEM": system, "SOFTWARE": software, "DEFAULT": software} {
		files[name] = disk.Hive(t, root)
	}
	r, err := registry.Open(offline(t, files))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tests := map[string]struct {
		path, value, full, shown string
	}{
		"control-set":   {`HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\WUAUSERV\`, "Start", `HKLM\SYSTEM\ControlSet002\Services\WUAUSERV`, "Start = 3 (0x3)"},
		"big-number":    {`HKLM\system\ControlSet002\Services\wuauserv`, "Big", `HKLM\SYSTEM\ControlSet002\Services\wuauserv`, "Big = 1099511627776 (0x10000000000)"},
		"list":          {`HKLM\SYSTEM\ControlSet002\Services\wuauserv`, "List", `HKLM\SYSTEM\ControlSet002\Services\wuauserv`, "List = a; ; b"},
		"slash":         {`HKLM\SOFTWARE\Channels\A/Operational`, "Enabled", `HKLM\SOFTWARE\Channels\A/Operational`, "Enabled = 1 (0x1)"},
		"default-user":  {`HKU\.DEFAULT\Channels\A/Operational`, "Enabled", `HKU\.DEFAULT\Channels\A/Operational`, "Enabled = 1 (0x1)"},
		"local-system":  {`HKEY_USERS\S-1-5-18\Channels\A/Operational`, "Enabled", `HKU\.DEFAULT\Channels\A/Operational`, "Enabled = 1 (0x1)"},
		"key-by-itself": {`HKLM\SOFTWARE\Channels`, "", `HKLM\SOFTWARE\Channels`, `HKLM\SOFTWARE\Channels exists`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			k, err := r.Key(test.path)
			if err != nil {
				t.Fatal(err)
			}
			if e := k.Evidence(test.value); k.Path() != test.full || e.Key != test.full || e.Text != test.shown {
				t.Errorf("path %s, evidence %+v", k.Path(), e)
			}
		})
	}
	if _, err := r.Key(`HKLM\SYSTEM\ControlSet001`); !errors.Is(err, registry.ErrNoKey) {
		t.Errorf("a control set that is not there: %v", err)
	}
	k, err := r.Key(`HKLM\SYSTEM\ControlSet002\Services\wuauserv`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Text("Start"); err == nil || registry.Absent(err) {
		t.Errorf("a number is not text: %v", err)
	}
	if n, err := k.Number("Big"); err != nil || n != 1<<40 {
		t.Errorf("Big is %d, %v", n, err)
	}
	if set, err := r.ControlSet(); err != nil || set != "ControlSet002" {
		t.Errorf("control set %s, %v", set, err)
	}
}

func TestNoControlSet(t *testing.T) {
	data, err := hive.Bytes(&hive.Key{}, hive.Options{Dirty: true})
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.Open(offline(t, map[string][]byte{"SYSTEM": data}))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Key(`HKLM\SYSTEM\CurrentControlSet\Services`); err == nil || registry.Absent(err) {
		t.Errorf("without a control set nothing is known to be absent: %v", err)
	}
	if r.Dirty(`HKLM\SYSTEM`) == "" {
		t.Error("a dirty hive without logs is whole?")
	}
}
