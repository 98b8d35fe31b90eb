package execute

import (
	"context"
	"fmt"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// maxQuestions bounds how often one thing is asked: a person who keeps saying that it is done has another problem.
const maxQuestions = 100

// person asks a person, or tells what is to be done by hand, and reads back whether it was. An answer that was given
// before stands.
func (r *Run) person(ctx context.Context, s *plan.Step, at place) error {
	if r.passed(s, at) {
		return nil
	}
	c := r.checked[s.ID]
	if text, known := plan.Say(ctx, c, at.scope); known {
		s.Text = text
	}
	said, given := r.memory.answers[s.Key]
	problem := ""
	for range maxQuestions {
		if !given {
			var err error
			if said, err = r.question(ctx, s, problem); err != nil {
				return err
			}
		}
		given = false
		if c.Expect == nil {
			r.tell(Done, s, said.Text)
			return nil
		}
		result, err := r.read(ctx, ofExpect, s, c.Expect, at)
		switch {
		case err != nil:
			return err
		case result.Truth == condition.Undetermined: // a person's word is all that there is
			why := "whether it was done could not be read back: " + firstWhy(result)
			r.leave(s, why)
			r.tell(Notes, s, why)
			return nil
		case result.Truth == condition.True:
			r.tell(Done, s, said.Text)
			return nil
		}
		problem = fmt.Sprintf("`%s` is false", c.Expect.Source())
	}
	return r.notDone(s, problem)
}

// question puts one question, and writes the answer down. problem is why an earlier answer did not do.
func (r *Run) question(ctx context.Context, s *plan.Step, problem string) (journal.Answer, error) {
	if err := r.stopping(ctx); err != nil {
		return journal.Answer{}, err
	}
	r.tell(Waits, s, s.Text)
	reply, err := r.Operator.Answer(ctx, s, problem)
	if err != nil {
		return journal.Answer{}, err
	}
	if !reply.Given {
		switch err := r.stopping(ctx); {
		case err != nil:
			return journal.Answer{}, err
		case problem != "":
			return journal.Answer{}, r.notDone(s, problem)
		}
		return journal.Answer{}, fmt.Errorf("%w: %s is not answered", errApproval, s.ID)
	}
	said := journal.Answer{Question: s.Text, Text: reply.Text, By: reply.By}
	return said, r.note(journal.Answered, s.Key, said)
}

// notDone writes down that something was not done by hand.
func (r *Run) notDone(s *plan.Step, problem string) error {
	f := journal.Failure{Message: problem}
	if err := r.note(journal.Failed, s.Key, f); err != nil {
		return err
	}
	r.tell(Failed, s, f.Message)
	return &stepError{s, f}
}

func firstWhy(result condition.Result) string {
	if len(result.Why) == 0 {
		return "it is undetermined"
	}
	return result.Why[0].Reason
}
