package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// playbookLine is one playbook of the listing.
type playbookLine struct {
	ID    string   `json:"id"`
	Codes []string `json:"codes"`
	Title string   `json:"title"`
	File  string   `json:"file"`
}

func (g *globals) playbooksCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{Use: "playbooks", Short: "List and show the playbooks at hand"}
	cmd.PersistentFlags().StringVar(&dir, "playbooks", "", "folder of further playbooks")
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List the playbooks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.showBad(g.withLibrary(dir, func(l *library) error { return g.listPlaybooks(cmd.Context(), l) }))
		},
	}, &cobra.Command{
		Use: "show CODE | ID", Short: "Print a playbook's YAML", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showBad(g.withLibrary(dir, func(l *library) error { return g.showPlaybook(cmd.Context(), l, args[0]) }))
		},
	})
	return cmd
}

func (g *globals) listPlaybooks(ctx context.Context, lib *library) error {
	var lines []playbookLine
	for _, entry := range lib.entries {
		p, err := lib.load(ctx, entry)
		if err != nil {
			return err
		}
		line := playbookLine{ID: p.ID, Title: p.Title, File: entry.file}
		for _, c := range p.Codes {
			line.Codes = append(line.Codes, c.String())
		}
		lines = append(lines, line)
	}
	if g.json() {
		return writeJSON(g.stdout, lines)
	}
	for _, l := range lines {
		fmt.Fprintf(g.stdout, "%-30s %-12s %s\n", l.ID, strings.Join(l.Codes, ","), l.Title)
	}
	return nil
}

func (g *globals) showPlaybook(ctx context.Context, lib *library, name string) error {
	found, err := lib.find(ctx, name)
	if err != nil {
		return err
	}
	for _, p := range found {
		if _, err := g.stdout.Write(p.Document.Source); err != nil {
			return err
		}
	}
	return nil
}
