package dism

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// AddPackageInput is the input of `dism.add_package`.
type AddPackageInput struct {
	Path schema.TargetPath `json:"path" jsonschema_description:"The package: a .cab, or an .msu where this Windows takes one"`
}

// AddPackageOutput is the output of `dism.add_package`.
type AddPackageOutput struct {
	Name  string `json:"name" jsonschema_description:"Identity of the package, which dism.remove_package takes"`
	State string `json:"state" jsonschema:"enum=installed,enum=install_pending,enum=superseded,enum=not_applicable" jsonschema_description:"State after it; install_pending needs a restart"`
}

const notApplicable = "not_applicable"

func (m machine) addPackageAction() sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "add_package",
		Summary: "Install a package into Windows",
		Doc: `As dism /online /add-package. It is never cut off: servicing that is torn apart can leave a Windows that does not start. So a worker
does it that outlives this program. The state of the package that is read back decides, not the exit code. A package
that is installed already changes nothing, and one that is not for this Windows neither. The exit code 3010 is success, with a restart to come.

Which package it is, the file tells: update.mum in a .cab, the answer file in an .msu. The newest .msu files are images and are refused.

Undo removes the package again if it was not there before. A servicing stack cannot be removed; undo says so.`,
		Targets: targets(),
		Needs:   needs(),
		Effect:  sdk.Reversible, Risk: sdk.RiskHigh,
		Typical: schema.Span(10 * time.Minute),
	}, sdk.ActionHands[AddPackageInput, AddPackageOutput, addToken]{
		Prepare: m.prepareAdd, Apply: m.applyAdd, Assess: m.assessAdd, Undo: m.undoAdd,
	})
}

type addToken struct {
	Version   int             `json:"version"`
	Path      string          `json:"path"` // full Windows path
	Identity  string          `json:"identity"`
	Permanent bool            `json:"permanent,omitempty"`
	Before    servicing.State `json:"before"`
}

func (t addToken) check() error {
	_, err := servicing.ParseIdentity(t.Identity)
	return readable(t.Version, err == nil && t.Path != "" && t.Before != "")
}

// packageMaterial is what adding and removing rest on.
type packageMaterial struct {
	Identity string          `json:"identity"`
	State    servicing.State `json:"state"`
}

// packageName names a package in changes.
func packageName(identity string) string { return "package " + identity }

func (m machine) prepareAdd(ctx context.Context, call *sdk.Call, in AddPackageInput) (sdk.Preview[AddPackageOutput, addToken], error) {
	p := sdk.Preview[AddPackageOutput, addToken]{}
	if err := m.serves(call); err != nil {
		return p, err
	}
	path := call.Target.Display(string(in.Path))
	if strings.ContainsAny(path, "\"\r\n") {
		return p, sdk.Errorf(sdk.InvalidInput, "%q cannot be handed to dism: it holds a quotation mark or a control character", path).WithPath("/path")
	}
	c, err := inspect(ctx, call, path)
	if err != nil {
		return p, unreadable(path, err)
	}
	is, err := m.store.Package(ctx, c.Identity)
	if err != nil {
		return p, explain(err)
	}
	if is.State == servicing.UninstallPending {
		return p, sdk.Errorf(sdk.Unavailable, "%s waits for a restart to be removed", c.Identity).WithHint("restart the machine first")
	}
	p.Token = addToken{tokenVersion, path, c.Identity, c.Permanent, is.State}
	p.Material = packageMaterial{c.Identity, is.State}
	if is.State.Arrived() {
		p.NoOp, p.Summary = true, fmt.Sprintf("nothing to install: %s is %s", c.Identity, is.State)
		p.Predicted = &AddPackageOutput{c.Identity, string(is.State)}
		return p, nil
	}
	p.Summary = fmt.Sprintf("install %s from %s", c.Identity, path)
	if c.Permanent {
		p.Summary += ", which nothing removes again"
	}
	p.Changes = []sdk.Change{{What: packageName(c.Identity), Before: string(is.State), After: "installed, or to be after a restart"}}
	return p, nil
}

