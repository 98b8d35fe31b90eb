//go:build !windows

package registry

import (
	"fmt"

	"github.com/rectify-project/rectify/sdk/target"
)

// Live is the registry of this machine. The error wraps [target.ErrNotWindows] where it has none.
func Live() (System, error) {
	return nil, fmt.Errorf("the registry of a running machine: %w", target.ErrNotWindows)
}
