// Package eventlog opens the event channels of a target: System, Setup, Microsoft-Windows-TaskScheduler/Operational.
//
// A channel of an offline disk is the file that the Event Log service keeps it in. What such a file does not hold is
// told beside what it holds, so that a caller never takes a gap for silence.
package eventlog

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// The channels that most questions are about.
const (
	System        = "System"
	Setup         = "Setup"
	TaskScheduler = "Microsoft-Windows-TaskScheduler/Operational"
	UpdateClient  = "Microsoft-Windows-WindowsUpdateClient/Operational"
)

// MissingError says that a channel has no file: it was never switched on, or it does not exist in this Windows. It
// is an [sdk.Error] with the code Unavailable to whoever passes it on.
type MissingError struct {
	Channel string
	File    string // where it was looked for, as Windows names it
}

func (e *MissingError) Error() string { return e.report().Error() }

// Unwrap gives the error in the form that crosses to the host.
func (e *MissingError) Unwrap() error { return e.report() }

func (e *MissingError) report() *sdk.Error {
	return sdk.Errorf(sdk.Unavailable, "the channel %s has no log: %s does not exist, so the channel is switched off or was never used", e.Channel, e.File).
		WithHint("switch the channel on (wevtutil set-log \"%s\" /enabled:true) and wait until the problem occurs again", e.Channel)
}

// Channel is an open event channel. Close it after use.
type Channel struct {
	name string
	path string
	size int64
	file target.File
	log  *evtx.Log
}

// Path is the Windows path of the file that the Event Log service keeps a channel in, unless it was told otherwise in
// the registry: the slash of a channel's name is written "%4" there.
func Path(channel string) string {
	return `%SystemRoot%\System32\winevt\Logs\` + strings.ReplaceAll(channel, "/", "%4") + ".evtx"
}

// Open opens a channel of a target. Errors are a [*MissingError] where there is no file, and else an [*sdk.Error]:
// Unsupported on a live machine, InvalidInput for what is no name of a channel, AccessDenied, or Unavailable for a file
// that is no event log.
func Open(t *target.Target, channel string) (*Channel, error) {
	if t.Kind() == target.Live {
		return nil, sdk.Errorf(sdk.Unsupported, "event channels of a running machine cannot be read in this version").
			WithHint("give the disk, or a folder with a copy of Windows\\System32\\winevt\\Logs, as an offline target")
	}
	if channel == "" || strings.ContainsAny(channel, "\\:*?\"<>|\x00") || strings.Contains(channel, "..") {
		return nil, sdk.Errorf(sdk.InvalidInput, "%q is no name of an event channel; expected for instance System or %s", channel, TaskScheduler)
	}
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
	c, err := open(channel, path, f)
	if err != nil {
		f.Close()
		return nil, sdk.Errorf(sdk.Unavailable, "the log of the channel %s cannot be read: %s: %v", channel, path, err).
			WithHint("the file is damaged; a copy from a shadow copy or a backup may be whole")
	}
	return c, nil
}

func open(channel, path string, f target.File) (*Channel, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	log, err := evtx.Open(f, info.Size())
	if err != nil {
		return nil, err
	}
	return &Channel{channel, path, info.Size(), f, log}, nil
}

// Close closes the channel's file.
func (c *Channel) Close() error { return c.file.Close() }

// Name is the channel's name as it was asked for.
func (c *Channel) Name() string { return c.name }

// File is the full Windows path of the log.
func (c *Channel) File() string { return c.path }

// Size is that of the log in bytes.
func (c *Channel) Size() int64 { return c.size }

// Scan calls fn for every record of the channel that passes the filter, in the order of the file: a log that
// overwrites its oldest records is not in the order of time. Damage is not an error; the coverage tells of it. An error
// is that of ctx, of fn, or of reading the file, and the last one is an [*sdk.Error].
//
// A record whose time is damaged is left out, and counts as damage: nothing can be concluded from it.
func (c *Channel) Scan(ctx context.Context, filter evtx.Filter, fn func(*evtx.Record) error) (Coverage, error) {
	var own error // that of fn, which is passed on as it is
	timeless := 0
	seen, err := c.log.Scan(ctx, filter, func(r *evtx.Record) error {
		if !plausible(r.Time) {
			timeless++
			return nil
		}
		own = fn(r)
		return own
	})
	seen.Damaged += timeless
	seen.Matched -= timeless
	cov := c.coverage(seen)
	switch {
	case own != nil:
		return cov, own
	case ctx.Err() != nil:
		return cov, ctx.Err()
	case err != nil:
		return cov, sdk.Errorf(sdk.Unavailable, "the log of the channel %s cannot be read: %v", c.name, err)
	}
	if cov.Records > 0 && !filter.From.IsZero() && cov.Oldest.After(filter.From) && alwaysOn(c.name) {
		cov.FromStart, err = c.beginsWithFirst(ctx, cov.Oldest)
	}
	return cov, err
}

// plausible says whether a record can have been written at a time. Others come from damage, and some of them are beyond
// what JSON can hold.
func plausible(t time.Time) bool { return t.Year() >= 1980 && t.Year() < 2200 }

// alwaysOn says whether a channel is on from the installation of Windows on.
func alwaysOn(channel string) bool {
	switch strings.ToLower(channel) {
	case "system", "application", "security", "setup":
		return true
	}
	return false
}

// beginsWithFirst says whether record number 1 is among the oldest ones. Numbers go on when a log is cleared or
// overwritten.
func (c *Channel) beginsWithFirst(ctx context.Context, oldest time.Time) (bool, error) {
	found := false
	_, err := c.log.Scan(ctx, evtx.Filter{To: oldest}, func(r *evtx.Record) error {
		found = found || r.RecordID == 1
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		return false, sdk.Errorf(sdk.Unavailable, "the first record of the channel %s cannot be looked for: %v", c.name, err)
	}
	return found, nil
}

// Evidence says where a record stands, with the event in one line.
func (c *Channel) Evidence(r *evtx.Record) sdk.Evidence {
	return sdk.Evidence{
		File: c.path, Offset: r.Offset,
		Channel: c.name, Record: r.RecordID, EventID: r.ID,
		Time: r.Time, Text: Message(r),
	}
}
