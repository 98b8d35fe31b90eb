// Package sdk is all that a plugin needs: a plugin is a value that holds probes, which look and never change anything,
// and actions, which change and can take back. Serve it from a main package with sdk/pluginserver.
//
//	var Plugin = sdk.Plugin{
//		Name:    "hello",
//		Version: "1.0.0",
//		Summary: "Greets",
//		Probes:  []sdk.Probe{sdk.NewProbe(greetManifest, greet)},
//	}
//
//	func greet(ctx context.Context, call *sdk.Call, in Input) (sdk.Reading[Output], error) {
//		return sdk.Observed(Output{Text: "hello, " + in.Name}), nil
//	}
package sdk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Protocol is the version of the plugin protocol that this SDK speaks.
const Protocol = 1

// Plugin is a named set of probes and actions. It is a value: making one starts nothing and registers nothing.
type Plugin struct {
	Name    string // "log": the part before the dot in `uses: log.search`
	Version string // of the plugin, semantic
	Summary string // one line
	Probes  []Probe
	Actions []Action
}

// Probe finds a probe by its name without the plugin's.
func (p Plugin) Probe(name string) (Probe, bool) {
	i := slices.IndexFunc(p.Probes, func(x Probe) bool { return x.Manifest().Name == name })
	if i < 0 {
		return nil, false
	}
	return p.Probes[i], true
}

// Action finds an action by its name without the plugin's.
func (p Plugin) Action(name string) (Action, bool) {
	i := slices.IndexFunc(p.Actions, func(x Action) bool { return x.Manifest().Name == name })
	if i < 0 {
		return nil, false
	}
	return p.Actions[i], true
}

// Manifest describes the plugin.
func (p Plugin) Manifest() Manifest {
	m := Manifest{Protocol: Protocol, Name: p.Name, Version: p.Version, Summary: p.Summary}
	for _, x := range p.Probes {
		m.Probes = append(m.Probes, x.Manifest())
	}
	for _, x := range p.Actions {
		m.Actions = append(m.Actions, x.Manifest())
	}
	return m
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Check says what is wrong with a manifest: names, duplicates, unknown targets, an effect that is not named. The host
// refuses a plugin whose manifest does not pass; sdk/plugintest runs it as a test.
func (m Manifest) Check() error {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if m.Protocol != Protocol {
		complain("speaks protocol %d, this host speaks %d", m.Protocol, Protocol)
	}
	if !nameForm.MatchString(m.Name) {
		complain("the plugin's name %q is not snake_case", m.Name)
	}
	seen := map[string]bool{}
	function := func(kind, name, summary string, targets []TargetKind) {
		switch {
		case !nameForm.MatchString(name):
			complain("%s %q: the name is not snake_case", kind, name)
		case seen[name]:
			complain("%s %q: the name is taken twice", kind, name)
		}
		seen[name] = true
		if summary == "" {
			complain("%s %q has no summary", kind, name)
		}
		for _, t := range targets {
			if t != Live && t != Offline {
				complain("%s %q: unknown target %q; known are live, offline", kind, name, t)
			}
		}
	}
	for _, p := range m.Probes {
		function("probe", p.Name, p.Summary, p.Targets)
	}
	for _, a := range m.Actions {
		function("action", a.Name, a.Summary, a.Targets)
		if a.Effect != Reversible && a.Effect != Irreversible && a.Effect != Restarts {
			complain("action %q: unknown effect %q; known are reversible, irreversible, restarts", a.Name, a.Effect)
		}
	}
	if wrong != nil {
		return fmt.Errorf("the manifest of plugin %q: %s", m.Name, strings.Join(wrong, "; "))
	}
	return nil
}
