package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/plan"
)

func (g *globals) planCommand() *cobra.Command {
	var t targetFlags
	var c choiceFlags
	var out string
	cmd := &cobra.Command{
		Use:   "plan CODE | ID | FILE.yaml",
		Short: "Show what would be changed; nothing is touched",
		Long: `Plan diagnoses, and shows each step that follows from it: what would be changed, the
risk, what it needs, what cannot be taken back, what is left out and why, and what
cannot be decided. It changes nothing.

With -o the plan is saved. rectify apply carries a saved plan out; before that it
looks again, and refuses when what the plan rests on is not as it was.

Exit codes: 0 the plan is made; 2 wrong usage; 3 the target cannot be read.`,
		Example: `  rectify plan 0x8024001E --root /mnt/disk
  rectify plan 0x8024001E --root /mnt/disk -o plan.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showBad(g.makePlan(cmd.Context(), t, c, args, out))
		},
	}
	t.add(cmd, false)
	t.addPlaybook(cmd)
	c.add(cmd)
	cmd.Flags().StringVarP(&out, "out", "o", "", "save the plan to this file as well")
	return cmd
}

func (g *globals) makePlan(ctx context.Context, t targetFlags, c choiceFlags, args []string, out string) error {
	p, err := g.prepare(ctx, t, c, args)
	if err != nil {
		return err
	}
	defer p.close()
	if out != "" {
		if err := p.planning.Plan.Save(out); err != nil {
			return err
		}
	}
	if err := g.showPlan(p.planning.Plan); err != nil || out == "" {
		return err
	}
	fmt.Fprintf(g.stderr, "rectify: saved; `rectify apply %s` carries it out\n", out)
	return nil
}

func (g *globals) showPlan(p *plan.Plan) error {
	if g.json() {
		return writeJSON(g.stdout, p)
	}
	return plan.Text(g.stdout, p, plan.View{Color: isTerminal(g.stdout)})
}
