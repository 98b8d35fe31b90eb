package host

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// Channels that a machine writes.
const (
	channelSystem = "System"
	channelSetup  = "Setup"
	channelTasks  = "Microsoft-Windows-TaskScheduler/Operational"
	channelUpdate = "Microsoft-Windows-WindowsUpdateClient/Operational"
)

// Accounts that events name.
const (
	localSystem  evtx.SID = "S-1-5-18"
	localService evtx.SID = "S-1-5-19"
)

// Events are the event logs of a machine. Their methods take the events in any order; the logs are in the order of
// time.
type Events struct {
	Computer string // without its domain
	windows  Windows
	zone     Zone
	channels map[string][]evtx.Event
	boots    []time.Time
	runs     int  // of tasks, for their ids
	managed  bool // updates come from a WSUS server
}

// NewEvents are empty logs.
func NewEvents(w Windows, computer string) *Events {
	return &Events{Computer: computer, windows: w, zone: WEurope, channels: map[string][]evtx.Event{}}
}

// add logs an event and fills in what all events of the machine share.
func (e *Events) add(channel string, ev evtx.Event) {
	ev.Channel, ev.Computer = channel, e.Computer
	if ev.Level == 0 && channel != channelSetup {
		ev.Level = 4
	}
	e.channels[channel] = append(e.channels[channel], ev)
}

// Channels are the names of the channels that have events.
func (e *Events) Channels() []string { return slices.Sorted(maps.Keys(e.channels)) }

// Channel are the events of a channel in the order of time.
func (e *Events) Channel(name string) []evtx.Event {
	events := slices.Clone(e.channels[name])
	slices.SortStableFunc(events, func(a, b evtx.Event) int { return a.Time.Compare(b.Time) })
	return events
}

// Write writes a channel as the file that Windows keeps it in.
func (e *Events) Write(w io.Writer, channel string) error {
	if err := evtx.Write(w, e.Channel(channel)); err != nil {
		return fmt.Errorf("channel %s of %s: %w", channel, e.Computer, err)
	}
	return nil
}

// data are the named values of a payload: name, value, name, value.
func data(pairs ...any) []evtx.Field {
	var out []evtx.Field
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, evtx.Field{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return out
}

// texts are the values of a payload without names.
func texts(values ...string) []evtx.Field {
	var out []evtx.Field
	for _, v := range values {
		out = append(out, evtx.Field{Value: v})
	}
	return out
}
