package task

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/rectify-project/rectify/sdk"
)

// note is what Apply leaves in the state directory before it changes anything. A task that is switched and of which there is no
// note was switched by somebody else.
type note struct {
	Version int  `json:"version"`
	Found   bool `json:"found"` // switched already, when Apply came: by somebody else too
}

// ours says whether this action has begun to switch the task. No note is a nil one.
func (n *note) ours() bool { return n != nil && !n.Found }

const noteFile = "switch.json"

// writeNote returns when the note is on the disk, whole.
func writeNote(stateDir string, n note) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	path := filepath.Join(stateDir, noteFile)
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return unnoted(err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return unnoted(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return unnoted(err)
	}
	if runtime.GOOS == "windows" { // which cannot sync a folder, and keeps a journal of names
		return nil
	}
	dir, err := os.Open(stateDir)
	if err != nil {
		return unnoted(err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return unnoted(err)
	}
	return nil
}

func unnoted(err error) error {
	return sdk.Errorf(sdk.Unavailable, "what undo needs cannot be kept, so nothing is changed: %v", err)
}

// readNote gives nil when there is none.
func readNote(stateDir string) (*note, error) {
	b, err := os.ReadFile(filepath.Join(stateDir, noteFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var n note
	if err == nil {
		err = json.Unmarshal(b, &n)
	}
	if err == nil && n.Version != tokenVersion {
		err = sdk.Errorf(sdk.Unavailable, "it has version %d, expected %d", n.Version, tokenVersion)
	}
	if err != nil {
		return nil, sdk.Errorf(sdk.Unavailable, "what was kept in the state directory cannot be read: %v", err)
	}
	return &n, nil
}

func dropNote(stateDir string) error {
	if err := os.Remove(filepath.Join(stateDir, noteFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sdk.Errorf(sdk.Unavailable, "the state directory cannot be changed: %v", err)
	}
	return nil
}
