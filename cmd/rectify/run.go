package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/report"
)

func (g *globals) runCommand() *cobra.Command {
	var t targetFlags
	var c choiceFlags
	var consent consentFlags
	cmd := &cobra.Command{
		Use:   "run CODE | ID | FILE.yaml",
		Short: "Diagnose, plan and repair, asking before each change",
		Long: `Run diagnoses, shows what it would change, and changes it: at a terminal it asks
before each change. What it is about to do, and how to take it back, is in the
journal before it happens; what was done is read back; rectify undo takes it back.

Without a person, --yes approves what is planned, can be taken back and is not above
--max-risk, and nothing else. What is not approved or not answered stops the run
before the first change, and the message names the flag for it.

Exit codes: 0 fixed, or nothing was to be changed; 2 wrong usage; 3 the target cannot
be read; 4 it cannot be told whether it is fixed; 5 approval is missing; 6 a step
cannot be done; 7 a step failed; 8 not fixed; 9 a restart is needed; 10 another run
has this target; 130 interrupted.`,
		Example: `  rectify run 0x8024001E --root /mnt/disk
  rectify run 0x8024001E --root /mnt/disk --yes --answer backup=snapshot-7`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withRights(cmd.Context(), t.live(), consent.liveFlags, !consent.yes, func() error {
				return g.showBad(g.run(cmd.Context(), t, c, consent, args))
			})
		},
	}
	t.add(cmd, false)
	t.addPlaybook(cmd)
	c.add(cmd)
	consent.add(cmd)
	return cmd
}

func (g *globals) run(ctx context.Context, t targetFlags, c choiceFlags, consent consentFlags, args []string) error {
	p, err := g.prepare(ctx, t, c, args)
	if err != nil {
		return err
	}
	defer p.close()
	if !g.json() { // one document: how it ended
		if err := report.Text(g.stdout, report.Build(p.planning.Result, reportTarget(p.session))); err != nil {
			return err
		}
		fmt.Fprintln(g.stdout)
		if err := g.showPlan(p.planning.Plan); err != nil {
			return err
		}
	}
	return g.carry(ctx, p, consent)
}
