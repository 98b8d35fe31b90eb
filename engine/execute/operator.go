package execute

import (
	"context"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// Operator decides while a run goes on: a person at a terminal, or what was said on the command line.
type Operator interface {
	// Approve decides about a change.
	Approve(ctx context.Context, u plan.Unit) (Approval, error)
	// Answer answers an ask step, or says that a manual one is done. problem says why an earlier answer did not do.
	Answer(ctx context.Context, s *plan.Step, problem string) (Reply, error)
	// Failed chooses what follows on a failed step.
	Failed(ctx context.Context, s *plan.Step, f journal.Failure) (Choice, error)
}

// Approval is what an operator says about a change.
type Approval struct {
	Decision Decision
	By       string // "terminal", "--yes"
}

// Decision is yes, no, or nothing.
type Decision int

// The decisions. The zero value says that nobody has decided: the run stops.
const (
	Missing Decision = iota
	Yes
	No
)

// Reply is what was said to an ask or manual step.
type Reply struct {
	Given bool
	Text  string
	By    string
}

// Choice is what follows on a failed step.
type Choice int

// The choices.
const (
	Leave Choice = iota // the run stops, what was done stays
	Retry
	TakeBack // the run stops, and everything is undone
)
