package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

const (
	// batch is how many events are asked for at once.
	batch = 128
	// maxStale is how often a query is asked anew because the log has changed.
	maxStale = 16
)

// liveLog is a channel of a running Windows.
type liveLog struct {
	channel  string
	machine  Machine
	reader   *reader
	messages Messages // opened when they are first asked for
	silent   error    // why there are none
}

func openLive(m Machine, t *target.Target, channel string) (*Channel, error) {
	log, err := m.Log(channel)
	if errors.Is(err, ErrNoLog) {
		return nil, &MissingError{channel, t.Display(Path(channel))}
	}
	if err != nil {
		return nil, failure(channel, "the log of the channel "+channel, err)
	}
	return &Channel{channel, t.Display(Path(channel)), log.Size, &liveLog{channel: channel, machine: m, reader: newReader()}}, nil
}

// failure says for people that something of a channel could not be read; nil for no error.
func failure(channel, what string, err error) error {
	var own *sdk.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrNoChannel):
		return &MissingError{Channel: channel}
	case errors.Is(err, fs.ErrPermission):
		return sdk.Errorf(sdk.AccessDenied, "%s cannot be read: %v", what, err).
			WithHint("run as an administrator; a member of Event Log Readers may read every channel too")
	case errors.Is(err, ErrStub):
		return sdk.Errorf(sdk.Unavailable, "%s cannot be read, because this Windows does not carry out what it takes: %v", what, err)
	}
	return sdk.Errorf(sdk.Unavailable, "%s cannot be read: %v", what, err).
		WithHint("look whether the service EventLog is running")
}

func (l *liveLog) failure(err error) error {
	return failure(l.channel, "the log of the channel "+l.channel, err)
}

func (l *liveLog) Close() error {
	if l.messages == nil {
		return nil
	}
	return l.messages.Close()
}

// ends are the two ends of a log, and what it has between them.
type ends struct {
	Coverage
	log   Log
	first uint64 // number of the oldest record that can be shown
	last  uint64 // of the newest
}

func (l *liveLog) extent(ctx context.Context) (Coverage, error) {
	e, err := l.ends(ctx)
	return e.Coverage, err
}

func (l *liveLog) ends(ctx context.Context) (ends, error) {
	e := ends{Coverage: Coverage{Channel: l.channel}}
	var err error
	if e.log, err = l.machine.Log(l.channel); err != nil {
		return e, l.failure(err)
	}
	if e.log.Records == 0 {
		return e, nil
	}
	oldest, err := l.end(ctx, false)
	if err != nil {
		return e, err
	}
	newest, err := l.end(ctx, true)
	if err != nil || oldest == nil || newest == nil {
		return e, err // it was cleared just now
	}
	e.first, e.last = oldest.RecordID, newest.RecordID
	e.Records, e.Oldest, e.Newest = int(e.log.Records), oldest.Time, newest.Time
	e.FromStart = e.log.Oldest == 1 && e.first == 1 && alwaysOn(l.channel)
	return e, nil
}

// end gives the oldest or newest record that can be shown; nil where there is none.
func (l *liveLog) end(ctx context.Context, newest bool) (*evtx.Record, error) {
	result, err := l.machine.Query(Query{l.channel, "*", newest})
	if err != nil {
		return nil, l.failure(err)
	}
	defer result.Close()
	for range batch {
		events, err := result.Next(ctx, 1)
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, l.failure(err)
		}
		for _, e := range events {
			if r, err := l.read(e); err == nil {
				return r, nil
			}
		}
	}
	return nil, sdk.Errorf(sdk.Unavailable, "the log of the channel %s cannot be read: none of %d records at its end can be shown", l.channel, batch)
}

func (l *liveLog) read(e Event) (*evtx.Record, error) {
	if e.Err != nil {
		return nil, e.Err
	}
	r, err := l.reader.record(e.XML)
	if err == nil && !plausible(r.Time) {
		err = fmt.Errorf("the record %d has no time that can be", r.RecordID)
	}
	return r, err
}

// pass is one scan.
type pass struct {
	*liveLog
	filter evtx.Filter
	fn     func(*evtx.Record) error

	after   uint64 // number of the last record that was read
	matched int
	damaged int
	first   error // of damaged
}

