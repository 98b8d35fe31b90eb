package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// QueryInput is the input of event.query.
type QueryInput struct {
	Channel  string            `json:"channel" jsonschema_description:"Name of the channel, such as System or Microsoft-Windows-TaskScheduler/Operational"`
	Provider string            `json:"provider,omitempty" jsonschema_description:"Only events of this provider, such as Service Control Manager"`
	IDs      []uint32          `json:"ids,omitempty" jsonschema_description:"Only events with one of these identifiers"`
	Data     map[string]string `json:"data,omitempty" jsonschema_description:"Only events whose data has these values, in any case; codes are compared as numbers"`
	Windows  []sdk.Window      `json:"windows,omitzero" jsonschema_description:"Only events from these spans of time. An empty list means that there is nothing to look at"`
	Since    *schema.Span      `json:"since,omitempty" jsonschema_description:"Only events that are not older than this, from the target's own time back"`
	Limit    int               `json:"limit,omitempty" jsonschema:"minimum=1,maximum=1000,default=100" jsonschema_description:"How many events are listed, the newest ones; the count is exact all the same"`
}

// Answer is the answer of event.query. D is the type of the data: of text in the manifest, refined by provider and
// identifier; of JSON values in an answer.
type Answer[D any] struct {
	Count  int        `json:"count" jsonschema_extras:"x-counts=events" jsonschema_description:"Events that match"`
	Cut    bool       `json:"cut,omitempty" jsonschema_description:"Whether there are more events than are listed"`
	Events []Event[D] `json:"events" jsonschema_description:"The newest of them, oldest first"`
}

// Event is one event.
type Event[D any] struct {
	Record   int64     `json:"record" jsonschema_description:"Number of the record in its channel (EventRecordID)"`
	Time     time.Time `json:"time" jsonschema_description:"When it was logged"`
	ID       int       `json:"id" jsonschema_description:"Identifier of the event, which has a meaning together with its provider"`
	Provider string    `json:"provider" jsonschema_description:"Name of the provider"`
	Level    string    `json:"level" jsonschema:"enum=critical,enum=error,enum=warning,enum=information,enum=verbose,enum=other" jsonschema_description:"How grave the provider finds it"`
	Computer string    `json:"computer,omitempty" jsonschema_description:"Name of the machine that logged it"`
	User     string    `json:"user,omitempty" jsonschema_description:"SID of the account that it was logged for"`
	Data     D         `json:"data" jsonschema_description:"Its values by name; values without a name are called param1, param2 and so on, and text in the binary part is called binary"`

	Evidence sdk.Evidence `json:"-"`
}

const queryDoc = `Reads the log of a channel: on a disk its file below %SystemRoot%\System32\winevt\Logs, on a running Windows through the Event Log
service. The texts of events stand in the message files of their providers, in the language of the machine; ask for provider, identifier and
data, which are the same everywhere.

Where provider and ids are given and known, the data have types: an error code of an update is a result code, not text.

The answer is partial when the log begins after the start of the time that was asked for, when a part of it is damaged,
when it is empty, and when the channel is switched off now; on a running Windows also when events cannot be shown, or the log was cleared
or overwritten while it was read. Where the channel has no log at all, or may not be read (Security takes an administrator), the fact is not known.`

func queryProbe(source eventlog.Source) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "query",
		Summary: "Events by channel, provider, identifier, data and time",
		Doc:     queryDoc,
		Output:  schema.WithVariants(schema.Reflect[Answer[map[string]string]](), "events[].data", variants()),
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"count":0,"events":[]}`),
	}, func(ctx context.Context, call *sdk.Call, in QueryInput) (sdk.Reading[answer], error) {
		return query(ctx, call, source, in)
	})
}

// answer is [Answer] as it is written.
type (
	answer = Answer[map[string]any]
	event  = Event[map[string]any]
)

func query(ctx context.Context, call *sdk.Call, source eventlog.Source, in QueryInput) (sdk.Reading[answer], error) {
	none := sdk.Reading[answer]{}
	if in.Limit == 0 {
		in.Limit = 100
	}
	times, empty, err := period.New(in.Windows, in.Since, call.Target.Now())
	if err != nil {
		return none, err
	}
	if empty {
		return sdk.Observed(answer{Events: []event{}}), nil
	}
	c, err := source.Open(call.Target, in.Channel)
	if err != nil {
		return none, placed(err)
	}
	defer c.Close()

	filter := evtx.Filter{IDs: in.IDs}
	hull := times.Hull()
	filter.From, filter.To = hull.From, hull.To
	if in.Provider != "" {
		filter.Providers = []string{in.Provider}
	}
	found := &gathering{channel: c, limit: in.Limit}
	cov, err := c.Scan(ctx, filter, func(rec *evtx.Record) error {
		if times.Contain(rec.Time) && hasData(rec, in.Data) {
			found.add(rec)
		}
		return nil
	})
	if err != nil {
		return none, err
	}
	r := sdk.Observed(found.answer(ctx, typeOf(in)))
	r.Partial, r.Covers = cov.Lost(filter.From)
	if r.Covers != nil {
		r.Settle = fmt.Sprintf("an older copy of the log of %s, from a backup or a shadow copy", in.Channel)
	}
	if on, _, err := source.Enabled(call.Target, in.Channel); err == nil && !on {
		off := fmt.Sprintf("the channel %s is switched off, so that it may not have recorded what happened", in.Channel)
		if r.Partial != "" {
			off += "; " + r.Partial
		}
		r.Partial, r.Covers = off, nil
		r.Settle = fmt.Sprintf("switch the channel on (wevtutil set-log %q /enabled:true), and wait until it happens again", in.Channel)
	}
	return r, nil
}
