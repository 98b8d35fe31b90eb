// Package startup makes a run go on by itself when Windows starts again before it is complete: a task of the Task Scheduler runs
// `rectify resume` as SYSTEM, and is removed when the run has ended. Whoever logs on then is told how it ended.
//
// The task runs a copy of this program in the state folder, where administrators alone write: the file that the operator started
// may lie where anybody writes, or be gone after the restart.
package startup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rectify-project/rectify/internal/machine/tasks"
)

// Registry holds tasks; a [tasks.Scheduler] is one.
type Registry interface {
	Register(ctx context.Context, path, xml string) (tasks.Task, error)
	Delete(ctx context.Context, path string) error
}

var _ Registry = (*tasks.Scheduler)(nil)

// Startup arranges what happens when Windows starts. It is an engine.Continuation.
type Startup struct {
	Tasks Registry
	// State is the state folder, as a full path.
	State string
	// Unprotected says why others than administrators may write there; empty when they may not. Nothing is arranged then: a
	// task that runs as SYSTEM would start what anybody has put there.
	Unprotected string
	// Program is the file of this program.
	Program string
	// Flags are the flags that the command is to be run with again: --plugins, --lock.
	Flags []string
}

// resumeTask and tellTask are the paths of the tasks of a run. They are in no folder of their own, which would stay behind.
func resumeTask(run string) string { return `\Rectify resume ` + run }
func tellTask(run string) string   { return `\Rectify tell ` + run }

// What is made, in words.
func (s Startup) What(run string) string {
	return fmt.Sprintf("the scheduled task %s, which goes on with the run as SYSTEM when Windows starts", resumeTask(run))
}

// Arrange makes the task.
func (s Startup) Arrange(ctx context.Context, run string) error {
	return s.register(ctx, resumeTask(run), tasks.Program{
		Description: "Goes on with a run of Rectify after a restart, then removes itself.",
		Arguments:   s.arguments("resume", run, "--at-startup"),
		AtBoot:      true,
	})
}

// Release removes the task, if there is one.
func (s Startup) Release(ctx context.Context, run string) error {
	return s.remove(ctx, resumeTask(run))
}

// TellAtLogon has who logs on next told how a run ended.
func (s Startup) TellAtLogon(ctx context.Context, run string) error {
	return s.register(ctx, tellTask(run), tasks.Program{
		Description: "Tells who logs on how a run of Rectify ended, then removes itself.",
		Arguments:   s.arguments("history", "show", run, "--at-logon"),
		AtLogon:     true,
	})
}

// Told removes what [Startup.TellAtLogon] made, if it is there.
func (s Startup) Told(ctx context.Context, run string) error { return s.remove(ctx, tellTask(run)) }

func (s Startup) arguments(command ...string) []string {
	return append(append(command, "--state", s.State), s.Flags...)
}

func (s Startup) register(ctx context.Context, path string, p tasks.Program) error {
	if s.Unprotected != "" {
		return fmt.Errorf("no task is made that would run as SYSTEM: %s", s.Unprotected)
	}
	var err error
	if p.Command, err = s.keepProgram(); err != nil {
		return fmt.Errorf("this program could not be kept for the next start: %w", err)
	}
	p.Folder = s.State
	xml, err := p.Definition()
	if err != nil {
		return err
	}
	if _, err = s.Tasks.Register(ctx, path, xml); err != nil {
		// What was registered otherwise than it was asked for would run something else.
		return errors.Join(err, s.remove(context.WithoutCancel(ctx), path))
	}
	return nil
}

func (s Startup) remove(ctx context.Context, path string) error {
	if err := s.Tasks.Delete(ctx, path); err != nil && !errors.Is(err, tasks.ErrNotFound) {
		return fmt.Errorf("the scheduled task %s could not be removed: %w", path, err)
	}
	return nil
}

// keepProgram copies this program into the state folder, under its digest, unless it is there.
func (s Startup) keepProgram() (string, error) {
	source, err := os.Open(s.Program)
	if err != nil {
		return "", err
	}
	defer source.Close()
	sum, err := digest(source)
	if err != nil {
		return "", err
	}
	kept := filepath.Join(s.State, "bin", "rectify-"+sum[:16]+".exe")
	if same(kept, sum) {
		return kept, nil
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o700); err != nil {
		return "", err
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	if err := write(kept, source); err != nil {
		return "", err
	}
	if !same(kept, sum) {
		return "", fmt.Errorf("%s does not read back as it was written", kept)
	}
	return kept, nil
}

// write makes a file whole or not at all.
func write(path string, from io.Reader) error {
	f, err := os.CreateTemp(filepath.Dir(path), "new-*.exe")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails when it has been renamed
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Chmod(0o700), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func same(path, sum string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	is, err := digest(f)
	return err == nil && is == sum
}

func digest(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}
