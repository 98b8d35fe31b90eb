package update

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// InstalledInput is the input of `update.installed`.
type InstalledInput struct {
	Updates []WantedUpdate `json:"updates" jsonschema_description:"The updates, as update.attempts gives them"`
}

// WantedUpdate names an update by its identity, its KB, or both.
type WantedUpdate struct {
	UpdateGUID string `json:"update_guid,omitempty" jsonschema_description:"Identity of the update"`
	KB         string `json:"kb,omitempty" jsonschema_description:"KB5034441"`
	Title      string `json:"title,omitempty" jsonschema_description:"Name of the update; a build number in it (22621.2792) is compared with that of the system"`
	Revision   *int64 `json:"revision,omitempty" jsonschema_description:"Revision of the update; any counts"`
}

// InstalledOutput is the output of `update.installed`.
type InstalledOutput struct {
	All     *bool             `json:"all,omitempty" jsonschema_description:"Whether all of them are installed, or newer ones that replace them; true for an empty list"`
	Updates []InstalledUpdate `json:"updates" jsonschema_description:"Each update, in the order of the argument"`
}

// InstalledUpdate is what is known of one update.
type InstalledUpdate struct {
	UpdateGUID string `json:"update_guid,omitempty" jsonschema_description:"Identity of the update"`
	KB         string `json:"kb,omitempty" jsonschema_description:"KB5034441"`
	Installed  *bool  `json:"installed,omitempty" jsonschema_description:"Whether it is installed, or a newer one that replaces it; absent where that cannot be told"`
	How        string `json:"how,omitempty" jsonschema:"enum=exact,enum=superseded" jsonschema_description:"Whether the update itself is installed, or a newer one that replaces it"`
	Why        string `json:"why" jsonschema_description:"What the answer rests on, or why there is none"`

	Evidence []sdk.Evidence `json:"-"`
}

func installedProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "installed",
		Summary: "Whether updates are installed, or newer ones that replace them",
		Doc: `An update is installed where the last event of WindowsUpdateClient in the System channel says so (19 after any 20), where Component Based Servicing has a package of its KB that is installed or superseded, ` +
			`or where its title has a build number that the system has reached. It is not installed where its last attempt failed and servicing, being readable, has no package of it, or has one that is merely staged. ` +
			`Everything else cannot be told: the packages of cumulative updates do not have their KB. Then ` + "`installed`" + ` is left out, and ` + "`all`" + ` too unless another update is known to be missing.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"all":true,"updates":[]}`),
	}, installedUpdates)
}

func installedUpdates(ctx context.Context, call *sdk.Call, in InstalledInput) (sdk.Reading[InstalledOutput], error) {
	reading := sdk.Reading[InstalledOutput]{Missing: map[string]string{}}
	all := true
	if len(in.Updates) == 0 {
		return sdk.Observed(InstalledOutput{All: &all, Updates: []InstalledUpdate{}}), nil
	}
	ends := lastEnds{}
	for _, wanted := range in.Updates {
		ends[identity(wanted.UpdateGUID)] = nil
	}
	cov, eventsErr := channelSteps(ctx, call.Target, eventlog.System, time.Time{}, ends.add)
	if ctx.Err() != nil {
		return reading, ctx.Err()
	}
	store, storeErr := readStore(call.Target)
	if eventsErr != nil && storeErr != nil {
		return reading, sdk.AsError(eventsErr)
	}
	var unknown []string
	for i, wanted := range in.Updates {
		u := InstalledUpdate{UpdateGUID: identity(wanted.UpdateGUID), KB: strings.ToUpper(wanted.KB)}
		switch {
		case eventsErr != nil:
			u.settle(wanted, store, storeErr, nil, "the System channel cannot be read: "+message(eventsErr))
		default:
			u.settle(wanted, store, storeErr, ends[u.UpdateGUID], cov.Reason)
		}
		if u.Installed == nil {
			pointer := "/updates/" + strconv.Itoa(i)
			reading.Missing[pointer+"/installed"], reading.Missing[pointer+"/how"] = u.Why, u.Why
			unknown = append(unknown, u.Why)
		} else if !*u.Installed {
			all = false
		}
		reading.Value.Updates = append(reading.Value.Updates, u)
	}
	switch {
	case !all || len(unknown) == 0:
		reading.Value.All = &all
	default:
		reading.Missing["/all"] = unknown[0]
		reading.Settle = "dism /online /get-packages on the running machine, or the update history in Settings"
	}
	if len(reading.Missing) == 0 {
		reading.Missing = nil
	}
	return reading, nil
}

// settle decides about one update, from what proves most to what proves least. Last is the last end of it that the
// System channel has, and gap why that may not be the last one; nothing of it is then known to have failed.
func (u *InstalledUpdate) settle(wanted WantedUpdate, store *store, storeErr error, last *step, gap string) {
	yes, no := true, false
	if last != nil && last.kind == installed {
		u.Installed, u.How = &yes, "exact"
		u.Why = "Windows Update logged its installation at " + last.time.Format(time.RFC3339)
		u.Evidence = []sdk.Evidence{last.evidence}
		return
	}
	if storeErr != nil {
		u.Why = "the store of servicing cannot be read: " + storeErr.Error()
		return
	}
	if build, ok := buildOf(wanted.Title); ok && store.reached(build) {
		u.Installed, u.How = &yes, "exact"
		if store.build.revision > build.revision {
			u.How = "superseded"
		}
		u.Why = fmt.Sprintf("the system has build %d.%d", store.build.number, store.build.revision)
		u.Evidence = []sdk.Evidence{store.buildEvidence}
		return
	}
	p, found := store.best(u.KB)
	switch {
	case found && p.state.installed():
		u.Installed, u.How = &yes, p.state.how()
		u.Why = fmt.Sprintf("the package %s is %s", p.name, p.state)
		u.Evidence = []sdk.Evidence{p.evidence}
	case store.stale != "":
		u.Why = "the store of servicing may be stale: " + store.stale
	case found:
		u.Installed = &no
		u.Why = fmt.Sprintf("the package %s is %s", p.name, p.state)
		u.Evidence = []sdk.Evidence{p.evidence}
	case gap != "":
		u.Why = "servicing has no package of it, and " + gap
	case last != nil:
		u.Installed = &no
		u.Why = fmt.Sprintf("its last attempt failed at %s, and servicing has no package of it", last.time.Format(time.RFC3339))
		u.Evidence = []sdk.Evidence{last.evidence}
	default:
		u.Why = "neither the System channel nor servicing has anything of it"
	}
}

// lastEnds has the last installation or failure of each update that is asked about, by its identity.
type lastEnds map[string]*step

func (l lastEnds) add(s step) {
	last, wanted := l[s.guid]
	if s.guid != "" && wanted && (s.kind == installed || s.kind == installFailed) && (last == nil || !s.time.Before(last.time)) {
		l[s.guid] = &s
	}
}

// readStore reads what servicing has of a target.
func readStore(t *target.Target) (*store, error) {
	s := &store{}
	if err := s.read(t); err != nil {
		return nil, err
	}
	return s, nil
}
