package engine

import (
	"context"

	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/sdk/target"
)

// Continuation makes a run on the running machine go on by itself when the machine starts again before the run is complete.
type Continuation interface {
	// What is made, in words, for the journal.
	What(run string) string
	Arrange(ctx context.Context, run string) error
	// Release takes it back; where nothing was arranged it does nothing.
	Release(ctx context.Context, run string) error
}

// arrange makes a run go on by itself. That it cannot is no reason not to repair: it is written down and told.
func (o Remedy) arrange(ctx context.Context, r *journal.Run, on target.Kind) error {
	if o.Continuation == nil || on != target.Live {
		return nil
	}
	what := o.Continuation.What(r.ID())
	if err := r.Append(journal.Awaiting, "", journal.Continuation{What: what}); err != nil {
		return err
	}
	err := o.Continuation.Arrange(ctx, r.ID())
	if err == nil {
		return nil
	}
	o.remark("after a restart the run does not go on by itself, `rectify resume " + r.ID() + "` does: " + err.Error())
	return r.Append(journal.Awaiting, "", journal.Continuation{What: what, Problem: err.Error()})
}

// release takes back what arrange made, unless the run waits for a restart.
func (o Remedy) release(ctx context.Context, run string, on target.Kind, stop *journal.Stop) {
	if o.Continuation == nil || on != target.Live || stop != nil && stop.Reason == execute.StopRestart {
		return
	}
	if err := o.Continuation.Release(context.WithoutCancel(ctx), run); err != nil {
		o.remark(err.Error())
	}
}

func (o Remedy) remark(text string) {
	if o.Remark != nil {
		o.Remark(text)
	}
}
