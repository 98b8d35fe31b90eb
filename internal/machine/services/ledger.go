package services

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Ledger keeps on the machine what is owed to services: it outlives whoever wrote it, and whoever comes next can pay. What it has
// written is on the disk when it returns.
type Ledger interface {
	Entries() (Entries, error)
	Write(name string, e Entry) error
	// Delete removes an entry; one that is not there is fine.
	Delete(name string) error
}

// Entry is what is owed to a service, and what is known of it from earlier actions.
type Entry struct {
	// Held is its start type while it has another one; nil where it has its own.
	Held *Held `json:"held,omitempty"`
	// Ran says that it ran when it was first touched, and has not been started again since.
	Ran bool `json:"ran,omitempty"`
	// For names the service that it was stopped for, which it depends on; "" where it was stopped for its own sake.
	For string `json:"for,omitempty"`
	// Since is when it was first touched.
	Since time.Time `json:"since,omitzero"`
	// Started is the process in which an action has started it although it had not run: nobody else has asked for that. The zero
	// Process stands for the one that an action is about to start.
	Started *Process `json:"started,omitempty"`
}

// Owes says whether anything is to be put back.
func (e Entry) Owes() bool { return e.Held != nil || e.Ran }

// Held is a start type that was taken from a service for a while.
type Held struct {
	Start Start     `json:"start"` // its own
	As    StartType `json:"as"`    // the one that it was given meanwhile
}

// Process is a process that is told apart from a later one of the same number.
type Process struct {
	PID     uint32    `json:"pid"`
	Created time.Time `json:"created"`
}

// Same says whether two are the same process.
func (p Process) Same(other Process) bool {
	return p.PID == other.PID && p.Created.Equal(other.Created)
}

// Entries are those of a ledger, by name.
type Entries map[string]Entry

// Of is the entry of a service, in any case of its name; the zero Entry where there is none.
func (es Entries) Of(name string) Entry {
	for n, e := range es {
		if strings.EqualFold(n, name) {
			return e
		}
	}
	return Entry{}
}

// ledgerKey has a key for each service that something is owed to, below HKEY_LOCAL_MACHINE, with one value, so that an entry
// is there whole or not at all.
const (
	ledgerKey   = `SOFTWARE\Rectify\Services`
	ledgerValue = "Entry"
	entryFormat = 1
)

type writtenEntry struct {
	Version int `json:"version"`
	Entry
}

// Encode is the entry as it is written.
func (e Entry) Encode() (string, error) {
	b, err := json.Marshal(writtenEntry{entryFormat, e})
	return string(b), err
}

// DecodeEntry reads what [Entry.Encode] gave.
func DecodeEntry(s string) (Entry, error) {
	var w writtenEntry
	if err := json.Unmarshal([]byte(s), &w); err != nil {
		return Entry{}, fmt.Errorf("expected JSON: %w", err)
	}
	if w.Version != entryFormat {
		return Entry{}, fmt.Errorf("it has version %d, this program knows version %d", w.Version, entryFormat)
	}
	if h := w.Held; h != nil && (!h.Start.Valid() || !(Start{Type: h.As}).Valid()) {
		return Entry{}, fmt.Errorf("unknown start type %q or %q", h.Start.Type, h.As)
	}
	return w.Entry, nil
}
