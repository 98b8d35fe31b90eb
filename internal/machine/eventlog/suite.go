package eventlog

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// The functions of plugins that rest on reading channels.
var readers = []string{"event.query", "event.channel", "service.changes", "system.boots", "task.runs", "update.attempts"}

// Suite is what plugins take for granted of the Event Log service. Nothing of it changes anything, save one check that says so.
func Suite(m Machine) conformance.Suite {
	l := func() *liveLog { return &liveLog{channel: System, machine: m, reader: newReader()} }
	return conformance.Suite{Name: "event log", Checks: []conformance.Check{
		{
			Name:   "a log tells how many events it has, from which number on, and its size",
			API:    []string{"wevtapi!EvtOpenLog", "wevtapi!EvtGetLogInfo", "wevtapi!EvtClose"},
			Serves: readers, Deadly: true,
			Run: func(context.Context) error { return logTells(m) },
		},
		{
			Name:   "events come oldest first, and newest first where that is asked for",
			API:    []string{"wevtapi!EvtQuery", "wevtapi!EvtNext", "wevtapi!EvtRender", "wevtapi!EvtClose"},
			Serves: readers, Deadly: true,
			Run: func(ctx context.Context) error { return eventsInOrder(ctx, m, l()) },
		},
		{
			Name:   "a query by identifier, time and number gives just these events",
			API:    []string{"wevtapi!EvtQuery", "wevtapi!EvtNext", "wevtapi!EvtRender"},
			Serves: readers, Deadly: true,
			Run: func(ctx context.Context) error { return selected(ctx, m, l()) },
		},
		{
			Name:   "a query ends when it is called off",
			API:    []string{"wevtapi!EvtNext", "wevtapi!EvtCancel"},
			Serves: readers, Deadly: true,
			Run: func(ctx context.Context) error { return calledOff(ctx, m) },
		},
		{
			Name:   "a channel that does not exist is told from one that is empty",
			API:    []string{"wevtapi!EvtOpenLog", "wevtapi!EvtGetLogInfo", "wevtapi!EvtQuery", "wevtapi!EvtOpenChannelConfig"},
			Serves: readers, Deadly: true,
			Run: func(context.Context) error { return unknownIsTold(m) },
		},
		{
			Name:   "what may not be read is told as such",
			API:    []string{"wevtapi!EvtQuery"},
			Serves: []string{"event.query"}, Deadly: true,
			Run: func(ctx context.Context) error { return deniedIsTold(ctx, m) },
		},
		{
			Name:   "a channel tells whether it is on, and how large its log may grow",
			API:    []string{"wevtapi!EvtOpenChannelConfig", "wevtapi!EvtGetChannelConfigProperty", "wevtapi!EvtClose"},
			Serves: []string{"event.channel", "event.query", "event.enable_channel", "task.runs"}, Deadly: true,
			Run: func(context.Context) error { return settingsTold(m) },
		},
		{
			Name: "an event of the System channel has the words of its provider",
			API: []string{"wevtapi!EvtCreateBookmark", "wevtapi!EvtSeek", "wevtapi!EvtNext", "wevtapi!EvtRender",
				"wevtapi!EvtOpenPublisherMetadata", "wevtapi!EvtFormatMessage"},
			Serves: []string{"event.query"}, Deadly: true,
			Run: func(ctx context.Context) error { return wordsFound(ctx, m, l()) },
		},
		{
			Name:    "a channel that is switched off or on reads back as such, and so does its size",
			API:     []string{"wevtapi!EvtSetChannelConfigProperty", "wevtapi!EvtSaveChannelConfig", "wevtapi!EvtGetChannelConfigProperty"},
			Serves:  []string{"event.enable_channel"},
			Changes: true, Deadly: true,
			Run: func(context.Context) error { return settingsChange(m) },
		},
	}}
}

// outcome makes the verdict on an error of the service.
func outcome(err error) error {
	switch {
	case errors.Is(err, ErrStub):
		return conformance.Missing("%v", err)
	case errors.Is(err, fs.ErrPermission):
		return conformance.Inapplicable("this account may not: %v", err)
	}
	return conformance.Differs("%v", err)
}

func logTells(m Machine) error {
	log, err := m.Log(System)
	switch {
	case err != nil:
		return outcome(err)
	case log.Records == 0:
		return conformance.Inapplicable("the channel System is empty")
	case log.Oldest == 0, log.Size <= 0:
		return conformance.Differs("the log of System has %d events from number %d on, and %d bytes", log.Records, log.Oldest, log.Size)
	}
	return nil
}

// some gives a few events of the System channel from one of its ends.
func some(ctx context.Context, l *liveLog, xpath string, newest bool) ([]*evtx.Record, error) {
	result, err := l.machine.Query(Query{System, xpath, newest})
	if err != nil {
		return nil, outcome(err)
	}
	defer result.Close()
	events, err := result.Next(ctx, 20)
	switch {
	case errors.Is(err, io.EOF):
		return nil, conformance.Inapplicable("the channel System has no event for %s", xpath)
	case err != nil:
		return nil, outcome(err)
	}
	var list []*evtx.Record
	for _, e := range events {
		r, err := l.read(e)
		if err != nil {
			return nil, outcome(err)
		}
		list = append(list, r)
	}
	return list, nil
}

