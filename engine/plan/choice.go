package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
)

// wanted says whether the operator's choice lets a step be planned. Groups round a chosen step stay with their unnamed
// steps, and every question and guard stays.
func (w *walk) wanted(s *check.Step, in surroundings) bool {
	switch {
	case s.Named && slices.Contains(w.Choice.Skip, s.ID):
		return false
	case len(w.Choice.Only) == 0, in.chosen, in.inGroup && !s.Named:
		return true
	}
	return w.chosenWithin(s)
}

// chosenWithin says whether a step, or one inside of it, is named by --only, or stays whatever is chosen.
func (w *walk) chosenWithin(s *check.Step) bool {
	found := false
	check.Walk([]*check.Step{s}, func(x *check.Step) {
		found = found || stays(x) || x.Named && slices.Contains(w.Choice.Only, x.ID)
	})
	return found
}

// stays says whether a step is planned whatever the operator chooses: questions and guards.
func stays(s *check.Step) bool { return s.Guard || s.Kind == playbook.AskStep }

func (w *walk) unwanted(s *check.Step) string {
	if s.Named && slices.Contains(w.Choice.Skip, s.ID) {
		return "left out with --skip"
	}
	return "not among the steps of --only"
}

// Check says what is wrong with a choice: ids that no step has, and guards or questions that would be skipped.
func (c Choice) Check(p *check.Playbook) error {
	steps := map[string]*check.Step{}
	var ids []string
	check.Walk(slices.Concat(p.Steps, p.Afterwards), func(s *check.Step) {
		if s.Named {
			steps[s.ID] = s
			ids = append(ids, s.ID)
		}
	})
	for _, list := range []struct {
		flag string
		ids  []string
	}{{"--only", c.Only}, {"--skip", c.Skip}} {
		for _, id := range list.ids {
			s, ok := steps[id]
			if !ok {
				hint := ""
				if near := diag.Suggest(id, ids); near != "" {
					hint = "; did you mean " + near + "?"
				}
				return fmt.Errorf("%s %s: the playbook %s has no step with this id; it has %s%s", list.flag, id, p.ID, strings.Join(ids, ", "), hint)
			}
			if list.flag == "--skip" {
				if err := skippable(s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// skippable says why a step cannot be skipped.
func skippable(s *check.Step) error {
	var err error
	check.Walk([]*check.Step{s}, func(x *check.Step) {
		switch {
		case err != nil || !stays(x):
		case x != s && x.Guard:
			err = fmt.Errorf("--skip %s: the step %s in it guards those after it and cannot be left out; skip the others in it by their own ids", s.ID, x.ID)
		case x != s:
			err = fmt.Errorf("--skip %s: the question %s in it cannot be left out; skip the others in it by their own ids", s.ID, x.ID)
		case x.Guard:
			err = fmt.Errorf("--skip %s: this step guards those after it and cannot be left out", s.ID)
		default:
			err = fmt.Errorf("--skip %s: this step is a question; answer it with --answer %s=TEXT", s.ID, s.ID)
		}
	})
	return err
}
