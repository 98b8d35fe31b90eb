package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
)

func (g *globals) resumeCommand() *cobra.Command {
	var consent consentFlags
	cmd := &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Go on with a run that was interrupted, has failed or waits for a restart",
		Long: `Resume reads from the journal what is certain, looks at the target for the rest, and
goes on: what is done is not done again, what was begun is finished. Approvals and
answers that were given stand. Without RUN it is the newest run that is not complete.

Exit codes: those of rectify run; 0 also when the run is complete already.`,
		Example: `  rectify resume
  rectify resume 20260110-0930-kfwz --yes`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return g.resume(cmd.Context(), consent, args) },
	}
	consent.add(cmd)
	return cmd
}

func (g *globals) resume(ctx context.Context, consent consentFlags, args []string) error {
	store, err := g.openStore()
	if err != nil {
		return err
	}
	defer store.Close()
	e, err := g.engine()
	if err != nil {
		return err
	}
	defer e.Close()
	id, err := unfinished(store, args)
	if err != nil {
		return err
	}
	if id == "" {
		fmt.Fprintln(g.stderr, "rectify: no run is waiting to go on")
		return nil
	}
	re, err := e.Recall(ctx, store, id)
	if err != nil {
		return err
	}
	if re.Summary.State == journal.StateUndoing {
		return g.takeBack(ctx, store, e, re.Summary.ID, nil, nil)
	}
	var operator execute.Operator
	if re.Playbook != nil {
		policy, err := consent.policy(re.Playbook)
		if err != nil {
			return err
		}
		operator, _ = g.decider(policy)
	}
	remedy, done, err := g.remedy(store, operator)
	if err != nil {
		return err
	}
	defer done()
	re, result, err := e.Resume(ctx, remedy, id)
	switch {
	case errors.Is(err, engine.ErrFinished):
		fmt.Fprintf(g.stderr, "rectify: %v\n", err)
		return nil
	case err != nil:
		return g.carried(id, err)
	}
	return g.ended(ctx, store, re.Summary.ID, &engine.Planning{Playbook: re.Playbook, Plan: re.Plan, Facts: re.Facts}, result, consent)
}

// unfinished is the run that is meant; empty when none is waiting.
func unfinished(store *journal.Store, args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	left, err := store.Unfinished("")
	if err != nil || len(left) == 0 {
		return "", err
	}
	return left[0].ID, nil
}
