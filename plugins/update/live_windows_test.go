package update

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk/target"
)

// changed sets values on this Windows until the test ends.
func changed(t *testing.T, key string, values ...registry.Value) *target.Target {
	t.Helper()
	machine, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	s, err := registry.OpenStore(machine)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := s.Key(key); err == nil {
		t.Skipf("%s exists on this machine", k.Path())
	}
	made, err := s.Create(key)
	t.Cleanup(func() {
		for _, v := range values {
			if err := s.DeleteValue(key, v.Name); err != nil {
				t.Error(err)
			}
		}
		for _, m := range slices.Backward(made) {
			if _, err := s.DeleteEmpty(m); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if err := s.Set(key, v); err != nil {
			t.Fatal(err)
		}
	}
	return machine
}

func TestSourceOfThisWindows(t *testing.T) {
	asked := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	defer server.Close()
	changed(t, policyKey, registry.TextValue("WUServer", server.URL))
	machine := changed(t, policyKey+`\AU`, registry.NumberValue("UseWUServer", 1))
	out, answer, err := disk.Observe[SourceOutput](t, Plugin(), "source", machine, `{}`)
	if err != nil || !out.WSUS || out.Server != server.URL || len(answer.Evidence) != 2 {
		t.Errorf("%v: %s", err, answer.Value)
	}
	if (out.Service == "") != (answer.Missing["/service"] != "") {
		t.Errorf("the agent says %q, missing %v", out.Service, answer.Missing)
	}
	verification.Shown(t, "the policies of WSUS are read from the registry; an agent that does not say where updates come from is named beside", "update.source")
	reached, answer, err := disk.Observe[ReachOutput](t, Plugin(), "reach", machine, `{"attempts":1,"timeout":"5s"}`)
	if err != nil || !reached.OK || len(reached.Tries) != 1 || !strings.HasPrefix(reached.Tries[0].URL, server.URL) {
		t.Errorf("%v: %s", err, answer.Value)
	}
	if path := <-asked; path != "/ClientWebService/client.asmx" {
		t.Errorf("asked for %s", path)
	}
	verification.Shown(t, "the server that the policies name is asked", "update.reach")
}

func TestInstalledOnThisWindows(t *testing.T) {
	machine := changed(t, packagesKey+`\Package_2_for_KB5034441~31bf3856ad364e35~amd64~~10.0.1.2`, registry.NumberValue("CurrentState", 0x50))
	out, answer, err := disk.Observe[InstalledOutput](t, Plugin(), "installed", machine, `{"updates":[{"kb":"KB5034441"}]}`)
	if err != nil || out.All == nil || !*out.All || out.Updates[0].How != "superseded" || len(answer.Evidence) != 1 {
		t.Errorf("%v, missing %v: %s", err, answer.Missing, answer.Value)
	}
	out, answer, err = disk.Observe[InstalledOutput](t, Plugin(), "installed", machine, `{"updates":[{"kb":"KB1"}]}`)
	if err != nil || out.All != nil || answer.Missing["/all"] == "" {
		t.Errorf("an update that nothing tells of: %v, missing %v: %s", err, answer.Missing, answer.Value)
	}
	verification.Shown(t, "a package that is superseded counts as installed; an update that nothing tells of stays unknown", "update.installed")
}