// inspect reads which package a file holds.
func inspect(ctx context.Context, call *sdk.Call, path string) (servicing.Candidate, error) {
	f, err := call.Target.Open(path)
	if err != nil {
		return servicing.Candidate{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return servicing.Candidate{}, err
	}
	return servicing.Inspect(ctx, f, info.Size())
}

func (m machine) applyAdd(ctx context.Context, call *sdk.Call, _ AddPackageInput, token addToken, stateDir string) (sdk.Result[AddPackageOutput], error) {
	out := sdk.Result[AddPackageOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	if err := m.serves(call); err != nil {
		return out, err
	}
	begun, _, atWork, err := m.begun(stateDir)
	if err != nil {
		return out, explain(err)
	}
	if !atWork {
		is, err := m.store.Package(ctx, token.Identity)
		if err != nil {
			return out, explain(err)
		}
		if is.State.Arrived() && !begun && !token.Before.Arrived() {
			return out, changed("%s is %s since this was planned, and not by this action", token.Identity, is.State)
		}
		if is.State.Arrived() {
			return addResult(token.Identity, is.State), nil
		}
		c, err := inspect(ctx, call, token.Path)
		if err != nil {
			return out, unreadable(token.Path, err)
		}
		if c.Identity != token.Identity {
			return out, changed("%s was changed since this was planned: it holds %s, not %s", token.Path, c.Identity, token.Identity)
		}
	}
	ended, err := m.adding(call, stateDir, token).run(ctx)
	if err != nil {
		return out, explain(err)
	}
	is, err := m.store.Package(ctx, token.Identity)
	switch {
	case err != nil:
		return out, explain(err)
	case is.State.Arrived():
		out = addResult(token.Identity, is.State)
		out.NeedsRestart = out.NeedsRestart || servicing.NeedsRestart(ended.result.Code)
		return out, nil
	case ended.notApplicable():
		out.Output = AddPackageOutput{token.Identity, notApplicable}
		return out, nil
	}
	return out, ended.disagree(token.Identity, is.State)
}

func (m machine) adding(call *sdk.Call, stateDir string, token addToken) errand {
	return errand{m, call, stateDir, applyJob, servicing.Change{Kind: servicing.Add, Package: token.Path}, func(ctx context.Context) (bool, error) {
		is, err := m.store.Package(ctx, token.Identity)
		return is.State.Arrived(), err
	}}
}

func addResult(identity string, state servicing.State) sdk.Result[AddPackageOutput] {
	return sdk.Result[AddPackageOutput]{Output: AddPackageOutput{identity, string(state)}, NeedsRestart: state.Pending()}
}

func (m machine) assessAdd(ctx context.Context, call *sdk.Call, token addToken, stateDir string) (sdk.Assessment, error) {
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
	case is.State.Arrived() && (begun || token.Before.Arrived()):
		return sdk.Assessment{State: sdk.StateAfter, Reason: reason}, nil
	case is.State.Arrived():
		return sdk.Assessment{State: sdk.StateOther, Reason: reason + ", and not by this action"}, nil
	case is.State == servicing.PartiallyInstalled && token.Before != is.State:
		return sdk.Assessment{State: sdk.StatePartial, Reason: reason}, nil
	}
	return assessRefused(stateDir, reason)
}

// assessRefused tells a package that was found not to be for this Windows, which is all that was to be found, from one that is
// just not there.
func assessRefused(stateDir, reason string) (sdk.Assessment, error) {
	last, err := lastEnding(stateDir, applyJob)
	if err != nil {
		return sdk.Assessment{}, explain(err)
	}
	_, undone := os.Stat(filepath.Join(stateDir, undoneFile))
	if last != nil && last.notApplicable() && undone != nil {
		return sdk.Assessment{State: sdk.StateAfter, Reason: reason + ": it is not for this Windows, and nothing was changed"}, nil
	}
	return sdk.Assessment{State: sdk.StateBefore, Reason: reason}, nil
}

// undoneFile says that undo was called where there was nothing to take back.
const undoneFile = "undone"

func (m machine) undoAdd(ctx context.Context, call *sdk.Call, token addToken, stateDir string) (sdk.Result[AddPackageOutput], error) {
	out := sdk.Result[AddPackageOutput]{Output: AddPackageOutput{token.Identity, notApplicable}}
	if err := token.check(); err != nil {
		return out, err
	}
	if err := m.serves(call); err != nil {
		return out, err
	}
	begun, _, atWork, err := m.begun(stateDir)
	if err != nil {
		return out, explain(err)
	}
	if !begun || token.Before.Arrived() {
		return out, nil
	}
	if !atWork {
		is, err := m.store.Package(ctx, token.Identity)
		if err != nil {
			return out, explain(err)
		}
		if is.State.Gone() {
			out.NeedsRestart = is.State.Pending()
			return out, markUndone(stateDir)
		}
	}
	if token.Permanent {
		return out, sdk.Errorf(sdk.Unsupported, "%s cannot be removed: servicing stacks and permanent packages stay", token.Identity).
			WithHint("restore the machine from its backup if it has to go")
	}
	if err := m.settle(ctx, call, stateDir, token); err != nil {
		return out, explain(err)
	}
	ended, err := m.removing(call, stateDir, undoJob, token.Identity).run(ctx)
	if err != nil {
		return out, explain(err)
	}
	is, err := m.store.Package(ctx, token.Identity)
	if err != nil {
		return out, explain(err)
	}
	if !is.State.Gone() {
		return out, ended.disagree(token.Identity, is.State)
	}
	out.NeedsRestart = is.State.Pending() || servicing.NeedsRestart(ended.result.Code)
	return out, nil
}

// settle waits for a worker that is still installing: its end is needed before anything can be removed.
func (m machine) settle(ctx context.Context, call *sdk.Call, stateDir string, token addToken) error {
	adding := m.adding(call, stateDir, token)
	j, err := adding.lastJob()
	if err != nil || j == nil {
		return err
	}
	at, err := j.AtWork(m.running)
	if err != nil || !at {
		return err
	}
	_, err = adding.follow(ctx, *j)
	return err
}

func markUndone(stateDir string) error {
	f, err := os.OpenFile(filepath.Join(stateDir, undoneFile), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return coded(err)
	}
	return f.Close()
}
