package rehearse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/target"
)

// timeToRestart is how long a simulated restart takes.
const timeToRestart = 5 * time.Minute

// course is the way of one test: what was concluded, planned, done and taken back.
type course struct {
	playbook *check.Playbook
	test     *playbook.Test
	*stage

	operator *operator
	clock    *clock
	hands    *hands
	log      *records

	result  *diagnose.Result
	builder *plan.Builder
	plan    *plan.Plan // as it was shown, and then as the run has left it

	ran     execute.Result
	anew    []*diagnose.Result // those after a restart
	done    deeds
	steps   map[string]deed // every step that was planned or done, by its key
	stop    chan struct{}   // closed when the operator stops the run; nil then
	stopped <-chan struct{}

	undone deeds
	unable string // why the run could not be taken back in full
}

func newCourse(p *check.Playbook, t *playbook.Test, s *stage) *course {
	c := &course{playbook: p, test: t, stage: s, operator: newOperator(p, t), clock: &clock{now: s.now}, steps: map[string]deed{}, stop: make(chan struct{})}
	c.stopped = c.stop
	c.log = &records{clock: c.clock}
	c.hands = newHands(p, s.behaviours, c.log)
	return c
}

// conclude diagnoses and plans.
func (c *course) conclude(ctx context.Context) {
	c.result, c.builder, c.plan = c.look(ctx, c.observer, c.now)
}

// look diagnoses and plans, from one observer's readings.
func (c *course) look(ctx context.Context, o fact.Observer, now time.Time) (*diagnose.Result, *plan.Builder, *plan.Plan) {
	p := c.playbook
	r := diagnose.Run(ctx, p, o, c.inputs, now, c.assumed)
	if r.Outcome == diagnose.Seen || r.Outcome == diagnose.Unclear {
		fact.Gather(ctx, p, plan.Needed(p), r.Facts, r.Environment.Value, o)
	}
	b := &plan.Builder{Playbook: p, Result: r, Target: c.kind, Preparer: c.hands}
	out := b.Build(ctx, c.now.Format("20060102-150405"))
	sum := sha256.Sum256(p.Document.Source)
	out.Made = c.now
	out.Playbook = plan.Playbook{ID: p.ID, Title: p.Title, File: p.Document.File, SHA256: hex.EncodeToString(sum[:])}
	out.Target = plan.Target{Identity: "rehearsal", Name: "a rehearsal", Spec: target.Spec{Kind: c.kind, Now: c.now}}
	out.Assumed = plan.Verdicts(c.assumed)
	out.Seal(p, r, c.inputs)
	return r, b, out
}

// ended says whether the diagnosis leaves nothing to do.
func (c *course) ended() bool {
	return c.result.Outcome == diagnose.NotSeen || c.result.Outcome == diagnose.Transient
}

// outcome is how it ended: as the diagnosis says where nothing was to be done, else as the run does.
func (c *course) outcome() string {
	if c.ended() {
		return c.result.Outcome.String()
	}
	return c.ran.Outcome.String()
}

// carryOut carries the plan out. An error is one of the rehearsal: it could not be carried out at all.
func (c *course) carryOut(ctx context.Context) error {
	if c.ended() {
		return nil
	}
	steps := 0
	everyPlanned(c.plan, func(*plan.Step) { steps++ })
	if steps > mostEffects {
		return fmt.Errorf("the plan has %d steps, and a test carries out at most %d: give shorter lists", steps, mostEffects)
	}
	if open := c.operator.unanswered(c.plan); len(open) > 0 {
		c.ran.Stop = &journal.Stop{Reason: "approval", Text: fmt.Sprintf("nothing was done, because %s is not answered (add answers: {%s: …})", strings.Join(open, ", "), open[0])}
		return nil
	}
	started := c.clock.Now()
	written, err := json.Marshal(c.plan)
	if err == nil {
		err = c.log.Append(journal.Started, "", journal.Start{Playbook: c.playbook.ID, Plan: written})
	}
	for err == nil {
		restarts := c.hands.restarts
		run := execute.New(execute.Config{
			Playbook: c.playbook, Plan: c.plan, Builder: c.builder, Hands: c.hands, Observer: c.later, Operator: c.operator,
			Log: c.log, Clock: c.clock, History: c.log.list, Started: started, Stop: c.stopped, Tell: c.tell, Replan: c.again,
		})
		c.ran, err = run.Go(ctx)
		c.plan, c.builder = run.Plan, run.Builder
		if err != nil || c.ran.Stop == nil || c.ran.Stop.Reason != "restart" || c.hands.restarts == restarts {
			break
		}
		c.clock.Wait(ctx, timeToRestart)
		c.plan, err = c.log.plan()
	}
	c.settle()
	return err
}

