package update

import (
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

func TestSourceOfARunningWindows(t *testing.T) {
	server, on := registry.TextValue("WUServer", "http://wsus:8530/"), registry.NumberValue("UseWUServer", 1)
	const service = "http://wsus:8530/ClientWebService/client.asmx"
	tests := map[string]struct {
		set   func(*fakeregistry.Registry)
		kind  string
		asked []string
	}{
		"no-policy": {func(*fakeregistry.Registry) {}, "windows_update", microsoftUpdate},
		"wsus":      {func(f *fakeregistry.Registry) { f.Put(policyKey, server); f.Put(policyKey+`\AU`, on) }, "wsus", []string{service}},
		"not-used":  {func(f *fakeregistry.Registry) { f.Put(policyKey, server) }, "windows_update", microsoftUpdate},
		"mixed": {func(f *fakeregistry.Registry) {
			f.Put(policyKey, server, registry.NumberValue(classes+"DriverUpdates", 0))
			f.Put(policyKey+`\AU`, on)
		}, "mixed", append([]string{service}, microsoftUpdate...)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := fakeregistry.New()
			test.set(f)
			reading, err := source(registry.Of(f))
			if err != nil || reading.Value.Kind != test.kind || reading.Partial != "" {
				t.Errorf("%v: %+v", err, reading)
			}
			if asked, err := addressesOf(registry.Of(f)); err != nil || !slices.Equal(asked, test.asked) {
				t.Errorf("asked are %q, %v", asked, err)
			}
		})
	}
	f := fakeregistry.New()
	f.Put(policyKey, registry.TextValue("WUServer", "http://[::1"))
	f.Put(policyKey+`\AU`, on)
	if _, err := addressesOf(registry.Of(f)); err == nil || !strings.Contains(err.Error(), "is no address") {
		t.Errorf("a server that is no address: %v", err)
	}
	f.Deny(policyKey)
	if _, err := source(registry.Of(f)); err == nil || sdk.AsError(err).Code != sdk.AccessDenied {
		t.Errorf("denied policies: %v", err)
	}
	if _, err := addressesOf(registry.Of(f)); err == nil || sdk.AsError(err).Code != sdk.AccessDenied || !strings.Contains(sdk.AsError(err).Hint, "urls") {
		t.Errorf("denied policies: %v", err)
	}
	verification.ShownByFake(t, "the policies in force decide where updates come from, and whom reach asks", "update.source", "update.reach")
}
