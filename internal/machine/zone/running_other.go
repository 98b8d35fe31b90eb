//go:build !windows

package zone

import (
	"fmt"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
	"github.com/rectify-project/rectify/sdk/target"
)

func ofThisMachine() (*winzone.Zone, error) {
	return nil, fmt.Errorf("the time zone of a running machine: %w", target.ErrNotWindows)
}
