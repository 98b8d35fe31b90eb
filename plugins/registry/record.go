package registry

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
)

// exportFile is the file of the state directory that has what was there before. That it is there tells that the action
// was begun.
const exportFile = "before.export"

// keep writes what undo needs.
func keep(stateDir string, export *registry.Tree) error {
	if err := registry.Save(filepath.Join(stateDir, exportFile), export); err != nil {
		return sdk.Errorf(sdk.Unavailable, "what undo needs cannot be kept, so nothing is changed: %v", err)
	}
	return nil
}

// flushAbove writes a change to the disk by the innermost key that exists.
func flushAbove(s *registry.Store, path string) error {
	missing, err := s.Absentees(path)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		path = missing[0][:strings.LastIndexByte(missing[0], '\\')]
	}
	return s.Flush(path)
}

func changedSince(reason string) error {
	return sdk.Errorf(sdk.Unavailable, "somebody else has changed it since: %s", reason).WithHint("look at it, and put it right by hand")
}

// failed gives an error of a change a code.
func failed(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return explain(err)
}
