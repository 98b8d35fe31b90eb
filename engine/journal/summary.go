package journal

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// State is where a run stands, as its records and its lock tell it.
type State string

// The states of runs.
const (
	StateRunning     State = "running"     // a living process is at it
	StateInterrupted State = "interrupted" // its process died without a word
	StateStopped     State = "stopped"     // it ended before it was complete
	StateEnded       State = "ended"       // it is complete
	StateUndoing     State = "undoing"     // taking back has begun, and has not ended; whether a process is at it says Alive
	StateUndone      State = "undone"      // everything that was to be taken back is
)

// Summary tells of a run in short.
type Summary struct {
	ID       string    `json:"id"`
	Playbook string    `json:"playbook"`
	Title    string    `json:"title,omitempty"`
	Target   Target    `json:"target"`
	Who      Person    `json:"who"` // who began it
	Began    time.Time `json:"began"`
	Last     time.Time `json:"last"` // of the newest record; earlier than Began when the clock was set back
	State    State     `json:"state"`
	Outcome  string    `json:"outcome,omitempty"` // of the last verdict
	Stop     string    `json:"stop,omitempty"`    // why it stopped; empty once it goes on
	Alive    bool      `json:"alive,omitempty"`   // a living process holds its target for it
	PID      int       `json:"pid,omitempty"`     // of that process
}

// account follows a run through its records.
type account struct {
	Summary
	before  State // undoing began, for when only some steps were taken back
	effects bool  // something was about to be changed
}

// told are the kinds whose data an account needs. The others may be large, and many.
const told = "'started', 'stopped', 'verified', 'ended', 'undoing', 'restored'"

func (a *account) take(r *row) error {
	record := r.record()
	var err error
	a.Last = record.Time
	switch record.Kind {
	case Started:
		var start Start
		start, err = readFront(r.data)
		a.Summary = Summary{ID: r.run, Playbook: start.Playbook, Title: start.Title, Target: start.Target, Who: start.Who, Began: record.Time, Last: record.Time, State: StateInterrupted}
	case Stopped:
		var stop Stop
		err = json.Unmarshal(r.data, &stop)
		a.Stop = cmp.Or(stop.Text, stop.Reason)
		if a.State != StateUndoing { // a taking back that stops is still owed
			a.State = StateStopped
		}
	case Verified, Ended:
		var verdict Verdict
		err = json.Unmarshal(r.data, &verdict)
		a.Outcome = verdict.Outcome
		if record.Kind == Ended {
			a.State = StateEnded
		} else {
			a.goesOn()
		}
	case Undoing:
		if a.State != StateUndoing {
			a.before = a.State
		}
		a.State, a.Stop = StateUndoing, ""
	case Restored:
		var undo Undo
		err = json.Unmarshal(r.data, &undo)
		a.State = StateUndone
		if len(undo.Steps) > 0 {
			a.State = a.before
		}
	case Intended, Rebound:
		a.effects = a.effects || record.Kind == Intended
		if a.State != StateUndoing {
			a.State, a.Stop = StateInterrupted, ""
		}
	default:
		a.goesOn()
	}
	if err != nil {
		return fmt.Errorf("record %d (%s): %w", r.sequence, r.kind, err)
	}
	return nil
}

// readFront reads a Start as far as its person, which stands behind all else that a summary needs. What follows may be a
// thousand times as long, and the summaries of all runs are read whenever one begins.
func readFront(data []byte) (Start, error) {
	var start Start
	d := json.NewDecoder(bytes.NewReader(data))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return start, errors.New("it is no object of JSON")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return start, err
		}
		var into any = new(json.RawMessage)
		switch key {
		case "playbook":
			into = &start.Playbook
		case "title":
			into = &start.Title
		case "target":
			into = &start.Target
		case "who":
			into = &start.Who
		}
		if err := d.Decode(into); err != nil || key == "who" {
			return start, err
		}
	}
	return start, nil
}

// goesOn notes a record after a stop: the run was resumed. A run that is complete, or is taken back, stays so.
func (a *account) goesOn() {
	if a.State == StateStopped {
		a.State = StateInterrupted
	}
	if a.State == StateInterrupted {
		a.Stop = ""
	}
}

// owed says that the run keeps others from its target: it may be changing it, or has left it half changed. A run that
// stopped before its first effect has not.
func (a *account) owed() bool {
	switch a.State {
	case StateEnded, StateUndone:
		return false
	}
	return a.effects || a.Alive
}

// Runs gives all runs, the newest first. Records that cannot be read leave their run incomplete, and give an
// [ErrDamaged] beside the runs.
func (s *Store) Runs() ([]Summary, error) {
	accounts, err := s.accounts("")
	return summaries(accounts), err
}

// Unfinished gives the runs on a target that are running, or have left changes that are neither complete nor taken
// back, the newest first; with an empty identity those of all targets. A run that stopped before its first effect owes
// nothing.
func (s *Store) Unfinished(identity string) ([]Summary, error) {
	accounts, err := s.accounts("")
	if err != nil {
		return nil, err
	}
	return summaries(slices.DeleteFunc(accounts, func(a *account) bool {
		return !a.owed() || identity != "" && a.Target.Identity != identity
	})), nil
}

func summaries(accounts []*account) []Summary {
	list := make([]Summary, 0, len(accounts))
	for _, a := range accounts {
		list = append(list, a.Summary)
	}
	return list
}

// accounts reads those of one run, or of all, the newest first.
func (s *Store) accounts(run string) ([]*account, error) {
	var list []*account
	var damage error
	err := s.view(func(tx *sql.Tx) error {
		list, damage = nil, nil
		query, args := "", []any(nil)
		if run != "" {
			query, args = "WHERE r.run = ?", []any{run}
		}
		rows, err := tx.Query("SELECT r.sequence, r.run, r.time, r.kind, r.step, '', CASE WHEN r.kind IN ("+told+") THEN r.data END FROM record r "+query+" ORDER BY r.sequence", args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		byRun := map[string]*account{}
		for rows.Next() {
			var r row
			if err := rows.Scan(r.targets()...); err != nil {
				return err
			}
			a := byRun[r.run]
			if a == nil {
				a = &account{Summary: Summary{ID: r.run, State: StateInterrupted}}
				byRun[r.run] = a
				list = append(list, a)
			}
			if err := a.take(&r); err != nil && damage == nil {
				damage = s.damaged(err.Error() + "; `rectify history verify` tells more")
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(list)
	return list, cmp.Or(s.awake(list), damage)
}

// awake notes which runs a living process is at.
func (s *Store) awake(list []*account) error {
	holders := map[string]*holder{}
	for _, a := range list {
		identity := a.Target.Identity
		h, known := holders[identity]
		if !known {
			var err error
			if h, err = s.holding(identity); err != nil {
				return err
			}
			holders[identity] = h
		}
		if h == nil || h.Run != a.ID {
			continue
		}
		a.Alive, a.PID = true, h.PID
		if a.State == StateInterrupted {
			a.State = StateRunning
		}
	}
	return nil
}
