package foldermachine

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
)

// Entry is a line of the machine's ledger, in which actions write what they do. It is no part of what is compared.
//
// An entry without What is a call: it is written before the call does anything, so that a call which a killed process
// began is there. An entry with What is a single effect, written when the effect is durable: a process that is killed in
// between leaves an effect without an entry, never an entry without its effect.
type Entry struct {
	Key    string `json:"key"`              // last element of the action instance's state directory
	Action string `json:"action"`           // "rename"
	Call   string `json:"call"`             // apply, undo
	What   string `json:"what,omitempty"`   // as in the changes of Prepare: "service updater"
	Detail string `json:"detail,omitempty"` // "stopped", "step 2 of 3"
}

const ledgerFile = ledgerDir + "/ledger.jsonl"

// Ledger reads the ledger, oldest entry first.
func (m Machine) Ledger() ([]Entry, error) {
	text, err := readFile(m.path(ledgerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Entry
	for line := range bytes.Lines(text) {
		var e Entry
		if json.Unmarshal(line, &e) == nil { // a line that was cut off is one that was never written
			all = append(all, e)
		}
	}
	return all, nil
}

// note adds an entry durably. It begins with a line break, in case that the line before it was cut off.
func (m Machine) note(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(m.path(ledgerFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append([]byte{'\n'}, append(line, '\n')...))
	return errors.Join(err, f.Sync(), f.Close())
}
