// Package fakeeventlog is an Event Log service in memory: channels with events that it shows as the one of Windows does. It can
// be made as troublesome as that one is.
package fakeeventlog

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
)

// Machine is a machine with channels.
type Machine struct {
	mu       sync.Mutex
	channels map[string]*Channel // by name in lower case
	// Down is what every call fails with; nil for none.
	Down error
}

var _ eventlog.Machine = (*Machine)(nil)

// New makes a machine without channels.
func New() *Machine { return &Machine{channels: map[string]*Channel{}} }

// Channel is a channel of a machine. Set its fields before it is asked for anything.
type Channel struct {
	Settings eventlog.Settings
	// Denied says that it may not be read.
	Denied bool
	// NoLog says that it has never had one.
	NoLog bool
	// First is the number of its oldest event; 1 where it has all of them.
	First uint64
	// Unreadable are numbers of events that cannot be shown.
	Unreadable []uint64
	// Most is how many events are given at once before it is too much; 0 for any number.
	Most int
	// Stale is how many events a query gives until it must be asked anew; 0 for all of them.
	Stale int
	// OnQuery is called by each query, with its number from 1.
	OnQuery func(n int)
	// Locked says how a change of the settings fails: nil means that it does not.
	Locked error
	// Deaf says that a change of the settings is taken, and does nothing.
	Deaf bool
	// Words are those of events, by their number.
	Words map[uint64]string

	events  []event
	queries int
}

// event is one event of a channel, as it is shown and as queries see it.
type event struct {
	xml string
	system
}

// Add makes a channel that is on, of events as XML, oldest first. It replaces one of the same name.
func (m *Machine) Add(name string, events ...string) *Channel {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &Channel{Settings: eventlog.Settings{Enabled: true, MaxSize: 20 << 20, File: eventlog.Path(name)}, First: 1}
	c.Append(events...)
	if len(c.events) > 0 {
		c.First = c.events[0].record
	}
	m.channels[strings.ToLower(name)] = c
	return c
}

// Append adds events as XML.
func (c *Channel) Append(events ...string) {
	for _, xml := range events {
		c.events = append(c.events, event{xml, systemOf(xml)})
	}
}

// Clear empties a channel: its numbers go on.
func (c *Channel) Clear() {
	if n := len(c.events); n > 0 {
		c.First = c.events[n-1].record + 1
	}
	c.events = nil
}

// Overwrite takes the oldest events away.
func (c *Channel) Overwrite(count int) {
	c.events = c.events[count:]
	c.First = c.events[0].record
}

func failed(function string, code uint32, text string) error {
	return &eventlog.CallError{Function: function, Code: code, Text: text}
}

// find gives a channel, or the error that the function of Windows has.
func (m *Machine) find(function, name string) (*Channel, error) {
	c := m.channels[strings.ToLower(name)]
	switch {
	case m.Down != nil:
		return nil, m.Down
	case c == nil:
		return nil, failed(function, 15007, "The specified channel could not be found.")
	case c.Denied:
		return nil, failed(function, 5, "Access is denied.")
	}
	return c, nil
}

// Log is [eventlog.Service].
func (m *Machine) Log(name string) (eventlog.Log, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := m.find("EvtOpenLog", name)
	if err != nil {
		return eventlog.Log{}, err
	}
	if c.NoLog {
		return eventlog.Log{}, failed("EvtGetLogInfo", 2, "The system cannot find the file specified.")
	}
	return eventlog.Log{Records: uint64(len(c.events)), Oldest: c.First, Size: 69632}, nil
}

// Settings is [eventlog.Service].
func (m *Machine) Settings(name string) (eventlog.Settings, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.channels[strings.ToLower(name)]
	switch {
	case m.Down != nil:
		return eventlog.Settings{}, m.Down
	case c == nil:
		return eventlog.Settings{}, failed("EvtOpenChannelConfig", 15007, "The specified channel could not be found.")
	}
	return c.Settings, nil
}

// Configure is [eventlog.Configurer]. Sizes are rounded up as Windows does.
func (m *Machine) Configure(name string, enabled bool, maxSize uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.channels[strings.ToLower(name)]
	switch {
	case m.Down != nil:
		return m.Down
	case c == nil:
		return failed("EvtOpenChannelConfig", 15007, "The specified channel could not be found.")
	case c.Locked != nil:
		return c.Locked
	case c.Deaf:
		return nil
	}
	const chunk, header = 64 << 10, 4 << 10
	if maxSize != c.Settings.MaxSize {
		maxSize = header + (maxSize-header+chunk-1)/chunk*chunk
	}
	c.Settings.Enabled, c.Settings.MaxSize = enabled, maxSize
	return nil
}

// Query is [eventlog.Service].
func (m *Machine) Query(q eventlog.Query) (eventlog.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := m.find("EvtQuery", q.Channel)
	if err != nil {
		return nil, err
	}
	selects, err := parse(q.XPath)
	if err != nil {
		return nil, failed("EvtQuery", 15001, "The specified query is invalid: "+err.Error())
	}
	c.queries++
	if c.OnQuery != nil {
		c.OnQuery(c.queries)
	}
	r := &result{channel: c}
	for _, e := range c.events {
		if selects(e.system) {
			r.events = append(r.events, e)
		}
	}
	if q.NewestFirst {
		slices.Reverse(r.events)
	} else {
		r.stale = c.Stale
	}
	return r, nil
}

type result struct {
	channel *Channel
	events  []event
	stale   int // how many are given until it is stale; 0: all
	given   int
}

func (r *result) Next(ctx context.Context, limit int) ([]eventlog.Event, error) {
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case r.stale > 0 && r.given >= r.stale:
		return nil, failed("EvtNext", 15011, "The query result is stale or invalid and must be recreated.")
	case len(r.events) == 0:
		return nil, io.EOF
	case r.channel.Most > 0 && limit > r.channel.Most:
		return nil, failed("EvtNext", 1734, "The array bounds are invalid.")
	}
	var list []eventlog.Event
	for _, e := range r.events[:min(limit, len(r.events))] {
		if slices.Contains(r.channel.Unreadable, e.record) {
			list = append(list, eventlog.Event{Err: failed("EvtRender", 15005, fmt.Sprintf("The event data of %d is invalid.", e.record))})
			continue
		}
		list = append(list, eventlog.Event{XML: e.xml})
	}
	r.events = r.events[len(list):]
	r.given += len(list)
	return list, nil
}

func (r *result) Close() error { return nil }

// Messages is [eventlog.Messenger].
func (m *Machine) Messages(name string) (eventlog.Messages, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := m.find("EvtQuery", name)
	return words{c}, err
}

type words struct{ channel *Channel }

func (w words) Message(_ context.Context, record uint64) (string, error) {
	text, ok := w.channel.Words[record]
	if !ok {
		return "", failed("EvtFormatMessage", 15027, "The message resource is present but the message was not found in the message table.")
	}
	return text, nil
}

func (w words) Close() error { return nil }
