// Package eventlog opens the event channels of a target: System, Setup, Microsoft-Windows-TaskScheduler/Operational.
//
// A channel of an offline disk is the file that the Event Log service keeps it in; one of a running Windows is what that
// service tells of it (wevtapi.dll). What a channel does not hold is told beside what it holds, so that a caller never takes a
// gap for silence.
package eventlog

import (
	"context"
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

// MissingError says that a channel has no log: it was never switched on, or it does not exist in this Windows. It
// is an [sdk.Error] with the code Unavailable to whoever passes it on.
type MissingError struct {
	Channel string
	File    string // where it was looked for, as Windows names it; empty where the running Windows does not know the channel
}

func (e *MissingError) Error() string { return e.report().Error() }

// Unwrap gives the error in the form that crosses to the host.
func (e *MissingError) Unwrap() error { return e.report() }

func (e *MissingError) report() *sdk.Error {
	if e.File == "" {
		return sdk.Errorf(sdk.Unavailable, "this Windows has no channel %s", e.Channel).
			WithHint("wevtutil enum-logs lists the channels that it has")
	}
	return sdk.Errorf(sdk.Unavailable, "the channel %s has no log: %s does not exist, so the channel is switched off or was never used", e.Channel, e.File).
		WithHint("switch the channel on (wevtutil set-log \"%s\" /enabled:true) and wait until the problem occurs again", e.Channel)
}

// Source opens the channels of targets. The zero Source asks the Event Log service of this machine about a live target.
type Source struct{ machine Machine }

// From is a Source that asks a machine about a live target.
func From(m Machine) Source { return Source{m} }

// Machine is the one that is asked about a live target.
func (s Source) Machine() Machine {
	if s.machine == nil {
		return Live()
	}
	return s.machine
}

// Open opens a channel of a target, as [Source.Open] of the zero Source does.
func Open(t *target.Target, channel string) (*Channel, error) { return Source{}.Open(t, channel) }

// Channel is an open event channel. Close it after use.
type Channel struct {
	name string
	path string
	size int64
	log  log
}

// log is where a channel is read.
type log interface {
	// scan is as [Channel.Scan]; the records that fn gets have plausible times.
	scan(ctx context.Context, filter evtx.Filter, fn func(*evtx.Record) error) (Coverage, error)
	// extent is the coverage of a scan that looks for nothing.
	extent(ctx context.Context) (Coverage, error)
	// message gives the provider's own words, or an error.
	message(ctx context.Context, r *evtx.Record) (string, error)
	// place says where a record stands, with the channel left out.
	place(r *evtx.Record) sdk.Evidence
	Close() error
}

// Path is the Windows path of the file that the Event Log service keeps a channel in, unless it was told otherwise in
// the registry: the slash of a channel's name is written "%4" there.
func Path(channel string) string {
	return `%SystemRoot%\System32\winevt\Logs\` + strings.ReplaceAll(channel, "/", "%4") + ".evtx"
}

// Open opens a channel of a target. Errors are a [*MissingError] where it has no log, and else an [*sdk.Error]:
// Unsupported for a live machine that is not Windows, InvalidInput for what is no name of a channel, AccessDenied, or
// Unavailable for a file that is no event log, and for a service that does not answer.
func (s Source) Open(t *target.Target, channel string) (*Channel, error) {
	if err := checkName(channel); err != nil {
		return nil, err
	}
	if t.Kind() == target.Live {
		return openLive(s.Machine(), t, channel)
	}
	return openFile(t, channel)
}

func checkName(channel string) error {
	if channel == "" || len(channel) > maxName || strings.ContainsAny(channel, "\\:*?\"<>|\x00") || strings.Contains(channel, "..") {
		return sdk.Errorf(sdk.InvalidInput, "%q is no name of an event channel; expected for instance System or %s", channel, TaskScheduler)
	}
	return nil
}

// maxName is how many characters the name of a channel has at most.
const maxName = 255

// Close closes the channel.
func (c *Channel) Close() error { return c.log.Close() }

// Name is the channel's name as it was asked for.
func (c *Channel) Name() string { return c.name }

// File is the full Windows path of the log.
func (c *Channel) File() string { return c.path }

// Size is that of the log in bytes.
func (c *Channel) Size() int64 { return c.size }

// Extent tells what the channel holds, without looking for anything in it.
func (c *Channel) Extent(ctx context.Context) (Coverage, error) { return c.log.extent(ctx) }

// Scan calls fn for every record of the channel that passes the filter, in the order of the log: a file that
// overwrites its oldest records is not in the order of time. Damage is not an error; the coverage tells of it. An error
// is that of ctx, of fn, or of reading the log, and the last one is an [*sdk.Error].
//
// A record whose time is damaged is left out, and counts as damage: nothing can be concluded from it.
func (c *Channel) Scan(ctx context.Context, filter evtx.Filter, fn func(*evtx.Record) error) (Coverage, error) {
	return c.log.scan(ctx, filter, fn)
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

// Evidence says where a record stands, with the event in one line.
func (c *Channel) Evidence(r *evtx.Record) sdk.Evidence {
	e := c.log.place(r)
	e.Channel, e.Record, e.EventID, e.Time, e.Text = c.name, r.RecordID, r.ID, r.Time, Message(r)
	return e
}

// Words are an event in one line: a sentence of [Message] where it has one, else what a running Windows says in its own
// language, else its values.
func (c *Channel) Words(ctx context.Context, r *evtx.Record) string {
	if sentence(r) == "" {
		if text, err := c.log.message(ctx, r); err == nil && strings.TrimSpace(text) != "" {
			return oneLine(text)
		}
	}
	return Message(r)
}
