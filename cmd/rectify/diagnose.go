package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/report"
)

func (g *globals) diagnoseCommand() *cobra.Command {
	var t targetFlags
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "diagnose [CODE | ID | FILE.yaml]",
		Short: "Say what is wrong, with the evidence for and against each cause",
		Long: `Diagnose looks at this machine, at the disk of one that is not running (--root) or
at a recorded bundle (--bundle), and says what is wrong. It changes nothing.

The playbook is named by the error code that it is about, in any spelling, by its
id, or by its file. Without one, every playbook is asked whether it fits.

Exit codes: 0 the diagnosis is done, whatever it says; 2 wrong usage; 3 the target
cannot be read. With --exit-code: 0 the problem is not there or has healed, 1 it
was seen, 4 it cannot be told.`,
		Example: `  rectify diagnose 0x8024001E --root examples/hosts/task-interferes
  rectify diagnose 0x8024001E --bundle host.json --format json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showBad(g.diagnose(cmd.Context(), t, args, exitCode))
		},
	}
	t.add(cmd, true)
	t.addPlaybook(cmd)
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "tell by the exit code whether the problem was seen")
	return cmd
}

func (g *globals) diagnose(ctx context.Context, t targetFlags, args []string, exitCode bool) error {
	j, err := g.begin(ctx, t, args, false)
	if err != nil {
		return err
	}
	defer j.close()
	var reports []*report.Report
	worst := diagnose.NotSeen
	for _, p := range j.playbooks {
		inputs, leftOut, err := g.inputs(j, p)
		if err != nil {
			return err
		}
		if leftOut {
			continue
		}
		result := j.engine.Diagnose(ctx, p, j.session, inputs)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		reports = append(reports, report.Build(result, reportTarget(j.session)))
		worst = worse(worst, result.Outcome)
	}
	if err := g.showReports(reports, j.named); err != nil {
		return err
	}
	return outcomeExit(worst, exitCode)
}

func worse(a, b diagnose.Outcome) diagnose.Outcome {
	rank := map[diagnose.Outcome]int{diagnose.NotSeen: 0, diagnose.Transient: 1, diagnose.Unclear: 2, diagnose.Seen: 3}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

func outcomeExit(o diagnose.Outcome, wanted bool) error {
	switch {
	case !wanted:
		return nil
	case o == diagnose.Seen:
		return &exitError{code: exitFound}
	case o == diagnose.Unclear:
		return &exitError{code: exitUndetermined}
	}
	return nil
}

// showReports prints the reports of a named playbook in full; of all playbooks first which ones fit.
func (g *globals) showReports(reports []*report.Report, named bool) error {
	switch {
	case g.json():
		return report.JSON(g.stdout, reports, !named)
	case !named:
		return report.Triage(g.stdout, reports)
	}
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(g.stdout)
		}
		if err := report.Text(g.stdout, r); err != nil {
			return err
		}
	}
	return nil
}
