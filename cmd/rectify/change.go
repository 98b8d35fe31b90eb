package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/report"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// choiceFlags say which steps an operator wants.
type choiceFlags struct {
	assume, only, skip []string
}

func (c *choiceFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&c.assume, "assume", nil, "set a verdict: CAUSE=confirmed (or suspected, ruled_out, undetermined), applies=confirmed")
	f.StringSliceVar(&c.only, "only", nil, "ids of the steps to do; questions and guards stay")
	f.StringSliceVar(&c.skip, "skip", nil, "ids of steps to leave out")
}

// wish is what is to be planned for a playbook.
func (c *choiceFlags) wish(p *check.Playbook, inputs map[string]any, given map[string]string) (engine.Wish, error) {
	set := map[string]string{}
	for _, s := range c.assume {
		name, verdict, ok := strings.Cut(s, "=")
		if !ok {
			return engine.Wish{}, usageError(fmt.Errorf("--assume %q: write CAUSE=confirmed", s))
		}
		set[name] = verdict
	}
	assumed, err := engine.Assumptions(p, set)
	if err != nil {
		return engine.Wish{}, usageError(err)
	}
	choice := plan.Choice{Only: c.only, Skip: c.skip}
	if err := choice.Check(p); err != nil {
		return engine.Wish{}, usageError(err)
	}
	return engine.Wish{Inputs: inputs, Given: given, Assumed: assumed, Choice: choice, Version: version()}, nil
}

// consentFlags say what may be changed without asking.
type consentFlags struct {
	yes      bool
	maxRisk  string
	final    []string
	answers  []string
	evidence string
	plain    bool
	liveFlags
}

func (c *consentFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&c.yes, "yes", "y", false, "ask nothing: approve what is planned, can be taken back and is not above --max-risk")
	f.StringVar(&c.maxRisk, "max-risk", string(sdk.RiskMedium), "highest risk that --yes approves: none, low, medium, high")
	f.StringSliceVar(&c.final, "allow-irreversible", nil, "ids of steps that may do what cannot be taken back, or restart the machine")
	f.StringArrayVar(&c.answers, "answer", nil, "answer a question, or say that a step by hand is done: ID=TEXT")
	f.StringVar(&c.evidence, "evidence", "", "where the evidence goes when it is not fixed (.zip); without it, beside the journal")
	c.liveFlags.add(cmd)
	f.BoolVar(&c.plain, "plain-evidence", false, "keep names and addresses in the evidence as they are")
}

func (c *consentFlags) policy(p *check.Playbook) (execute.Policy, error) {
	out := execute.Policy{Yes: c.yes, MaxRisk: sdk.Risk(c.maxRisk), AllowFinal: c.final, Answers: map[string]string{}}
	if !slices.Contains([]sdk.Risk{sdk.RiskNone, sdk.RiskLow, sdk.RiskMedium, sdk.RiskHigh}, out.MaxRisk) {
		return out, usageError(fmt.Errorf("unknown --max-risk %q: none, low, medium or high", c.maxRisk))
	}
	ids := map[string]bool{}
	check.Walk(slices.Concat(p.Steps, p.Afterwards), func(s *check.Step) { ids[s.ID] = s.Ask != nil || s.Manual != nil })
	for _, a := range c.answers {
		id, text, ok := strings.Cut(a, "=")
		if !ok || strings.TrimSpace(text) == "" {
			return out, usageError(fmt.Errorf("--answer %q: write ID=TEXT", a))
		}
		if !ids[id] {
			return out, usageError(fmt.Errorf("--answer %s: the playbook %s has no question with this id", id, p.ID))
		}
		out.Answers[id] = text
	}
	for _, id := range c.final {
		if _, ok := ids[id]; !ok {
			return out, usageError(fmt.Errorf("--allow-irreversible %s: the playbook %s has no step with this id", id, p.ID))
		}
	}
	return out, nil
}

