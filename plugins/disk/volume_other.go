//go:build !windows

package disk

import (
	"fmt"

	"github.com/rectify-project/rectify/sdk/target"
)

func (system) describe(string) (description, error) {
	return description{}, errNotTold
}

func (system) dirty(string) (bool, error) { return false, errNotTold }

// errNotTold is the error for what only a running Windows tells.
var errNotTold = fmt.Errorf("serial number, label and state are told by Windows alone: %w", target.ErrNotWindows)
