package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
)

// job is an installation that was begun. It lives in the state directory of the action, so that whoever comes later finds
// what is to be installed, whether a worker is at it, how far it is, and how it ended.
type job struct{ folder string }

// The files of a job, in the order in which they come into being.
const (
	orderFile    = "order.json"    // [order], durable, before anything is begun
	lockFile     = "working.lock"  // locked by the worker as long as it lives
	progressFile = "progress.json" // [standing], for people to see
	resultFile   = "result.json"   // [result], durable
)

const jobVersion = 1

// order is what is to be installed.
type order struct {
	Version    int    `json:"version"`
	UpdateGUID string `json:"update_guid"`
	Task       string `json:"task,omitempty"` // path of the task that runs the worker; empty where none does
}

// standing is how far a worker is.
type standing struct {
	Phase   string `json:"phase"`
	Percent int    `json:"percent"`
	Note    string `json:"note,omitempty"`
}

// result is how it ended.
type result struct {
	Version int           `json:"version"`
	Ended   time.Time     `json:"ended"`
	Output  InstallOutput `json:"output"`
	Error   *sdk.Error    `json:"error,omitempty"` // nil: the update was seen to be installed, or to wait for a restart
}

// jobIn is the job of a state directory.
func jobIn(stateDir string) (job, error) {
	if !filepath.IsAbs(stateDir) {
		return job{}, sdk.Errorf(sdk.InvalidInput, "the state directory %q is not an absolute path", stateDir)
	}
	return job{stateDir}, nil
}

// order gives what was ordered; nil where nothing was begun.
func (j job) order() (*order, error) {
	o, err := read[order](j, orderFile)
	if o != nil && o.Version != jobVersion {
		err = fmt.Errorf("the order in %s has version %d, expected %d", j.folder, o.Version, jobVersion)
	}
	return o, err
}

// result gives how it ended; nil where it has not.
func (j job) result() (*result, error) {
	r, err := read[result](j, resultFile)
	if r != nil && r.Version != jobVersion {
		err = fmt.Errorf("the result in %s has version %d, expected %d", j.folder, r.Version, jobVersion)
	}
	return r, err
}

// standing gives how far a worker is, or was when it ended; the zero value where nothing is known.
func (j job) standing() standing {
	p, err := read[standing](j, progressFile)
	if p == nil || err != nil { // it may just be replaced
		return standing{}
	}
	return *p
}

// A lock that is taken is tried again so often, and so long apart: whoever looks whether there is a worker has it for an
// instant.
const (
	lockTries = 20
	lockPause = 10 * time.Millisecond
)

// lock makes the caller the one worker of the job, unless there is one.
func (j job) lock() (release func(), got bool, err error) {
	f, err := os.OpenFile(filepath.Join(j.folder, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	for try := 1; ; try++ {
		got, err = tryLock(f, true)
		if got && err == nil {
			return func() { unlock(f) }, true, nil
		}
		if err != nil || try == lockTries {
			f.Close()
			return nil, false, err
		}
		time.Sleep(lockPause)
	}
}

// atWork says whether a worker is at it now. It changes nothing.
func (j job) atWork() (bool, error) {
	f, err := os.Open(filepath.Join(j.folder, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	free, err := tryLock(f, false)
	if !free || err != nil {
		f.Close()
		return !free, err
	}
	unlock(f)
	return false, nil
}

// read reads a file of the job; nil where there is none.
func read[T any](j job, name string) (*T, error) {
	v := new(T)
	found, err := kept.Read(j.folder, name, v)
	if !found || err != nil {
		return nil, err
	}
	return v, nil
}

// write makes a file of the job, or makes it anew, at once and durably.
func (j job) write(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ") // people read it too
	if err != nil {
		return err
	}
	return kept.WriteFile(filepath.Join(j.folder, name), text)
}
