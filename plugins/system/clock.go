package system

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/cbs"
	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/zone"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// ClockInput is the input of `system.clock`.
type ClockInput struct{}

// ClockOutput is the output of `system.clock`.
type ClockOutput struct {
	Now    time.Time `json:"now" jsonschema_description:"The target's own time: what windows of time are counted back from"`
	Source string    `json:"source" jsonschema_description:"What the time rests on"`

	Evidence sdk.Evidence `json:"-"`
}

func clockProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "clock",
		Summary: "The target's own time",
		Doc: `A live machine has its clock. A disk that is not running stopped at its newest record in the System channel; without that channel, ` +
			`at the newest of the records of all other channels, the last line of CBS.log and the last writing of the SYSTEM hive. ` +
			`Times that lie in the future are passed over: the machine's clock was wrong then.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Healthy: json.RawMessage(`{"now":"2024-06-01T12:00:00Z","source":"the system clock"}`),
	}, func(ctx context.Context, call *sdk.Call, _ ClockInput) (sdk.Reading[ClockOutput], error) {
		return clock(ctx, call.Target, time.Now().UTC())
	})
}

// slack is how far the clock of the machine that looks may be behind the clock of the disk.
const slack = 48 * time.Hour

// clock finds the time of a target. The host's own time is that of a live machine and, for a disk, only a bound.
func clock(ctx context.Context, t *target.Target, host time.Time) (sdk.Reading[ClockOutput], error) {
	if t.Kind() == target.Live {
		return sdk.Observed(ClockOutput{Now: host, Source: "the system clock"}), nil
	}
	latest := host.Add(slack)
	out, err := newestRecord(ctx, t, eventlog.System, latest)
	if err != nil {
		return sdk.Reading[ClockOutput]{}, err
	}
	if !out.Now.IsZero() {
		return sdk.Observed(out), nil
	}
	others, err := otherTimes(ctx, t, latest)
	if err != nil {
		return sdk.Reading[ClockOutput]{}, err
	}
	for _, o := range others {
		if o.Now.After(out.Now) && !o.Now.After(latest) {
			out = o
		}
	}
	if out.Now.IsZero() {
		return sdk.Reading[ClockOutput]{}, sdk.Errorf(sdk.Unavailable, "nothing on this disk tells its time: no event log, CBS.log or SYSTEM hive has one").
			WithHint("say when the machine last ran: --now 2024-06-01T12:00:00Z")
	}
	return sdk.Observed(out), nil
}

// newestRecord finds the newest record of a channel up to a bound. The answer is zero where the channel has none or
// cannot be read: the caller has other places to look at.
func newestRecord(ctx context.Context, t *target.Target, channel string, latest time.Time) (ClockOutput, error) {
	c, err := eventlog.Open(t, channel)
	if err != nil {
		return ClockOutput{}, nil
	}
	defer c.Close()
	var newest *evtx.Record
	// No provider has this name: the scan reads times only, which is ten times faster than decoding records.
	cov, err := c.Scan(ctx, evtx.Filter{Providers: []string{"-"}}, func(*evtx.Record) error { return nil })
	if ctx.Err() != nil {
		return ClockOutput{}, ctx.Err()
	}
	if err != nil && cov.Records == 0 {
		return ClockOutput{}, nil
	}
	filter := evtx.Filter{From: cov.Newest, To: latest}
	if cov.Newest.After(latest) {
		filter.From = time.Time{}
	}
	// As above, an error of reading leaves what was read.
	_, _ = c.Scan(ctx, filter, func(r *evtx.Record) error {
		if newest == nil || r.Time.After(newest.Time) {
			newest = r
		}
		return nil
	})
	if ctx.Err() != nil {
		return ClockOutput{}, ctx.Err()
	}
	if newest == nil {
		return ClockOutput{}, nil
	}
	source := fmt.Sprintf("the newest record of the channel %s", channel)
	if cov.Newest.After(latest) {
		source += fmt.Sprintf(" that does not lie in the future, as one of %s does", cov.Newest.Format(time.RFC3339))
	}
	return ClockOutput{Now: newest.Time.UTC(), Source: source, Evidence: c.Evidence(newest)}, nil
}

// otherTimes are the times that the rest of the disk tells.
func otherTimes(ctx context.Context, t *target.Target, latest time.Time) ([]ClockOutput, error) {
	var found []ClockOutput
	files, _ := t.Glob(`%SystemRoot%\System32\winevt\Logs\*.evtx`) // what cannot be listed tells no time
	for _, f := range files {
		name := f[strings.LastIndexByte(f, '\\')+1:]
		channel := strings.ReplaceAll(name[:len(name)-len(".evtx")], "%4", "/")
		o, err := newestRecord(ctx, t, channel, latest)
		if err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	if o, ok := lastLine(t); ok {
		found = append(found, o)
	}
	if r, err := registry.Open(t); err == nil {
		defer r.Close()
		if info, err := r.Info("SYSTEM"); err == nil && !info.Written.IsZero() {
			file := t.Display(`%SystemRoot%\System32\config\SYSTEM`)
			found = append(found, ClockOutput{info.Written.UTC(), "the last writing of the SYSTEM hive",
				sdk.Evidence{File: file, Time: info.Written, Text: "hive last written"}})
		}
	}
	return found, nil
}

// tail is how much of CBS.log is looked at; it holds some thousand lines.
const tail = 512 << 10

// lastLine reads the last time stamp of CBS.log. Its local time is placed in UTC by the moments in UTC that the log has,
// else by the zone of the machine; failing both it may be wrong by the zone's offset, and the answer says so.
func lastLine(t *target.Target) (ClockOutput, bool) {
	const path = `%SystemRoot%\Logs\CBS\CBS.log`
	f, err := t.Open(path)
	if err != nil {
		return ClockOutput{}, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ClockOutput{}, false
	}
	start := max(0, info.Size()-tail)
	text, err := io.ReadAll(io.NewSectionReader(f, start, tail))
	if err != nil {
		return ClockOutput{}, false
	}
	var known cbs.Clock
	var local time.Time
	var line []byte
	offset, at := start, start
	for l := range bytes.Lines(text) {
		if stamp, ok := cbs.Stamp(l); ok {
			local, line, at = stamp, l, offset
			if utc, ok := cbs.Anchor(string(l)); ok {
				known.Add(offset, stamp, utc)
			}
		}
		offset += int64(len(l))
	}
	if local.IsZero() {
		return ClockOutput{}, false
	}
	z, _ := zone.Of(t) // nil: the log's own anchors may still do
	moment := known.ToUTC(at, local, z)
	source := "the last line of CBS.log"
	if moment.Source == cbs.Unknown {
		source += ", taken as UTC because the time zone is not known"
	}
	return ClockOutput{moment.UTC, source, sdk.Evidence{
		File: t.Display(path), Offset: at, Time: moment.UTC, Text: strings.TrimSpace(string(line)),
	}}, true
}
