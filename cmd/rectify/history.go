package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/prose"
	"github.com/rectify-project/rectify/engine/story"
)

func (g *globals) historyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history",
		Short: "What was done on this machine and its disks, from the journal",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return g.historyList() },
	}
	var atLogon bool
	show := &cobra.Command{
		Use: "show RUN", Short: "Tell what happened in a run",
		Long: "Show tells what happened in a run, from its records alone.\n\nRUN is the id of a run, the beginning of one, or \"last\".",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if atLogon {
				return g.withJournal(func(s *journal.Store) error {
					run, err := s.Find(args[0])
					if err != nil {
						return err
					}
					return g.announceAtLogon(cmd.Context(), run.ID, announcement(run))
				})
			}
			return g.historyShow(args[0])
		},
	}
	show.Flags().BoolVar(&atLogon, "at-logon", false, "")
	_ = show.Flags().MarkHidden("at-logon") // it exists
	cmd.AddCommand(show,
		&cobra.Command{
			Use: "list", Short: "List the runs, the newest first", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return g.historyList() },
		},
		&cobra.Command{
			Use: "verify", Short: "Make sure that no record was changed or removed",
			Long: "Verify walks the chain of digests over all records. It prints the digest at its head:\nnoted elsewhere, it shows later that nothing before it was changed.\n\nExit codes: 0 the chain is whole; 1 it is broken; 3 there is no journal, or it cannot be read.",
			Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return g.historyVerify() },
		},
	)
	return cmd
}

// withJournal does something with the journal, for reading.
func (g *globals) withJournal(do func(*journal.Store) error) error {
	s, err := g.readStore()
	if err != nil {
		return err
	}
	defer s.Close()
	return do(s)
}

func (g *globals) historyList() error {
	err := g.withJournal(func(s *journal.Store) error {
		runs, err := s.Runs()
		if err := g.despiteDamage(err, len(runs)); err != nil {
			return err
		}
		if g.json() {
			return writeJSON(g.stdout, struct {
				Version int               `json:"rectify_history"`
				Runs    []journal.Summary `json:"runs"`
			}{1, append([]journal.Summary{}, runs...)})
		}
		return story.List(g.stdout, runs)
	})
	if errors.Is(err, journal.ErrNoJournal) {
		fmt.Fprintln(g.stderr, "rectify: nothing was run yet:", err)
		return nil
	}
	return err
}

// despiteDamage lets what can still be read of a damaged journal be shown, and says that it is damaged.
func (g *globals) despiteDamage(err error, read int) error {
	if errors.Is(err, journal.ErrDamaged) && read > 0 {
		fmt.Fprintf(g.stderr, "rectify: %v\n", err)
		return nil
	}
	return err
}

func (g *globals) historyShow(id string) error {
	return g.withJournal(func(s *journal.Store) error {
		sum, err := s.Find(id)
		if err != nil {
			return err
		}
		records, err := s.Records(sum.ID)
		if err := g.despiteDamage(err, len(records)); err != nil {
			return err
		}
		if g.json() {
			return writeJSON(g.stdout, struct {
				Version int              `json:"rectify_records"`
				Run     journal.Summary  `json:"run"`
				Records []journal.Record `json:"records"`
			}{1, sum, records})
		}
		return story.Text(g.stdout, headOf(sum), records)
	})
}

func headOf(s journal.Summary) story.Head {
	return story.Head{Run: s.ID, Playbook: s.Playbook, Title: s.Title, Target: s.Target.Name, Who: s.Who.User + " on " + s.Who.Host,
		Began: s.Began.UTC().Format(time.DateTime) + " UTC", State: string(s.State), Outcome: s.Outcome}
}

func (g *globals) historyVerify() error {
	return g.withJournal(func(s *journal.Store) error {
		found, err := s.Verify()
		if err != nil {
			return err
		}
		if g.json() {
			err = writeJSON(g.stdout, found)
		} else {
			err = showCheck(g.stdout, found)
		}
		if err == nil && !found.Whole() {
			err = &exitError{code: exitFound}
		}
		return err
	})
}

// showCheck tells what walking the chain of records has found.
func showCheck(w io.Writer, c journal.Check) error {
	if c.Whole() {
		_, err := fmt.Fprintf(w, "%d records, the chain is whole\nhead %s\n", c.Records, c.Head)
		return err
	}
	if c.Break != nil {
		fmt.Fprintf(w, "The chain is broken: %s\n", c.Break.Text)
	}
	for _, line := range c.Storage {
		fmt.Fprintf(w, "The file is damaged: %s\n", prose.Printable(line))
	}
	_, err := fmt.Fprintf(w, "%d records\nhead %s\n", c.Records, c.Head)
	return err
}
