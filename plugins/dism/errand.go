package dism

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/sdk"
)

// The names of the jobs of an action: what it does, and what takes it back.
const (
	applyJob = "apply"
	undoJob  = "undo"
)

// errand is a change that an action has a worker do.
type errand struct {
	machine
	call     *sdk.Call
	stateDir string
	job      string // applyJob, undoJob
	change   servicing.Change
	// reached says by looking whether the change has achieved what it was for.
	reached func(context.Context) (bool, error)
}

// ending is how DISM ended. Whether it has achieved anything, the store tells.
type ending struct {
	result servicing.Result
	failed error // what DISM says of itself; nil: success
}

// notApplicable says whether DISM found that the package is not for this Windows.
func (e ending) notApplicable() bool {
	f, is := errors.AsType[*servicing.Failure](e.failed)
	return is && f.NotApplicable()
}

// run has the change done and waits for its end. A worker that is at work on it already is waited for; one that died is
// cleared up after, and the change is begun anew unless it is done.
func (e errand) run(ctx context.Context) (ending, error) {
	j, err := e.lastJob()
	if err != nil {
		return ending{}, err
	}
	if j != nil {
		ended, err := e.follow(ctx, *j)
		if err != nil || !ended.result.Lost {
			return ended, err
		}
		if done, err := e.reached(ctx); done || err != nil {
			return ended, err
		}
	}
	e.call.Progress(sdk.Progress{Total: 100, Unit: "%", Note: "orders the change"})
	next, err := servicing.NewJob(e.stateDir, e.job, e.change)
	if err != nil {
		return ending{}, err
	}
	return e.follow(ctx, next)
}

// lastJob is the one that nobody has seen the end of; nil: there is none.
func (e errand) lastJob() (*servicing.Job, error) {
	jobs, err := servicing.Jobs(e.stateDir, e.job)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	j := jobs[len(jobs)-1]
	r, err := j.Result()
	if r != nil || err != nil {
		return nil, err
	}
	return &j, nil
}

// follow starts a worker on a job, unless one is at work, and waits for its end.
func (e errand) follow(ctx context.Context, j servicing.Job) (ending, error) {
	at, err := j.AtWork(e.running)
	if err != nil {
		return ending{}, err
	}
	var started command.Process
	if !at {
		e.call.Progress(sdk.Progress{Total: 100, Unit: "%", Note: "starts a worker"})
		if started, err = e.start(j, e.change.Kind); err != nil {
			return ending{}, fmt.Errorf("no worker can be started: %w", err)
		}
	}
	r, err := e.await(ctx, j, started)
	if err != nil {
		return ending{}, err
	}
	e.call.Progress(sdk.Progress{Done: 100, Total: 100, Unit: "%", Note: "reads back what has become of it"})
	return judged(j, *r)
}

// await waits until there is a result, and reports how far DISM is.
func (e errand) await(ctx context.Context, j servicing.Job, started command.Process) (*servicing.Result, error) {
	for far := int64(0); ; {
		at, err := j.AtWork(e.running)
		if err == nil && !at {
			at, err = e.running(started)
		}
		if err != nil {
			return nil, err
		}
		if r, err := j.Result(); r != nil || err != nil { // after having looked whether it is at work: that it ended is its last deed
			return r, err
		}
		if !at {
			return nil, e.abandoned(j)
		}
		if text, err := j.Output(); err == nil {
			if now, ok := servicing.Progress(text); ok && now/10 > far {
				far = now / 10
				e.call.Progress(sdk.Progress{Done: far, Total: 100, Unit: "%", Note: "dism is at work"})
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(e.poll):
		}
	}
}

// abandoned says why there is no result and nobody at work.
func (e errand) abandoned(j servicing.Job) error {
	if text := j.Complaint(); text != "" {
		return sdk.Errorf(sdk.Unavailable, "the worker could not do it: %.300s", text).WithHint("look into %s", j.Folder)
	}
	return sdk.Errorf(sdk.Unavailable, "the worker ended before it was done, and said nothing").WithHint("begin anew; look into %s", j.Folder)
}

// judged reads what DISM said in the end.
func judged(j servicing.Job, r servicing.Result) (ending, error) {
	order, err := j.Order()
	if err != nil {
		return ending{}, err
	}
	text, err := j.Output()
	if err != nil {
		return ending{}, err
	}
	e := ending{result: r}
	switch {
	case r.Error != "":
		e.failed = sdk.Errorf(sdk.Unavailable, "dism could not be run: %s", r.Error)
	case r.Lost:
		e.failed = sdk.Errorf(sdk.Unavailable, "dism ended, and nobody saw how").WithHint("look into %s", j.Folder)
	default:
		e.failed = servicing.Judge(order.Change, command.Result{Code: r.Code, Output: text})
	}
	return e, nil
}

// begun says whether an action has ordered anything, and whether it is being done now.
func (m machine) begun(stateDir string) (applied, undone, atWork bool, err error) {
	for _, name := range []string{applyJob, undoJob} {
		jobs, err := servicing.Jobs(stateDir, name)
		if err != nil {
			return false, false, false, err
		}
		applied, undone = applied || name == applyJob && len(jobs) > 0, undone || name == undoJob && len(jobs) > 0
		if len(jobs) == 0 {
			continue
		}
		at, err := jobs[len(jobs)-1].AtWork(m.running)
		if err != nil {
			return false, false, false, err
		}
		atWork = atWork || at
	}
	return applied, undone, atWork, nil
}

// lastEnding is how the last job of a name ended; nil: there is none, or nobody knows.
func lastEnding(stateDir, name string) (*ending, error) {
	jobs, err := servicing.Jobs(stateDir, name)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	j := jobs[len(jobs)-1]
	r, err := j.Result()
	if r == nil || err != nil {
		return nil, err
	}
	e, err := judged(j, *r)
	return &e, err
}

// disagree is the error where DISM's word and the store's state are two things.
func (e ending) disagree(what string, state servicing.State) error {
	if e.failed != nil {
		err := sdk.AsError(explain(e.failed))
		err = sdk.Errorf(err.Code, "%s; %s is %s", err.Message, what, state).WithHint("%s", err.Hint)
		return err
	}
	return sdk.Errorf(sdk.Unavailable, "dism reports success with %d, and read back %s is %s", e.result.Code, what, state).
		WithHint("see dism.log in the state directory, and CBS.log")
}

const working = "dism is at work on it"
