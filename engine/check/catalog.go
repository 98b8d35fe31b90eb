package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Catalog gives the functions that plugins offer.
type Catalog interface {
	// Plugin gives the manifest of a plugin; an error says why it cannot be used.
	Plugin(name string) (sdk.Manifest, error)
	// PluginNames lists the plugins, for hints.
	PluginNames() []string
}

// signature reads the schemas of a function. The manifest of a plugin that the host admitted has schemas that can be
// read; an error here is a fault of the plugin.
func signature(input, output []byte) (in, out *schema.Type, err error) {
	if in, err = schema.Parse(input); err != nil {
		return nil, nil, err
	}
	out, err = schema.Parse(output)
	return in, out, err
}

// ProbeNamed resolves a probe by its full name, "log.search", outside of any playbook.
func ProbeNamed(uses string, functions Catalog) (*Probe, error) {
	plugin, name, ok := strings.Cut(uses, ".")
	if !ok {
		return nil, fmt.Errorf("%q is no probe: write PLUGIN.PROBE, as in log.search", uses)
	}
	if names := functions.PluginNames(); !slices.Contains(names, plugin) {
		return nil, fmt.Errorf("there is no plugin %q; there are %s", plugin, sorted(names))
	}
	m, err := functions.Plugin(plugin)
	if err != nil {
		return nil, err
	}
	for _, p := range m.Probes {
		if p.Name == name {
			in, out, err := signature(p.Input, p.Output)
			return &Probe{Name: name, Title: p.Summary, Plugin: plugin, Manifest: p, Input: in, Output: out}, err
		}
	}
	return nil, fmt.Errorf("the plugin %q has no probe %q; it has %s", plugin, name, sorted(probeNames(m)))
}
