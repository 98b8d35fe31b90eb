package service

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
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

// save writes the record. When it returns the record is on the disk, whole; a crash before leaves the one before.
func (w *work) save() error {
	b, err := json.Marshal(w.record)
	if err != nil {
		return err
	}
	path := filepath.Join(w.dir, recordName)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return unrecorded(err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return unrecorded(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return unrecorded(err)
	}
	if runtime.GOOS == "windows" { // which cannot sync a folder, and keeps a journal of names
		return nil
	}
	dir, err := os.Open(w.dir)
	if err != nil {
		return unrecorded(err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return unrecorded(err)
	}
	return nil
}

func unrecorded(err error) error {
	return sdk.Errorf(sdk.Unavailable, "what undo needs cannot be kept in the state directory: %v", err)
}

// readRecord reads what save wrote; false when nothing was written.
func readRecord(dir string, r *record) (bool, error) {
	b, err := os.ReadFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, r)
	}
	if err != nil {
		return false, sdk.Errorf(sdk.Unavailable, "what was kept in the state directory cannot be read: %v", err)
	}
	if r.Version != recordVersion {
		return false, sdk.Errorf(sdk.Unavailable, "what was kept in the state directory has version %d, this plugin knows version %d", r.Version, recordVersion)
	}
	return true, nil
}
