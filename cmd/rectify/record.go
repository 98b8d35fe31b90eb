package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func (g *globals) recordCommand() *cobra.Command {
	var t targetFlags
	var out string
	cmd := &cobra.Command{
		Use:   "record [CODE | ID | FILE.yaml] -o FILE.json",
		Short: "Write what playbooks look at into a bundle, to diagnose it elsewhere",
		Long: `Record reads everything that a playbook looks at and writes it, with its evidence,
into one file that diagnose --bundle reads on any machine. Without a playbook it
reads what all of them look at.

A bundle holds host names, user names, paths and log lines of the machine: handle
it as you would handle its logs.

Exit codes: 0 written; 2 wrong usage; 3 the target cannot be read, or the file
cannot be written.`,
		Example: `  rectify record 0x8024001E --root /mnt/disk -o server7.json
  rectify diagnose 0x8024001E --bundle server7.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showBad(g.record(cmd.Context(), t, args, out))
		},
	}
	t.add(cmd, false)
	t.addPlaybook(cmd)
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write; it must not exist")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

func (g *globals) record(ctx context.Context, t targetFlags, args []string, out string) error {
	j, err := g.begin(ctx, t, args, true)
	if err != nil {
		return err
	}
	defer j.close()
	known, total := 0, 0
	for _, p := range j.playbooks {
		inputs, leftOut, err := g.inputs(j, p)
		if err != nil {
			return err
		}
		if leftOut {
			continue
		}
		for _, f := range j.engine.Record(ctx, p, j.session, inputs).All() {
			total++
			if f.Known() {
				known++
			}
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	bundle, err := j.session.Bundle(time.Now().UTC())
	if err != nil {
		return err
	}
	if err := bundle.Save(out); err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "%s: %d of %d facts are known, %d readings, as of %s\n", out, known, total, len(bundle.Readings), j.session.Now.Format(time.RFC3339))
	return nil
}
