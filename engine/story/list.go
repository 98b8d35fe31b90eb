package story

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/prose"
)

// List writes the runs of a journal, one line each. An error is one of w.
func List(w io.Writer, runs []journal.Summary) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(w, "No run yet.")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tBEGAN (UTC)\tSTATE\tOUTCOME\tPLAYBOOK\tTARGET\tBY")
	for _, r := range runs {
		state := string(r.State)
		if r.Alive {
			state += fmt.Sprintf(" (process %d)", r.PID)
		}
		outcome := r.Outcome
		if outcome == "" {
			outcome = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Began.UTC().Format(time.DateTime), state, outcome,
			prose.Printable(r.Playbook), prose.Printable(r.Target.Name), prose.Printable(r.Who.User))
	}
	return table.Flush()
}
