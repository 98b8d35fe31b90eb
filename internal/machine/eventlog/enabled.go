package eventlog

import (
	"strings"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// channels is where the registry keeps the settings of the channels that providers declare.
const channels = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels`

// Enabled says whether a channel is switched on, and where that stands. The error is one of package registry; it wraps
// registry.ErrNoKey for a channel that the registry does not know. System, Application and Security are always on.
func Enabled(t *target.Target, channel string) (bool, sdk.Evidence, error) {
	if alwaysOn(channel) && !strings.EqualFold(channel, Setup) {
		return true, sdk.Evidence{}, nil
	}
	r, err := registry.Open(t)
	if err != nil {
		return false, sdk.Evidence{}, err
	}
	defer r.Close()
	k, err := r.Key(channels + `\` + channel)
	if err != nil {
		return false, sdk.Evidence{}, err
	}
	n, err := k.Number("Enabled")
	if err != nil {
		return false, sdk.Evidence{}, err
	}
	return n != 0, k.Evidence("Enabled"), nil
}
