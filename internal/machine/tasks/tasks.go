// Package tasks is the Task Scheduler of a Windows that runs. What it answers is not believed: [Scheduler] reads back what it
// has changed.
package tasks

import (
	"context"
	"time"
)

// State is what a task is at.
type State string

// The states, as TASK_STATE has them.
const (
	Unknown  State = ""
	Disabled State = "disabled"
	Queued   State = "queued"
	Ready    State = "ready"
	Running  State = "running"
)

// Task is a task as the Task Scheduler tells of it.
type Task struct {
	Path    string // as it is registered: \Microsoft\Windows\WindowsUpdate\Scheduled Start
	Enabled bool   // what IRegisteredTask.get_Enabled says; the definition may say otherwise
	XML     string // its definition, for package taskxml
	State   State
	Last    *Run // its last run; nil where it never ran
	// Unsaid is why State or Last are not known; nil when they are.
	Unsaid error
}

// Run is a run of a task.
type Run struct {
	At     time.Time // when it was started, to the second
	Result uint32    // what its last action returned; 0x00041301 while it runs
}

// Listing is the tasks that there are.
type Listing struct {
	Tasks  []Task   // hidden ones too, by path
	Unread []Unread // what could not be read
	// Limited says that the session has no administrator rights: the Task Scheduler then leaves tasks and folders out
	// and does not say so.
	Limited bool
}

// Unread is a folder or a task that could not be read.
type Unread struct {
	Path   string
	Folder bool
	Err    error
}

// Reader looks at tasks.
type Reader interface {
	// List reads the tasks of all folders. An error means that none can be read.
	List(ctx context.Context) (Listing, error)
	// Task reads one task. The error is [ErrNotFound] when there is none of that path.
	Task(ctx context.Context, path string) (Task, error)
}

// Switch lets tasks be started by their triggers, or keeps them from it.
type Switch interface {
	SetEnabled(ctx context.Context, path string, enabled bool) error
}

// Registry holds the definitions.
type Registry interface {
	// Register makes a task that runs as SYSTEM and that administrators alone can change, or replaces the definition of
	// the one that has the path.
	Register(ctx context.Context, path, xml string) error
	// Run asks for a run now, whatever the triggers say.
	Run(ctx context.Context, path string) error
	Delete(ctx context.Context, path string) error
}

// System is the Task Scheduler itself: what it answers to each request. Paths are full ones, which [CheckPath] has passed.
// Errors hold [ErrNotFound], [ErrDenied], [ErrStopped] or [ErrUnsupported] where they are of that kind.
type System interface {
	Reader
	Switch
	Registry
}
