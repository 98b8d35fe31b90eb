package check

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rectify-project/rectify/sdk"
)

// PluginCatalog is the functions of plugins that are at hand as values, by the plugins' names. Nothing is started to
// read it.
type PluginCatalog map[string]sdk.Manifest

var _ Catalog = PluginCatalog{}

// NewPluginCatalog makes a catalog of plugins.
func NewPluginCatalog(plugins ...sdk.Plugin) PluginCatalog {
	c := PluginCatalog{}
	for _, p := range plugins {
		c[p.Name] = p.Manifest()
	}
	return c
}

// Plugin gives the manifest of a plugin.
func (c PluginCatalog) Plugin(name string) (sdk.Manifest, error) {
	m, ok := c[name]
	if !ok {
		return m, fmt.Errorf("there is no plugin %q; there are %s", name, sorted(c.PluginNames()))
	}
	return m, nil
}

// PluginNames lists the plugins, sorted.
func (c PluginCatalog) PluginNames() []string { return slices.Sorted(maps.Keys(c)) }
