package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/newest"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// ChangesInput is the input of `service.changes`.
type ChangesInput struct {
	Names   []string     `json:"names" jsonschema_description:"Key names of the services"`
	Windows []sdk.Window `json:"windows,omitempty" jsonschema_description:"Spans of time to look at; none of them: nothing to look at; without the argument: all"`
	Since   *schema.Span `json:"since,omitempty" jsonschema_description:"How far back to look; without it, as far as the System channel goes"`
}

// ChangesOutput is the output of `service.changes`. The lists are in the order of time.
type ChangesOutput struct {
	Changes    []Change          `json:"changes" jsonschema_description:"Changes of state; at most the newest 1000"`
	Count      int               `json:"count" jsonschema_extras:"x-counts=changes" jsonschema_description:"How many changes of state there were"`
	StartTypes []StartTypeChange `json:"start_types" jsonschema_description:"Changes of how a service is started; at most the newest 1000"`
	Cut        bool              `json:"cut" jsonschema_description:"Whether a list was cut"`
}

// Change is a service that changed its state.
type Change struct {
	Time        time.Time `json:"time" jsonschema_description:"When"`
	Service     string    `json:"service" jsonschema_description:"Key name, spelled as in the argument names"`
	State       string    `json:"state" jsonschema:"enum=stopped,enum=start_pending,enum=stop_pending,enum=running,enum=continue_pending,enum=pause_pending,enum=paused" jsonschema_description:"What it changed to"`
	DisplayName string    `json:"display_name,omitempty" jsonschema_description:"Name for people, in the language of the machine; absent where the log does not give it"`

	Evidence sdk.Evidence `json:"-"`
}

// StartTypeChange is a change of how a service is started.
type StartTypeChange struct {
	Time    time.Time `json:"time" jsonschema_description:"When"`
	Service string    `json:"service" jsonschema_description:"Key name, spelled as in the argument names"`
	From    string    `json:"from" jsonschema_description:"Start type before: automatic, manual, disabled, or the words of the machine's language"`
	To      string    `json:"to" jsonschema_description:"Start type after, likewise"`

	Evidence sdk.Evidence `json:"-"`
}

const (
	maxChanges     = 1000
	controlManager = "Service Control Manager"
	stateEvent     = 7036
	startTypeEvent = 7040
)

func changesProbe() sdk.Probe { return changesOf(eventlog.Source{}) }

// changesOf is the probe over a source of channels.
func changesOf(source eventlog.Source) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "changes",
		Summary: "When services were stopped, started and reconfigured",
		Doc: `Reads the events 7036 (state) and 7040 (start type) of the Service Control Manager in the System channel. The state comes from the binary data of the event ` +
			`("wuauserv/4"), which are the same in every language.

Windows 10 and 11 clients do not log 7036: where a System channel has none of any service, the answer is partial, because then nothing says that a service was not stopped. ` +
			`Event 38 of Microsoft-Windows-WindowsUpdateClient/Operational, by which wuauserv says that it was asked to stop, is added as stop_pending. ` +
			`Partial too where the channel begins inside a window, is damaged, or was cleared while it was read.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"changes":[],"count":0,"start_types":[],"cut":false}`),
	}, func(ctx context.Context, call *sdk.Call, in ChangesInput) (sdk.Reading[ChangesOutput], error) {
		return changes(ctx, call, source, in)
	})
}

func changes(ctx context.Context, call *sdk.Call, source eventlog.Source, in ChangesInput) (sdk.Reading[ChangesOutput], error) {
	found := newGathered()
	if len(in.Names) == 0 {
		return sdk.Reading[ChangesOutput]{}, sdk.Errorf(sdk.InvalidInput, "no service is named; expected for instance wuauserv").WithPath("/names")
	}
	times, empty, err := period.New(in.Windows, in.Since, call.Target.Now())
	if err != nil || empty {
		return sdk.Observed(found.output()), err
	}
	c, err := source.Open(call.Target, eventlog.System)
	if err != nil {
		return sdk.Reading[ChangesOutput]{}, sdk.AsError(err)
	}
	defer c.Close()
	from := times.Hull().From
	logged := false // whether any service's state is logged
	undecoded := 0
	cov, err := c.Scan(ctx, evtx.Filter{From: from, Providers: []string{controlManager}, IDs: []uint32{stateEvent, startTypeEvent}}, func(r *evtx.Record) error {
		logged = logged || r.ID == stateEvent
		if !times.Contain(r.Time) {
			return nil
		}
		if r.ID == startTypeEvent {
			if s, ok := startTypeChange(r, in.Names); ok {
				s.Evidence = c.Evidence(r)
				found.startTypes.Add(s)
			}
			return nil
		}
		change, what := stateChange(r, in.Names)
		switch what {
		case decoded:
			change.Evidence = c.Evidence(r)
			found.changes.Add(change)
		case unreadable:
			undecoded++
		}
		return nil
	})
	if err == nil && !logged && !from.IsZero() {
		logged, err = everLogged(ctx, c)
	}
	if err != nil {
		return sdk.Reading[ChangesOutput]{}, err
	}
	if err := stopRequests(ctx, call.Target, source, in.Names, times, found.changes.Add); err != nil {
		return sdk.Reading[ChangesOutput]{}, err
	}
	reading := sdk.Observed(found.output())
	reading.Partial, reading.Covers = cov.Lost(from)
	if reading.Partial != "" {
		reading.Settle = "a longer System log: one that was kept elsewhere, or a larger size of the channel before the next failure"
	}
	also := func(reason string) {
		if reading.Partial != "" {
			reason += "; " + reading.Partial
		}
		reading.Partial, reading.Covers = reason, nil
	}
	switch {
	case !logged:
		also("this Windows does not log state changes of services: its System channel has event 7036 of no service at all")
		reading.Settle = "the channel Microsoft-Windows-TaskScheduler/Operational and the audit of processes (event 4688) tell which programs ran when a service was stopped"
	case undecoded > 0:
		also(fmt.Sprintf("%d state changes of these services are logged without their number, and in words that are not English", undecoded))
	}
	return reading, nil
}

