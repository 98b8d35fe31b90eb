package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/files"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// RunsInput is the input of `task.runs`.
type RunsInput struct {
	Windows []sdk.Window `json:"windows,omitempty" jsonschema_description:"Spans of time to look at; none of them: nothing to look at; without the argument: all"`
	Since   *schema.Span `json:"since,omitempty" jsonschema_description:"How far back to look; without it, as far as the channel goes"`
}

// RunsOutput is the output of `task.runs`.
type RunsOutput struct {
	Tasks []TaskRuns `json:"tasks" jsonschema_description:"Each task that ran in a window, by path; at most 1000"`
	Count int        `json:"count" jsonschema_extras:"x-counts=tasks" jsonschema_description:"How many tasks ran"`
	Cut   bool       `json:"cut" jsonschema_description:"Whether the list of tasks or of a task's runs was cut"`
}

// TaskRuns is a task that ran in at least one window.
type TaskRuns struct {
	Path           string   `json:"path" jsonschema_description:"Path of the task: \\Check WSUS Reg"`
	Command        string   `json:"command" jsonschema_description:"Whole command line: program and arguments, several actions divided by semicolons. Without a definition, the programs that the log names, without arguments"`
	Executable     string   `json:"executable,omitempty" jsonschema_description:"First program that it runs"`
	Arguments      string   `json:"arguments,omitempty" jsonschema_description:"Arguments of that program"`
	User           string   `json:"user" jsonschema_description:"Account that it runs as; those of Windows itself as SID (S-1-5-18 is SYSTEM); empty where neither definition nor log names one"`
	Enabled        *bool    `json:"enabled,omitempty" jsonschema_description:"Whether it may be started now; absent without a definition"`
	Defined        bool     `json:"defined" jsonschema_description:"Whether its definition is still there and readable"`
	ScriptMentions []string `json:"script_mentions" jsonschema_description:"Words of updating and restarting in the script files that it runs, as far as those are on this disk, in lower case: wuauserv, bits, usosvc, softwaredistribution, windowsupdate, wuserver, shutdown, restart-computer"`
	WindowsHit     int      `json:"windows_hit" jsonschema_extras:"x-grows=true" jsonschema_description:"In how many of the windows it ran; 0 where none were given"`
	Runs           []Run    `json:"runs" jsonschema_description:"Its runs in the windows, oldest first; at most the newest 200"`

	Evidence []sdk.Evidence `json:"-"`

	unread []string // scripts, with the reason
}

// Run is one run of a task.
type Run struct {
	Started  time.Time  `json:"started" jsonschema_description:"When it was started, or first seen running"`
	Ended    *time.Time `json:"ended,omitempty" jsonschema_description:"When it ended; absent where no log says"`
	Result   *int64     `json:"result,omitempty" jsonschema_description:"What its last action returned: 0 mostly is success, 2147942401 is 0x80070001; absent where no log says"`
	Instance string     `json:"instance,omitempty" jsonschema_description:"Identity of the run: lower case, without braces"`

	Evidence []sdk.Evidence `json:"-"`
}

const (
	maxRuns = 200
	// longest is the time limit that tasks have unless they say otherwise: a run of which no end was logged is taken to
	// have ended by then.
	longest = 72 * time.Hour
)

func runsProbe() sdk.Probe { return runsOf(eventlog.Source{}) }

// runsOf is the probe over a source of channels.
func runsOf(source eventlog.Source) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "runs",
		Summary: "Scheduled tasks that ran in given windows of time",
		Doc: `Reads the channel Microsoft-Windows-TaskScheduler/Operational (100, 102, 111, 129, 200, 201 and their kin), groups its events to runs, and adds the task's definition and the ` +
			`words about updates and restarts in the scripts that it runs. A run that overlaps a window counts; one of which no end was logged lasts until the task or the Task Scheduler is started again, at most three days.

The channel is off by default on Windows 10 and 11: then the answer is not known. Partial where the channel begins inside a window, was switched off before one, is damaged, or has more than 10,000 runs in the time asked for; ` +
			`and where a definition, or a script that it runs, cannot be read: on a running Windows an administrator reads them all.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"tasks":[],"count":0,"cut":false}`),
	}, func(ctx context.Context, call *sdk.Call, in RunsInput) (sdk.Reading[RunsOutput], error) {
		return runs(ctx, call, source, in)
	})
}

const enableHint = "wevtutil set-log Microsoft-Windows-TaskScheduler/Operational /enabled:true lets the next failure be explained"

