package registry

import (
	"errors"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

// here is the registry of this Windows, with one key for the test.
func here(t *testing.T) *registry.Store {
	t.Helper()
	machine, err := target.Open(liveSpec)
	if err != nil {
		t.Fatal(err)
	}
	s, err := registry.OpenStore(machine)
	if err != nil {
		t.Fatal(err)
	}
	sweep := func() error {
		tree, err := s.Export(t.Context(), top)
		if registry.Absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.DeleteTree(tree, func(string) {})
	}
	if err := sweep(); err != nil { // of a test that was killed
		t.Fatal(err)
	}
	put(t, s, top, registry.NumberValue("beside", 1))
	return s
}

func TestActionsOfThisWindows(t *testing.T) {
	for name, c := range cases() {
		t.Run(name, func(t *testing.T) { hold(t, here, c) })
	}
	verification.Shown(t, "a value of any type is set, read back and given back byte for byte; a crash at any effect is recovered from", "registry.set")
	verification.Shown(t, "a value, and a key with keys below, is deleted and made again as it was; a crash at any effect is recovered from", "registry.delete")
}

func TestReadOfThisWindows(t *testing.T) {
	s := here(t)
	policies(t, s)
	client := plugintest.Serve(t, Plugin())
	for name, test := range map[string]struct {
		input ReadInput
		want  string
	}{
		"text":        {ReadInput{top + `\update`, new("wuserver")}, `"exists":true,"type":"text","text":"http://wsus:8530"`},
		"odd-type":    {ReadInput{top + `\Update`, new("Odd")}, `"exists":true,"type":"binary","text":"010203"`},
		"no-value":    {ReadInput{top + `\Update`, new("nope")}, `"exists":false`},
		"key":         {ReadInput{top + `\Update`, nil}, `"values":["Big","Flags","Nothing","Odd","WUServer"],"keys":["AU"]`},
		"no-key":      {ReadInput{top + `\nope`, nil}, `"exists":false`},
		"control-set": {ReadInput{`HKLM\SYSTEM\CurrentControlSet\Control`, nil}, `ControlSet0`},
		"hardware":    {ReadInput{`HKLM\HARDWARE`, nil}, `"exists":true`},
		"user":        {ReadInput{`HKU\.DEFAULT\Software`, nil}, `"exists":true`},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := client.Observe("read", liveSpec, test.input)
			if err != nil || !strings.Contains(string(a.Value), test.want) || a.Partial != "" {
				t.Errorf("%v: %s", err, a.Value)
			}
		})
	}
	if _, err := client.Observe("read", liveSpec, ReadInput{`HKCU\Software`, nil}); err == nil || sdk.AsError(err).Code != sdk.InvalidInput {
		t.Errorf("the hive of whoever runs this: %v", err)
	}
	if err := errors.Join(s.DeleteValue(top+`\Update`, "Flags"), s.DeleteValue(top+`\Update`, "Flags")); err != nil {
		t.Error(err)
	}
	verification.Shown(t, "values of any type and keys are read; what is absent is told", "registry.read")
}
