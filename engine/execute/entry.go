package execute

import (
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// entry is one entering of a group, or the run itself. What was done in it counts until the group is entered again: its
// `finally` may have released it.
type entry struct {
	key    string
	number int        // counts the enterings of the group, from 1
	in     *entry     // nil of the run itself
	role   string     // "" or finally
	plan   *plan.Step // the group, where the plan of the run has it not

	deeds  []deed    // in order, without those of a `finally`
	finals []*intent // effects of its `finally`, in the run and on undo

	open     bool // its `finally` is owed
	closing  bool // and has begun
	complete bool // all of it was done, and its `finally` has run
	plans    int  // how often the run had been planned anew when it was closed
	undoOpen bool // an undo holds it open

	done     map[string]*intent         // members whose effect is there
	needless map[string]journal.Outcome // members that were as they would be
	passed   map[string]int             // members that need no more waiting or asking: how many effects there were by then
}

// deed is an effect, or an entering of a group inside: one of the two.
type deed struct {
	intent *intent
	entry  *entry
}

// intent is an effect with what is known of it.
type intent struct {
	journal.Intent
	key     string
	entry   *entry
	index   int  // in the order of the run
	settled bool // the effect was there
	outcome journal.Outcome
	failure *journal.Failure
	undone  bool
}

func newEntry(key string, in *entry) *entry {
	return &entry{key: key, in: in, done: map[string]*intent{}, needless: map[string]journal.Outcome{}, passed: map[string]int{}}
}

// inner is the last entering of a group inside of this one; nil when there was none.
func (m *memory) inner(e *entry, key string) *entry {
	for _, inner := range slices.Backward(m.entries[key]) {
		if inner.in == e {
			return inner
		}
	}
	return nil
}

// released lists what the `finally` has changed, in the run and on undo.
func (e *entry) released() []sdk.Change {
	var out []sdk.Change
	for _, i := range e.finals {
		out = append(out, i.Changes...)
	}
	return out
}

// changed says whether something was done in it that is there.
func (e *entry) changed() bool {
	return slices.ContainsFunc(e.deeds, func(d deed) bool {
		if d.entry != nil {
			return d.entry.changed()
		}
		return d.intent.settled && !d.intent.undone
	})
}

// call is the effect as its action is called with it.
func (i *intent) call() Call {
	return Call{Uses: i.Uses, Input: i.Input, Token: i.Token, StateDir: i.StateDir}
}

// shares says whether two lists of changes are about a common thing.
func shares(a, b []sdk.Change) bool {
	return slices.ContainsFunc(a, func(x sdk.Change) bool {
		return slices.ContainsFunc(b, func(y sdk.Change) bool { return strings.EqualFold(x.What, y.What) })
	})
}
