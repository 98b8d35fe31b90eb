package task

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/sdk"
)

const scheduler = "Microsoft-Windows-TaskScheduler"

// The events of the Task Scheduler that tell of runs. 104 is about a logon that failed and tells of none; 107, 110, 118
// and 119 say why a run was started, under an instance that need not be that of the run.
const (
	taskStarted      = 100
	taskCompleted    = 102
	taskTerminated   = 111
	processCreated   = 129 // has no instance
	actionStarted    = 200
	actionCompleted  = 201
	actionFailed     = 203
	taskTimedOut     = 329
	schedulerStarted = 400
	schedulerStopped = 402
)

// maxEvidence bounds how many events of a run are kept as its evidence, and maxPrograms how many of its programs.
const (
	maxEvidence = 8
	maxPrograms = 8
)

// instance is a run in the making.
type instance struct {
	Run
	begun    bool      // its start is known
	until    time.Time // the latest that it may have run
	next     time.Time // start of a later run of the task that is no longer held; zero if there is none
	user     string
	programs []string
	action   time.Time // end of its last action
}

// note adds one event to a run. Events of one run may be in any order.
func (in *instance) note(r *evtx.Record, program string, evidence sdk.Evidence) {
	in.cite(evidence)
	in.begun = in.begun || r.ID == taskStarted
	if r.Time.Before(in.Started) {
		in.Started = r.Time
	}
	if user, _ := r.Value("UserContext"); user != "" {
		in.user = user
	}
	in.program(program)
	switch r.ID {
	case taskCompleted, taskTerminated, taskTimedOut:
		ended := r.Time
		in.Ended = &ended
	case actionCompleted, actionFailed:
		if r.Time.Before(in.action) {
			return
		}
		in.action = r.Time
		if text, ok := r.Value("ResultCode"); ok {
			if n, err := strconv.ParseInt(text, 0, 64); err == nil {
				in.Result = &n
			}
		}
	}
}

// cite keeps an event as evidence, in the order of what it tells: that the task was started comes first.
func (in *instance) cite(e sdk.Evidence) {
	at, _ := slices.BinarySearchFunc(in.Evidence, rank(e)+1, func(have sdk.Evidence, r int) int { return cmp.Compare(rank(have), r) })
	if in.Evidence = slices.Insert(in.Evidence, at, e); len(in.Evidence) > maxEvidence {
		in.Evidence = in.Evidence[:maxEvidence]
	}
}

func rank(e sdk.Evidence) int {
	i := slices.Index([]uint32{taskStarted, processCreated, actionStarted}, e.EventID)
	if i < 0 {
		return 3
	}
	return i
}

func (in *instance) program(name string) {
	if name != "" && len(in.programs) < maxPrograms && !slices.Contains(in.programs, name) {
		in.programs = append(in.programs, name)
	}
}

// latest is when a run ended or, where no log says, the latest that it may have run. Next is the start of the task's
// next run; zero where there is none.
func (in *instance) latest(next time.Time, restarts []time.Time) time.Time {
	if in.Ended == nil && !in.action.IsZero() {
		in.Ended = &in.action // the end of the task itself was not logged
	}
	if in.Ended != nil {
		return *in.Ended
	}
	if in.Instance == "" {
		return in.Started // of a process alone nothing else is known
	}
	until := in.Started.Add(longest)
	until = earlier(until, earlier(next, in.next))
	i, _ := slices.BinarySearchFunc(restarts, in.Started, time.Time.Compare)
	if i < len(restarts) && restarts[i].Before(until) {
		until = restarts[i]
	}
	return until
}
