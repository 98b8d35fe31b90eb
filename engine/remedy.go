package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// Remedy is how a plan is carried out.
type Remedy struct {
	Store    *journal.Store
	Operator execute.Operator
	Stop     <-chan struct{}
	Tell     func(execute.Event)
	Who      journal.Person
	Command  []string
	Report   json.RawMessage // report.Report of the diagnosis
	Version  string          // of rectify
	// Wrap puts something between a run and its log; nil for nothing.
	Wrap func(execute.Log) execute.Log
	// Begun is told the run's id when it is on the disk; it may be nil.
	Begun func(run string)
	// Continuation makes a run go on by itself after a restart; nil: it does not.
	Continuation Continuation
	// Remark is told what the operator should know beside; it may be nil.
	Remark func(text string)
}

// ErrRefused says that a step of a plan cannot be done.
var ErrRefused = errors.New("a step cannot be done")

// Carry carries a plan out. The run is on the disk before anything is changed. The id is empty when no run was begun.
//
// A plan with a step that refuses to be done is not begun: half a remedy is not what was approved.
func (e *Engine) Carry(ctx context.Context, pl *Planning, s *Session, o Remedy) (run string, result execute.Result, err error) {
	if refused := pl.Plan.Refused(); len(refused) > 0 {
		return "", result, fmt.Errorf("%w: %s: %s", ErrRefused, refused[0].Name(), refused[0].Reason)
	}
	written, err := json.Marshal(pl.Plan)
	if err != nil {
		return "", result, err
	}
	r, err := o.Store.Begin(journal.Start{
		Playbook: pl.Plan.Playbook.ID, Title: pl.Plan.Playbook.Title, File: pl.Plan.Playbook.File, Source: string(pl.Playbook.Document.Source),
		Target: journal.Target{Identity: pl.Identity, Spec: pl.Plan.Target.Spec, Name: pl.Plan.Target.Name},
		Who:    o.Who, Version: o.Version, Command: o.Command, Plan: written, Facts: pl.Facts, Report: o.Report,
	})
	if err != nil {
		return "", result, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if o.Begun != nil {
		o.Begun(r.ID())
	}
	for cause, verdict := range pl.Plan.Assumed {
		was := ""
		if f := pl.Result.Environment.Cause; cause != "applies" && pl.Playbook.Cause(cause) != nil {
			was = f(cause).Concluded.String()
		}
		if err := r.Append(journal.Assumed, "", journal.Assumption{Cause: cause, Verdict: verdict, Was: was}); err != nil {
			return r.ID(), result, err
		}
	}
	records, err := r.Records()
	if err != nil {
		return r.ID(), result, err
	}
	if err := o.arrange(ctx, r, s.Spec.Kind); err != nil {
		return r.ID(), result, err
	}
	result, err = e.goOn(ctx, pl, s, o, r, records)
	if err == nil {
		o.release(ctx, r.ID(), s.Spec.Kind, result.Stop)
	}
	return r.ID(), result, err
}

// goOn carries out what of a plan the records do not say to be done.
func (e *Engine) goOn(ctx context.Context, pl *Planning, s *Session, o Remedy, r *journal.Run, records []journal.Record) (execute.Result, error) {
	hands := newHands(e.host, s.Spec)
	run := execute.New(execute.Config{
		Playbook: pl.Playbook, Plan: pl.Plan, Builder: pl.Builder, Hands: hands, Observer: s.now, Operator: o.Operator,
		Log: o.log(r), Clock: hostClock{}, History: records, Started: records[0].Time, Stop: o.Stop, Tell: o.Tell,
		Replan: func(ctx context.Context) (execute.Replanned, error) { return e.replan(ctx, pl, s) },
	})
	result, err := run.Go(ctx)
	if err != nil || !result.Undo {
		return result, err
	}
	if records, err = r.Records(); err != nil {
		return result, err
	}
	_, err = execute.Undo(ctx, execute.UndoConfig{Hands: hands, Log: o.log(r), Records: records, Plan: run.Plan, Who: o.Who, Stop: o.Stop, Tell: o.Tell})
	return result, err
}

func (o Remedy) log(r *journal.Run) execute.Log {
	if o.Wrap != nil {
		return o.Wrap(r)
	}
	return r
}

// replan diagnoses and plans anew, with the stamp, the inputs and the assumptions of before.
func (e *Engine) replan(ctx context.Context, pl *Planning, s *Session) (execute.Replanned, error) {
	w, err := wishOf(pl.Playbook, pl.Plan)
	if err != nil {
		return execute.Replanned{}, err
	}
	fresh := *s
	fresh.recorder = &fact.Recorder{Observer: s.now}
	fresh.observer = fresh.recorder
	now, err := e.Plan(ctx, pl.Playbook, &fresh, w)
	if err != nil {
		return execute.Replanned{}, err
	}
	return execute.Replanned{Builder: now.Builder, Plan: now.Plan, Facts: now.Facts}, nil
}

// wishOf is what the operator wanted when a plan was made.
func wishOf(p *check.Playbook, of *plan.Plan) (Wish, error) {
	inputs, err := Inputs(p, of.Inputs, false)
	if err != nil {
		return Wish{}, err
	}
	assumed, err := Assumptions(p, of.Assumed)
	return Wish{Inputs: inputs, Given: of.Inputs, Assumed: assumed, Choice: of.Choice, Stamp: of.Stamp, SameAs: of.Target.Identity, Version: of.Rectify}, err
}

// hostClock is the host's time.
type hostClock struct{}

// Now is the time.
func (hostClock) Now() time.Time { return time.Now() }

// Wait waits, at most until the context ends.
func (hostClock) Wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Again makes a saved plan anew, on the target as it is now, and lists what is not as it was. Nothing is changed.
func (e *Engine) Again(ctx context.Context, p *check.Playbook, s *Session, saved *plan.Plan, same bool) (*Planning, []plan.Difference, error) {
	w, err := wishOf(p, saved)
	if err != nil {
		return nil, nil, err
	}
	if !same {
		w.SameAs = ""
	}
	pl, err := e.Plan(ctx, p, s, w)
	if err != nil {
		return nil, nil, err
	}
	return pl, plan.Compare(saved.Basis, pl.Plan.Basis), nil
}

// Resumed is a run that was read back from its records.
type Resumed struct {
	Summary  journal.Summary
	Records  []journal.Record
	Start    journal.Start
	Plan     *plan.Plan
	Facts    json.RawMessage // fact.Bundle
	Playbook *check.Playbook // nil when it cannot be loaded any more
	wrong    error           // why
}

// Recall reads a run back from the journal.
func (e *Engine) Recall(ctx context.Context, store *journal.Store, id string) (*Resumed, error) {
	sum, err := store.Find(id)
	if err != nil {
		return nil, err
	}
	out := &Resumed{Summary: sum}
	if out.Records, err = store.Records(sum.ID); err != nil {
		return nil, err
	}
	for _, rec := range out.Records {
		if rec.Kind != journal.Started && rec.Kind != journal.Rebound {
			continue
		}
		var start journal.Start
		if err := json.Unmarshal(rec.Data, &start); err != nil {
			return nil, fmt.Errorf("record %d of run %s cannot be read: %w", rec.Sequence, sum.ID, err)
		}
		if rec.Kind == journal.Started {
			out.Start = start
		}
		if start.Facts != nil {
			out.Facts = start.Facts
		}
		out.Plan = &plan.Plan{}
		if err := json.Unmarshal(start.Plan, out.Plan); err != nil {
			return nil, fmt.Errorf("the plan in record %d of run %s cannot be read: %w", rec.Sequence, sum.ID, err)
		}
	}
	if out.Plan == nil {
		return nil, fmt.Errorf("run %s has no plan in the journal", sum.ID)
	}
	p, list := e.Load(ctx, out.Start.File, []byte(out.Start.Source))
	if out.Playbook = p; p == nil {
		out.wrong = fmt.Errorf("the playbook of run %s is not accepted by this rectify: %s", sum.ID, list[0].Message)
	}
	return out, nil
}

// ErrFinished says that a run is complete: there is nothing to go on with.
var ErrFinished = errors.New("the run is complete")

// Resume goes on with a run from its records: what is certain is not done again, the rest is assessed by looking.
func (e *Engine) Resume(ctx context.Context, o Remedy, id string) (re *Resumed, result execute.Result, err error) {
	if re, err = e.Recall(ctx, o.Store, id); err != nil {
		return nil, result, err
	}
	switch {
	case re.Summary.State == journal.StateEnded:
		return re, result, fmt.Errorf("%w: run %s ended, outcome %q; see `rectify history show %s`", ErrFinished, re.Summary.ID, re.Summary.Outcome, re.Summary.ID)
	case re.Summary.State == journal.StateUndone:
		return re, result, fmt.Errorf("%w: run %s was taken back; see `rectify history show %s`", ErrFinished, re.Summary.ID, re.Summary.ID)
	case re.wrong != nil:
		return re, result, fmt.Errorf("%w; take it back with `rectify undo %s`", re.wrong, re.Summary.ID)
	}
	r, err := o.Store.Continue(re.Summary.ID)
	if err != nil {
		return re, result, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if o.Begun != nil {
		o.Begun(r.ID())
	}
	if re.Records, err = r.Records(); err != nil { // another may have gone on with it until now
		return re, result, err
	}
	s, err := e.reopen(ctx, re)
	if err != nil {
		return re, result, err
	}
	pl, err := e.rebuild(ctx, re, s)
	if err != nil {
		return re, result, err
	}
	if err := r.Append(journal.Resumed, "", o.Who); err != nil {
		return re, result, err
	}
	if err := o.arrange(ctx, r, s.Spec.Kind); err != nil {
		return re, result, err
	}
	result, err = e.goOn(ctx, pl, s, o, r, re.Records)
	if err == nil {
		o.release(ctx, r.ID(), s.Spec.Kind, result.Stop)
	}
	return re, result, err
}

// reopen opens the target of a run again, and makes sure that it is still the same one.
func (e *Engine) reopen(ctx context.Context, re *Resumed) (*Session, error) {
	spec := re.Start.Target.Spec
	s, err := e.Open(ctx, Where{Root: spec.Root, Now: spec.Now})
	if err != nil {
		return nil, err
	}
	identity, err := e.identity(ctx, s)
	if err != nil {
		return nil, err
	}
	if identity != re.Start.Target.Identity {
		return nil, fmt.Errorf("what lies at %s now is not the target of run %s: give the right disk the place that it had", re.Start.Target.Name, re.Summary.ID)
	}
	return s, nil
}

// rebuild makes the diagnosis of a run again out of the readings in the journal.
func (e *Engine) rebuild(ctx context.Context, re *Resumed, s *Session) (*Planning, error) {
	var facts fact.Bundle
	if err := json.Unmarshal(re.Facts, &facts); err != nil {
		return nil, fmt.Errorf("the readings of run %s cannot be read: %w", re.Summary.ID, err)
	}
	w, err := wishOf(re.Playbook, re.Plan)
	if err != nil {
		return nil, err
	}
	pl := &Planning{Playbook: re.Playbook, Plan: re.Plan, Facts: re.Facts}
	pl.Result = diagnose.Run(ctx, re.Playbook, &facts, w.Inputs, facts.Now, w.Assumed)
	fact.Gather(ctx, re.Playbook, plan.Needed(re.Playbook), pl.Result.Facts, pl.Result.Environment.Value, &facts)
	pl.Builder = &plan.Builder{Playbook: re.Playbook, Result: pl.Result, Target: s.Spec.Kind, Choice: re.Plan.Choice, Preparer: newHands(e.host, s.Spec)}
	return pl, nil
}

// TakeBack takes a run back, or some of its steps, from the journal alone.
func (e *Engine) TakeBack(ctx context.Context, o Remedy, id string, steps, accept []string) (re *Resumed, result execute.UndoResult, err error) {
	if re, err = e.Recall(ctx, o.Store, id); err != nil {
		return nil, result, err
	}
	r, err := o.Store.Continue(re.Summary.ID)
	if err != nil {
		return re, result, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if re.Records, err = r.Records(); err != nil {
		return re, result, err
	}
	s, err := e.reopen(ctx, re)
	if err != nil {
		return re, result, err
	}
	result, err = execute.Undo(ctx, execute.UndoConfig{
		Hands: newHands(e.host, s.Spec), Log: o.log(r), Records: re.Records, Plan: re.Plan, Steps: steps, AcceptPlugins: accept, Who: o.Who, Stop: o.Stop, Tell: o.Tell,
	})
	if err == nil {
		o.release(ctx, r.ID(), s.Spec.Kind, result.Stop)
	}
	return re, result, err
}

// Assumptions reads verdicts that an operator sets: by the name of a cause, or "applies".
func Assumptions(p *check.Playbook, given map[string]string) (diagnose.Assumptions, error) {
	if len(given) == 0 {
		return nil, nil
	}
	out := diagnose.Assumptions{}
	for name, word := range given {
		if name != "applies" && p.Cause(name) == nil {
			return nil, unknownCause(p, name)
		}
		v, ok := verdictOf(word)
		if !ok {
			return nil, fmt.Errorf("--assume %s=%s: expected confirmed, suspected, ruled_out or undetermined", name, word)
		}
		out[name] = v
	}
	return out, nil
}

func verdictOf(word string) (condition.Verdict, bool) {
	for _, v := range []condition.Verdict{condition.Confirmed, condition.Suspected, condition.RuledOut, condition.VerdictUndetermined} {
		if word == v.String() || word == "ruled_out" && v == condition.RuledOut {
			return v, true
		}
	}
	return 0, false
}
