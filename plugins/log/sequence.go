package log

import (
	"slices"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

// maxSteps bounds how many lines a sequence is looked for in, and maxRuns how many of its runs are listed.
const (
	maxSteps = 20_000
	maxRuns  = 100
)

// Runs is what a sequence found.
type Runs struct {
	Count int   `json:"count" jsonschema_extras:"x-counts=runs" jsonschema_description:"How often the lines followed one another"`
	Runs  []Run `json:"runs" jsonschema_description:"The first 100 times, oldest first"`
}

// Run is one time that the lines followed one another.
type Run struct {
	From time.Time `json:"from" jsonschema_description:"Time of the first line"`
	To   time.Time `json:"to" jsonschema_description:"Time of the last line"`

	Evidence []sdk.Evidence `json:"-"`
}

// step is a line that a sequence may be made of.
type step struct {
	pattern  int
	time     time.Time
	evidence sdk.Evidence
}

func (f *findings) step(file string, h *hit, utc time.Time) {
	if !slices.Contains(f.question.steps, h.pattern) {
		return
	}
	f.steps = append(f.steps, step{h.pattern, utc, evidence(file, h, &utc)})
	if len(f.steps) >= 2*maxSteps {
		f.cutSteps = true
		f.sortSteps()
		f.steps = slices.Delete(f.steps, 0, len(f.steps)-maxSteps)
	}
}

// sortSteps puts the lines into the order of time; within a second that of the log.
func (f *findings) sortSteps() {
	slices.SortStableFunc(f.steps, func(a, b step) int { return a.time.Compare(b.time) })
}

// runs looks for the sequence: of each beginning of it the one that began last is gone on with, and runs do not overlap.
func (f *findings) runs() *Runs {
	f.sortSteps()
	wanted := f.question.steps
	out := &Runs{Runs: []Run{}}
	begun := make([][]step, len(wanted)) // begun[k] has the lines of the first k+1 patterns
	for _, s := range f.steps {
		for k := len(wanted) - 1; k >= 0; k-- {
			switch {
			case wanted[k] != s.pattern:
			case k == 0:
				begun[0] = []step{s}
			case begun[k-1] != nil && s.time.Sub(begun[k-1][0].time) <= f.question.within:
				begun[k] = append(slices.Clone(begun[k-1]), s)
			}
		}
		whole := begun[len(wanted)-1]
		if whole == nil {
			continue
		}
		out.Count++
		if len(out.Runs) < maxRuns {
			out.Runs = append(out.Runs, newRun(whole))
		}
		clear(begun)
	}
	return out
}

func newRun(lines []step) Run {
	r := Run{From: lines[0].time, To: lines[len(lines)-1].time}
	for _, s := range lines {
		r.Evidence = append(r.Evidence, s.evidence)
	}
	return r
}
