// Package kept keeps values in the state directory of an action, over a crash and a loss of power: what undo needs, and how
// far Apply got.
//
// A file is written under a temporary name, flushed, and given its own name in one step that is on the disk too when the
// function returns. So whoever reads finds what was there before, or what was written, never a part. A crash may leave the
// file with ".new" behind its name; nobody reads it, and the next Write takes its place.
//
// One process at a time may write or drop a name; others may read it meanwhile.
package kept

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rectify-project/rectify/sdk"
)

// MaxBytes is how long a value may be as JSON.
const MaxBytes = 128 << 20

// Write keeps a value as JSON under a name in a state directory, in place of what the name had. When it returns without an
// error the value is on the disk, whole; a crash before leaves what had been there. Where it fails, change nothing more: return
// its error, which says so.
//
// The name is that of the file: letters, digits, '.', '-' and '_'. Errors are [sdk.Error]: unavailable where the disk does not
// take it; internal for a name or a value that cannot be kept; invalid_input for a state directory that is not an absolute
// path.
func Write(stateDir, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return sdk.Errorf(sdk.Internal, "the value of %q cannot be kept: %v", name, err)
	}
	return write(stateDir, name, text)
}

func write(stateDir, name string, text []byte) error {
	path, err := place(stateDir, name)
	if err != nil {
		return err
	}
	if len(text) > MaxBytes {
		return sdk.Errorf(sdk.Internal, "the value of %q cannot be kept: it has %d bytes, expected at most %d", name, len(text), MaxBytes)
	}
	if err := WriteFile(path, text); err != nil {
		return sdk.Errorf(sdk.Unavailable, "what undo needs cannot be kept in the state directory, so nothing more is changed: %v", err)
	}
	return nil
}

// Read reads what [Write] kept under a name into value, a pointer to a zero value; false: nothing is kept there, and value is
// as it was. What is there and is not what Write makes of such a value is an error, never false. Errors are those of Write.
func Read(stateDir, name string, value any) (bool, error) {
	path, err := place(stateDir, name)
	if err != nil {
		return false, err
	}
	var text []byte
	err = patiently(func() error {
		text, err = readFile(path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		if err = json.Unmarshal(text, value); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	if err != nil {
		return false, sdk.Errorf(sdk.Unavailable, "what was kept in the state directory cannot be read: %v", err)
	}
	return true, nil
}

// Drop removes what [Write] kept under a name, durably; that nothing is kept there is fine. Errors are those of Write.
func Drop(stateDir, name string) error {
	path, err := place(stateDir, name)
	if err != nil {
		return err
	}
	err = patiently(func() error {
		if err := onlyFile(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return remove(path)
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return sdk.Errorf(sdk.Unavailable, "the state directory cannot be changed: %v", err)
	}
	return nil
}

// place is the path of a name. It refuses what leads out of the state directory, or is another file, or none, on Windows.
func place(stateDir, name string) (string, error) {
	if !filepath.IsAbs(stateDir) {
		return "", sdk.Errorf(sdk.InvalidInput, "the state directory %q is not an absolute path", stateDir)
	}
	foreign := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_", r)
	}
	switch {
	case name == "" || strings.ContainsFunc(name, foreign):
		return "", sdk.Errorf(sdk.Internal, "nothing can be kept as %q, expected a name of letters, digits, '.', '-' and '_'", name)
	case strings.HasSuffix(name, ".") || !filepath.IsLocal(name):
		return "", sdk.Errorf(sdk.Internal, "nothing can be kept as %q, expected a name that a file can have on Windows", name)
	case strings.HasSuffix(strings.ToLower(name), scratch):
		return "", sdk.Errorf(sdk.Internal, "nothing can be kept as %q, %s is the end of temporary names", name, scratch)
	}
	return filepath.Join(stateDir, name), nil
}

func readFile(path string) ([]byte, error) {
	if err := onlyFile(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.Size() > MaxBytes {
		err = fmt.Errorf("%s has %d bytes, expected at most %d", path, info.Size(), MaxBytes)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, MaxBytes)) // it may have grown since
}
