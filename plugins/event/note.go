package event

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/rectify-project/rectify/sdk"
)

// leaveNote puts a value into the state directory. When it returns the note is on the disk, whole; a crash before leaves
// none.
func leaveNote(stateDir, name string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	path := filepath.Join(stateDir, name)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = f.Write(b)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil && runtime.GOOS != "windows" { // which cannot sync a folder, and keeps a journal of names
		err = syncFolder(stateDir)
	}
	if err != nil {
		return sdk.Errorf(sdk.Unavailable, "what undo needs cannot be kept, so nothing is changed: %v", err)
	}
	return nil
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// hasNote says whether leaveNote has left one.
func hasNote(stateDir, name string) (bool, error) {
	_, err := os.Stat(filepath.Join(stateDir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, sdk.Errorf(sdk.Unavailable, "the state directory cannot be read: %v", err)
	}
	return true, nil
}
