package rehearse

import (
	"slices"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/sdk"
)

// possible is a catalog in which every action can be carried out: a test needs neither the system that an action is for
// nor a version that has its hands. An action that names no target serves the running machine; what one names stands, so
// that a test on a disk sees what the disk cannot do.
type possible struct{ check.Catalog }

// Plugin gives the manifest of a plugin with its actions made possible.
func (p possible) Plugin(name string) (sdk.Manifest, error) {
	m, err := p.Catalog.Plugin(name)
	m.Actions = slices.Clone(m.Actions)
	for i := range m.Actions {
		a := &m.Actions[i]
		a.Needs.Platforms = nil
		if len(a.Targets) == 0 {
			a.Targets = []sdk.TargetKind{sdk.Live}
		}
	}
	return m, err
}