// again diagnoses and plans anew, after a restart.
func (c *course) again(ctx context.Context) (execute.Replanned, error) {
	r, b, p := c.look(ctx, c.later, c.clock.Now())
	c.anew = append(c.anew, r)
	return execute.Replanned{Builder: b, Plan: p}, nil
}

// tell notes what the run tells of its steps, and stops it where the operator does.
func (c *course) tell(e execute.Event) {
	if e.Step == nil {
		return
	}
	d := deedOf(e.Step)
	c.steps[d.key] = d
	d.what, d.text = e.Kind, e.Text
	switch e.Kind {
	case execute.Begins:
		if e.Step.Kind == "group" { // whether it came to its end is known later
			c.note(d)
		}
	case execute.Done:
		c.note(d)
	case execute.Needless, execute.Failed, execute.LeftAlone:
		c.done = append(c.done, d)
	case execute.Notes:
		if e.Step.Kind != "manual" {
			return
		}
		d.what = execute.LeftAlone // a person's word that could not be read back
		c.note(d)
	default:
		return
	}
	if at := c.test.StopAfter; e.Kind != execute.Begins && at != nil && c.stop != nil && d.is(at.Value) {
		close(c.stop)
		c.stop = nil
	}
}

// note adds a deed that a run which goes on after a restart tells of again.
func (c *course) note(d deed) {
	for _, before := range c.done {
		if before.key == d.key && before.what == d.what && before.uses == "" {
			return
		}
	}
	c.done = append(c.done, d)
}

// settle says of each group that was begun whether it is done.
func (c *course) settle() {
	var out deeds
	for _, d := range c.done {
		if d.what == execute.Begins {
			if !c.log.closed(d.key) {
				continue
			}
			d.what = execute.Done
		}
		out = append(out, d)
	}
	c.done = out
}

// changed says whether anything was done to the target.
func (c *course) changed() bool {
	for _, rec := range c.log.list {
		if rec.Kind == journal.Undoing {
			return false
		}
		if rec.Kind == journal.Done {
			return true
		}
	}
	return false
}

// takeBack takes the whole run back. An error is as in [course.carryOut].
func (c *course) takeBack(ctx context.Context) error {
	everyPlanned(c.plan, func(s *plan.Step) { c.steps[s.Key] = deedOf(s) })
	result, err := execute.Undo(ctx, execute.UndoConfig{Hands: c.hands, Log: c.log, Records: c.log.list, Plan: c.plan, Who: journal.Person{User: "test"}})
	c.undone = undoDeeds(c.log.list, c.steps)
	switch {
	case errors.Is(err, execute.ErrNothing):
		c.unable = err.Error()
	case err != nil:
		return err
	case result.Stop != nil:
		c.unable = result.Stop.Text
	}
	return nil
}

// everyPlanned calls f for each step of a plan, those that come afterwards last.
func everyPlanned(p *plan.Plan, f func(*plan.Step)) {
	plan.Walk(p.Steps, f)
	plan.Walk(p.Afterwards, f)
}

// inPlan finds the first step of the plan for which is holds; nil when there is none.
func (c *course) inPlan(is func(*plan.Step) bool) *plan.Step {
	var found *plan.Step
	everyPlanned(c.plan, func(s *plan.Step) {
		if found == nil && is(s) {
			found = s
		}
	})
	return found
}
