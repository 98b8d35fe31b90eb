package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// explanation is what explain says, as JSON.
type explanation struct {
	Code      string         `json:"code,omitempty"`
	Signed    int32          `json:"signed,omitempty"`
	Names     []hresult.Name `json:"names,omitempty"`
	Facility  string         `json:"facility,omitempty"`
	Failed    bool           `json:"failed"`
	Playbooks []playbookNote `json:"playbooks"`
}

// playbookNote is how a playbook implements its article.
type playbookNote struct {
	ID       string        `json:"id"`
	Title    string        `json:"title"`
	Relation string        `json:"relation"` // about, related
	Article  string        `json:"article,omitempty"`
	Sections []sectionNote `json:"sections,omitempty"`
}

// sectionNote is a section of an article with what implements it.
type sectionNote struct {
	Section string   `json:"section"`
	By      []string `json:"implemented_by"`
}

func (g *globals) explainCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "explain CODE | ID | FILE.yaml",
		Short: "Name an error code, and show how playbooks implement their article",
		Long: `Explain names an error code in any of its spellings (0x8024001E, 8024001e,
-2145124322, 2149842974, hr:0x8024001e, [8024001E]), says which playbooks are
about it, and shows for each section of their article what implements it.

Exit codes: 0 explained; 2 it is neither a code nor a playbook.`,
		Example: "  rectify explain 0x80070002\n  rectify explain -- -2145124322",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showBad(g.withLibrary(dir, func(l *library) error { return g.explain(cmd.Context(), l, args[0]) }))
		},
	}
	cmd.Flags().StringVar(&dir, "playbooks", "", "folder of further playbooks")
	return cmd
}

func (g *globals) explain(ctx context.Context, lib *library, what string) error {
	out := explanation{Playbooks: []playbookNote{}}
	code, notACode := hresult.Parse(what)
	if notACode == nil {
		out.Code, out.Signed, out.Names, out.Facility, out.Failed = code.String(), int32(code), code.Names(), code.Facility(), code.Failed()
		all, err := lib.all(ctx)
		if err != nil {
			return err
		}
		for _, p := range all {
			switch {
			case slices.Contains(p.Codes, code):
				out.Playbooks = append(out.Playbooks, noteOf(p, "about"))
			case slices.Contains(p.Related, code):
				out.Playbooks = append(out.Playbooks, noteOf(p, "related"))
			}
		}
	} else {
		found, err := lib.find(ctx, what)
		if err != nil {
			return err
		}
		for _, p := range found {
			out.Playbooks = append(out.Playbooks, noteOf(p, "about"))
		}
	}
	if g.json() {
		return writeJSON(g.stdout, out)
	}
	out.text(g.stdout)
	return nil
}

// noteOf gathers what implements each section of a playbook's article.
func noteOf(p *check.Playbook, relation string) playbookNote {
	note := playbookNote{ID: p.ID, Title: p.Title, Relation: relation}
	article := p.Document.Article
	if article == nil {
		return note
	}
	note.Article = article.URL.Value
	by := map[string][]string{}
	for _, s := range p.Symptoms {
		by[s.Article] = append(by[s.Article], "symptom "+s.Name)
	}
	for _, c := range p.Causes {
		by[c.Article] = append(by[c.Article], "cause "+c.Name)
	}
	step := func(s *check.Step) {
		if s.Article != "" {
			by[s.Article] = append(by[s.Article], "step "+s.ID)
		}
	}
	check.Walk(p.Steps, step)
	check.Walk(p.Afterwards, step)
	if p.Escalate != nil {
		by[p.Escalate.Article] = append(by[p.Escalate.Article], "escalate")
	}
	for _, s := range article.Sections {
		note.Sections = append(note.Sections, sectionNote{s.Value, by[s.Value]})
	}
	return note
}

func (x explanation) text(w io.Writer) {
	if x.Code != "" {
		fmt.Fprintf(w, "%s  (signed %d)\n", x.Code, x.Signed)
		for _, n := range x.Names {
			fmt.Fprintf(w, "  %s, %s\n", n.Symbol, n.Source)
		}
		if len(x.Names) == 0 {
			fmt.Fprintf(w, "  no table names it; facility: %s\n", x.Facility)
		}
		if !x.Failed {
			fmt.Fprintln(w, "  a success code: what it stands for is no failure")
		}
		if len(x.Playbooks) == 0 {
			fmt.Fprintln(w, "\nNo playbook is about it.")
		}
	}
	for _, p := range x.Playbooks {
		fmt.Fprintf(w, "\n%s (%s)\n  %s\n", p.ID, map[string]string{"about": "is about it", "related": "knows it as a related code"}[p.Relation], p.Title)
		if p.Article != "" {
			fmt.Fprintf(w, "  %s\n", p.Article)
		}
		for _, s := range p.Sections {
			by := strings.Join(s.By, ", ")
			if by == "" {
				by = "nothing implements it"
			}
			fmt.Fprintf(w, "    %-18s %s\n", s.Section, by)
		}
	}
}
