package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/internal/verification/table"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

func (g *globals) pluginsDescribeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "describe PLUGIN | PLUGIN.FUNCTION", Short: "Show what a plugin's functions take and answer", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return g.describePlugin(cmd.Context(), args[0]) },
	}
}

func (g *globals) describePlugin(ctx context.Context, name string) error {
	e, err := g.engine()
	if err != nil {
		return err
	}
	defer e.Close()
	plugin, function, one := strings.Cut(name, ".")
	m, err := e.Manifest(ctx, plugin)
	if err != nil {
		return usageError(err)
	}
	if one {
		if m = only(m, function); len(m.Probes)+len(m.Actions) == 0 {
			return usageError(fmt.Errorf("the plugin %s has no %q; rectify plugins describe %s lists what it has", plugin, function, plugin))
		}
	}
	if g.json() {
		return writeJSON(g.stdout, m)
	}
	records, err := verifiedOf(plugin)
	if err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "%s %s: %s\n", m.Name, m.Version, m.Summary)
	for _, p := range m.Probes {
		fmt.Fprintf(g.stdout, "\nprobe %s.%s: %s\n", m.Name, p.Name, p.Summary)
		about(g.stdout, p.Doc, p.Targets, p.Needs)
		verified(g.stdout, records, m.Name+"."+p.Name, p.Targets)
		if err := signature(g.stdout, p.Input, p.Output); err != nil {
			return err
		}
	}
	for _, a := range m.Actions {
		fmt.Fprintf(g.stdout, "\naction %s.%s: %s\n", m.Name, a.Name, a.Summary)
		about(g.stdout, a.Doc, a.Targets, a.Needs)
		verified(g.stdout, records, m.Name+"."+a.Name, a.Targets)
		interruptible := "may be cut off"
		if !a.Interruptible {
			interruptible = "is never cut off"
		}
		fmt.Fprintf(g.stdout, "  effect: %s, risk %s, %s\n", a.Effect, a.Risk, interruptible)
		if err := signature(g.stdout, a.Input, a.Output); err != nil {
			return err
		}
	}
	return nil
}

// verifiedOf is what tests have shown of a plugin that is part of this program; nothing is known of a vendor's.
func verifiedOf(plugin string) ([]table.Record, error) {
	if _, ok := linkedPlugin(plugin); !ok {
		return nil, nil
	}
	return table.Committed()
}

// verified says where a function was verified on a running machine.
func verified(w io.Writer, records []table.Record, name string, targets []sdk.TargetKind) {
	if records == nil || !slices.Contains(targets, sdk.Live) {
		return
	}
	of := table.Of(records, name)
	fmt.Fprintf(w, "  verified on a running machine: %s\n", table.LevelOf(of))
	for _, r := range of {
		if r.Kind == table.Function {
			fmt.Fprintf(w, "    %s: %s\n", r.System, r.What)
		}
	}
}

// only leaves one function in a manifest.
func only(m sdk.Manifest, function string) sdk.Manifest {
	one := m
	one.Probes, one.Actions = nil, nil
	for _, p := range m.Probes {
		if p.Name == function {
			one.Probes = append(one.Probes, p)
		}
	}
	for _, a := range m.Actions {
		if a.Name == function {
			one.Actions = append(one.Actions, a)
		}
	}
	return one
}

func about(w io.Writer, doc string, targets []sdk.TargetKind, needs sdk.Needs) {
	for _, line := range wrapWords(doc, 76) {
		fmt.Fprintf(w, "  %s\n", line)
	}
	fmt.Fprintf(w, "  works on: %s\n", targetWords(targets))
	var need []string
	if needs.Elevation {
		need = append(need, "administrator rights")
	}
	if needs.Network {
		need = append(need, "the network")
	}
	need = append(need, needs.Platforms...)
	if len(need) > 0 {
		fmt.Fprintf(w, "  needs: %s\n", strings.Join(need, ", "))
	}
}

func signature(w io.Writer, input, output []byte) error {
	for _, side := range []struct {
		title string
		raw   []byte
	}{{"takes", input}, {"answers", output}} {
		t, err := schema.Parse(side.raw)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "  %s:\n", side.title)
		fields(w, t, "    ")
	}
	return nil
}

func fields(w io.Writer, t *schema.Type, indent string) {
	for _, f := range t.Fields {
		note := f.Type.String()
		if len(f.Type.Enum) > 0 {
			note = strings.Join(f.Type.Enum, " | ")
		}
		if !f.Required {
			note += ", optional"
		}
		fmt.Fprintf(w, "%s%s: %s\n", indent, f.Name, note)
		for _, line := range wrapWords(f.Type.Doc, 78-len(indent)-2) {
			fmt.Fprintf(w, "%s  %s\n", indent, line)
		}
		inner := f.Type
		for inner.Elem != nil {
			inner = inner.Elem
		}
		fields(w, inner, indent+"    ")
	}
}

// wrapWords breaks text into lines.
func wrapWords(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
