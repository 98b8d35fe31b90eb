package task

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/newest"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
)

// maxHeld is how many runs are held at least while a channel is read, and twice that at most. A channel of the usual 10
// MB has some thousands.
const maxHeld = 10_000

// runLog groups the events of the channel to runs.
type runLog struct {
	times    period.Times // that count
	tasks    map[string]map[string]*instance
	names    map[string]string // lower case → as first seen
	held     int               // runs
	restarts *newest.List[time.Time]
	created  *newest.List[created]

	after time.Time // all runs that count and began after it are held
}

// created is a process that a task created.
type created struct {
	task     string
	time     time.Time
	program  string
	evidence sdk.Evidence
}

func newRunLog(times period.Times) *runLog {
	return &runLog{
		times: times, tasks: map[string]map[string]*instance{}, names: map[string]string{},
		restarts: newest.New(maxHeld, func(t time.Time) time.Time { return t }),
		created:  newest.New(maxHeld, func(c created) time.Time { return c.time }),
	}
}

func (l *runLog) add(r *evtx.Record, evidence sdk.Evidence) {
	switch r.ID {
	case schedulerStarted, schedulerStopped:
		l.restarts.Add(r.Time)
		return
	case taskStarted, taskCompleted, taskTerminated, processCreated, actionStarted, actionCompleted, actionFailed, taskTimedOut:
	default:
		return
	}
	name, _ := r.Value("TaskName")
	if name == "" {
		return
	}
	program, _ := r.Value("ActionName")
	if r.ID == processCreated {
		program, _ = r.Value("Path")
		l.created.Add(created{name, r.Time, program, evidence})
		return
	}
	id, ok := r.Value("InstanceId")
	if !ok {
		id, _ = r.Value("TaskInstanceId")
	}
	l.at(name, strings.ToLower(strings.Trim(id, "{}")), r.Time).note(r, program, evidence)
	if l.held >= 2*maxHeld {
		l.prune()
	}
}

// at gives the run with an identity.
func (l *runLog) at(name, id string, t time.Time) *instance {
	lower := strings.ToLower(name)
	if first, known := l.names[lower]; known {
		name = first
	} else {
		l.names[lower] = name
	}
	if l.tasks[name] == nil {
		l.tasks[name] = map[string]*instance{}
	}
	in := l.tasks[name][id]
	if in == nil {
		in = &instance{Run: Run{Started: t, Instance: id}}
		l.tasks[name][id] = in
		l.held++
	}
	return in
}

// prune makes room: runs go that are known from start to end and do not count, and then the oldest ones.
func (l *runLog) prune() {
	var rest []*instance
	gone := map[*instance]bool{}
	for _, byID := range l.tasks {
		next := time.Time{}
		for _, in := range slices.Backward(inOrder(byID)) {
			in.next, next = earlier(in.next, next), in.Started
			if in.begun && in.Ended != nil && !l.times.Near(in.Started, *in.Ended) {
				gone[in] = true
				continue
			}
			rest = append(rest, in)
		}
	}
	slices.SortFunc(rest, func(a, b *instance) int { return a.Started.Compare(b.Started) })
	for _, in := range rest[:max(len(rest)-maxHeld, 0)] {
		gone[in] = true
		until := in.Started.Add(longest)
		if in.Ended != nil {
			until = *in.Ended
		}
		if l.times.Near(in.Started, until) {
			l.after = in.Started // they are in the order of time
		}
	}
	for name, byID := range l.tasks {
		for id, in := range byID {
			if gone[in] {
				delete(byID, id)
				l.held--
			}
		}
		if len(byID) == 0 {
			delete(l.tasks, name)
			delete(l.names, strings.ToLower(name))
		}
	}
}

// earlier is the earlier of two times, of which a zero one does not count.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// missing says which runs are not among the answer because there were too many; empty where all are.
func (l *runLog) missing() (reason string, covers *sdk.Window) {
	after := l.after
	if t := l.created.Lost(); t.After(after) && l.times.Near(time.Time{}, t) {
		after = t
	}
	if after.IsZero() {
		return "", nil
	}
	return fmt.Sprintf("the channel has more runs in the time asked for than the %d that are held: of those that began up to %s some are left out",
		maxHeld, after.Format(time.RFC3339)), &sdk.Window{From: after}
}

// sameStart is how far apart the events of one start are.
const sameStart = 5 * time.Second

// finish gives the runs of each task in the order of time, with the latest that each may have run.
func (l *runLog) finish() map[string][]*instance {
	l.processes()
	restarts := l.restarts.All()
	tasks := map[string][]*instance{}
	for name, byID := range l.tasks {
		list := inOrder(byID)
		for i, in := range list {
			next := time.Time{}
			if i+1 < len(list) {
				next = list[i+1].Started
			}
			in.until = in.latest(next, restarts)
		}
		tasks[name] = list
	}
	return tasks
}

// inOrder gives runs in the order of time.
func inOrder(byID map[string]*instance) []*instance {
	list := make([]*instance, 0, len(byID))
	for _, in := range byID {
		list = append(list, in)
	}
	slices.SortFunc(list, func(a, b *instance) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.Instance, b.Instance), cmp.Compare(a.Evidence[0].Record, b.Evidence[0].Record))
	})
	return list
}

// processes adds each process to the run that was starting then; without one it is a run of its own.
func (l *runLog) processes() {
	known := map[string][]*instance{}
	for name, byID := range l.tasks {
		known[strings.ToLower(name)] = inOrder(byID)
	}
	for n, c := range l.created.All() {
		list := known[strings.ToLower(c.task)]
		i, _ := slices.BinarySearchFunc(list, c.time.Add(-sameStart), func(in *instance, t time.Time) int { return in.Started.Compare(t) })
		if i < len(list) && list[i].Started.Before(c.time.Add(sameStart)) {
			in := list[i]
			in.cite(c.evidence)
			if c.time.Before(in.Started) {
				in.Started = c.time
			}
			continue
		}
		in := l.at(c.task, fmt.Sprintf("process %d", n), c.time)
		in.Instance = ""
		in.cite(c.evidence)
		in.program(c.program)
	}
}
