package eventlog

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// channels is where the registry keeps the settings of the channels that providers declare.
const channels = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels`

// Enabled says whether a channel of a target is on, as [Source.Enabled] of the zero Source does.
func Enabled(t *target.Target, channel string) (bool, sdk.Evidence, error) {
	return Source{}.Enabled(t, channel)
}

// Enabled says whether a channel is switched on, and where that stands. System, Application and Security are always on. On
// a disk the error is one of package registry, and wraps registry.ErrNoKey for a channel that the registry does not know; of
// a running Windows it is one that [Source.Open] can give.
func (s Source) Enabled(t *target.Target, channel string) (bool, sdk.Evidence, error) {
	if alwaysOn(channel) && !strings.EqualFold(channel, Setup) {
		return true, sdk.Evidence{}, nil
	}
	if t.Kind() == target.Live {
		settings, err := s.Settings(channel)
		return settings.Enabled, sdk.Evidence{}, err
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

// Configure switches a channel of this machine on or off and says how large its log may grow, and reads the settings back:
// what is not as it was asked for is an error that has both. Errors are [*sdk.Error].
func (s Source) Configure(channel string, enabled bool, maxSize uint64) error {
	err := s.Machine().Configure(channel, enabled, maxSize)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return sdk.Errorf(sdk.AccessDenied, "the settings of the channel %s cannot be changed: %v", channel, err).
			WithHint("run as an administrator")
	case err != nil && !errors.As(err, new(*sdk.Error)):
		return sdk.Errorf(sdk.Unavailable, "the settings of the channel %s cannot be changed: %v", channel, err)
	case err != nil:
		return err
	}
	is, err := s.Settings(channel)
	switch {
	case err != nil:
		return sdk.Errorf(sdk.Unavailable, "the channel %s was to be %s, and what it is now cannot be read: %v", channel, state(enabled, maxSize), err)
	case is.Enabled != enabled, !SameSize(is.MaxSize, maxSize):
		return sdk.Errorf(sdk.Unavailable, "the channel %s was to be %s, which Windows took without an error, and it is %s", channel, state(enabled, maxSize), state(is.Enabled, is.MaxSize))
	}
	return nil
}

func state(enabled bool, maxSize uint64) string {
	word := "off"
	if enabled {
		word = "on"
	}
	return fmt.Sprintf("%s with a log of at most %d bytes", word, maxSize)
}

// Settings are those of a channel of a live target. The error is one that [Source.Open] can give.
func (s Source) Settings(channel string) (Settings, error) {
	if err := checkName(channel); err != nil {
		return Settings{}, err
	}
	settings, err := s.Machine().Settings(channel)
	return settings, failure(channel, "the settings of the channel "+channel, err)
}