func runs(ctx context.Context, call *sdk.Call, source eventlog.Source, in RunsInput) (sdk.Reading[RunsOutput], error) {
	out := RunsOutput{Tasks: []TaskRuns{}}
	times, empty, err := period.New(in.Windows, in.Since, call.Target.Now())
	if err != nil || empty {
		return sdk.Observed(out), err
	}
	if times == nil {
		times = period.Times{{}} // one window without ends
	}
	c, err := source.Open(call.Target, eventlog.TaskScheduler)
	var missing *eventlog.MissingError
	switch {
	case errors.As(err, &missing) && missing.File != "":
		return sdk.Reading[RunsOutput]{}, sdk.Errorf(sdk.Unavailable, "no log tells which tasks ran: %s does not exist, because the channel is switched off or was never used", missing.File).
			WithHint(enableHint)
	case err != nil:
		return sdk.Reading[RunsOutput]{}, sdk.AsError(err)
	}
	defer c.Close()
	from := times.Hull().From
	log := newRunLog(times)
	filter := evtx.Filter{Providers: []string{scheduler}}
	if !from.IsZero() {
		filter.From = from.Add(-longest)
	}
	cov, err := c.Scan(ctx, filter, func(r *evtx.Record) error {
		log.add(r, c.Evidence(r))
		return nil
	})
	if err != nil {
		return sdk.Reading[RunsOutput]{}, err
	}
	for path, instances := range log.finish() {
		if t, hit := hits(path, instances, times); hit {
			out.Tasks = append(out.Tasks, t)
		}
	}
	slices.SortFunc(out.Tasks, func(a, b TaskRuns) int { return strings.Compare(a.Path, b.Path) })
	out.bound(in.Windows == nil)
	reading := sdk.Reading[RunsOutput]{}
	var why files.Problems
	if reason, covers := log.missing(); reason != "" {
		why.Add(reason)
		reading.Covers, reading.Settle = covers, "a shorter time to look at: windows, or since"
	}
	if reason, covers, settle := gaps(call.Target, source, cov, times, from); reason != "" {
		why.Add(reason)
		reading.Covers, reading.Settle = covers, settle
	}
	for i := range out.Tasks {
		if err := out.Tasks[i].define(call.Target); err != nil {
			why.Add(fmt.Sprintf("the definition of the task %s cannot be read: %s", out.Tasks[i].Path, files.Reason(err)))
			if reading.Settle == "" && errors.Is(err, fs.ErrPermission) {
				reading.Settle = "the rights of an administrator: nobody else reads the definitions of other accounts' tasks"
			}
		}
		for _, script := range out.Tasks[i].unread {
			why.Add(fmt.Sprintf("a script of the task %s is not known: %s", out.Tasks[i].Path, script))
		}
	}
	reading.Partial = why.String()
	reading.Value = out
	return reading, nil
}

// hits gives a task with its runs that overlap a window.
func hits(path string, instances []*instance, times period.Times) (TaskRuns, bool) {
	t := TaskRuns{Path: path, ScriptMentions: []string{}}
	hit := make([]bool, len(times))
	var programs []string
	for _, in := range instances {
		if !times.Near(in.Started, in.until) {
			continue
		}
		for i := range times {
			hit[i] = hit[i] || times[i:i+1].Near(in.Started, in.until)
		}
		t.Runs = append(t.Runs, in.Run)
		if in.user != "" {
			t.User = account(in.user)
		}
		for _, p := range in.programs {
			if !slices.Contains(programs, p) {
				programs = append(programs, p)
			}
		}
	}
	t.Command = strings.Join(programs, "; ")
	for _, yes := range hit {
		if yes {
			t.WindowsHit++
		}
	}
	return t, len(t.Runs) > 0
}

func (o *RunsOutput) bound(unrestricted bool) {
	o.Count = len(o.Tasks)
	if o.Count > maxTasks {
		o.Tasks, o.Cut = o.Tasks[:maxTasks], true
	}
	for i := range o.Tasks {
		t := &o.Tasks[i]
		if unrestricted {
			t.WindowsHit = 0
		}
		if n := len(t.Runs) - maxRuns; n > 0 {
			t.Runs, o.Cut = t.Runs[n:], true
		}
	}
}

// define adds what the definition says. A task whose definition is gone was deleted since; that is no error.
func (t *TaskRuns) define(machine *target.Target) error {
	d, file, err := open(machine, t.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	t.Defined, t.Enabled = true, &d.Enabled
	t.Command = command(d)
	t.Executable, t.Arguments = program(d)
	if u := user(d); u != "" {
		t.User = u
	}
	t.Evidence = append(t.Evidence, sdk.Evidence{File: file, Text: t.Path + " runs " + t.Command})
	s := lookInto(machine, d)
	t.ScriptMentions, t.unread = s.words, s.unread
	t.Evidence = append(t.Evidence, s.evidence...)
	return nil
}

// gaps says which time of the windows the channel cannot tell about.
func gaps(machine *target.Target, source eventlog.Source, cov eventlog.Coverage, times period.Times, from time.Time) (reason string, covers *sdk.Window, settle string) {
	if reason, covers = cov.Lost(from); reason != "" {
		return reason, covers, enableHint
	}
	on, _, err := source.Enabled(machine, cov.Channel) // what cannot be read says nothing
	off := err == nil && !on
	for _, w := range times {
		// A machine that runs starts tasks all the time: a log that ends before a window was switched off.
		if cov.Newest.Before(w.From) || off && (w.To.IsZero() || cov.Newest.Before(w.To)) {
			return fmt.Sprintf("the channel %s has nothing after %s: it was switched off", cov.Channel, cov.Newest.Format(time.RFC3339)),
				&sdk.Window{From: from, To: cov.Newest}, enableHint
		}
	}
	return "", nil, ""
}
