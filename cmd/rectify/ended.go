package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/escalate"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/report"
	"github.com/rectify-project/rectify/engine/story"
)

// ending is the result of a command that carries out.
type ending struct {
	Version  int           `json:"rectify_run"`
	Run      string        `json:"run"`
	Outcome  string        `json:"outcome"`
	Stop     *journal.Stop `json:"stop,omitempty"`
	Left     []string      `json:"left,omitempty"`
	Say      string        `json:"say,omitempty"`
	Evidence string        `json:"evidence,omitempty"` // file
}

// ended tells how a run ended, and collects the evidence when it did not work.
func (g *globals) ended(ctx context.Context, store *journal.Store, run string, pl *engine.Planning, result execute.Result, c consentFlags) error {
	out := ending{Version: 1, Run: run, Outcome: result.Outcome.String(), Stop: result.Stop, Left: result.Left, Say: result.Say}
	var kept string
	if e := pl.Playbook.Escalate; e != nil && e.Bundle && result.Say != "" {
		file, summary, err := g.collect(store, run, pl, result, c)
		if err != nil { // the run itself is written down: that it cannot be handed on is not its failure
			fmt.Fprintf(g.stderr, "rectify: the evidence could not be collected: %v\n", err)
		} else {
			out.Evidence, kept = file, summary
		}
	}
	if g.json() {
		if err := writeJSON(g.stdout, out); err != nil {
			return err
		}
	} else {
		g.showEnding(out, kept)
	}
	return exitOf(result)
}

func (g *globals) showEnding(e ending, kept string) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nOutcome: %s\n", e.Outcome)
	if e.Stop != nil {
		fmt.Fprintf(&b, "The run is not complete (%s): %s\n", e.Stop.Reason, e.Stop.Text)
		fmt.Fprintf(&b, "  rectify resume %s   goes on\n  rectify undo %s     takes back what was done\n", e.Run, e.Run)
	}
	if len(e.Left) > 0 {
		b.WriteString("Left to do:\n")
		for _, line := range e.Left {
			fmt.Fprintf(&b, "  - %s\n", line)
		}
	}
	if e.Say != "" {
		fmt.Fprintf(&b, "%s\n", strings.TrimSpace(e.Say))
	}
	if e.Evidence != "" {
		fmt.Fprintf(&b, "Evidence: %s\n%s", e.Evidence, kept)
	}
	if e.Stop == nil {
		fmt.Fprintf(&b, "  rectify history show %s   tells what was done\n  rectify undo %s           takes it back\n", e.Run, e.Run)
	}
	fmt.Fprint(g.stdout, b.String())
}

// exitOf is the exit code of a run.
func exitOf(r execute.Result) error {
	switch {
	case r.Stop != nil && (r.Stop.Reason == "cancelled" || r.Stop.Reason == "interrupted"):
		return &exitError{code: exitInterrupted}
	case r.Stop != nil && r.Stop.Reason == "restart":
		return &exitError{code: exitRestart}
	case r.Stop != nil && r.Stop.Reason == "approval":
		return &exitError{code: exitApproval}
	case r.Stop != nil:
		return &exitError{code: exitStopped}
	case r.Outcome.Fixed():
		return nil
	case r.Outcome == execute.RestartNeeded:
		return &exitError{code: exitRestart}
	case r.Outcome == execute.NotFixed:
		return &exitError{code: exitNotFixed}
	}
	return &exitError{code: exitUndetermined}
}

// collect writes the evidence of a run.
func (g *globals) collect(store *journal.Store, run string, pl *engine.Planning, result execute.Result, c consentFlags) (file, told string, err error) {
	records, err := store.Records(run)
	if err != nil {
		return "", "", err
	}
	sum, err := store.Find(run)
	if err != nil {
		return "", "", err
	}
	var text strings.Builder
	if err := story.Text(&text, headOf(sum), records); err != nil {
		return "", "", err
	}
	var seen *report.Report
	for _, rec := range records {
		var start journal.Start
		if rec.Kind == journal.Started && json.Unmarshal(rec.Data, &start) == nil && start.Report != nil {
			seen = &report.Report{}
			if err := json.Unmarshal(start.Report, seen); err != nil {
				return "", "", err
			}
		}
	}
	if file = c.evidence; file == "" {
		dir, err := journal.Place(g.stateDir)
		if err != nil {
			return "", "", err
		}
		file = filepath.Join(dir, "evidence", "rectify-"+run+".zip")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return "", "", err
		}
	}
	summary, err := writeEvidence(file, escalate.Contents{
		Run: run, Made: time.Now().UTC().Truncate(time.Second), Facts: pl.Facts, Journal: records, Report: seen, Story: text.String(),
		Playbook: pl.Playbook.Document.Source, Say: result.Say, Known: escalate.Known{Users: []string{sum.Who.User}, Machines: []string{sum.Who.Host}},
	}, escalate.Options{Plain: c.plain})
	return file, summary, err
}

// writeEvidence writes the evidence to a file, in place of what an earlier end of the same run wrote.
func writeEvidence(file string, c escalate.Contents, o escalate.Options) (string, error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	summary, err := escalate.Write(f, c, o)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file))
	}
	return summary.Text(), nil
}
