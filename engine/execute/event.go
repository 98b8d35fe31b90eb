package execute

import (
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// EventKind is what an event tells.
type EventKind string

// The kinds of events.
const (
	Begins    EventKind = "begins"
	Progress  EventKind = "progress"
	Done      EventKind = "done"
	Needless  EventKind = "needless" // everything was as it would be
	Failed    EventKind = "failed"
	LeftAlone EventKind = "left alone"
	Waits     EventKind = "waits"
	Cleans    EventKind = "cleans" // a `finally` begins
	TakesBack EventKind = "undoes" // an undo begins
	TakenBack EventKind = "undone" // it was taken back
	Notes     EventKind = "notes"  // something worth to be known
	Verifies  EventKind = "verifies"
)

// Event tells what a run does, as it does it.
type Event struct {
	Kind     EventKind
	Step     *plan.Step // nil for the run itself
	Text     string
	Progress sdk.Progress
}
