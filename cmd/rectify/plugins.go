package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/sdk"
)

func (g *globals) pluginsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "plugins", Short: "List, describe and pin plugins"}
	cmd.AddCommand(g.pluginsListCommand(), g.pluginsDescribeCommand(), g.pluginsLockCommand())
	return cmd
}

func (g *globals) pluginsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the plugins with their probes and actions", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.listPlugins(cmd.Context()) },
	}
}

// pluginLine is one plugin of the listing.
type pluginLine struct {
	Name     string        `json:"name"`
	Origin   string        `json:"origin"`
	Version  string        `json:"version,omitempty"`
	Path     string        `json:"path,omitempty"`
	SHA256   string        `json:"sha256,omitempty"`
	Error    string        `json:"error,omitempty"`
	Manifest *sdk.Manifest `json:"manifest,omitempty"`
}

func lineOf(p host.Plugin) pluginLine {
	l := pluginLine{Name: p.Name, Origin: string(p.Origin), Version: p.Manifest.Version, Path: p.Path, SHA256: p.SHA256}
	if p.Err != nil {
		l.Error = p.Err.Error()
		return l
	}
	l.Manifest = &p.Manifest
	return l
}

func (g *globals) listPlugins(ctx context.Context) error {
	e, err := g.engine()
	if err != nil {
		return err
	}
	defer e.Close()
	var lines []pluginLine
	for _, p := range e.Plugins(ctx) {
		lines = append(lines, lineOf(p))
	}
	if g.json() {
		return writeJSON(g.stdout, lines)
	}
	for _, l := range lines {
		fmt.Fprintf(g.stdout, "%s %s (%s)\n", l.Name, l.Version, l.Origin)
		if l.Error != "" {
			fmt.Fprintf(g.stdout, "  cannot be used: %s\n", l.Error)
			continue
		}
		fmt.Fprintf(g.stdout, "  %s\n", l.Manifest.Summary)
		for _, p := range l.Manifest.Probes {
			fmt.Fprintf(g.stdout, "  probe   %-28s %-14s %s\n", l.Name+"."+p.Name, targetWords(p.Targets), p.Summary)
		}
		for _, a := range l.Manifest.Actions {
			fmt.Fprintf(g.stdout, "  action  %-28s %-14s %s\n", l.Name+"."+a.Name, targetWords(a.Targets), a.Summary)
		}
	}
	return nil
}

// targetWords says what a function works on in this version.
func targetWords(targets []sdk.TargetKind) string {
	if len(targets) == 0 {
		return "not yet"
	}
	var words []string
	for _, t := range targets {
		words = append(words, string(t))
	}
	return strings.Join(words, ", ")
}
