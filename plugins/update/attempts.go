package update

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// AttemptsInput is the input of `update.attempts`.
type AttemptsInput struct {
	Code  *hresult.Code `json:"code,omitempty" jsonschema_description:"Failures with this code count as failed, the rest as others; without it, failures of any code are failed"`
	Since *schema.Span  `json:"since,omitempty" jsonschema_description:"How far back to look; without it, as far as the logs go"`
}

// AttemptsOutput is the output of `update.attempts`. All lists are in the order of time.
type AttemptsOutput struct {
	Failed    []Attempt    `json:"failed" jsonschema_description:"Attempts that failed with the code"`
	Succeeded []Attempt    `json:"succeeded" jsonschema_description:"Installations that succeeded"`
	Open      []Attempt    `json:"open" jsonschema_description:"Those of failed whose update has not been installed since"`
	Others    []Attempt    `json:"others" jsonschema_description:"Attempts that failed with another code, or with none that can be read"`
	Updates   []OpenUpdate `json:"updates" jsonschema_description:"The updates that open is about, each once"`
	Cut       bool         `json:"cut" jsonschema_description:"Whether a list had more than 1000 entries, of which the newest are given"`
}

// Attempt is one attempt to download or install an update, or to look for updates.
type Attempt struct {
	Title          string        `json:"title,omitempty" jsonschema_description:"Name of the update, in the language of the machine; absent for phase scan"`
	KB             string        `json:"kb,omitempty" jsonschema_description:"KB5034441; absent where the title has none"`
	UpdateGUID     string        `json:"update_guid,omitempty" jsonschema_description:"Identity of the update: lower case, without braces; absent for phase scan"`
	Revision       *int64        `json:"revision,omitempty" jsonschema_description:"Revision of the update"`
	Phase          string        `json:"phase" jsonschema:"enum=scan,enum=download,enum=install,enum=unknown" jsonschema_description:"How far it was when it ended"`
	Code           *hresult.Code `json:"code,omitempty" jsonschema_description:"Why it failed; absent where it succeeded, and where the log has no code that can be read"`
	Started        time.Time     `json:"started" jsonschema_description:"When it began"`
	StartedAssumed bool          `json:"started_assumed" jsonschema_description:"Whether no log says when it began: one hour before its end is taken then"`
	Ended          time.Time     `json:"ended" jsonschema_description:"When it succeeded or failed"`
	Source         string        `json:"source" jsonschema:"enum=events,enum=history" jsonschema_description:"Where it was found: event channels or ReportingEvents.log"`

	Evidence []sdk.Evidence `json:"-"` // its end first

	succeeded bool
}

// OpenUpdate is an update that failed and has not been installed since.
type OpenUpdate struct {
	UpdateGUID string `json:"update_guid,omitempty" jsonschema_description:"Identity of the update: lower case, without braces"`
	KB         string `json:"kb,omitempty" jsonschema_description:"KB5034441; absent where the title has none"`
	Title      string `json:"title" jsonschema_description:"Name of the update, in the language of the machine"`
	Revision   *int64 `json:"revision,omitempty" jsonschema_description:"Revision of the update"`

	Evidence []sdk.Evidence `json:"-"`
}

const (
	maxAttempts = 1000
	// assumedDuration is how long before its end an attempt is taken to have begun where no log says.
	assumedDuration = time.Hour
	// lookBack is how long before the time asked for an attempt may have begun.
	lookBack = 24 * time.Hour
)

func attemptsProbe() sdk.Probe { return attemptsOf(eventlog.Source{}) }

// attemptsOf is the probe over a source of channels.
func attemptsOf(source eventlog.Source) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "attempts",
		Summary: "Updates that were downloaded and installed, or failed",
		Doc: `Reads the events of Microsoft-Windows-WindowsUpdateClient: in the System channel 19 (installed), 20 (failed), 43 (installation started), 44 (download started), ` +
			`in its Operational channel 25 (looking for updates failed), 26 (updates were looked for), 31 (download failed) and 41 (downloaded); and ` +
			`%SystemRoot%\SoftwareDistribution\ReportingEvents.log for attempts that the channels do not have. Events of one update belong together by its identity.

An attempt failed while downloading where its download had started and its installation had not. An update is no longer open once it, or a later issue of it (the same KB and title but for numbers), was installed.

The System channel decides what is known: partial where it begins after ` + "`since`" + `, is damaged, or was cleared while it was read. Without it, what the other sources have is partial, and nothing is not known.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"failed":[],"succeeded":[],"open":[],"others":[],"updates":[],"cut":false}`),
	}, func(ctx context.Context, call *sdk.Call, in AttemptsInput) (sdk.Reading[AttemptsOutput], error) {
		return attempts(ctx, call, source, in)
	})
}

