package host

import (
	"maps"
	"slices"
)

// Names lists the plugins by name, sorted. It starts nothing.
func (h *Host) Names() []string { return slices.Sorted(maps.Keys(h.slots)) }