// openStore opens the journal for writing.
func (g *globals) openStore(live liveFlags) (*journal.Store, error) {
	dir, err := journal.Place(g.stateDir)
	if err != nil {
		return nil, err
	}
	var options []journal.Option
	if live.acceptUnprotected {
		options = append(options, journal.AcceptUnprotected())
	}
	s, err := journal.Open(dir, options...)
	if err != nil {
		return nil, &exitError{code: exitUnreadable, err: fmt.Errorf("nothing was changed, because nothing could be written down: %w", err)}
	}
	return s, nil
}

// readStore opens the journal for reading.
func (g *globals) readStore() (*journal.Store, error) {
	dir, err := journal.Place(g.stateDir)
	if err != nil {
		return nil, err
	}
	s, err := journal.OpenToRead(dir)
	if errors.Is(err, fs.ErrPermission) && g.rights != nil && !g.elevated() {
		err = fmt.Errorf("%w: the journal is for administrators alone: start rectify from a prompt that was opened as administrator", err)
	}
	return s, err
}

// tellOfDead says on stderr which runs were left behind.
func (g *globals) tellOfDead() {
	s, err := g.readStore()
	if err != nil {
		return // without a journal nothing was left; one that cannot be read is told by the commands that need it
	}
	defer s.Close()
	left, err := s.Unfinished("")
	if err != nil {
		return
	}
	for _, r := range left {
		if !r.Alive {
			fmt.Fprintf(g.stderr, "rectify: note: %v\n", &journal.UnfinishedError{Run: r})
		}
	}
}

// prepared is a plan with everything that carrying it out needs.
type prepared struct {
	*job
	planning *engine.Planning
	playbook *check.Playbook
}

// prepare diagnoses and plans with one playbook.
func (g *globals) prepare(ctx context.Context, t targetFlags, c choiceFlags, args []string) (*prepared, error) {
	j, err := g.begin(ctx, t, args, true)
	if err != nil {
		return nil, err
	}
	p, err := g.plan(ctx, j, c)
	if err != nil {
		j.close()
		return nil, err
	}
	return p, nil
}

func (g *globals) plan(ctx context.Context, j *job, c choiceFlags) (*prepared, error) {
	if len(j.playbooks) != 1 {
		var ids []string
		for _, p := range j.playbooks {
			ids = append(ids, p.ID)
		}
		return nil, usageError(fmt.Errorf("several playbooks are about this: name one of %s", strings.Join(ids, ", ")))
	}
	p := j.playbooks[0]
	inputs, _, err := g.inputs(j, p)
	if err != nil {
		return nil, err
	}
	w, err := c.wish(p, inputs, j.given)
	if err != nil {
		return nil, err
	}
	pl, err := j.engine.Plan(ctx, p, j.session, w)
	if err != nil {
		return nil, err
	}
	return &prepared{j, pl, p}, nil
}

// carry carries a plan out.
func (g *globals) carry(ctx context.Context, p *prepared, c consentFlags) error {
	policy, err := c.policy(p.playbook)
	if err != nil {
		return err
	}
	pl := p.planning.Plan
	if !pl.Changes() {
		fmt.Fprintln(g.stderr, "rectify: nothing is to be changed")
		return nil
	}
	operator, err := g.operator(policy, pl)
	if err != nil {
		return err
	}
	if err := g.demandRights(pl.Target.Spec.Kind == target.Live); err != nil {
		return err
	}
	store, err := g.openStore(c.liveFlags)
	if err != nil {
		return err
	}
	defer store.Close()
	remedy, done, err := g.remedy(store, operator)
	if err != nil {
		return err
	}
	defer done()
	if remedy.Report, err = json.Marshal(report.Build(p.planning.Result, reportTarget(p.session))); err != nil {
		return err
	}
	run, result, err := p.engine.Carry(ctx, p.planning, p.session, remedy)
	if err != nil {
		return g.carried(run, err)
	}
	return g.ended(ctx, store, run, p.planning, result, c)
}

