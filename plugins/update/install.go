package update

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
)

// InstallInput is the input of `update.install`.
type InstallInput struct {
	UpdateGUID string `json:"update_guid" jsonschema_description:"Identity of the update: lower case, without braces"`
}

// InstallOutput is the output of `update.install`.
type InstallOutput struct {
	UpdateGUID      string       `json:"update_guid" jsonschema_description:"Identity of the update"`
	Installed       bool         `json:"installed" jsonschema_description:"Whether it is installed, or is after a restart"`
	NeedsRestart    bool         `json:"needs_restart" jsonschema_description:"Whether the machine must be restarted to finish"`
	Code            hresult.Code `json:"code" jsonschema_description:"What the agent returned; 0x00000000 is success"`
	LicenceAccepted bool         `json:"licence_accepted,omitempty" jsonschema_description:"Whether the licence terms of the update were accepted for it"`
}

// installToken names the update.
type installToken struct {
	Version    int    `json:"version"`
	UpdateGUID string `json:"update_guid"`
}

const installTokenVersion = 1

func (t installToken) check() error {
	if id, err := agent.ParseID(t.UpdateGUID); t.Version != installTokenVersion || err != nil || id != t.UpdateGUID {
		return sdk.Errorf(sdk.InvalidInput, "this is no token of update.install of version %d: version %d, update %q", installTokenVersion, t.Version, t.UpdateGUID)
	}
	return nil
}

func installAction(m machine) sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "install",
		Summary: "Download and install an update",
		Doc: `Has the Windows Update agent install exactly the update with this identity, which it looks for among what the last scan found, and then online; its licence terms are accepted. Then it asks the agent for the update again: only one that reads back as installed, or as waiting for a restart, counts. ` +
			`It must not be cut off, and may need a restart. Many updates can be removed again, but not all, so that it counts as irreversible.

In a logon over the network (WinRM, SSH) the agent installs nothing. There the Task Scheduler runs this program as SYSTEM to do it, by a task in the folder \Rectify that is deleted afterwards.`,
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   sdk.Needs{Elevation: true, Network: true, Platforms: []string{"windows"}},
		Effect:  sdk.Irreversible, Risk: sdk.RiskHigh, Typical: schema.Span(30 * time.Minute),
	}, sdk.ActionHands[InstallInput, InstallOutput, installToken]{Prepare: m.prepareInstall, Apply: m.applyInstall, Assess: m.assessInstall})
}

func (m machine) prepareInstall(ctx context.Context, _ *sdk.Call, in InstallInput) (sdk.Preview[InstallOutput, installToken], error) {
	var p sdk.Preview[InstallOutput, installToken]
	id, err := agent.ParseID(in.UpdateGUID)
	if err != nil {
		return p, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/update_guid")
	}
	criteria, err := agent.Exactly(id)
	if err != nil {
		return p, err
	}
	remote, err := m.remote()
	if err != nil {
		return p, sdk.Errorf(sdk.Unavailable, "whether this is a logon over the network cannot be told: %v", err)
	}
	p.Token = installToken{installTokenVersion, id}
	found, err := m.agent.Search(ctx, agent.Query{Criteria: criteria})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return p, ctx.Err()
	case silent(err) && !errors.Is(err, agent.ErrDisabled):
		return p, explain(err)
	} // else: a store of scans that is damaged, or a service that an earlier step lets start, is what the repair is about
	u, known := agent.Newest(found.Updates, id)
	if !known {
		u = agent.Update{ID: id}
	}
	p.NoOp = u.Installed || u.RebootRequired
	p.Material = map[string]any{"update_guid": id, "seen_installed": p.NoOp}
	if p.NoOp {
		p.Summary = named(u) + " is installed already"
		if u.RebootRequired {
			p.Summary = named(u) + " is installed when the machine has restarted"
		}
		p.Predicted = &InstallOutput{UpdateGUID: id, Installed: true, NeedsRestart: u.RebootRequired}
		return p, nil
	}
	p.Summary = "install " + named(u)
	before := "not installed"
	switch {
	case err != nil:
		before = "not known: " + explain(err).Error()
	case !known:
		before = "not among what the last scan found; it is looked for online"
	}
	p.Changes = []sdk.Change{{What: "update " + id, Before: before, After: "installed, or waiting for a restart"}}
	if known && !u.EulaAccepted {
		p.Changes = append(p.Changes, sdk.Change{What: "licence terms of update " + id, Before: "not accepted", After: "accepted"})
	}
	if remote {
		p.Summary += ", by a task that runs as SYSTEM: this is a logon over the network"
	}
	return p, nil
}

