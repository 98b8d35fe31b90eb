package update

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/agent/processes"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// BusyInput is the input of `update.busy`.
type BusyInput struct{}

// BusyOutput is the output of `update.busy`.
type BusyOutput struct {
	Busy      bool     `json:"busy" jsonschema_description:"Whether an update is being installed, or servicing works on the system"`
	Processes []string `json:"processes" jsonschema_description:"The programs that do: TiWorker.exe"`

	Evidence []sdk.Evidence `json:"-"`
}

func busyProbe(m machine) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "busy",
		Summary: "Whether an update is being installed right now",
		Doc: `Looks for the programs of servicing: TiWorker.exe, wusa.exe, dism.exe and dismhost.exe are at work as long as they run; TrustedInstaller.exe, which stays for some minutes when all is done, while it uses the processor or the disk. ` +
			`It also asks the Windows Update agent whether it installs, and servicing whether it is in the middle of a restart (Component Based Servicing\RebootInProgress). An agent that is not there, or refuses, adds nothing: what it installs is done by these programs. ` +
			`A disk that is not running installs nothing.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"busy":false,"processes":[]}`),
	}, m.busy)
}

// agentPatience is how long the agent may take to say whether it installs: it only adds to what the processes show.
const agentPatience = 20 * time.Second

// servicing are the programs that are at work as long as they run, in lower case.
var servicing = []string{"tiworker.exe", "wusa.exe", "dism.exe", "dismhost.exe"}

// lingering stays for some minutes when its work is done.
const lingering = "trustedinstaller.exe"

const rebootKey = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootInProgress`

func (m machine) busy(ctx context.Context, call *sdk.Call, _ BusyInput) (sdk.Reading[BusyOutput], error) {
	reading := sdk.Observed(BusyOutput{Processes: []string{}})
	if call.Target.Kind() == target.Offline {
		return reading, nil
	}
	out := &reading.Value
	running, err := m.processes.List(ctx)
	if errors.Is(err, processes.ErrNotWindows) {
		return reading, sdk.Errorf(sdk.Unsupported, "%v", err)
	}
	if err != nil {
		return reading, sdk.Errorf(sdk.Unavailable, "the programs that run cannot be listed: %v", err)
	}
	for _, p := range running {
		why, err := m.atWork(ctx, p)
		if err != nil {
			return reading, err
		}
		if why != "" {
			out.Processes = append(out.Processes, p.Name)
			out.Evidence = append(out.Evidence, sdk.Evidence{Text: fmt.Sprintf("%s (process %d) %s", p.Name, p.ID, why)})
		}
	}
	slices.Sort(out.Processes)
	out.Processes = slices.Compact(out.Processes)
	var gaps []string
	asking, cancel := context.WithTimeout(ctx, agentPatience)
	defer cancel()
	installs, err := m.agent.Busy(asking)
	switch {
	case ctx.Err() != nil:
		return reading, ctx.Err()
	case installs:
		out.Evidence = append(out.Evidence, sdk.Evidence{Text: "IUpdateInstaller.IsBusy: true"})
	case err != nil && !silent(err):
		gaps = append(gaps, "the Windows Update agent does not say whether it installs: "+err.Error())
	}
	restarts, evidence, err := restarting(call.Target)
	switch {
	case err != nil:
		gaps = append(gaps, "servicing does not say whether it is in the middle of a restart: "+err.Error())
	case restarts:
		out.Evidence = append(out.Evidence, evidence)
	}
	out.Busy = len(out.Processes) > 0 || installs || restarts
	if !out.Busy { // what is seen at work is, whatever else there may be
		reading.Partial = strings.Join(gaps, "; ")
	}
	return reading, nil
}

// silent says that the agent cannot install anything here, and so adds nothing.
func silent(err error) bool {
	return errors.Is(err, agent.ErrNotImplemented) || errors.Is(err, agent.ErrAccessDenied) || errors.Is(err, agent.ErrDisabled) || errors.Is(err, agent.ErrNotWindows)
}

// atWork says in words that a program services the system now; empty when it does not.
func (m machine) atWork(ctx context.Context, p processes.Process) (string, error) {
	name := strings.ToLower(p.Name)
	switch {
	case slices.Contains(servicing, name):
		return "runs", nil
	case name != lingering:
		return "", nil
	}
	before, err := m.processes.Done(p.ID)
	if err == nil {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(m.pause):
		}
		var after processes.Work
		if after, err = m.processes.Done(p.ID); err == nil {
			if after == before {
				return "", nil
			}
			return "uses the processor or the disk", nil
		}
	}
	return "runs, and whether it does anything cannot be seen: " + err.Error(), nil
}

// restarting says whether servicing is in the middle of a restart.
func restarting(t *target.Target) (bool, sdk.Evidence, error) {
	r, err := registry.Open(t)
	if err != nil {
		return false, sdk.Evidence{}, err
	}
	defer r.Close()
	k, err := r.Key(rebootKey)
	if registry.Absent(err) {
		return false, sdk.Evidence{}, nil
	}
	if err != nil {
		return false, sdk.Evidence{}, err
	}
	return true, k.Evidence(""), nil
}