// operator is who decides: the command line, and where it does not, a person at the terminal. Without one, what is not
// decided keeps everything from being changed.
func (g *globals) operator(policy execute.Policy, pl *plan.Plan) (execute.Operator, error) {
	var refused []string
	for _, s := range pl.Refused() {
		refused = append(refused, fmt.Sprintf("  %s (%s): %s", s.ID, s.Name(), s.Reason))
	}
	if len(refused) > 0 {
		return nil, &exitError{code: exitPlan, err: fmt.Errorf("nothing was changed: a step cannot be done; mend it, or leave it out with --skip ID\n%s", strings.Join(refused, "\n"))}
	}
	decider, asks := g.decider(policy)
	if asks {
		return decider, nil
	}
	if unmet := policy.Unmet(pl); len(unmet) > 0 {
		return nil, &exitError{code: exitApproval, err: fmt.Errorf("nothing was changed: approval is missing\n  %s", strings.Join(unmet, "\n  "))}
	}
	return decider, nil
}

// decider is a person at the terminal, who is asked for what the policy does not decide; without one, or with --yes, the
// policy alone.
func (g *globals) decider(policy execute.Policy) (o execute.Operator, asks bool) {
	if policy.Yes || !isTerminal(g.stdin) {
		return policy, false
	}
	return &person{policy: policy, in: g.stdin, out: g.stderr, stop: g.stop.wanted()}, true
}

// remedy is how things are carried out, with somebody who tells of it. done is called when it has ended.
func (g *globals) remedy(store *journal.Store, operator execute.Operator) (engine.Remedy, func(), error) {
	who, err := whoami()
	if err != nil {
		return engine.Remedy{}, nil, err
	}
	n := newNarrator(g.stderr)
	stop := g.stop.gently(func(again bool) {
		if again {
			n.say("stopping at once; `rectify resume` or `rectify undo` goes on from here")
		} else {
			n.say("stopping after this step and what is owed for it; Ctrl-C again stops at once")
		}
	})
	return engine.Remedy{
		Store: store, Operator: operator, Stop: stop, Tell: n.tell, Who: who, Command: redacted(append([]string{os.Args[0]}, g.args...)), Version: version(),
		Begun: func(run string) { n.say("run " + run) }, Remark: n.say, Continuation: g.continuation(store),
	}, n.close, nil
}

func whoami() (journal.Person, error) {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	machine, err := os.Hostname()
	if err != nil {
		return journal.Person{}, fmt.Errorf("this machine does not know its name: %w", err)
	}
	return journal.Person{User: name, Host: machine}, nil
}

// redacted leaves out of a command line what an operator answered: it is in the journal as an answer.
func redacted(args []string) []string {
	out := slices.Clone(args)
	for i := range out {
		value, together := strings.CutPrefix(out[i], "--answer=")
		switch {
		case together:
			id, _, _ := strings.Cut(value, "=")
			out[i] = "--answer=" + id + "=…"
		case i > 0 && out[i-1] == "--answer":
			id, _, _ := strings.Cut(out[i], "=")
			out[i] = id + "=…"
		}
	}
	return out
}

// carried is an error on the way, told with the run that it left behind.
func (g *globals) carried(run string, err error) error {
	var busy *journal.BusyError
	var unfinished *journal.UnfinishedError
	var unprotected *journal.UnprotectedError
	switch {
	case errors.As(err, &unprotected):
		return &exitError{code: exitApproval, err: fmt.Errorf("nothing was changed: %w", err)}
	case errors.As(err, &busy), errors.As(err, &unfinished):
		return &exitError{code: exitBusy, err: fmt.Errorf("nothing was changed: %w", err)}
	case run == "":
		return &exitError{code: exitUnreadable, err: fmt.Errorf("nothing was changed: %w", err)}
	}
	return &exitError{code: exitStopped, err: fmt.Errorf("run %s ended in the middle: %w; when that is mended, `rectify resume %s` or `rectify undo %s` goes on", run, err, run, run)}
}
