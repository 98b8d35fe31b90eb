package update

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/agent/processes"
	"github.com/rectify-project/rectify/internal/machine/elevation"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/sdk"
)

// scheduler runs programs as SYSTEM: the Task Scheduler.
type scheduler interface {
	Register(ctx context.Context, path, xml string) (tasks.Task, error)
	Run(ctx context.Context, path string) error
	Delete(ctx context.Context, path string) error
}

var _ scheduler = (*tasks.Scheduler)(nil)

// machine is what the live functions of this plugin rest on.
type machine struct {
	agent     agent.Agent
	processes processes.System
	scheduler scheduler
	// remote says whether this process belongs to a logon over the network, in which the agent installs nothing.
	remote func() (bool, error)
	// executable is the program that the Task Scheduler is to run.
	executable func() (string, error)
	// pause is how long to wait between two looks at a worker, or at a process.
	pause time.Duration
}

func thisMachine() machine {
	return machine{
		agent: agent.Live(), processes: processes.Live(), scheduler: tasks.Live(), executable: os.Executable, pause: 500 * time.Millisecond,
		remote: func() (bool, error) {
			s, err := elevation.Read()
			return s.Remote, err
		},
	}
}

// windows are the needs of what asks the Windows Update agent.
var windows = sdk.Needs{Elevation: true, Platforms: []string{"windows"}}

// explain gives an error of the agent a code, and says what to do about it.
func explain(err error) error {
	known := new(sdk.Error)
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, agent.ErrNotWindows):
		return sdk.Errorf(sdk.Unsupported, "%v", err)
	case errors.Is(err, agent.ErrNotImplemented):
		return sdk.Errorf(sdk.Unavailable, "%v: %v", agent.ErrNotImplemented, err)
	case errors.Is(err, agent.ErrAccessDenied):
		return sdk.Errorf(sdk.AccessDenied, "%v: %v", agent.ErrAccessDenied, err).WithHint("run it as an administrator, and not over the network")
	case errors.Is(err, agent.ErrDisabled):
		return sdk.Errorf(sdk.Unavailable, "%v: %v", agent.ErrDisabled, err).WithHint("let the service wuauserv be started: its start type must not be disabled")
	case errors.Is(err, agent.ErrNotOffered):
		return sdk.Errorf(sdk.NotFound, "%v", err).WithHint("it may be superseded, withdrawn, declined by the WSUS server, or not apply to this machine")
	case errors.Is(err, agent.ErrBusy):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("wait until it is done: update.busy tells")
	case errors.Is(err, agent.ErrRestartFirst):
		return sdk.Errorf(sdk.Unavailable, "%v", err).WithHint("restart the machine, then try again")
	}
	return sdk.Errorf(sdk.Unavailable, "%v", err)
}

// failure is the word of the agent on how a phase ended.
func failure(done agent.Installation) string {
	code := done.Code.String()
	if name := done.Code.Symbol(); name != "" {
		code = fmt.Sprintf("%s, %s", code, name)
	}
	return fmt.Sprintf("the %s of %s %s (%s)", map[agent.Phase]string{
		agent.PhaseSearch: "search", agent.PhaseDownload: "download", agent.PhaseInstall: "installation",
	}[done.Phase], named(done.Update), done.Result, code)
}

func named(u agent.Update) string {
	if u.Title == "" {
		return u.ID
	}
	return fmt.Sprintf("%q", u.Title)
}
