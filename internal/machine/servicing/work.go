package servicing

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
)

// Lock lets one worker at a time change the component store of this machine.
type Lock interface {
	// Acquire waits until nobody has it, at most until ctx ends. Release it on the same goroutine. One whose holder has
	// died is free.
	Acquire(ctx context.Context) (release func(), err error)
}

// ErrBusy is a lock that somebody else has.
var ErrBusy = errors.New("another worker of Rectify is changing the component store")

// Hands are what a worker needs of the machine.
type Hands struct {
	DISM    DISM
	Lock    Lock
	Self    func() (command.Process, error)
	Running func(command.Process) (bool, error)
	Now     func() time.Time
}

const (
	// lockPatience is how long a worker waits for one that is just ending.
	lockPatience = 30 * time.Second
	// orphanPoll is how often a DISM without its worker is looked at.
	orphanPoll = 100 * time.Millisecond
)

// Work does the job in a folder to its end, in the process of a worker. It may be called again, also while the first call is
// at work: a job is done once. It does not end with ctx once DISM is started: servicing that is torn apart can leave a Windows
// that does not start.
func Work(ctx context.Context, folder string, h Hands) error {
	if !filepath.IsAbs(folder) {
		return fmt.Errorf("the folder of the job %q is not an absolute path", folder)
	}
	j := Job{folder}
	order, err := j.Order()
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	release, err := h.Lock.Acquire(waiting)
	if err != nil {
		return err
	}
	defer release()
	if done, err := j.Result(); done != nil || err != nil {
		return err
	}
	switch before, err := j.Worker(); {
	case err != nil:
		return err
	case before != nil:
		return j.inherit(ctx, *before, h)
	}
	self, err := h.Self()
	if err != nil {
		return err
	}
	w := Worker{Version: jobVersion, Self: self}
	if err := j.write(workerFile, w); err != nil {
		return err
	}
	var noted error
	ended, err := h.DISM.Carry(ctx, order.Change, folder, func(p command.Process) {
		w.DISM = &p
		noted = j.write(workerFile, w)
	})
	r := Result{Version: jobVersion, Code: ended.Code, Ended: h.Now().UTC()}
	if err != nil {
		r.Error = err.Error()
	}
	return errors.Join(j.write(resultFile, r), noted)
}

// inherit takes over from a worker that has died: its DISM is waited for, if it still runs, and never started a second time.
func (j Job) inherit(ctx context.Context, before Worker, h Hands) error {
	for before.DISM != nil {
		at, err := h.Running(*before.DISM)
		if err != nil {
			return err
		}
		if !at {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(orphanPoll):
		}
	}
	return j.write(resultFile, Result{Version: jobVersion, Lost: true, Ended: h.Now().UTC()})
}
