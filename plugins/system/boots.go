package system

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/newest"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// BootsInput is the input of `system.boots`.
type BootsInput struct {
	Since *schema.Span `json:"since,omitempty" jsonschema_description:"How far back to look; without it, as far as the System channel goes"`
}

// BootsOutput is the output of `system.boots`.
type BootsOutput struct {
	Boots []Boot `json:"boots" jsonschema_description:"Each time that the system went down, oldest first; at most the newest 1000"`
	Count int    `json:"count" jsonschema_extras:"x-counts=boots" jsonschema_description:"How many there were"`
	Cut   bool   `json:"cut" jsonschema_description:"Whether the list was cut"`
}

// Boot is one time that the system went down, and came up again.
type Boot struct {
	Asked     time.Time  `json:"asked" jsonschema_description:"When the restart or shutdown was asked for; the same as down where nobody did"`
	Down      time.Time  `json:"down" jsonschema_description:"When the system went down; after a crash, when it was last seen alive"`
	Up        *time.Time `json:"up,omitempty" jsonschema_description:"When the system started again; absent where it has not"`
	Kind      string     `json:"kind" jsonschema:"enum=restart,enum=shutdown,enum=crash,enum=unknown" jsonschema_description:"How it went down; crash is a stop error, a hang or a loss of power"`
	Initiator string     `json:"initiator" jsonschema:"enum=windows_update,enum=other,enum=nobody,enum=unknown" jsonschema_description:"Who wanted it: nobody wants a crash; unknown where an orderly shutdown was not explained"`
	// ByWindowsUpdate is absent where the initiator is unknown.
	ByWindowsUpdate *bool  `json:"by_windows_update,omitempty" jsonschema_description:"Whether Windows Update or servicing wanted it; absent where that is not known"`
	Process         string `json:"process,omitempty" jsonschema_description:"The program that asked for it, with its path"`
	User            string `json:"user,omitempty" jsonschema_description:"The account on whose behalf it was asked for"`
	Reason          string `json:"reason,omitempty" jsonschema_description:"The reason given, in the language of the machine"`
	ReasonCode      string `json:"reason_code,omitempty" jsonschema_description:"The reason as a code, the same in every language: 0x80020010"`
	Comment         string `json:"comment,omitempty" jsonschema_description:"The comment given with it"`

	Evidence []sdk.Evidence `json:"-"`
}

const (
	maxBoots = 1000
	// maxEvents bounds how many events of going down and coming up are held; a boot has up to six.
	maxEvents = 10_000
)

func bootsProbe() sdk.Probe { return bootsOf(eventlog.Source{}) }

// bootsOf is the probe over a source of channels.
func bootsOf(source eventlog.Source) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "boots",
		Summary: "When the system was shut down and started, and who wanted it",
		Doc: `Pairs the events of the System channel by which Windows goes down (User32 1074: who and why; EventLog 6006, Kernel-Power 109, Kernel-General 13) and comes up ` +
			`(Kernel-General 12, EventLog 6005; after a crash also Kernel-Power 41 and EventLog 6008). A shutdown with fast startup leaves event 1074 alone: it counts, without ` + "`up`" + `.

Windows Update wanted it where the program of event 1074 is one of its own (MoUsoCoreWorker, UsoClient, wuauclt, TiWorker, TrustedInstaller, MusNotification and their kin), or where a part of ` +
			`Windows that acts for others (svchost, winlogon, wininit, the Start menu) gave a reason of servicing: operating system with upgrade, service pack, hotfix or security fix. The reason alone is no proof, because any ` +
			`program may give any. A shutdown without event 1074 leaves the initiator unknown, and ` + "`by_windows_update`" + ` absent.

Partial where the System channel begins after ` + "`since`" + `, is damaged, or was cleared while it was read.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"boots":[],"count":0,"cut":false}`),
	}, func(ctx context.Context, call *sdk.Call, in BootsInput) (sdk.Reading[BootsOutput], error) {
		return boots(ctx, call, source, in)
	})
}

func boots(ctx context.Context, call *sdk.Call, source eventlog.Source, in BootsInput) (sdk.Reading[BootsOutput], error) {
	times, _, err := period.New(nil, in.Since, call.Target.Now())
	if err != nil {
		return sdk.Reading[BootsOutput]{}, err
	}
	from := times.Hull().From
	c, err := source.Open(call.Target, eventlog.System)
	if err != nil {
		return sdk.Reading[BootsOutput]{}, sdk.AsError(err)
	}
	defer c.Close()
	events := newest.New(maxEvents, func(e event) time.Time { return e.record.Time })
	cov, err := c.Scan(ctx, evtx.Filter{From: from, IDs: bootIDs, Providers: bootProviders}, func(r *evtx.Record) error {
		if what := classify(r); what != "" {
			events.Add(event{what, r, c.Evidence(r)})
		}
		return nil
	})
	if err != nil {
		return sdk.Reading[BootsOutput]{}, err
	}
	found := pair(events.All())
	if err := lastAlive(ctx, c, from, found); err != nil {
		return sdk.Reading[BootsOutput]{}, err
	}
	out := BootsOutput{Boots: []Boot{}}
	for _, d := range found {
		if d.Down.IsZero() {
			continue // the log begins with a start: nothing says what was before
		}
		if d.Asked.IsZero() {
			d.Asked = d.Down
		}
		d.Evidence = d.cited()
		out.Boots = append(out.Boots, d.Boot)
	}
	slices.SortStableFunc(out.Boots, func(a, b Boot) int { return a.Down.Compare(b.Down) })
	out.Count = len(out.Boots)
	if out.Count > maxBoots {
		out.Boots, out.Cut = out.Boots[out.Count-maxBoots:], true
	}
	reading := sdk.Observed(out)
	if reading.Partial, reading.Covers = cov.Lost(from); reading.Partial != "" {
		reading.Settle = "a longer System log: one that was kept elsewhere, or a larger size of the channel before the next failure"
	}
	if lost := events.Lost(); !lost.IsZero() {
		reading.Partial = fmt.Sprintf("the System channel has %d events of starts and shutdowns, of which the newest %d were looked at, those after %s",
			events.Count(), maxEvents, lost.Format(time.RFC3339))
		reading.Covers, reading.Settle = &sdk.Window{From: lost}, "a shorter time to look back: since"
	}
	return reading, nil
}

// lastAlive dates the crashes that no event dates: the system was alive at its last record before it started again.
func lastAlive(ctx context.Context, c *eventlog.Channel, from time.Time, found []*down) error {
	var undated []*down
	for _, d := range found {
		if d.Down.IsZero() && d.Up != nil {
			undated = append(undated, d)
		}
	}
	if len(undated) == 0 {
		return nil
	}
	_, err := c.Scan(ctx, evtx.Filter{From: from, To: *undated[len(undated)-1].Up}, func(r *evtx.Record) error {
		i, _ := slices.BinarySearchFunc(undated, r.Time, func(d *down, t time.Time) int { return d.Up.Compare(t) })
		if i < len(undated) && r.Time.After(undated[i].Down) && r.Time.Before(*undated[i].Up) && !r.Time.Before(undated[i].since) {
			undated[i].Down = r.Time
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for the last record before a crash: %w", err)
	}
	return nil
}
