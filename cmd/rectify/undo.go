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

func (g *globals) undoCommand() *cobra.Command {
	var steps, accept []string
	var live liveFlags
	cmd := &cobra.Command{
		Use:   "undo RUN",
		Short: "Take back what a run did, in reverse, from the journal",
		Long: `Undo takes back each step of a run, the last first, and reads back that it is as it
was. It needs the journal alone: the playbook may be gone. It stops at the first thing
that somebody else has changed since, and says what; nothing of theirs is overwritten.
What services have made meanwhile is set aside, never deleted.

RUN is the id of a run, the beginning of one, or "last".

Exit codes: 0 everything was taken back; 3 the journal or the target cannot be read;
6 there is nothing to take back; 7 it stopped in the middle; 10 another run has this
target; 130 interrupted.`,
		Example: `  rectify undo last
  rectify undo 20260110-0930-kfwz --step reset_download_cache`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.withRights(cmd.Context(), true, live, true, func() error { return g.undo(cmd.Context(), live, args[0], steps, accept) })
		},
	}
	cmd.Flags().StringSliceVar(&steps, "step", nil, "ids of the steps to take back; without it, all")
	cmd.Flags().StringSliceVar(&accept, "accept-plugin", nil, "plugins that may take back what another version of them did")
	live.add(cmd)
	return cmd
}

func (g *globals) undo(ctx context.Context, live liveFlags, run string, steps, accept []string) error {
	store, err := g.openStore(live)
	if err != nil {
		return err
	}
	defer store.Close()
	e, err := g.engine()
	if err != nil {
		return err
	}
	defer e.Close()
	return g.takeBack(ctx, store, e, run, steps, accept)
}

// takenBack is the result of an undo.
type takenBack struct {
	Version int           `json:"rectify_undo"`
	Run     string        `json:"run"`
	Undone  []string      `json:"undone"`
	Kept    []string      `json:"kept,omitempty"`
	Stop    *journal.Stop `json:"stop,omitempty"`
}

func (g *globals) takeBack(ctx context.Context, store *journal.Store, e *engine.Engine, id string, steps, accept []string) error {
	remedy, done, err := g.remedy(store, nil)
	if err != nil {
		return err
	}
	defer done()
	remedy.Begun = nil
	re, result, err := e.TakeBack(ctx, remedy, id, steps, accept)
	var busy *journal.BusyError
	var unprotected *journal.UnprotectedError
	switch {
	case errors.As(err, &unprotected):
		return &exitError{code: exitApproval, err: fmt.Errorf("nothing was changed: %w", err)}
	case errors.Is(err, execute.ErrNothing):
		return &exitError{code: exitPlan, err: fmt.Errorf("run %s: %w", re.Summary.ID, err)}
	case errors.As(err, &busy):
		return &exitError{code: exitBusy, err: err}
	case err != nil:
		return err
	}
	out := takenBack{1, re.Summary.ID, append([]string{}, result.Undone...), result.Kept, result.Stop}
	if g.json() {
		err = writeJSON(g.stdout, out)
	} else {
		g.showTakenBack(out)
	}
	switch {
	case err != nil:
		return err
	case out.Stop != nil && out.Stop.Reason == "cancelled":
		return &exitError{code: exitInterrupted}
	case out.Stop != nil:
		return &exitError{code: exitStopped}
	}
	return nil
}

func (g *globals) showTakenBack(t takenBack) {
	fmt.Fprintf(g.stdout, "Taken back of run %s:\n", t.Run)
	if len(t.Undone) == 0 {
		fmt.Fprintln(g.stdout, "  nothing: everything was as before")
	}
	for _, line := range t.Undone {
		fmt.Fprintf(g.stdout, "  - %s\n", line)
	}
	if len(t.Kept) > 0 {
		fmt.Fprintln(g.stdout, "What cannot be taken back:")
		for _, line := range t.Kept {
			fmt.Fprintf(g.stdout, "  - %s\n", line)
		}
	}
	if t.Stop != nil {
		fmt.Fprintf(g.stdout, "It is not complete: %s\n  rectify undo %s   goes on\n", t.Stop.Text, t.Run)
	}
}
