package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
)

// probes resolves what each probe uses, before any expression is compiled: the types of their answers follow from their
// literal arguments alone.
func (c *checker) probes() {
	for _, p := range c.doc.Probes {
		probe := &Probe{Name: p.Name.Value, Title: text(p.Title), Timeout: c.duration(p.Timeout)}
		if probe.Title == "" {
			probe.Title = probe.Name
		}
		c.out.Probes = append(c.out.Probes, probe)
		if _, taken := c.probeAt[probe.Name]; !taken {
			c.probeAt[probe.Name] = probe
		}
		plugin, m, ok := c.probeManifest(p.Uses)
		if !ok {
			continue
		}
		in, out, err := signature(m.Input, m.Output)
		if err != nil {
			c.errorAt(p.Uses.Span, "plugin", fmt.Sprintf("the schema of %s cannot be used: %v", p.Uses.Value, err), "this is a fault of the plugin")
			continue
		}
		probe.Plugin, probe.Manifest, probe.Input = plugin, m, in
		probe.Output = out.Resolve(literals(p.With, in))
	}
	for i, p := range c.doc.Probes {
		probe := c.out.Probes[i]
		scope := c.scope(phaseDiagnose)
		probe.When = c.condition(p.When, scope)
		if probe.Input != nil {
			probe.With = c.arguments(p.Uses, p.With, probe.Input, scope, gates{{probe.When, true}})
		}
	}
}

func (c *checker) probeManifest(uses playbook.Scalar) (plugin string, m sdk.ProbeManifest, ok bool) {
	plugin, name, manifest, ok := c.function(uses)
	if !ok {
		return "", m, false
	}
	for _, p := range manifest.Probes {
		if p.Name == name {
			return plugin, p, true
		}
	}
	for _, a := range manifest.Actions {
		if a.Name == name {
			c.errorAt(uses.Span, "uses", fmt.Sprintf("%s is an action: probes only look", uses.Value), "actions are used by steps")
			return "", m, false
		}
	}
	names := probeNames(manifest)
	c.errorAt(uses.Span, "uses", fmt.Sprintf("the plugin %q has no probe %q; it has %s", plugin, name, sorted(names)), didYouMean(name, names))
	return "", m, false
}

func probeNames(m sdk.Manifest) []string {
	var names []string
	for _, p := range m.Probes {
		names = append(names, p.Name)
	}
	return names
}

// function finds the plugin of `uses: plugin.name`.
func (c *checker) function(uses playbook.Scalar) (plugin, name string, m sdk.Manifest, ok bool) {
	plugin, name, dotted := strings.Cut(uses.Value, ".")
	if !dotted {
		return "", "", m, false // the parser has said how it is written
	}
	if !slices.Contains(c.functions.PluginNames(), plugin) {
		c.errorAt(uses.Span, "uses", fmt.Sprintf("there is no plugin %q; there are %s", plugin, sorted(c.functions.PluginNames())), didYouMean(plugin, c.functions.PluginNames()))
		return "", "", m, false
	}
	m, err := c.functions.Plugin(plugin)
	if err != nil {
		c.errorAt(uses.Span, "plugin", fmt.Sprintf("the plugin %q cannot be used: %v", plugin, err), "")
		return "", "", m, false
	}
	return plugin, name, m, true
}
