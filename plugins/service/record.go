package service

import (
	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
)

// record is what an action notes on its way, in its state directory. That it is there says that Apply has begun.
type record struct {
	Version int  `json:"version"`
	Done    bool `json:"done,omitempty"`   // Apply came to its end
	Undone  bool `json:"undone,omitempty"` // everything was put back since
	// Extra are dependents that were found running on the way, in the order of stopping.
	Extra []standing `json:"extra,omitempty"`
	// Started are the processes of the services that were started, by name.
	Started map[string]services.Process `json:"started,omitempty"`
	// Skipped are services that refuse to be stopped.
	Skipped []string `json:"skipped,omitempty"`
	// Passed are the optional services that were passed over, once nothing is left of what was done to them.
	Passed []passed `json:"passed,omitempty"`
}

// passed is a service that was passed over, with why.
type passed struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

const (
	recordName    = "services.json"
	recordVersion = 1
)

// begin notes that Apply begins, before its first effect. What was passed over is tried anew.
func (w *work) begin() error {
	w.begun, w.record.Version, w.record.Done, w.record.Undone = true, recordVersion, false, false
	w.record.Passed = nil
	return w.save()
}

// save writes the record, durably and whole.
func (w *work) save() error { return kept.Write(w.dir, recordName, w.record) }

// readRecord reads what save wrote; false when nothing was written.
func readRecord(dir string, r *record) (bool, error) {
	found, err := kept.Read(dir, recordName, r)
	if found && r.Version != recordVersion {
		return false, sdk.Errorf(sdk.Unavailable, "what was kept in the state directory has version %d, this plugin knows version %d", r.Version, recordVersion)
	}
	return found, err
}
