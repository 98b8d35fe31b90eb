package file

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rectify-project/rectify/sdk"
)

// writeRecord puts a value into the state directory, under a name of its own. When it returns the value is on the disk,
// whole; a crash before leaves what had been there.
func writeRecord(stateDir, name string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	path := filepath.Join(stateDir, name)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return unrecorded(err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return unrecorded(err)
	}
	if err := replace(path+".new", path); err != nil {
		return unrecorded(err)
	}
	return nil
}

func unrecorded(err error) error {
	return sdk.Errorf(sdk.Unavailable, "what undo needs cannot be kept, so nothing is changed: %v", err)
}

// readRecord reads what writeRecord wrote; false when nothing was written.
func readRecord(stateDir, name string, value any) (bool, error) {
	b, err := os.ReadFile(filepath.Join(stateDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, value)
	}
	if err != nil {
		return false, sdk.Errorf(sdk.Unavailable, "what was kept in the state directory cannot be read: %v", err)
	}
	return true, nil
}

// dropRecord removes what writeRecord wrote.
func dropRecord(stateDir, name string) error {
	if err := os.Remove(filepath.Join(stateDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sdk.Errorf(sdk.Unavailable, "the state directory cannot be changed: %v", err)
	}
	return nil
}
