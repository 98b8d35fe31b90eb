package execute

import (
	"encoding/json"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// memory is what the records of a run say: what is certain, what is owed, what is not known. It is made of records alone,
// of those that were read and of each that is written, so that a run which goes on knows what the one before it knew.
type memory struct {
	root      *entry              // the run itself
	entries   map[string][]*entry // of groups, by key, in order
	intents   []*intent           // of steps and of each `finally`, in order
	tries     map[string]int      // highest attempt of a step, by key
	decisions map[string]decision // by the key of the step that was approved or declined
	answers   map[string]journal.Answer

	plans        int  // how often the run was planned anew
	restarted    bool // a restart that was part of the run is over
	replan       bool // and the run was not planned anew since
	needsRestart bool // an effect waits for a restart
	restored     bool // the run was taken back
}

// decision is what was decided about a change, with the digest of what was shown.
type decision struct {
	kind    journal.Kind // Approved or Declined
	preview string
}

// The roles of intents, and of groups.
const (
	roleFinally     = "finally"
	roleHold        = "hold"
	roleUndo        = "undo"
	roleUndoFinally = "undo finally"
)

// undoReason marks the records of groups that an undo opens and closes.
const undoReason = "undo"

// What a condition is read for, where the memory needs it.
const (
	ofExpect = "expect"
	ofWait   = "wait_until"
)

// recall reads records.
func recall(records []journal.Record) *memory {
	m := &memory{root: newEntry("", nil), entries: map[string][]*entry{}, tries: map[string]int{}, decisions: map[string]decision{}, answers: map[string]journal.Answer{}}
	for _, rec := range records {
		m.take(rec)
	}
	return m
}

// take takes a record in.
func (m *memory) take(rec journal.Record) {
	switch rec.Kind {
	case journal.Approved, journal.Declined:
		m.decisions[rec.Step] = decision{rec.Kind, read[journal.Decision](rec).Preview}
	case journal.Answered:
		m.answers[rec.Step] = read[journal.Answer](rec)
	case journal.Entered:
		m.enter(rec.Step, read[journal.Group](rec))
	case journal.Closed:
		m.close(rec.Step, read[journal.Group](rec))
	case journal.Intended:
		m.intend(rec.Step, read[journal.Intent](rec))
	case journal.Done:
		m.done(rec.Step, read[journal.Outcome](rec))
	case journal.Needless:
		outcome := read[journal.Outcome](rec)
		m.latest(outcome.In).needless[rec.Step] = outcome
	case journal.Failed:
		m.failed(rec.Step, read[journal.Failure](rec))
	case journal.Read:
		m.heard(rec.Step, read[journal.Reading](rec))
	case journal.Rebound:
		m.plans++
		m.replan = false
		for _, key := range read[journal.Start](rec).Forgotten {
			delete(m.decisions, key)
		}
	case journal.Undone:
		m.undone(rec.Step, read[journal.Outcome](rec))
	case journal.Undoing:
		m.restored = false
	case journal.Restored:
		m.restored = true
	}
}

// read gives the data of a record. The store has made sure that it is what was written.
func read[T any](rec journal.Record) T {
	var v T
	_ = json.Unmarshal(rec.Data, &v)
	return v
}

func (m *memory) enter(key string, data journal.Group) {
	if data.Reason == undoReason {
		if e := m.entry(key, data.Entry); e != nil {
			e.undoOpen = true
		}
		return
	}
	in := m.latest(data.In)
	e := newEntry(key, in)
	e.number, e.role, e.open = len(m.entries[key])+1, data.Role, true
	if len(data.Plan) > 0 {
		e.plan = read[*plan.Step](journal.Record{Data: data.Plan})
	}
	m.entries[key] = append(m.entries[key], e)
	if data.Role == roleFinally {
		in.closing = true
		return // what is done in a `finally` is not taken back
	}
	in.deeds = append(in.deeds, deed{entry: e})
}

func (m *memory) close(key string, data journal.Group) {
	e := m.entry(key, data.Entry)
	if e == nil {
		return
	}
	e.open, e.closing, e.complete, e.plans = false, false, data.Reason == "", m.plans
	if data.Reason == undoReason {
		e.undoOpen = false
	}
}

func (m *memory) intend(key string, data journal.Intent) {
	switch data.Role {
	case roleUndo, roleHold: // what they do shows in the intent that they are about
		return
	}
	i := &intent{Intent: data, key: key, entry: m.latest(data.In), index: len(m.intents)}
	m.tries[key] = max(m.tries[key], data.Attempt)
	switch data.Role {
	case roleUndoFinally:
		i.entry = m.undoing(data.In)
		i.entry.finals = append(i.entry.finals, i)
		return
	case roleFinally:
		i.entry.finals = append(i.entry.finals, i)
		i.entry.closing = true
	default:
		i.entry.deeds = append(i.entry.deeds, deed{intent: i})
	}
	m.intents = append(m.intents, i)
}

func (m *memory) done(key string, data journal.Outcome) {
	i := m.intent(key, data.Attempt)
	if i == nil || data.Role != "" && data.Role != roleFinally {
		return
	}
	switch {
	case i.Effect != sdk.Restarts:
		m.needsRestart = m.needsRestart || data.NeedsRestart
	case !i.settled:
		m.restarted, m.replan, m.needsRestart = true, true, false
	}
	i.settled, i.failure, i.outcome = true, nil, data
	m.latest(i.In).done[key] = i
}

func (m *memory) failed(key string, data journal.Failure) {
	i := m.intent(key, data.Attempt)
	if i == nil || data.Role != "" && data.Role != roleFinally {
		return
	}
	i.settled, i.failure = false, &data
	delete(m.latest(i.In).done, key)
}

// heard notes a condition that was read for a question, a thing to do by hand or a wait, and keeps from it no longer.
func (m *memory) heard(key string, data journal.Reading) {
	if data.Of == ofWait && data.Truth == "true" || data.Of == ofExpect && data.Truth != "false" {
		m.latest(data.In).passed[key] = len(m.intents)
	}
}

func (m *memory) undone(key string, data journal.Outcome) {
	i := m.intent(key, data.Attempt)
	if i == nil { // an undo has run the `finally` that did it
		for _, f := range m.undoing(data.In).finals {
			if f.key == key && f.Attempt == data.Attempt {
				f.undone = true
			}
		}
		return
	}
	i.undone = true
	delete(m.latest(i.In).done, key)
}

// intent finds an effect of a step by its attempt; nil when the run itself has none.
func (m *memory) intent(key string, attempt int) *intent {
	for _, i := range m.intents {
		if i.key == key && i.Attempt == attempt {
			return i
		}
	}
	return nil
}

// last finds the last effect of a step.
func (m *memory) last(key string) *intent {
	var found *intent
	for _, i := range m.intents {
		if i.key == key {
			found = i
		}
	}
	return found
}

// latest is the last entering of a group; that of the run itself where the key is empty.
func (m *memory) latest(key string) *entry {
	if list := m.entries[key]; len(list) > 0 {
		return list[len(list)-1]
	}
	return m.root
}

// owed is the entering of a group that is to be closed, whatever has become of the groups round it since; nil when none is.
func (m *memory) owed(key string) *entry {
	if list := m.entries[key]; len(list) > 0 && list[len(list)-1].open {
		return list[len(list)-1]
	}
	return nil
}

// entry finds one entering of a group.
func (m *memory) entry(key string, number int) *entry {
	if list := m.entries[key]; number > 0 && number <= len(list) {
		return list[number-1]
	}
	return nil
}

// undoing is the entering of a group that an undo is at.
func (m *memory) undoing(key string) *entry {
	for _, e := range m.entries[key] {
		if e.undoOpen {
			return e
		}
	}
	return m.latest(key)
}

// restarting is the restart of the machine that was begun last, unless it is known to be over.
func (m *memory) restarting() *intent {
	var last *intent
	for _, i := range m.intents {
		if i.Effect == sdk.Restarts {
			last = i
		}
	}
	if last == nil || last.settled {
		return nil
	}
	return last
}
