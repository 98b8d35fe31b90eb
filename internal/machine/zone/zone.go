// Package zone is the time zone that a Windows machine on a target is set to.
package zone

import (
	"fmt"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Key holds the settings in the registry.
const Key = `HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation`

// Of reads the time zone of a target: of a disk in its registry, of a running Windows as that says itself. The error says why it is not known: callers then take local times as uncertain,
// never as UTC.
func Of(t *target.Target) (*winzone.Zone, error) {
	if t.Kind() != target.Offline {
		return ofThisMachine()
	}
	r, err := registry.Open(t)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	z, _, err := Read(r)
	return z, err
}

// Read reads the time zone, and where it stands.
func Read(r *registry.Registry) (*winzone.Zone, sdk.Evidence, error) {
	k, err := r.Key(Key)
	if err != nil {
		return nil, sdk.Evidence{}, err
	}
	// StandardName is a reference into a DLL ("@tzres.dll,-211") since Windows Vista, which has TimeZoneKeyName.
	named := "TimeZoneKeyName"
	name, err := k.Text(named)
	if err != nil || name == "" {
		named = "StandardName"
		if name, err = k.Text(named); err != nil {
			return nil, sdk.Evidence{}, err
		}
	}
	var minutes [3]uint64
	for i, value := range []string{"Bias", "StandardBias", "DaylightBias"} {
		if minutes[i], err = k.Number(value); err != nil {
			return nil, sdk.Evidence{}, err
		}
	}
	var dates [2][]byte
	for i, value := range []string{"StandardStart", "DaylightStart"} {
		data, err := k.Value(value)
		if err != nil {
			return nil, sdk.Evidence{}, err
		}
		var ok bool
		if dates[i], ok = data.([]byte); !ok {
			return nil, sdk.Evidence{}, fmt.Errorf("%s → %s holds a %T, expected bytes", k.Path(), value, data)
		}
	}
	z, err := winzone.FromValues(name, uint32(minutes[0]), uint32(minutes[1]), uint32(minutes[2]), dates[0], dates[1])
	if err != nil {
		return nil, sdk.Evidence{}, fmt.Errorf("%s: %w", k.Path(), err)
	}
	if off, err := k.Number("DynamicDaylightTimeDisabled"); err == nil && off == 1 {
		z.Standard, z.Daylight = winzone.Change{}, winzone.Change{}
	}
	return &z, k.Evidence(named), nil
}
