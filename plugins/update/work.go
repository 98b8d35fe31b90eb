package update

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/sdk"
)

// Work carries out the installation that `update.install` has ordered in a state directory, to its end, in the process of a
// worker: where the agent installs nothing in the session of the plugin, the Task Scheduler runs this as SYSTEM. What comes
// of it stands in the state directory; the error says why nothing was begun, or that the result could not be written.
//
// It may be called again, also while a first call is at work: an update is installed once.
func Work(ctx context.Context, stateDir string) error {
	j, err := jobIn(stateDir)
	if err != nil {
		return err
	}
	return thisMachine().work(ctx, j, func(standing) {})
}

// beforeInstalling bounds the search and the download. What comes after them is not bounded: an installation that is torn
// apart can leave a Windows that does not start.
const beforeInstalling = 6 * time.Hour

// errAtWork is a job that has a worker.
var errAtWork = errors.New("another worker is at it")

// work does a job, unless it is done or another worker is at it.
func (m machine) work(ctx context.Context, j job, tell func(standing)) error {
	release, got, err := j.lock()
	if err != nil {
		return err
	}
	if !got {
		return errAtWork
	}
	defer release()
	o, err := j.order()
	if err != nil {
		return err
	}
	if o == nil {
		return fmt.Errorf("nothing is ordered in %s: it was given up, or never begun", j.folder)
	}
	if done, err := j.result(); done != nil || err != nil {
		return err
	}
	id, err := agent.ParseID(o.UpdateGUID)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, beforeInstalling)
	defer cancel()
	installation, err := m.agent.Install(bounded, id, func(p agent.Progress) {
		now := standing{string(p.Phase), p.Percent, p.Note}
		_ = j.write(progressFile, now) // for people to see: a disk that is full is no reason to stop half way
		tell(now)
	})
	r := result{Version: jobVersion, Output: InstallOutput{
		UpdateGUID: id, NeedsRestart: installation.RebootRequired, Code: installation.Code, LicenceAccepted: installation.EulaAccepted,
	}}
	if err == nil {
		err = m.judge(ctx, installation, &r.Output)
	}
	if err != nil {
		r.Error = sdk.AsError(explain(err))
	}
	r.Ended = time.Now().UTC()
	return j.write(resultFile, r)
}

// judge says what became of an installation, by what the agent says and by looking.
func (m machine) judge(ctx context.Context, done agent.Installation, out *InstallOutput) error {
	if !done.Already && (done.Phase != agent.PhaseInstall || !done.Result.OK()) {
		return sdk.Errorf(sdk.Unavailable, "%s", failure(done)).WithHint("update.history and update.attempts tell more")
	}
	installed, restart, err := m.look(ctx, done.Update.ID)
	switch {
	case err != nil:
		return sdk.Errorf(sdk.Unavailable, "%s, and that cannot be read back: %v", failure(done), err)
	case installed, restart:
		out.Installed, out.NeedsRestart = true, out.NeedsRestart || restart
		return nil
	case done.RebootRequired:
		// An update can be gone from the answers until the machine has restarted; then the agent says that it waits.
		if waits, err := m.agent.RebootRequired(ctx); err == nil && waits {
			out.Installed = true
			return nil
		}
	}
	return sdk.Errorf(sdk.Unavailable, "%s, and it reads back as not installed and not waiting for a restart", failure(done))
}

// look asks whether an update is installed, or is when the machine has restarted: among what the last scan found, and
// where it is not there, online. That the agent knows nothing of it is an error.
func (m machine) look(ctx context.Context, id string) (installed, restart bool, err error) {
	for _, online := range []bool{false, true} {
		var known bool
		known, installed, restart, err = m.known(ctx, id, online)
		if err == nil && known {
			return installed, restart, nil
		}
	}
	if err == nil {
		err = agent.ErrNotOffered
	}
	return false, false, err
}

// known asks the agent whether it knows an update, and as what.
func (m machine) known(ctx context.Context, id string, online bool) (known, installed, restart bool, err error) {
	criteria, err := agent.Exactly(id)
	if err != nil {
		return false, false, false, err
	}
	found, err := m.agent.Search(ctx, agent.Query{Criteria: criteria, Online: online})
	if err != nil {
		return false, false, false, err
	}
	if !found.Result.OK() {
		return false, false, false, fmt.Errorf("the search %s: %s", found.Result, strings.Join(found.Warnings, "; "))
	}
	for _, u := range found.Updates { // of any revision
		if u.ID == id {
			known, installed, restart = true, installed || u.Installed, restart || u.RebootRequired
		}
	}
	return known, installed, restart, nil
}
