package check

import (
	"time"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Step is something to do, or a group of steps.
type Step struct {
	ID      string // as written, or made of the step's place: "repair.1"
	Named   bool   // the id stands in the playbook
	Title   string
	Article string
	Kind    playbook.StepKind

	When, Unless *condition.Expression
	For          []string
	Each         *condition.Expression
	Guard        bool

	Plugin string // of an action step
	Action sdk.ActionManifest
	Input  *schema.Type
	Output *schema.Type
	With   []Argument

	Steps   []*Step // of a group
	Finally []*Step

	Ask, Manual *Text
	WaitUntil   *condition.Expression
	Expect      *condition.Expression

	Risk    sdk.Risk // "" where neither the step nor an action says
	Offline Offline
	Loses   string
	Timeout time.Duration
	Retry   *Retry
}

// Uses is the action's full name, "service.restart".
func (s *Step) Uses() string { return s.Plugin + "." + s.Action.Name }

// Offline says what becomes of a step on the disk of a Windows that is not running.
type Offline string

// The answers to what becomes of a step offline; the zero value lets the step be done there like anywhere.
const (
	NotNeeded  Offline = "not_needed"
	LeftToDo   Offline = "left_to_do"
	DoneAsElse Offline = ""
)

// Retry repeats a failed action.
type Retry struct {
	Times int
	Delay time.Duration
}

// Walk calls f for each step, groups before their members, in order.
func Walk(steps []*Step, f func(*Step)) {
	for _, s := range steps {
		f(s)
		Walk(s.Steps, f)
		Walk(s.Finally, f)
	}
}