// ownError is an error of the function that records are given to.
type ownError struct{ error }

func (l *liveLog) scan(ctx context.Context, filter evtx.Filter, fn func(*evtx.Record) error) (Coverage, error) {
	e, err := l.ends(ctx)
	if err != nil {
		return e.Coverage, err
	}
	p := &pass{liveLog: l, filter: filter, fn: fn}
	lost := ""
	if e.log.Records > 0 {
		lost, err = p.all(ctx, e)
	}
	cov := e.Coverage
	cov.Matched, cov.Damaged = p.matched, p.damaged
	cov.FromStart = cov.FromStart && !filter.From.IsZero() && cov.Oldest.After(filter.From)
	if p.damaged > 0 {
		cov.Reason = fmt.Sprintf("%d records of the channel %s cannot be shown, the first because of this: %v", p.damaged, l.channel, p.first)
	}
	if lost != "" {
		cov.Damaged++
		if cov.Reason != "" {
			lost += "; " + cov.Reason
		}
		cov.Reason = lost
	}
	var own *ownError
	switch {
	case errors.As(err, &own):
		return cov, own.error
	case ctx.Err() != nil:
		return cov, ctx.Err()
	}
	return cov, l.failure(err)
}

// all reads every record that the filter selects, and says in words what of the log was gone before it was read.
func (p *pass) all(ctx context.Context, before ends) (lost string, err error) {
	size, stale := batch, 0
	for {
		xpath, possible := expression(p.filter, p.after)
		if !possible {
			return "", nil
		}
		result, err := p.machine.Query(Query{Channel: p.channel, XPath: xpath})
		if err != nil {
			return lost, err
		}
		if stale > 0 && lost == "" {
			lost, err = p.overwritten(before)
		}
		if err == nil {
			err = p.rest(ctx, result, size)
		}
		result.Close()
		switch {
		case errors.Is(err, ErrTooMuch) && size > 1:
			size = max(size/4, 1)
		case errors.Is(err, ErrStale) && stale < maxStale:
			stale++
		case err != nil:
			return lost, err
		case lost != "":
			return lost, nil
		default:
			return p.cleared(before)
		}
	}
}

// overwritten says whether the log now begins behind the record up to which it was read.
func (p *pass) overwritten(before ends) (lost string, err error) {
	now, err := p.machine.Log(p.channel)
	if err != nil || now.Oldest <= p.after+1 || now.Oldest <= before.first {
		return "", err
	}
	return fmt.Sprintf("the oldest records of the channel %s, up to number %d, were overwritten while it was read", p.channel, now.Oldest-1), nil
}

// cleared says whether nothing is left of what the log held before the scan.
func (p *pass) cleared(before ends) (lost string, err error) {
	now, err := p.machine.Log(p.channel)
	if err != nil || now.Records > 0 && now.Oldest <= before.last {
		return "", err
	}
	return fmt.Sprintf("the channel %s was cleared while it was read", p.channel), nil
}

// rest reads what a query gives.
func (p *pass) rest(ctx context.Context, result Result, size int) error {
	for {
		events, err := result.Next(ctx, size)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := p.event(e); err != nil {
				return &ownError{err}
			}
		}
	}
}

func (p *pass) event(e Event) error {
	r, err := p.read(e)
	if err != nil {
		if p.damaged++; p.damaged == 1 {
			p.first = err
		}
		return nil
	}
	p.after = max(p.after, r.RecordID)
	if !passes(p.filter, r) {
		return nil
	}
	p.matched++
	return p.fn(r)
}

func (l *liveLog) place(*evtx.Record) sdk.Evidence { return sdk.Evidence{} }

// messageTime bounds how long the words of one event are waited for.
const messageTime = 5 * time.Second

func (l *liveLog) message(ctx context.Context, r *evtx.Record) (string, error) {
	if l.messages == nil && l.silent == nil {
		l.messages, l.silent = l.machine.Messages(l.channel)
	}
	if l.silent != nil {
		return "", l.silent
	}
	ctx, cancel := context.WithTimeout(ctx, messageTime)
	defer cancel()
	text, err := l.messages.Message(ctx, r.RecordID)
	if errors.Is(err, context.DeadlineExceeded) {
		l.silent = err // no other event is waited for
	}
	return text, err
}
