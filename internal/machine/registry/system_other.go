//go:build !windows

package registry

import (
	"fmt"

	"github.com/rectify-project/rectify/sdk/target"
)

func system() (System, error) {
	return nil, fmt.Errorf("the registry of a running machine: %w", target.ErrNotWindows)
}
