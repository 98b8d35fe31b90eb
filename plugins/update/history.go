package update

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/newest"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// HistoryInput is the input of `update.history`.
type HistoryInput struct {
	Since *schema.Span `json:"since,omitempty" jsonschema_description:"How far back to look; without it, as far as the sources go"`
}

// HistoryOutput is the output of `update.history`.
type HistoryOutput struct {
	Entries []HistoryEntry `json:"entries" jsonschema_description:"What happened, oldest first; at most the newest 1000"`
	Count   int            `json:"count" jsonschema_extras:"x-counts=entries" jsonschema_description:"How many entries there are"`
	Sources []string       `json:"sources" jsonschema_description:"The sources that were read"`
	Cut     bool           `json:"cut" jsonschema_description:"Whether the list was cut"`
}

// HistoryEntry is one entry of the update history.
type HistoryEntry struct {
	Time       time.Time     `json:"time" jsonschema_description:"When"`
	Source     string        `json:"source" jsonschema:"enum=agent,enum=reporting_events,enum=setup_channel" jsonschema_description:"Where it is written"`
	Operation  string        `json:"operation" jsonschema:"enum=scan,enum=download,enum=install,enum=uninstall,enum=service" jsonschema_description:"What was tried; service is a change of a package by servicing"`
	Result     string        `json:"result" jsonschema:"enum=succeeded,enum=failed,enum=in_progress,enum=needs_restart" jsonschema_description:"How it ended"`
	Code       *hresult.Code `json:"code,omitempty" jsonschema_description:"Why it failed; absent where it did not, and where the log has no code that can be read"`
	Title      string        `json:"title,omitempty" jsonschema_description:"Name of the update or package"`
	KB         string        `json:"kb,omitempty" jsonschema_description:"KB5034441; absent where the title has none"`
	UpdateGUID string        `json:"update_guid,omitempty" jsonschema_description:"Identity of the update: lower case, without braces"`

	Evidence sdk.Evidence `json:"-"`
}

func historyProbe(m machine) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "history",
		Summary: "The update history",
		Doc: `On a running Windows it asks the Windows Update agent, whose history is what Settings shows. Where the agent cannot be asked it reads what a disk has of it, and is partial for that.

On a disk it reads %SystemRoot%\SoftwareDistribution\ReportingEvents.log (what the Windows Update agent reports) and the Setup channel (Microsoft-Windows-Servicing 2, 3 and 4: what servicing did). ` +
			`Partial where one of the two is not there, is damaged, or begins after ` + "`since`" + `: the log begins anew when SoftwareDistribution is renamed.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"entries":[],"count":0,"sources":["ReportingEvents.log","Setup"],"cut":false}`),
	}, m.history)
}

func (m machine) history(ctx context.Context, call *sdk.Call, in HistoryInput) (sdk.Reading[HistoryOutput], error) {
	if call.Target.Kind() == target.Offline {
		return logged(ctx, call, in)
	}
	reading, err := m.told(ctx, call, in)
	if err == nil || ctx.Err() != nil {
		return reading, err
	}
	files, missing := logged(ctx, call, in)
	if missing != nil {
		return reading, err
	}
	files.Partial = strings.TrimSuffix(fmt.Sprintf("the history of the Windows Update agent itself is not known: %v; %s", err, files.Partial), "; ")
	return files, nil
}

// told is what the agent tells.
func (m machine) told(ctx context.Context, call *sdk.Call, in HistoryInput) (sdk.Reading[HistoryOutput], error) {
	reading := sdk.Reading[HistoryOutput]{Value: HistoryOutput{Entries: []HistoryEntry{}, Sources: []string{"agent"}}}
	out := &reading.Value
	times, _, err := period.New(nil, in.Since, call.Target.Now())
	if err != nil {
		return reading, err
	}
	from := times.Hull().From
	h, err := m.agent.History(ctx, maxHistory)
	if err != nil {
		return reading, explain(err)
	}
	entries := newest.New(maxAttempts, func(e HistoryEntry) time.Time { return e.Time })
	for _, e := range h.Entries {
		if !e.Time.Before(from) {
			entries.Add(toldEntry(e))
		}
	}
	out.Entries = append(out.Entries, entries.All()...)
	out.Count, out.Cut = entries.Count(), entries.Cut()
	if h.Unreadable > 0 {
		reading.Partial = fmt.Sprintf("the Windows Update agent does not give %d entries of its history: %s", h.Unreadable, h.Why)
	}
	return reading, nil
}

