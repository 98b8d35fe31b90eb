package system

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// writeNote makes a note of an action durable in its state directory, at once: it is the old one or the new one.
func writeNote(stateDir, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	path := filepath.Join(stateDir, name)
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".part", path); err != nil {
		return err
	}
	return syncNames(stateDir)
}

// syncNames makes names durable. On Windows a folder cannot be synced: NTFS journals names.
func syncNames(folder string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// maxNote bounds a note; they have some hundred bytes.
const maxNote = 1 << 20

// readNote reads a note; nil: there is none.
func readNote[T any](stateDir, name string) (*T, error) {
	path := filepath.Join(stateDir, name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && info.Size() > maxNote {
		err = fmt.Errorf("%s has %d bytes, expected at most %d", path, info.Size(), maxNote)
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	note := new(T)
	if err := json.Unmarshal(text, note); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	return note, nil
}

// dropNote takes a note away, durably.
func dropNote(stateDir, name string) error {
	if err := os.Remove(filepath.Join(stateDir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncNames(stateDir)
}
