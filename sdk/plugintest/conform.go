// Package plugintest tests plugins: [Conform] holds what every plugin promises, and [Serve] calls one as a host does.
//
//	func TestConform(t *testing.T) { plugintest.Conform(t, hello.Plugin) }
package plugintest

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rectify-project/rectify/internal/wire"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// Conform checks what the host refuses a plugin for, and what makes one poor: its manifest and schemas, the healthy
// answers, that the manifest survives the wire, and that wrong input is refused with its place and never panics.
func Conform(t *testing.T, p sdk.Plugin) {
	m := p.Manifest()
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	if m.Summary == "" || m.Version == "" {
		t.Errorf("plugin %s: summary %q, version %q: both are shown to people", m.Name, m.Summary, m.Version)
	}
	client := Serve(t, p)
	t.Run("manifest crosses the wire", func(t *testing.T) {
		here, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		there, err := json.Marshal(client.manifest())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(here, there) {
			t.Errorf("the manifest changes on the wire:\n%s\n%s", here, there)
		}
	})
	for _, probe := range m.Probes {
		t.Run("probe "+probe.Name, func(t *testing.T) {
			conformSchemas(t, probe.Input, probe.Output)
			if probe.Healthy == nil {
				return
			}
			out := parse(t, "output", probe.Output)
			if _, err := out.Healthy(probe.Healthy, nil); err != nil {
				t.Errorf("the healthy answer is not an answer of this probe: %v", err)
			}
		})
		t.Run("probe "+probe.Name+" refuses", func(t *testing.T) {
			_, _, err := client.wire.Observe(t.Context(), wire.Call{Function: probe.Name, Target: live, Input: unknownField})
			refuses(t, err)
		})
	}
	for _, action := range m.Actions {
		t.Run("action "+action.Name, func(t *testing.T) { conformSchemas(t, action.Input, action.Output) })
		t.Run("action "+action.Name+" refuses", func(t *testing.T) {
			_, err := client.wire.Prepare(t.Context(), wire.Call{Function: action.Name, Target: live, Input: unknownField})
			refuses(t, err)
		})
	}
}

var live = target.Spec{Kind: target.Live}

var unknownField = json.RawMessage(`{"no_argument_has_this_name": 1}`)

// refuses wants an error that says which argument is wrong. A map of free arguments accepts any; then the probe is free
// to answer, and must not panic.
func refuses(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e := sdk.AsError(err)
	if e.Code == sdk.Internal {
		t.Errorf("an argument that it does not know: got the internal error %v, want one of code %s", e, sdk.InvalidInput)
	}
	if e.Message == "" {
		t.Error("an argument that it does not know: the error has no message")
	}
}

func conformSchemas(t *testing.T, input, output json.RawMessage) {
	t.Helper()
	for which, raw := range map[string]json.RawMessage{"input": input, "output": output} {
		parse(t, which, raw)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("the %s schema is not JSON: %v", which, err)
		}
		c := jsonschema.NewCompiler()
		c.UseLoader(jsonschema.SchemeURLLoader{})
		if err := c.AddResource("plugin:schema", doc); err != nil {
			t.Fatalf("the %s schema: %v", which, err)
		}
		if _, err := c.Compile("plugin:schema"); err != nil {
			t.Errorf("the %s schema is not JSON Schema: %v", which, err)
		}
	}
}

func parse(t testing.TB, which string, raw json.RawMessage) *schema.Type {
	t.Helper()
	typ, err := schema.Parse(raw)
	if err != nil {
		t.Fatalf("the %s schema: %v", which, err)
	}
	return typ
}

// checkValue fails the test when an answer does not have the type that its schema gives it for these arguments.
func checkValue(t testing.TB, what string, input, output, given, value json.RawMessage) {
	t.Helper()
	args, err := parse(t, "input", input).Canonical(given)
	if err != nil {
		t.Fatalf("the input of %s: %v", what, err)
	}
	object, _ := args.(map[string]any)
	if _, err := parse(t, "output", output).Resolve(object).Canonical(value); err != nil {
		t.Errorf("%s does not have the type that it declares: %v\n%s", what, err, value)
	}
}