func attempts(ctx context.Context, call *sdk.Call, source eventlog.Source, in AttemptsInput) (sdk.Reading[AttemptsOutput], error) {
	reading := sdk.Reading[AttemptsOutput]{}
	times, _, err := period.New(nil, in.Since, call.Target.Now())
	if err != nil {
		return reading, err
	}
	from := times.Hull().From
	begin := from
	if !from.IsZero() {
		begin = from.Add(-lookBack)
	}
	system := newSteps()
	cov, systemErr := stepsOf(ctx, call.Target, source, eventlog.System, begin, system.Add)
	// The others only add: what decides is the System channel, so that an error of theirs is passed over.
	operational, reporting := newSteps(), newSteps()
	_, _ = stepsOf(ctx, call.Target, source, eventlog.UpdateClient, begin, operational.Add)
	_, _ = reportingSteps(ctx, call.Target, begin, reporting.Add)
	if ctx.Err() != nil {
		return reading, ctx.Err()
	}
	found := chain(slices.Concat(system.All(), operational.All(), reporting.All()))
	if !from.IsZero() {
		found = slices.DeleteFunc(found, func(a *Attempt) bool { return a.Ended.Before(from) })
	}
	switch {
	case systemErr != nil && len(found) == 0:
		return reading, sdk.AsError(systemErr)
	case systemErr != nil:
		reading.Partial = "only what Windows Update logs elsewhere is known: " + message(systemErr)
		reading.Settle = sdk.AsError(systemErr).Hint
	default:
		if reading.Partial, reading.Covers = cov.Lost(from); reading.Partial != "" {
			reading.Settle = "a longer System log: one that was kept elsewhere, or a larger size of the channel before the next failure"
		}
	}
	var uncoded int
	reading.Value, uncoded = sortOut(found, in.Code)
	also := func(reason string) {
		if reading.Partial != "" {
			reason = reading.Partial + "; " + reason
		}
		reading.Partial = reason
	}
	if lost := system.Lost(); !lost.IsZero() && !lost.Before(from) {
		also(fmt.Sprintf("the System channel has %d events of Windows Update, of which the newest %d were looked at, those after %s",
			system.Count(), maxSteps, lost.Format(time.RFC3339)))
		reading.Covers = &sdk.Window{From: lost}
		reading.Settle = "a shorter time to look back: since"
	}
	if uncoded > 0 {
		also(fmt.Sprintf("%d failures are logged without a code that can be read, and any of them may have the one that is asked for", uncoded))
	}
	return reading, nil
}

// message is an error's own text, without its hint.
func message(err error) string {
	var e *sdk.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// sortOut makes the answer of all attempts, and counts those of which it cannot be told whether they have the code.
func sortOut(found []*Attempt, code *hresult.Code) (out AttemptsOutput, uncoded int) {
	out = AttemptsOutput{Failed: []Attempt{}, Succeeded: []Attempt{}, Open: []Attempt{}, Others: []Attempt{}, Updates: []OpenUpdate{}}
	for i, a := range found {
		switch {
		case a.succeeded && a.Phase != phaseScan:
			out.Succeeded = append(out.Succeeded, *a)
		case a.succeeded:
		case code != nil && a.Code == nil:
			uncoded++
			out.Others = append(out.Others, *a)
		case code != nil && *a.Code != *code:
			out.Others = append(out.Others, *a)
		default:
			out.Failed = append(out.Failed, *a)
			if !slices.ContainsFunc(found[i+1:], func(later *Attempt) bool { return later.succeeded && settles(later, a) }) {
				out.Open = append(out.Open, *a)
			}
		}
	}
	for _, list := range []*[]Attempt{&out.Failed, &out.Succeeded, &out.Open, &out.Others} {
		if n := len(*list) - maxAttempts; n > 0 {
			*list, out.Cut = (*list)[n:], true
		}
	}
	out.Updates = openUpdates(out.Open)
	return out, uncoded
}

// settles says whether a success makes good for a failure before it.
func settles(success, failure *Attempt) bool {
	if failure.Phase == phaseScan || success.Phase == phaseScan {
		return failure.Phase == success.Phase
	}
	if failure.UpdateGUID != "" && failure.UpdateGUID == success.UpdateGUID {
		return true
	}
	return failure.KB != "" && failure.KB == success.KB && unnumbered(failure.Title) == unnumbered(success.Title)
}

// unnumbered takes the digits out of a title: definition updates have one KB and a new identity and version each day.
func unnumbered(title string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, title)
}

func openUpdates(open []Attempt) []OpenUpdate {
	updates := []OpenUpdate{}
	seen := map[string]bool{}
	for _, a := range slices.Backward(open) {
		key := a.UpdateGUID
		if key == "" {
			key = a.KB
		}
		if key == "" || seen[key] {
			continue
		}
		seen[key] = true
		updates = append(updates, OpenUpdate{a.UpdateGUID, a.KB, a.Title, a.Revision, a.Evidence})
	}
	slices.Reverse(updates)
	return updates
}

var kbNumber = regexp.MustCompile(`(?i)\bKB(\d{6,8})`)

// kbOf finds the number of a knowledge base article in the title of an update; titles are localised, the number is not.
func kbOf(title string) string {
	if m := kbNumber.FindStringSubmatch(title); m != nil {
		return "KB" + m[1]
	}
	return ""
}
