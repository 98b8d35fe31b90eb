package eventlog

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// fileLog is a channel in its file.
type fileLog struct {
	channel string
	path    string
	file    target.File
	log     *evtx.Log
}

func openFile(t *target.Target, channel string) (*Channel, error) {
	path := t.Display(Path(channel))
	f, err := t.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &MissingError{channel, path}
	case errors.Is(err, fs.ErrPermission):
		return nil, sdk.Errorf(sdk.AccessDenied, "the log of the channel %s cannot be read: %v", channel, err).
			WithHint("run with the rights to read %s", path)
	case err != nil:
		return nil, sdk.Errorf(sdk.Unavailable, "the log of the channel %s cannot be read: %v", channel, err)
	}
	c, err := readHeader(channel, path, f)
	if err != nil {
		f.Close()
		return nil, sdk.Errorf(sdk.Unavailable, "the log of the channel %s cannot be read: %s: %v", channel, path, err).
			WithHint("the file is damaged; a copy from a shadow copy or a backup may be whole")
	}
	return c, nil
}

func readHeader(channel, path string, f target.File) (*Channel, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	log, err := evtx.Open(f, info.Size())
	if err != nil {
		return nil, err
	}
	return &Channel{channel, path, info.Size(), &fileLog{channel, path, f, log}}, nil
}

func (l *fileLog) Close() error { return l.file.Close() }

// noEvent is an event identifier that no event has: they have 16 bits.
const noEvent = lastID + 1

func (l *fileLog) extent(ctx context.Context) (Coverage, error) {
	return l.scan(ctx, evtx.Filter{IDs: []uint32{noEvent}}, func(*evtx.Record) error { return nil })
}

func (l *fileLog) scan(ctx context.Context, filter evtx.Filter, fn func(*evtx.Record) error) (Coverage, error) {
	var own error // that of fn, which is passed on as it is
	timeless := 0
	seen, err := l.log.Scan(ctx, filter, func(r *evtx.Record) error {
		if !plausible(r.Time) {
			timeless++
			return nil
		}
		own = fn(r)
		return own
	})
	seen.Damaged += timeless
	seen.Matched -= timeless
	cov := fileCoverage(l.channel, seen)
	switch {
	case own != nil:
		return cov, own
	case ctx.Err() != nil:
		return cov, ctx.Err()
	case err != nil:
		return cov, sdk.Errorf(sdk.Unavailable, "the log of the channel %s cannot be read: %v", l.channel, err)
	}
	if cov.Records > 0 && !filter.From.IsZero() && cov.Oldest.After(filter.From) && alwaysOn(l.channel) {
		cov.FromStart, err = l.beginsWithFirst(ctx, cov)
	}
	return cov, err
}

// beginsWithFirst says whether record number 1 is among the oldest ones. Numbers go on when a log is cleared or
// overwritten.
func (l *fileLog) beginsWithFirst(ctx context.Context, cov Coverage) (bool, error) {
	found := false
	_, err := l.log.Scan(ctx, evtx.Filter{To: cov.Oldest}, func(r *evtx.Record) error {
		found = found || r.RecordID == 1
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		return false, sdk.Errorf(sdk.Unavailable, "the first record of the channel %s cannot be looked for: %v", l.channel, err)
	}
	return found, nil
}

func (l *fileLog) place(r *evtx.Record) sdk.Evidence {
	return sdk.Evidence{File: l.path, Offset: r.Offset}
}

var errNoMessages = errors.New("a file holds no words")

func (l *fileLog) message(context.Context, *evtx.Record) (string, error) { return "", errNoMessages }
