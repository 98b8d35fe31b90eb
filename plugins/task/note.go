package task

import (
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
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

// readNote gives nil when there is none.
func readNote(stateDir string) (*note, error) {
	n := new(note)
	found, err := kept.Read(stateDir, noteFile, n)
	if !found || err != nil {
		return nil, err
	}
	if n.Version != tokenVersion {
		return nil, sdk.Errorf(sdk.Unavailable, "what was kept in the state directory cannot be read: it has version %d, expected %d", n.Version, tokenVersion)
	}
	return n, nil
}
