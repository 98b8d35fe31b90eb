package foldermachine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rectify-project/rectify/sdk/kept"
)

// replace makes a file of the machine anew, at once and durably: whoever is killed, it has the old text or the new.
func (m Machine) replace(name string, data []byte) error {
	return replaceFile(m.path(scratchDir), m.path(name), data)
}

// replaceFile writes into a scratch folder of the same disk first. What a killed process leaves there does no harm.
func replaceFile(scratch, path string, data []byte) error {
	f, err := os.CreateTemp(scratch, "write-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = patiently(func() error { return os.Rename(f.Name(), path) })
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error tells more
		return err
	}
	return kept.SyncFolder(filepath.Dir(path))
}

// readFile reads a file that others may be replacing.
func readFile(path string) (data []byte, err error) {
	err = patiently(func() error {
		data, err = os.ReadFile(path)
		return err
	})
	return data, err
}

// remove deletes a file or empty folder durably; one that is gone already is fine.
func (m Machine) remove(name string) error {
	err := patiently(func() error { return os.Remove(m.path(name)) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return kept.SyncFolder(filepath.Dir(m.path(name)))
}

// move renames a file or folder within one folder, durably. The new name must be free.
func (m Machine) move(from, to string) error {
	taken, err := m.exists(to)
	if err != nil {
		return err
	}
	if taken {
		return fmt.Errorf("%q cannot be renamed to %q: something has that name", from, to)
	}
	if err := patiently(func() error { return os.Rename(m.path(from), m.path(to)) }); err != nil {
		return err
	}
	return kept.SyncFolder(filepath.Dir(m.path(to)))
}

// makeFolder makes one folder durably; one that is there already is fine.
func (m Machine) makeFolder(name string) error {
	err := os.Mkdir(m.path(name), 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return kept.SyncFolder(filepath.Dir(m.path(name)))
}

func (m Machine) exists(name string) (bool, error) {
	kind, err := m.kind(name)
	return kind != "", err
}

// kind is "file" or "folder", or empty where nothing has the name.
func (m Machine) kind(name string) (string, error) {
	info, err := os.Lstat(m.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case info.IsDir():
		return "folder", nil
	}
	return "file", nil
}

const (
	lockPoll = time.Millisecond
	// machineLockTimeout is far longer than anything that happens under the machine's lock.
	machineLockTimeout = 10 * time.Second
)

// locked does one small change of the machine while nobody else does one. The lock ends with the process that holds it.
func (m Machine) locked(change func() error) error {
	f, err := os.OpenFile(m.path(scratchDir+"/machine.lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer unlock(f)
	for deadline := time.Now().Add(machineLockTimeout); ; time.Sleep(lockPoll) {
		got, err := tryLock(f, true)
		if err != nil {
			return err
		}
		if got {
			return change()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the machine in %s is locked for %s already; is a process that uses it suspended?", m.Dir, machineLockTimeout)
		}
	}
}

const workLock = "working.lock"

// lockWork makes sure that one process at a time works on an instance of an action: one that must not be cut off goes on
// when its host has died, and the next host finds it at work. The function that it returns ends that.
func lockWork(ctx context.Context, stateDir string) (func(), error) {
	f, err := os.OpenFile(filepath.Join(stateDir, workLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		got, err := tryLock(f, true)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			unlock(f)
			return nil, err
		}
		if got {
			return func() { unlock(f) }, nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(lockPoll):
		}
	}
}

// atWork says whether some process works on an instance of an action now.
func atWork(stateDir string) (bool, error) {
	f, err := os.Open(filepath.Join(stateDir, workLock))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer unlock(f)
	free, err := tryLock(f, false)
	return !free, err
}
