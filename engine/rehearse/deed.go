package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
)

// deed is what became of one instance of a step, or what an undo did about it.
type deed struct {
	what  execute.EventKind // of a step: done, needless, failed, left alone; of an undo: undone, done
	key   string            // of the instance: "disable_task[2]"
	id    string            // of the step in the playbook
	named bool              // whether the id stands there
	uses  string            // of an action
	text  string            // why it failed or was left
}

func deedOf(s *plan.Step) deed {
	return deed{key: s.Key, id: s.ID, named: s.Named, uses: s.Uses}
}

// is says whether a test means this step: by its id, by its key, or by its action.
func (d deed) is(ref string) bool {
	return d.named && (ref == d.id || ref == d.key) || d.uses != "" && ref == d.uses
}

// String is the name by which a test can mean the step.
func (d deed) String() string {
	if d.named || d.uses == "" {
		return d.key
	}
	return d.uses
}

// deeds are in the order in which they happened.
type deeds []deed

func (list deeds) of(what execute.EventKind) deeds {
	var out deeds
	for _, d := range list {
		if d.what == what {
			out = append(out, d)
		}
	}
	return out
}

// has says whether a test means one of the deeds.
func (list deeds) has(ref string) bool {
	return slices.ContainsFunc(list, func(d deed) bool { return d.is(ref) })
}

// mostListed bounds how many deeds a message lists.
const mostListed = 50

// String lists deeds for people.
func (list deeds) String() string {
	if len(list) == 0 {
		return "nothing"
	}
	var words []string
	for _, d := range list[:min(len(list), mostListed)] {
		words = append(words, d.String())
	}
	if rest := len(list) - mostListed; rest > 0 {
		words = append(words, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(words, ", ")
}

// undoDeeds reads out of the records what an undo did.
func undoDeeds(records []journal.Record, steps map[string]deed) deeds {
	var out deeds
	undoing := false
	for _, rec := range records {
		undoing = undoing || rec.Kind == journal.Undoing
		if !undoing || rec.Kind != journal.Undone && rec.Kind != journal.Done {
			continue
		}
		outcome := dataOf[journal.Outcome](rec)
		d := steps[rec.Step]
		switch {
		case rec.Kind == journal.Undone && outcome.Found:
			continue // it was as before already
		case rec.Kind == journal.Undone:
			d.what = execute.TakenBack
		default:
			d.what = execute.Done
		}
		out = append(out, d)
	}
	return out
}
