package dism

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// RemovePackageInput is the input of `dism.remove_package`.
type RemovePackageInput struct {
	Name string `json:"name" jsonschema_description:"Identity of the package, as dism.packages gives it; no wildcards"`
}

// RemovePackageOutput is the output of `dism.remove_package`.
type RemovePackageOutput struct {
	Name  string `json:"name" jsonschema_description:"Identity of the package"`
	State string `json:"state" jsonschema:"enum=not_present,enum=staged,enum=uninstall_pending" jsonschema_description:"State after it; uninstall_pending needs a restart"`
}

func (m machine) removePackageAction() sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "remove_package",
		Summary: "Remove a package from Windows",
		Doc: `As dism /online /remove-package. It is never cut off. The state of the package that is read back decides, not the exit code.
Nothing brings the package back but its file, with dism.add_package; permanent packages and servicing stacks are refused.`,
		Targets: targets(),
		Needs:   needs(),
		Effect:  sdk.Irreversible, Risk: sdk.RiskHigh,
		Typical: schema.Span(10 * time.Minute),
	}, sdk.ActionHands[RemovePackageInput, RemovePackageOutput, removeToken]{
		Prepare: m.prepareRemove, Apply: m.applyRemove, Assess: m.assessRemove,
	})
}

type removeToken struct {
	Version  int             `json:"version"`
	Identity string          `json:"identity"`
	Before   servicing.State `json:"before"`
}

func (t removeToken) check() error {
	_, err := servicing.ParseIdentity(t.Identity)
	return readable(t.Version, err == nil && t.Before != "")
}

func (m machine) prepareRemove(ctx context.Context, call *sdk.Call, in RemovePackageInput) (sdk.Preview[RemovePackageOutput, removeToken], error) {
	p := sdk.Preview[RemovePackageOutput, removeToken]{}
	if err := m.serves(call); err != nil {
		return p, err
	}
	if _, err := servicing.ParseIdentity(in.Name); err != nil {
		return p, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/name").WithHint("dism.packages lists the identities")
	}
	if strings.Contains(strings.ToLower(in.Name), "servicingstack") {
		return p, sdk.Errorf(sdk.Unsupported, "%s is a servicing stack, which cannot be removed", in.Name).WithPath("/name")
	}
	is, err := m.store.Package(ctx, in.Name)
	if err != nil {
		return p, explain(err)
	}
	p.Token = removeToken{tokenVersion, is.Identity, is.State}
	p.Material = packageMaterial{is.Identity, is.State}
	if is.State.Gone() {
		p.NoOp, p.Summary = true, fmt.Sprintf("nothing to remove: %s is %s", is.Identity, is.State)
		p.Predicted = &RemovePackageOutput{is.Identity, gone(is.State)}
		return p, nil
	}
	p.Summary = "remove " + is.Identity
	p.Changes = []sdk.Change{{What: packageName(is.Identity), Before: string(is.State), After: "removed, or to be after a restart"}}
	return p, nil
}

// gone is the state of a package that is not installed, in the words of the schema.
func gone(s servicing.State) string {
	if s == servicing.Resolved {
		return string(servicing.Staged)
	}
	return string(s)
}

func (m machine) removing(call *sdk.Call, stateDir, job, identity string) errand {
	return errand{m, call, stateDir, job, servicing.Change{Kind: servicing.Remove, Identity: identity}, func(ctx context.Context) (bool, error) {
		is, err := m.store.Package(ctx, identity)
		return is.State.Gone(), err
	}}
}

func (m machine) applyRemove(ctx context.Context, call *sdk.Call, _ RemovePackageInput, token removeToken, stateDir string) (sdk.Result[RemovePackageOutput], error) {
	out := sdk.Result[RemovePackageOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	if err := m.serves(call); err != nil {
		return out, err
	}
	_, _, atWork, err := m.begun(stateDir)
	if err != nil {
		return out, explain(err)
	}
	var ended ending
	if !atWork {
		is, err := m.store.Package(ctx, token.Identity)
		if err != nil {
			return out, explain(err)
		}
		if is.State.Gone() {
			return removeResult(token.Identity, is.State), nil
		}
	}
	if ended, err = m.removing(call, stateDir, applyJob, token.Identity).run(ctx); err != nil {
		return out, explain(err)
	}
	is, err := m.store.Package(ctx, token.Identity)
	if err != nil {
		return out, explain(err)
	}
	if !is.State.Gone() {
		return out, ended.disagree(token.Identity, is.State)
	}
	out = removeResult(token.Identity, is.State)
	out.NeedsRestart = out.NeedsRestart || servicing.NeedsRestart(ended.result.Code)
	return out, nil
}

func removeResult(identity string, state servicing.State) sdk.Result[RemovePackageOutput] {
	return sdk.Result[RemovePackageOutput]{Output: RemovePackageOutput{identity, gone(state)}, NeedsRestart: state.Pending()}
}

func (m machine) assessRemove(ctx context.Context, call *sdk.Call, token removeToken, stateDir string) (sdk.Assessment, error) {
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
	if atWork {
		return sdk.Assessment{State: sdk.StatePartial, Reason: working}, nil
	}
	is, err := m.store.Package(ctx, token.Identity)
	if err != nil {
		return sdk.Assessment{}, explain(err)
	}
	reason := fmt.Sprintf("%s is %s", token.Identity, is.State)
	switch {
	case is.State.Gone() && (begun || token.Before.Gone()):
		return sdk.Assessment{State: sdk.StateAfter, Reason: reason}, nil
	case is.State.Gone():
		return sdk.Assessment{State: sdk.StateOther, Reason: reason + ", and not by this action"}, nil
	case is.State == servicing.PartiallyInstalled && token.Before != is.State:
		return sdk.Assessment{State: sdk.StatePartial, Reason: reason}, nil
	}
	return sdk.Assessment{State: sdk.StateBefore, Reason: reason}, nil
}