func (m machine) assessInstall(ctx context.Context, _ *sdk.Call, token installToken, stateDir string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	j, err := jobIn(stateDir)
	if err != nil {
		return sdk.Assessment{}, err
	}
	o, err := j.order()
	if err != nil {
		return sdk.Assessment{}, sdk.Errorf(sdk.Unavailable, "%v", err)
	}
	if o == nil {
		return sdk.Assessment{State: sdk.StateBefore, Reason: "it was not begun"}, nil
	}
	busy, err := j.atWork() // before the result: a worker leaves it behind, then ends
	if err != nil {
		return sdk.Assessment{}, sdk.Errorf(sdk.Unavailable, "whether a worker is at it cannot be told: %v", err)
	}
	done, err := j.result()
	if err != nil {
		return sdk.Assessment{}, sdk.Errorf(sdk.Unavailable, "%v", err)
	}
	at := j.standing()
	switch {
	case done != nil && done.Error == nil:
		return sdk.Assessment{State: sdk.StateAfter, Reason: "it was installed and seen to be"}, nil
	case done == nil && busy:
		return sdk.Assessment{State: sdk.StatePartial, Reason: fmt.Sprintf("a worker is at it: %s, %d %%", at.Phase, at.Percent)}, nil
	}
	why := "its worker ended before it was done"
	if done != nil {
		why = done.Error.Error()
	}
	known, installed, restart, err := m.known(ctx, token.UpdateGUID, false)
	switch {
	case ctx.Err() != nil:
		return sdk.Assessment{}, ctx.Err()
	case installed, restart:
		return sdk.Assessment{State: sdk.StateAfter, Reason: "it reads back as installed, or as waiting for a restart"}, nil
	case done != nil && (known || at.Phase != string(agent.PhaseInstall)):
		return sdk.Assessment{State: sdk.StateBefore, Reason: why}, nil
	case known && at.Phase != string(agent.PhaseInstall):
		return sdk.Assessment{State: sdk.StateBefore, Reason: why + ": it had not begun to install"}, nil
	case err != nil:
		why += fmt.Sprintf("; and whether it is installed cannot be asked: %v", err)
	}
	return sdk.Assessment{State: sdk.StatePartial, Reason: why}, nil
}

func (m machine) applyInstall(ctx context.Context, call *sdk.Call, in InstallInput, token installToken, stateDir string) (sdk.Result[InstallOutput], error) {
	none := sdk.Result[InstallOutput]{}
	if err := token.check(); err != nil {
		return none, err
	}
	if id, err := agent.ParseID(in.UpdateGUID); err != nil || id != token.UpdateGUID {
		return none, sdk.Errorf(sdk.InvalidInput, "the token is of update %s, and %q is to be installed", token.UpdateGUID, in.UpdateGUID).WithPath("/update_guid")
	}
	j, err := jobIn(stateDir)
	if err != nil {
		return none, err
	}
	if done, err := j.result(); err == nil && done != nil && done.Error == nil {
		return ended(done)
	}
	tell := func(p standing) {
		note := p.Phase
		if p.Note != "" {
			note += ": " + p.Note
		}
		call.Progress(sdk.Progress{Done: int64(p.Percent), Total: 100, Unit: "%", Note: note})
	}
	defer m.tidy(ctx, j, tell)
	err = m.start(ctx, j, token.UpdateGUID, tell)
	if errors.Is(err, errAtWork) { // of a host that has died: it is waited for
		err = m.follow(ctx, j, tell)
	}
	if err != nil {
		return none, unavailable(err)
	}
	done, err := j.result()
	if err != nil {
		return none, unavailable(err)
	}
	if done == nil {
		return none, sdk.Errorf(sdk.Unavailable, "the worker ended and left no result in %s", stateDir).WithHint("its state is looked at before it is tried again")
	}
	return ended(done)
}

// tidy deletes the task of a job that no worker is at.
func (m machine) tidy(ctx context.Context, j job, tell func(standing)) {
	path := taskPath(j)
	busy, err := j.atWork()
	if done, _ := j.result(); err != nil || busy && done == nil {
		return
	}
	if o, err := j.order(); err == nil && o != nil && o.Task == "" {
		return
	}
	// What is left behind then runs nothing by itself: the task has no trigger.
	if err := m.scheduler.Delete(ctx, path); err != nil && !errors.Is(err, tasks.ErrNotFound) {
		tell(standing{Phase: "end", Note: fmt.Sprintf("the task %s is left behind: %v", path, err)})
	}
}

