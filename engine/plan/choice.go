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
// steps, and every ask and guard stays.
func (w *walk) wanted(s *check.Step, in surroundings) bool {
	if s.Named && slices.Contains(w.Choice.Skip, s.ID) {
		return false
	}
	switch {
	case len(w.Choice.Only) == 0, in.chosen, s.Kind == playbook.AskStep, s.Guard:
		return true
	case s.Named:
		return w.chosenWithin(s)
	}
	return s.Kind != playbook.GroupStep || w.chosenWithin(s)
}

// chosenWithin says whether a step, or one inside of it, is named by --only.
func (w *walk) chosenWithin(s *check.Step) bool {
	found := false
	check.Walk([]*check.Step{s}, func(x *check.Step) { found = found || x.Named && slices.Contains(w.Choice.Only, x.ID) })
	return found
}

func (w *walk) unwanted(s *check.Step) string {
	if s.Named && slices.Contains(w.Choice.Skip, s.ID) {
		return "left out with --skip"
	}
	return "not among the steps of --only"
}

// Check says what is wrong with a choice: ids that no step has, and guards or questions that cannot be skipped.
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
			switch {
			case !ok:
				hint := ""
				if near := diag.Suggest(id, ids); near != "" {
					hint = "; did you mean " + near + "?"
				}
				return fmt.Errorf("%s %s: the playbook %s has no step with this id; it has %s%s", list.flag, id, p.ID, strings.Join(ids, ", "), hint)
			case list.flag == "--skip" && s.Guard:
				return fmt.Errorf("--skip %s: this step guards those after it and cannot be left out", id)
			case list.flag == "--skip" && s.Kind == playbook.AskStep:
				return fmt.Errorf("--skip %s: this step is a question; answer it with --answer %s=TEXT", id, id)
			}
		}
	}
	return nil
}
