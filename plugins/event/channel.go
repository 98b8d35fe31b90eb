package event

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// ChannelInput is the input of event.channel.
type ChannelInput struct {
	Channel string `json:"channel" jsonschema_description:"Name of the channel, such as System"`
}

// ChannelOutput is the answer of event.channel.
type ChannelOutput struct {
	Exists  bool          `json:"exists" jsonschema_description:"Whether the channel has a log, or this Windows knows the channel"`
	Enabled *bool         `json:"enabled,omitempty" jsonschema_description:"Whether the channel is switched on; absent where its settings cannot be read"`
	Records int           `json:"records" jsonschema_extras:"x-grows=true" jsonschema_description:"Events in its log"`
	Oldest  *time.Time    `json:"oldest,omitempty" jsonschema_description:"Time of the oldest event; absent where there is none"`
	Newest  *time.Time    `json:"newest,omitempty" jsonschema_description:"Time of the newest event; absent where there is none"`
	Size    *schema.Bytes `json:"size,omitempty" jsonschema_description:"Size of its log; absent where there is none"`

	Evidence []sdk.Evidence `json:"-"`
}

const channelDoc = `Reads the log of a channel below %SystemRoot%\System32\winevt\Logs and the channel's settings in the SOFTWARE hive; on a running
Windows it asks the Event Log service about both. "enabled" is not known where the settings cannot be read. The answer is partial when a part
of the log is damaged.`

func channelProbe(source eventlog.Source) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "channel",
		Summary: "Whether an event channel is on, and what time its log covers",
		Doc:     channelDoc,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"exists":true,"enabled":true,"records":1000}`),
	}, func(ctx context.Context, call *sdk.Call, in ChannelInput) (sdk.Reading[ChannelOutput], error) {
		return observeChannel(ctx, call, source, in)
	})
}

func observeChannel(ctx context.Context, call *sdk.Call, source eventlog.Source, in ChannelInput) (sdk.Reading[ChannelOutput], error) {
	r := sdk.Observed(ChannelOutput{})
	out := &r.Value
	known := false
	on, evidence, why := source.Enabled(call.Target, in.Channel)
	switch {
	case why == nil:
		out.Enabled, known = &on, true
		if evidence != (sdk.Evidence{}) {
			out.Evidence = append(out.Evidence, evidence)
		}
	default:
		r.Missing = map[string]string{"/enabled": "the settings of the channel cannot be read: " + why.Error()}
		r.Settle = `the SOFTWARE hive in Windows\System32\config, with its .LOG1 and .LOG2 files`
		if call.Target.Kind() == target.Live {
			r.Settle = "run as an administrator"
		}
	}
	c, err := source.Open(call.Target, in.Channel)
	var missing *eventlog.MissingError
	switch {
	case errors.As(err, &missing):
		if !known && !registry.Absent(why) && missing.File != "" {
			return sdk.Reading[ChannelOutput]{}, err // it may exist all the same
		}
		out.Exists = known
		return r, nil
	case err != nil:
		return sdk.Reading[ChannelOutput]{}, placed(err)
	}
	defer c.Close()
	cov, err := c.Extent(ctx)
	if err != nil {
		return sdk.Reading[ChannelOutput]{}, err
	}
	size := schema.Bytes(c.Size())
	out.Exists, out.Records, out.Size = true, cov.Records, &size
	if cov.Records > 0 {
		out.Oldest, out.Newest = &cov.Oldest, &cov.Newest
	}
	out.Evidence = append(out.Evidence, sdk.Evidence{File: c.File()})
	r.Partial = cov.Reason
	return r, nil
}

// placed says that an error about the name of a channel is one about that argument.
func placed(err error) error {
	if e := sdk.AsError(err); e.Code == sdk.InvalidInput {
		return e.WithPath("/channel")
	}
	return err
}
