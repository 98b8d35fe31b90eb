package update

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/agent/fakeagent"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

func TestAskSource(t *testing.T) {
	wsus := fakeagent.Service{Name: "Windows Server Update Service", IsManaged: true, IsDefaultAUService: true}
	public := fakeagent.Service{Name: "Windows Update", OffersWindowsUpdates: true}
	for name, c := range map[string]struct {
		state   fakeagent.State
		service string
		managed bool
		missing string
	}{
		"wsus":       {state: fakeagent.State{Services: []fakeagent.Service{public, wsus}}, service: wsus.Name, managed: true},
		"no-default": {state: fakeagent.State{Services: []fakeagent.Service{public}}, missing: "names no service"},
		"refused":    {state: fakeagent.State{Services: []fakeagent.Service{wsus}, Refuses: map[string]int32{"*": -2147467263}}, missing: "0x80004001"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, err := fakeagent.New(t.TempDir(), c.state)
			if err != nil {
				t.Fatal(err)
			}
			reading := sdk.Observed(SourceOutput{Kind: "windows_update"})
			askSource(t.Context(), fake, &reading)
			out := reading.Value
			if out.Service != c.service || (out.Managed != nil) != (c.missing == "") || out.Managed != nil && *out.Managed != c.managed || out.Kind != "windows_update" {
				t.Errorf("%+v", out)
			}
			if c.missing == "" && reading.Missing != nil || !strings.Contains(reading.Missing["/service"], c.missing) || !strings.Contains(reading.Missing["/managed"], c.missing) {
				t.Errorf("missing %v", reading.Missing)
			}
		})
	}
	verification.ShownByFake(t, "the service that automatic updates come from is told; where the agent does not say, the policies stay known", "update.source")
}
