package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
)

func (g *globals) resumeCommand() *cobra.Command {
	var consent consentFlags
	var atStartup bool
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
		RunE: func(cmd *cobra.Command, args []string) error {
			if atStartup {
				return g.resumeAtStartup(cmd.Context(), consent, args)
			}
			return g.withRights(cmd.Context(), true, consent.liveFlags, !consent.yes, func() error { return g.resume(cmd.Context(), consent, args) })
		},
	}
	consent.add(cmd)
	cmd.Flags().BoolVar(&atStartup, "at-startup", false, "")
	_ = cmd.Flags().MarkHidden("at-startup") // it exists
	return cmd
}

// resumeAtStartup goes on with a run when Windows has started: nobody sits there, what is said goes into a file beside the
// journal, and how it ended is told to who is logged on.
func (g *globals) resumeAtStartup(ctx context.Context, consent consentFlags, args []string) error {
	dir, err := journal.Place(g.stateDir)
	if err != nil {
		return err
	}
	talk, err := os.OpenFile(filepath.Join(dir, "startup.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer talk.Close()
	g.stdout, g.stderr = talk, talk
	fmt.Fprintf(talk, "%s the machine has started\n", time.Now().UTC().Format(time.RFC3339))
	failed := g.resume(ctx, consent, args)
	var exit *exitError
	if errors.As(failed, &exit) && (exit.code == exitRestart || exit.code == exitBusy) {
		return failed // it goes on after that restart, and is told then; or somebody goes on with it already
	}
	return errors.Join(failed, g.announceRun(ctx, consent.liveFlags, args))
}

func (g *globals) announceRun(ctx context.Context, live liveFlags, args []string) error {
	if len(args) == 0 {
		return nil
	}
	store, err := g.openStore(live)
	if err != nil {
		return err
	}
	defer store.Close()
	run, err := store.Find(args[0])
	if err != nil {
		return err
	}
	return g.announce(ctx, store, run.ID, announcement(run))
}

// announcement says how a run ended that went on by itself.
func announcement(run journal.Summary) string {
	if run.State == journal.StateEnded {
		return fmt.Sprintf("%s: the repair went on after the restart and is complete. Outcome: %s.\nWhat was done: rectify history show %s", run.Title, run.Outcome, run.ID)
	}
	return fmt.Sprintf("%s: the repair went on after the restart and is not complete; it needs somebody.\nWhy: rectify history show %s\nTo go on: rectify resume %s", run.Title, run.ID, run.ID)
}

func (g *globals) resume(ctx context.Context, consent consentFlags, args []string) error {
	store, err := g.openStore(consent.liveFlags)
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
