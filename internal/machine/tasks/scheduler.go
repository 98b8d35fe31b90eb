package tasks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
)

// Scheduler is the Task Scheduler, with everything read back that it changes.
type Scheduler struct{ system System }

// New makes a Scheduler of what answers for it.
func New(system System) *Scheduler { return &Scheduler{system} }

// Live is the Task Scheduler of this machine. On a system that is not Windows every call gives [ErrUnsupported].
func Live() *Scheduler { return New(live()) }

// List reads the tasks of all folders, hidden ones too. An error means that none can be read.
func (s *Scheduler) List(ctx context.Context) (Listing, error) { return s.system.List(ctx) }

// Task reads one task, by its path in any case. The error is [ErrNotFound] when there is none.
func (s *Scheduler) Task(ctx context.Context, path string) (Task, error) {
	full, err := CheckPath(path)
	if err != nil {
		return Task{}, err
	}
	t, err := s.system.Task(ctx, full)
	if err != nil {
		return Task{}, fmt.Errorf("%s: %w", full, err)
	}
	return t, nil
}

// SetEnabled lets a task be started, or keeps it from it, and gives it as it reads back. The error is a [NotTakenError] when
// the Task Scheduler did not do what it answered.
//
// Then there is no second way. The definition could be registered again with its flag changed, but that changes more than the
// flag: a task that runs with a stored password loses it, the access list is written anew, and a task that starts when it is
// registered would start.
func (s *Scheduler) SetEnabled(ctx context.Context, path string, enabled bool) (Task, error) {
	full, err := CheckPath(path)
	if err != nil {
		return Task{}, err
	}
	if err := s.system.SetEnabled(ctx, full, enabled); err != nil {
		return Task{}, fmt.Errorf("%s: %w", full, err)
	}
	t, err := s.Task(ctx, full)
	if err != nil {
		return Task{}, fmt.Errorf("read back: %w", err)
	}
	d, err := taskxml.Parse(strings.NewReader(t.XML))
	if err != nil {
		return t, fmt.Errorf("%s, read back: %w", full, err)
	}
	if t.Enabled != enabled || d.Enabled != enabled {
		return t, &NotTakenError{t.Path, enabled, t.Enabled, d.Enabled}
	}
	return t, nil
}

// systemAccount is the account that [Scheduler.Register] serves, by its SID.
const systemAccount = "S-1-5-18"

// Register makes a task of a definition in XML, or replaces the one that has the path, and gives it as it reads back. The
// definition must run as SYSTEM and name that account by its SID; [Program] makes such ones. Administrators alone can change
// the task. Folders of the path that are missing are made, and stay when the task is deleted. The error is a
// [NotAsRegisteredError] when it reads back otherwise: then it is there, and to be deleted by whoever did not want it so.
func (s *Scheduler) Register(ctx context.Context, path, xml string) (Task, error) {
	full, err := CheckPath(path)
	if err != nil {
		return Task{}, err
	}
	asked, err := taskxml.Parse(strings.NewReader(xml))
	if err != nil {
		return Task{}, fmt.Errorf("%s: %w", full, err)
	}
	if asked.Principal.UserID != systemAccount {
		return Task{}, fmt.Errorf("%s: the definition runs as %q, expected %s, which is SYSTEM", full, asked.Principal.UserID, systemAccount)
	}
	if err := s.system.Register(ctx, full, xml); err != nil {
		return Task{}, fmt.Errorf("%s: %w", full, err)
	}
	t, err := s.Task(ctx, full)
	if err != nil {
		return Task{}, fmt.Errorf("read back: %w", err)
	}
	is, err := taskxml.Parse(strings.NewReader(t.XML))
	if err != nil {
		return t, fmt.Errorf("%s, read back: %w", full, err)
	}
	if d := difference(asked, is); d != "" {
		return t, &NotAsRegisteredError{full, d}
	}
	return t, nil
}

// difference says in what a definition differs from the one that was registered, as far as what it runs, as whom, and when.
// The rest the Task Scheduler fills in.
func difference(asked, is *taskxml.Definition) string {
	if len(is.Actions) != len(asked.Actions) {
		return fmt.Sprintf("%d actions, asked for were %d", len(is.Actions), len(asked.Actions))
	}
	for i, a := range asked.Actions {
		if is.Actions[i] != a {
			return fmt.Sprintf("action %d is %+v, asked for was %+v", i+1, is.Actions[i], a)
		}
	}
	if len(is.Triggers) != len(asked.Triggers) {
		return fmt.Sprintf("%d triggers, asked for were %d", len(is.Triggers), len(asked.Triggers))
	}
	for i, t := range asked.Triggers {
		if got := is.Triggers[i]; got.Kind != t.Kind || got.Enabled != t.Enabled || got.Start != t.Start || got.End != t.End {
			return fmt.Sprintf("trigger %d is %+v, asked for was %+v", i+1, got, t)
		}
	}
	switch {
	case is.Principal.UserID != asked.Principal.UserID:
		return fmt.Sprintf("it runs as %q, asked for was %q", is.Principal.UserID, asked.Principal.UserID)
	case is.Enabled != asked.Enabled:
		return "it is " + switched(is.Enabled)
	}
	return ""
}

// How long a run is waited for that the Task Scheduler says it has started.
const (
	seenWithin = 5 * time.Second
	lookEvery  = 100 * time.Millisecond
)

// Run starts a task now, and waits until it is seen to run or to have run. What its program does, it must show itself. The
// error is a [NotSeenError] when no run was seen.
func (s *Scheduler) Run(ctx context.Context, path string) error {
	before, err := s.Task(ctx, path)
	if err != nil {
		return err
	}
	if err := s.system.Run(ctx, before.Path); err != nil {
		return fmt.Errorf("%s: %w", before.Path, err)
	}
	end := time.NewTimer(seenWithin)
	defer end.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		now, err := s.Task(ctx, before.Path)
		switch {
		case errors.Is(err, ErrNotFound):
			return nil // a run that deletes its own task has run
		case err != nil:
			return fmt.Errorf("it was started, and cannot be looked at: %w", err)
		case seen(before, now):
			return nil
		case now.Unsaid != nil:
			return &NotSeenError{before.Path, now}
		}
		select {
		case <-look.C:
		case <-end.C:
			return &NotSeenError{before.Path, now}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func seen(before, now Task) bool {
	if now.State == Running || now.State == Queued {
		return true
	}
	return now.Last != nil && (before.Last == nil || *now.Last != *before.Last)
}

// Delete deletes a task; a run that is going on is not ended. The error is [ErrNotFound] when there is none, and a
// [StillThereError] when it was not deleted.
func (s *Scheduler) Delete(ctx context.Context, path string) error {
	full, err := CheckPath(path)
	if err != nil {
		return err
	}
	if err := s.system.Delete(ctx, full); err != nil {
		return fmt.Errorf("%s: %w", full, err)
	}
	switch _, err := s.Task(ctx, full); {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("read back: %w", err)
	}
	return &StillThereError{full}
}
