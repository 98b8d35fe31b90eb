package update

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/target"
)

// updateClient logs what the Windows Update agent does; other providers use its numbers for other things.
const updateClient = "Microsoft-Windows-WindowsUpdateClient"

// eventKinds are the events of the provider, in the channels System and Operational.
var eventKinds = map[uint32]kind{
	19: installed, 20: installFailed, 43: installStarted, 44: downloadStarted,
	25: scanFailed, 26: scanned, 31: downloadFailed, 41: downloaded,
}

// channelSteps calls add for each step that a channel has, in the order of the log.
func channelSteps(ctx context.Context, t *target.Target, channel string, from time.Time, add func(step)) (eventlog.Coverage, error) {
	return stepsOf(ctx, t, eventlog.Source{}, channel, from, add)
}

// stepsOf is channelSteps over a source of channels.
func stepsOf(ctx context.Context, t *target.Target, source eventlog.Source, channel string, from time.Time, add func(step)) (eventlog.Coverage, error) {
	c, err := source.Open(t, channel)
	if err != nil {
		return eventlog.Coverage{}, err
	}
	defer c.Close()
	filter := evtx.Filter{From: from, Providers: []string{updateClient}}
	for id := range eventKinds {
		filter.IDs = append(filter.IDs, id)
	}
	return c.Scan(ctx, filter, func(r *evtx.Record) error {
		s := step{kind: eventKinds[r.ID], time: r.Time, source: sourceEvents, evidence: c.Evidence(r)}
		s.title, _ = r.Value("updateTitle")
		guid, _ := r.Value("updateGuid")
		s.guid = identity(guid)
		if text, ok := r.Value("updateRevisionNumber"); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				s.revision = &n
			}
		}
		if s.kind.failed() {
			text, _ := r.Value("errorCode")
			s.code = codeOf(text)
		}
		add(s)
		return nil
	})
}

// identity writes the GUID of an update as the Windows Update agent does: lower case, without braces. An identity of
// zeros is none.
func identity(guid string) string {
	s := strings.ToLower(strings.Trim(guid, "{}"))
	if strings.Trim(s, "0-") == "" {
		return ""
	}
	return s
}

// codeOf reads the number of an event's value: 0x80240016, or decimal. It is nil for what is no code.
func codeOf(text string) *hresult.Code {
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		return nil
	}
	c, err := hresult.FromInt(n)
	if err != nil {
		return nil
	}
	return &c
}