var errFound = errors.New("found")

// everLogged says whether the channel has a change of state of any service.
func everLogged(ctx context.Context, c *eventlog.Channel) (bool, error) {
	_, err := c.Scan(ctx, evtx.Filter{Providers: []string{controlManager}, IDs: []uint32{stateEvent}}, func(*evtx.Record) error { return errFound })
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

// gathered holds what is found. A channel can have any number of changes, of which no more are held than are listed.
type gathered struct {
	changes    *newest.List[Change]
	startTypes *newest.List[StartTypeChange]
}

func newGathered() gathered {
	return gathered{
		changes:    newest.New(maxChanges, func(c Change) time.Time { return c.Time }),
		startTypes: newest.New(maxChanges, func(c StartTypeChange) time.Time { return c.Time }),
	}
}

func (g gathered) output() ChangesOutput {
	return ChangesOutput{
		Changes: append([]Change{}, g.changes.All()...), Count: g.changes.Count(),
		StartTypes: append([]StartTypeChange{}, g.startTypes.All()...),
		Cut:        g.changes.Cut() || g.startTypes.Cut(),
	}
}

// finding is what an event tells about the services asked for.
type finding int

const (
	unrelated finding = iota
	decoded
	unreadable // it is about one of them, and its state cannot be read
)

// states are those of a service: SERVICE_STOPPED is 1.
var states = []string{"stopped", "start_pending", "stop_pending", "running", "continue_pending", "pause_pending", "paused"}

// stateChange reads event 7036: binary data "wuauserv/4" or, where there are none, the display name and the state in
// words.
func stateChange(r *evtx.Record, names []string) (Change, finding) {
	display, _ := r.Value("param1")
	key, number, ok := strings.Cut(r.BinaryText(), "/")
	if !ok {
		return inWords(r, display, names)
	}
	name, wanted := find(names, key)
	if !wanted {
		return Change{}, unrelated
	}
	if len(number) != 1 || number[0] < '1' || int(number[0]-'1') >= len(states) {
		return Change{}, unreadable
	}
	return Change{Time: r.Time, Service: name, State: states[number[0]-'1'], DisplayName: display}, decoded
}

// englishNames are display names of services that updating rests on.
var englishNames = map[string]string{
	"windows update": "wuauserv",
	"background intelligent transfer service":        "BITS",
	"update orchestrator service":                    "UsoSvc",
	"update orchestrator service for windows update": "UsoSvc",
	"cryptographic services":                         "CryptSvc",
	"windows modules installer":                      "TrustedInstaller",
	"delivery optimization":                          "DoSvc",
	"windows update medic service":                   "WaaSMedicSvc",
	"task scheduler":                                 "Schedule",
}

func inWords(r *evtx.Record, display string, names []string) (Change, finding) {
	name, wanted := find(names, display)
	if key, known := englishNames[strings.ToLower(display)]; known && !wanted {
		name, wanted = find(names, key)
	}
	if !wanted {
		return Change{}, unrelated
	}
	words, _ := r.Value("param2")
	state := strings.ReplaceAll(strings.ToLower(words), " ", "_")
	if !slices.Contains(states, state) {
		return Change{}, unreadable
	}
	return Change{Time: r.Time, Service: name, State: state, DisplayName: display}, decoded
}

// startTypeChange reads event 7040: display name, start type before and after in words, key name.
func startTypeChange(r *evtx.Record, names []string) (StartTypeChange, bool) {
	key, _ := r.Value("param4")
	name, wanted := find(names, key)
	if !wanted {
		return StartTypeChange{}, false
	}
	from, _ := r.Value("param2")
	to, _ := r.Value("param3")
	return StartTypeChange{Time: r.Time, Service: name, From: startType(from), To: startType(to)}, true
}

func startType(words string) string {
	switch strings.ToLower(words) {
	case "boot start":
		return "boot"
	case "system start":
		return "system"
	case "auto start":
		return "automatic"
	case "demand start":
		return "manual"
	}
	return words
}

// find looks a name up without regard to case, and gives it as it was asked for.
func find(names []string, name string) (string, bool) {
	i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	if i < 0 {
		return "", false
	}
	return names[i], true
}
