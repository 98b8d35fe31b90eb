package execute

import (
	"encoding/json"
	"slices"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/sdk"
)

// memory is what the records of a run say: what is certain, what is owed, what is not known.
type memory struct {
	decisions map[string]journal.Kind // of units, by the key of their step
	answers   map[string]journal.Answer
	intents   []*intent // in order
	groups    map[string]*group
	// stopped is the reason of the last stop, when nothing came after it.
	stopped   string
	restarted bool // a restart that was part of the run is over
	undoing   bool // taking back has begun
	restored  bool // and is complete
}

// intent is an effect with what is known of it.
type intent struct {
	journal.Intent
	key     string
	groups  []string // keys of the groups that it was done in, outermost first
	entry   int      // which entering of the innermost group it belongs to
	settled bool     // the effect was there
	outcome journal.Outcome
	failure *journal.Failure
	undone  bool
	// stale says that a `finally` has run since: the effect may have been released.
	stale bool
}

// unknown says whether it was not written down what came of the effect.
func (i *intent) unknown() bool { return !i.settled && i.failure == nil }

// group is a group with what is owed for it.
type group struct {
	open     bool // entered, and its `finally` has not run since
	closing  bool // its `finally` has begun
	complete bool // it is done, with its `finally`
	entries  int
	needless map[string]journal.Outcome // members that were as they would be, of this entry
	undoOpen bool                       // an undo holds it open
}

// recall reads records.
func recall(records []journal.Record) *memory {
	m := &memory{decisions: map[string]journal.Kind{}, answers: map[string]journal.Answer{}, groups: map[string]*group{}}
	var inside []string
	for _, rec := range records {
		if rec.Kind != journal.Stopped && rec.Kind != journal.Resumed {
			m.stopped = ""
		}
		switch rec.Kind {
		case journal.Approved, journal.Declined:
			m.decisions[rec.Step] = rec.Kind
		case journal.Answered:
			m.answers[rec.Step] = read[journal.Answer](rec)
		case journal.Entered:
			g := m.group(rec.Step)
			if read[journal.Group](rec).Reason == undoReason {
				g.undoOpen = true
				continue
			}
			if i := slices.Index(inside, rec.Step); i >= 0 { // a start after a crash
				inside = inside[:i]
			}
			inside = append(inside, rec.Step)
			g.enter()
		case journal.Closed:
			reason := read[journal.Group](rec).Reason
			g := m.group(rec.Step)
			if reason == undoReason {
				g.undoOpen, g.open = false, false // the undo has run its `finally`
				continue
			}
			if i := slices.Index(inside, rec.Step); i >= 0 {
				inside = inside[:i]
			}
			m.close(rec.Step, reason)
		case journal.Intended:
			m.intend(rec, inside)
		case journal.Done, journal.Failed, journal.Undone:
			m.settle(rec)
		case journal.Needless:
			at := ""
			if len(inside) > 0 {
				at = inside[len(inside)-1]
			}
			m.group(at).needless[rec.Step] = read[journal.Outcome](rec)
		case journal.Stopped:
			m.stopped = read[journal.Stop](rec).Reason
		case journal.Rebound:
			m.restarted = true
		case journal.Undoing:
			m.undoing, m.restored = true, false
		case journal.Restored:
			m.restored = true
		}
	}
	return m
}

// The roles of intents.
const (
	roleFinally     = "finally"
	roleHold        = "hold"
	roleUndo        = "undo"
	roleUndoFinally = "undo finally"
)

// undoReason marks the records of groups that an undo opens and closes.
const undoReason = "undo"

// read gives the data of a record. The store has made sure that it is what was written.
func read[T any](rec journal.Record) T {
	var v T
	_ = json.Unmarshal(rec.Data, &v)
	return v
}

func (m *memory) group(key string) *group {
	g, ok := m.groups[key]
	if !ok {
		g = &group{needless: map[string]journal.Outcome{}}
		m.groups[key] = g
	}
	return g
}

func (g *group) enter() {
	g.open, g.closing, g.complete = true, false, false
	g.entries++
	g.needless = map[string]journal.Outcome{}
}

// close marks what a `finally` may have released, unless the group is complete.
func (m *memory) close(key, reason string) {
	g := m.group(key)
	g.open, g.closing, g.complete = false, false, reason == ""
	if reason == "" {
		return
	}
	g.needless = map[string]journal.Outcome{}
	for _, i := range m.intents {
		if slices.Contains(i.groups, key) {
			i.stale = true
			for _, inner := range i.groups[slices.Index(i.groups, key)+1:] {
				m.group(inner).complete = false
			}
		}
	}
}

func (m *memory) intend(rec journal.Record, inside []string) {
	data := read[journal.Intent](rec)
	switch data.Role {
	case roleUndo, roleHold, roleUndoFinally: // what they do shows in the intent that they are about
		return
	case roleFinally:
		if len(inside) > 0 {
			m.group(inside[len(inside)-1]).closing = true
		}
	}
	m.add(rec.Step, data, inside)
}

// add notes an intent.
func (m *memory) add(key string, data journal.Intent, inside []string) *intent {
	i := &intent{Intent: data, key: key, groups: slices.Clone(inside)}
	if len(inside) > 0 {
		i.entry = m.group(inside[len(inside)-1]).entries
	}
	m.intents = append(m.intents, i)
	return i
}

func (m *memory) settle(rec journal.Record) {
	switch rec.Kind {
	case journal.Done:
		data := read[journal.Outcome](rec)
		if data.Role != "" && data.Role != roleFinally {
			return
		}
		if i := m.last(rec.Step); i != nil {
			i.settled, i.stale, i.failure, i.outcome = true, false, nil, data
			if i.Effect == sdk.Restarts {
				m.restarted = true
			}
		}
	case journal.Failed:
		data := read[journal.Failure](rec)
		if data.Role != "" && data.Role != roleFinally {
			return
		}
		if i := m.last(rec.Step); i != nil {
			i.settled, i.failure = false, &data
		}
	case journal.Undone:
		n := read[journal.Outcome](rec).Attempt
		for _, i := range m.intents {
			if i.key == rec.Step && (n == 0 || i.Attempt == n) {
				i.undone = true
			}
		}
	}
}

// last finds the last intent of a step.
func (m *memory) last(key string) *intent {
	for _, i := range slices.Backward(m.intents) {
		if i.key == key {
			return i
		}
	}
	return nil
}

// attempts counts the tries of a step.
func (m *memory) attempts(key string) int {
	n := 0
	for _, i := range m.intents {
		if i.key == key {
			n++
		}
	}
	return n
}

// awaitsRestart says whether the run stopped for a restart that is part of it.
func (m *memory) awaitsRestart() bool {
	if m.stopped == "restart" {
		return true
	}
	n := len(m.intents)
	return n > 0 && m.intents[n-1].Effect == sdk.Restarts && m.intents[n-1].unknown()
}

// rawJSON writes a value that is made of JSON.
func rawJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}