func eventsInOrder(ctx context.Context, _ Machine, l *liveLog) error {
	oldest, err := some(ctx, l, "*", false)
	if err != nil {
		return err
	}
	newest, err := some(ctx, l, "*", true)
	if err != nil {
		return err
	}
	for i := 1; i < len(oldest); i++ {
		if a, b := oldest[i-1].RecordID, oldest[i].RecordID; a >= b {
			return conformance.Differs("oldest first, number %d comes behind %d", b, a)
		}
	}
	if a, b := newest[0].RecordID, oldest[0].RecordID; a < b {
		return conformance.Differs("the newest event has the number %d, and the oldest %d", a, b)
	}
	return nil
}

func selected(ctx context.Context, _ Machine, l *liveLog) error {
	newest, err := some(ctx, l, "*", true)
	if err != nil {
		return err
	}
	want := newest[len(newest)-1]
	f := evtx.Filter{IDs: []uint32{want.ID}, From: want.Time, To: want.Time.Add(time.Minute)}
	xpath, _ := expression(f, want.RecordID-1)
	got, err := some(ctx, l, xpath, false)
	if err != nil {
		return err
	}
	if got[0].RecordID != want.RecordID || !got[0].Time.Equal(want.Time) {
		return conformance.Differs("%s gives the number %d of %v first, expected %d of %v", xpath, got[0].RecordID, got[0].Time, want.RecordID, want.Time)
	}
	for _, r := range got {
		if r.ID != want.ID || r.Time.After(f.To.Add(time.Millisecond)) {
			return conformance.Differs("%s gives the event %d of %v", xpath, r.ID, r.Time)
		}
	}
	return nil
}

func calledOff(whole context.Context, m Machine) error {
	result, err := m.Query(Query{Channel: System, XPath: "*"})
	if err != nil {
		return outcome(err)
	}
	defer result.Close()
	ctx, cancel := context.WithCancel(whole)
	if _, err := result.Next(ctx, 1); err != nil && !errors.Is(err, io.EOF) {
		cancel()
		return outcome(err)
	}
	cancel()
	if events, err := result.Next(ctx, 1); !errors.Is(err, context.Canceled) {
		return conformance.Differs("%d events, %v, of a query that was called off", len(events), err)
	}
	return calledOffMeanwhile(whole, m)
}

// calledOffMeanwhile calls off a query for which the service reads the whole log, and finds nothing: it ends, by itself or
// because of that.
func calledOffMeanwhile(ctx context.Context, m Machine) error {
	xpath, _ := expression(evtx.Filter{IDs: []uint32{lastID}}, 0)
	result, err := m.Query(Query{Channel: System, XPath: xpath})
	if err != nil {
		return outcome(err)
	}
	defer result.Close()
	ctx, cancel := context.WithCancel(ctx)
	go cancel()
	_, err = result.Next(ctx, 1)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) {
		return outcome(err)
	}
	return nil
}

// nobody is a channel that no Windows has.
const nobody = "Rectify-Has-No-Such-Channel/Operational"

func unknownIsTold(m Machine) error {
	_, logErr := m.Log(nobody)
	_, queryErr := m.Query(Query{Channel: nobody, XPath: "*"})
	_, settingsErr := m.Settings(nobody)
	for _, err := range []error{logErr, queryErr, settingsErr} {
		switch {
		case errors.Is(err, ErrNoChannel):
		case err == nil:
			return conformance.Differs("the channel %s is said to exist", nobody)
		default:
			return outcome(err)
		}
	}
	return nil
}

func deniedIsTold(ctx context.Context, m Machine) error {
	result, err := m.Query(Query{Channel: "Security", XPath: "*"})
	if err == nil {
		defer result.Close()
		_, err = result.Next(ctx, 1)
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, fs.ErrPermission) {
		return nil // an administrator may read it
	}
	return outcome(err)
}

func settingsTold(m Machine) error {
	for _, channel := range []string{System, TaskScheduler} {
		s, err := m.Settings(channel)
		switch {
		case err != nil:
			return outcome(err)
		case channel == System && !s.Enabled:
			return conformance.Differs("the channel System is off")
		case s.MaxSize == 0, s.File == "":
			return conformance.Differs("the log of %s is the file %q and may grow to %d bytes", channel, s.File, s.MaxSize)
		}
	}
	return nil
}

func wordsFound(ctx context.Context, m Machine, l *liveLog) error {
	newest, err := some(ctx, l, "*", true)
	if err != nil {
		return err
	}
	words, err := m.Messages(System)
	if err != nil {
		return outcome(err)
	}
	defer words.Close()
	var last error
	for _, r := range newest { // a program that is gone has left events without words
		text, err := words.Message(ctx, r.RecordID)
		if err == nil && text != "" {
			return nil
		}
		last = err
	}
	return outcome(last)
}

func settingsChange(m Machine) (err error) {
	was, err := m.Settings(TaskScheduler)
	if err != nil {
		return outcome(err)
	}
	defer func() {
		if back := m.Configure(TaskScheduler, was.Enabled, was.MaxSize); back != nil && err == nil {
			err = outcome(back)
		}
	}()
	for _, on := range []bool{!was.Enabled, was.Enabled} {
		size := was.MaxSize + 1<<20
		if err := m.Configure(TaskScheduler, on, size); err != nil {
			return outcome(err)
		}
		is, err := m.Settings(TaskScheduler)
		switch {
		case err != nil:
			return outcome(err)
		case is.Enabled != on, !SameSize(is.MaxSize, size):
			return conformance.Differs("the channel %s was set to enabled %v and %d bytes, and reads back as %v and %d", TaskScheduler, on, size, is.Enabled, is.MaxSize)
		}
	}
	return nil
}