// unavailable gives an error of the disk or of the system a code.
func unavailable(err error) error {
	if known := new(sdk.Error); err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}

func ended(done *result) (sdk.Result[InstallOutput], error) {
	if done.Error != nil {
		return sdk.Result[InstallOutput]{}, done.Error
	}
	return sdk.Result[InstallOutput]{Output: done.Output, NeedsRestart: done.Output.NeedsRestart}, nil
}

// start orders the installation and has it carried out: in this process, or by a task.
func (m machine) start(ctx context.Context, j job, id string, tell func(standing)) error {
	remote, err := m.remote()
	if err != nil {
		return fmt.Errorf("whether this is a logon over the network cannot be told: %w", err)
	}
	o := order{Version: jobVersion, UpdateGUID: id}
	if remote {
		o.Task = taskPath(j)
	}
	if err := j.begin(o); err != nil {
		return err
	}
	tell(standing{Phase: "begin"})
	if !remote {
		return m.work(ctx, j, tell)
	}
	return m.delegate(ctx, j, o, tell)
}

// begin writes the order, and takes away what an earlier attempt has left, unless a worker is at it.
func (j job) begin(o order) error {
	release, got, err := j.lock()
	if err != nil {
		return err
	}
	if !got {
		return errAtWork
	}
	defer release()
	return errors.Join(kept.Drop(j.folder, resultFile), kept.Drop(j.folder, progressFile), j.write(orderFile, o))
}

// taskPath is the task of a job: the same for the same state directory.
func taskPath(j job) string {
	sum := sha256.Sum256([]byte(strings.ToLower(j.folder)))
	return fmt.Sprintf(`\Rectify\update.install-%x`, sum[:8])
}

// delegate has the Task Scheduler run the worker as SYSTEM, and follows it.
func (m machine) delegate(ctx context.Context, j job, o order, tell func(standing)) error {
	program, err := m.executable()
	if err != nil {
		return err
	}
	unrun := func(doing string, err error) error {
		return errors.Join(fmt.Errorf("the task that would install the update cannot be %s: %w", doing, err), j.withdraw())
	}
	definition, err := tasks.Program{
		Description: "Installs update " + o.UpdateGUID + ". Rectify deletes this task when it is done.",
		Command:     program, Arguments: []string{"plugin", "work", "update.install", j.folder},
	}.Definition()
	if err != nil {
		return unrun("written", err)
	}
	if _, err := m.scheduler.Register(ctx, o.Task, definition); err != nil {
		return unrun("made", err)
	}
	tell(standing{Phase: "begin", Note: "the Task Scheduler runs it as SYSTEM"})
	err = m.scheduler.Run(ctx, o.Task)
	if unseen := new(tasks.NotSeenError); err != nil && !errors.As(err, &unseen) { // one that was not seen may run
		return unrun("run", err)
	}
	return m.follow(ctx, j, tell)
}

// beginning is how many looks a worker has to begin.
const beginning = 120

// follow waits for a worker in another process. One that never begins is kept from beginning later.
func (m machine) follow(ctx context.Context, j job, tell func(standing)) error {
	last := standing{}
	seen := false
	for look := 0; ; look++ {
		busy, err := j.atWork()
		if err != nil {
			return err
		}
		done, err := j.result()
		if done != nil || err != nil {
			return err
		}
		if now := j.standing(); now != last {
			last = now
			tell(now)
		}
		switch {
		case seen && !busy:
			return sdk.Errorf(sdk.Unavailable, "the worker ended without a result; it was at: %s, %d %%", last.Phase, last.Percent).
				WithHint("its state is looked at before it is tried again")
		case !busy && look >= beginning:
			if err := j.withdraw(); err != nil {
				return err
			}
			return errors.New("the worker that would install the update was started and did not begin")
		}
		seen = seen || busy
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(m.pause):
		}
	}
}

// withdraw takes the order back, so that a worker that comes late finds nothing to do. One that has begun is [errAtWork].
func (j job) withdraw() error {
	release, got, err := j.lock()
	if err != nil {
		return err
	}
	if !got {
		return errAtWork
	}
	defer release()
	return kept.Drop(j.folder, orderFile)
}