func toldEntry(e agent.Entry) HistoryEntry {
	h := HistoryEntry{Time: e.Time, Source: "agent", Operation: "install", Result: "failed", Title: e.Title, KB: kbOf(e.Title), UpdateGUID: e.UpdateID}
	if e.Operation == agent.Uninstalling {
		h.Operation = "uninstall"
	}
	switch {
	case e.Result.OK():
		h.Result = "succeeded"
	case e.Result == agent.NotStarted || e.Result == agent.InProgress:
		h.Result = "in_progress"
	}
	if e.Code != 0 {
		h.Code = &e.Code
	}
	h.Evidence = sdk.Evidence{Time: e.Time, Text: fmt.Sprintf("IUpdateHistoryEntry %s revision %d: %s, %s (unmapped %s), asked for by %q: %s", e.UpdateID, e.Revision, e.Result, e.Code, e.Unmapped, e.Client, e.Title)}
	return h
}

// logged is what the logs on the disk have.
func logged(ctx context.Context, call *sdk.Call, in HistoryInput) (sdk.Reading[HistoryOutput], error) {
	reading := sdk.Reading[HistoryOutput]{Value: HistoryOutput{Entries: []HistoryEntry{}, Sources: []string{}}}
	out := &reading.Value
	times, _, err := period.New(nil, in.Since, call.Target.Now())
	if err != nil {
		return reading, err
	}
	from := times.Hull().From
	entries := newest.New(maxAttempts, func(e HistoryEntry) time.Time { return e.Time })
	reported, reportingErr := reportingSteps(ctx, call.Target, from, func(s step) { entries.Add(reportingEntry(&s)) })
	serviced, setupErr := servicingEntries(ctx, call.Target, from, entries.Add)
	if ctx.Err() != nil {
		return reading, ctx.Err()
	}
	if reportingErr != nil && setupErr != nil {
		return reading, sdk.AsError(setupErr)
	}
	var gaps []string
	if reportingErr != nil {
		gaps = append(gaps, "the log of the Windows Update agent cannot be read: "+reportingErr.Error())
	} else {
		out.Sources = append(out.Sources, "ReportingEvents.log")
		gaps = append(gaps, reported.lost(from))
	}
	if setupErr != nil {
		gaps = append(gaps, message(setupErr))
	} else {
		out.Sources = append(out.Sources, eventlog.Setup)
		reason, _ := serviced.Lost(from)
		gaps = append(gaps, reason)
	}
	reading.Partial = strings.Join(slices.DeleteFunc(gaps, func(reason string) bool { return reason == "" }), "; ")
	out.Entries = append(out.Entries, entries.All()...)
	out.Count, out.Cut = entries.Count(), entries.Cut()
	return reading, nil
}

func reportingEntry(s *step) HistoryEntry {
	e := HistoryEntry{Time: s.time, Source: "reporting_events", Result: "succeeded", Title: s.title, KB: kbOf(s.title), UpdateGUID: s.guid, Evidence: s.evidence}
	switch s.kind {
	case scanned, scanFailed:
		e.Operation = "scan"
	case downloadFailed:
		e.Operation = "download"
	default:
		e.Operation = "install"
	}
	if s.kind.failed() {
		e.Result, e.Code = "failed", s.code
	}
	return e
}

// servicingEntries calls add for what servicing logged: 2 a package was changed, 3 that failed, 4 a restart must finish
// it.
func servicingEntries(ctx context.Context, t *target.Target, from time.Time, add func(HistoryEntry)) (eventlog.Coverage, error) {
	c, err := eventlog.Open(t, eventlog.Setup)
	if err != nil {
		return eventlog.Coverage{}, err
	}
	defer c.Close()
	filter := evtx.Filter{From: from, Providers: []string{"Microsoft-Windows-Servicing"}, IDs: []uint32{2, 3, 4}}
	return c.Scan(ctx, filter, func(r *evtx.Record) error {
		e := HistoryEntry{Time: r.Time, Source: "setup_channel", Operation: "service", Evidence: c.Evidence(r)}
		e.Title, _ = r.Value("PackageIdentifier")
		e.KB = kbOf(e.Title)
		switch r.ID {
		case 2:
			e.Result = "succeeded"
		case 4:
			e.Result = "needs_restart"
		default:
			e.Result = "failed"
			text, _ := r.Value("ErrorCode")
			e.Code = codeOf(text)
		}
		add(e)
		return nil
	})
}
