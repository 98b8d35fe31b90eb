package dism

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// RestoreHealthInput is the input of `dism.restore_health`.
type RestoreHealthInput struct {
	Source      string `json:"source,omitempty" jsonschema_description:"Where sound files come from: a folder or share with a Windows folder or a side-by-side folder, or an image such as wim:D:\\sources\\install.wim:1. If not given, Windows Update"`
	LimitAccess bool   `json:"limit_access,omitempty" jsonschema:"default=false" jsonschema_description:"Do not ask Windows Update or WSUS for what the source does not have"`
}

// RestoreHealthOutput is the output of `dism.restore_health`.
type RestoreHealthOutput struct {
	State string `json:"state" jsonschema:"enum=healthy,enum=repairable,enum=not_repairable" jsonschema_description:"State of the component store after it"`
}

func (m machine) restoreHealthAction() sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "restore_health",
		Summary: "Repair the component store",
		Doc: `As dism /online /cleanup-image /restorehealth: damaged files are replaced by sound ones, which nothing takes back. It is never cut
off. Afterwards the mark of damage must be gone. Without a source it needs a Windows Update that works; a machine that gets its
updates from WSUS usually needs a source.`,
		Targets: targets(),
		Needs:   needs(),
		Effect:  sdk.Irreversible, Risk: sdk.RiskMedium,
		Typical: schema.Span(30 * time.Minute),
	}, sdk.ActionHands[RestoreHealthInput, RestoreHealthOutput, restoreToken]{
		Prepare: m.prepareRestore, Apply: m.applyRestore, Assess: m.assessRestore,
	})
}

type restoreToken struct {
	Version     int              `json:"version"`
	Source      string           `json:"source,omitempty"`
	LimitAccess bool             `json:"limit_access,omitempty"`
	Before      servicing.Health `json:"before"`
}

func (t restoreToken) check() error {
	return readable(t.Version, t.Before != "" && goodSource(t.Source) == nil)
}

// A source is a full path, with the kind of an image before it: D:\sources\sxs, \\server\share, wim:D:\sources\install.wim:1.
var sourceForm = regexp.MustCompile(`^(?i:(?:wim|esd):)?(?:[A-Za-z]:\\|\\\\[^\\/:*?"<>|]+\\)[^/*?"<>|\x00-\x1f]*$`)

func goodSource(s string) error {
	if s == "" || len(s) < 1000 && sourceForm.MatchString(s) {
		return nil
	}
	return sdk.Errorf(sdk.InvalidInput, "the source %q: expected the full path of a folder or share, or wim:D:\\sources\\install.wim:1", s).WithPath("/source")
}

func (m machine) prepareRestore(ctx context.Context, call *sdk.Call, in RestoreHealthInput) (sdk.Preview[RestoreHealthOutput, restoreToken], error) {
	p := sdk.Preview[RestoreHealthOutput, restoreToken]{}
	if err := m.serves(call); err != nil {
		return p, err
	}
	if err := goodSource(in.Source); err != nil {
		return p, err
	}
	if in.LimitAccess && in.Source == "" {
		return p, sdk.Errorf(sdk.InvalidInput, "without a source and without Windows Update there is nowhere to get sound files from").WithPath("/limit_access").
			WithHint("name a source")
	}
	is, err := m.store.Health(ctx, false)
	if err != nil {
		return p, explain(err)
	}
	if is == servicing.NotRepairable {
		return p, sdk.Errorf(sdk.Unavailable, "the component store is damaged beyond what dism can repair").WithHint("repair Windows by an in-place upgrade")
	}
	p.Token = restoreToken{tokenVersion, in.Source, in.LimitAccess, is}
	p.Material = map[string]any{"health": is}
	from := "Windows Update"
	if in.Source != "" {
		from = in.Source
	}
	p.Summary = "scan the component store and repair it from " + from
	p.Changes = []sdk.Change{{What: "the component store", Before: strings.ReplaceAll(string(is), "healthy", "no damage noted"), After: "sound"}}
	p.Predicted = &RestoreHealthOutput{string(servicing.Healthy)}
	return p, nil
}

func (m machine) applyRestore(ctx context.Context, call *sdk.Call, _ RestoreHealthInput, token restoreToken, stateDir string) (sdk.Result[RestoreHealthOutput], error) {
	out := sdk.Result[RestoreHealthOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	if err := m.serves(call); err != nil {
		return out, err
	}
	done := func(context.Context) (bool, error) { // that nothing is noted does not say that it was repaired: only DISM's own end does
		last, err := lastEnding(stateDir, applyJob)
		return last != nil && last.failed == nil, err
	}
	before, err := done(ctx)
	if err != nil {
		return out, explain(err)
	}
	last := &ending{}
	if !before {
		change := servicing.Change{Kind: servicing.Restore, Source: token.Source, LimitAccess: token.LimitAccess}
		ended, err := errand{m, call, stateDir, applyJob, change, done}.run(ctx)
		if err != nil {
			return out, explain(err)
		}
		last = &ended
	}
	is, err := m.store.Health(ctx, false)
	if err != nil {
		return out, explain(err)
	}
	if last.failed != nil || is != servicing.Healthy {
		return out, last.disagree("the component store", servicing.State(is))
	}
	out.Output.State = string(is)
	out.NeedsRestart = servicing.NeedsRestart(last.result.Code)
	return out, nil
}

func (m machine) assessRestore(ctx context.Context, call *sdk.Call, token restoreToken, stateDir string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	if err := m.serves(call); err != nil {
		return sdk.Assessment{}, err
	}
	begun, _, atWork, err := m.begun(stateDir)
	if err != nil {
		return sdk.Assessment{}, explain(err)
	}
	switch {
	case atWork:
		return sdk.Assessment{State: sdk.StatePartial, Reason: working}, nil
	case !begun:
		return sdk.Assessment{State: sdk.StateBefore}, nil
	}
	last, err := lastEnding(stateDir, applyJob)
	switch {
	case err != nil:
		return sdk.Assessment{}, explain(err)
	case last == nil:
		return sdk.Assessment{State: sdk.StatePartial, Reason: "it was ordered, and nobody saw its end; it can be done again"}, nil
	case last.failed != nil:
		return sdk.Assessment{State: sdk.StatePartial, Reason: fmt.Sprintf("%v; what was repaired so far stays, and it can be done again", last.failed)}, nil
	}
	is, err := m.store.Health(ctx, false)
	if err != nil {
		return sdk.Assessment{}, explain(err)
	}
	if is != servicing.Healthy {
		return sdk.Assessment{State: sdk.StatePartial, Reason: fmt.Sprintf("dism reported success, and the component store is %s", is)}, nil
	}
	return sdk.Assessment{State: sdk.StateAfter}, nil
}
