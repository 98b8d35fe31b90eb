package execute

import (
	"bytes"
	"encoding/json"

	"github.com/rectify-project/rectify/engine/journal"
)

// ledger is the log of a run with what it says so far.
type ledger struct {
	log    Log
	memory *memory
}

// logError is an error of the log: what happened is not written down, and nothing more may be done.
type logError struct{ err error }

func (e *logError) Error() string { return e.err.Error() }

func (e *logError) Unwrap() error { return e.err }

// note writes a record down, and takes it in as it would be read back.
func (l *ledger) note(kind journal.Kind, step string, data any) error {
	written, err := plainJSON(data)
	if err == nil {
		err = l.log.Append(kind, step, data)
	}
	if err != nil {
		return &logError{err}
	}
	l.memory.take(journal.Record{Kind: kind, Step: step, Data: written})
	return nil
}

// stateDir gives the folder of an attempt of a step.
func (l *ledger) stateDir(name string) (string, error) {
	dir, err := l.log.StateDir(name)
	if err != nil {
		return "", &logError{err}
	}
	return dir, nil
}

// plainJSON writes a value as JSON that is as it was given, without escapes for HTML.
func plainJSON(v any) (json.RawMessage, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(out.Bytes()), err
}
