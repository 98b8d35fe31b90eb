package registry

import (
	"encoding/json"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// FuzzToken gives tokens that nobody made to each call: without what Apply keeps, Undo changes nothing.
func FuzzToken(f *testing.F) {
	const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	f.Add([]byte(`{"version":1,"key":"HKLM\\SOFTWARE\\x","value":"y","after":{"type":4,"size":4,"sha256":"` + digest + `"},"missing":["HKLM\\SOFTWARE\\x"]}`))
	f.Add([]byte(`{"version":1,"key":{"path":"HKLM\\SOFTWARE\\x","sha256":"` + digest + `"}}`))
	f.Add([]byte(`{"version":1,"value":{"version":1,"key":"HKLM\\SOFTWARE\\x\\y","before":{"type":1,"size":0,"sha256":"` + digest + `"}}}`))
	f.Add([]byte(`{"version":1,"key":"\\\\\\"}`))
	machine, err := target.Open(liveSpec)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		fake := fakeregistry.New()
		p := pluginOf(stand{registry.StoreOf(fake)})
		call, state := &sdk.Call{Target: machine}, t.TempDir()
		before := fake.Image()
		for _, name := range []string{"set", "delete"} {
			action, _ := p.Action(name)
			_, _ = action.Assess(t.Context(), call, json.RawMessage(token), state) // any answer will do
			_, _ = action.Undo(t.Context(), call, json.RawMessage(token), state)
		}
		if diff := before.Differs(fake.Image()); len(diff) > 0 {
			t.Errorf("changed: %q", diff)
		}
	})
}
