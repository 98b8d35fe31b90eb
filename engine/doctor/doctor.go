// Package doctor tries on a machine what plugins take for granted of Windows, and tells what works there, what answers
// otherwise, and what is missing. It changes nothing: only checks that look are run.
//
// Checks run in processes of their own, because a function that a system lacks can end the process that calls it.
package doctor

import (
	"context"
	"os/exec"
	"slices"
	"time"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Report is what was found. It holds no name of the machine or of a person.
type Report struct {
	Version  int       `json:"rectify_doctor"` // 1
	Rectify  string    `json:"rectify"`        // version of the program
	System   string    `json:"system"`         // "Windows 10.0.19045", "Wine 10.0"
	Machine  string    `json:"machine"`        // architecture: amd64
	Elevated bool      `json:"elevated"`
	Made     time.Time `json:"made"`
	Entries  []Entry   `json:"checks"`
}

// Entry is one check with what it found.
type Entry struct {
	Suite  string   `json:"suite"`
	Name   string   `json:"name"`
	API    []string `json:"api,omitempty"`
	Serves []string `json:"serves,omitempty"` // functions of plugins that rest on it
	conformance.Finding
	Millis int64 `json:"millis"`
}

// Config is how a machine is examined.
type Config struct {
	Suites []conformance.Suite
	// Child makes the command that runs the checks of a suite from one on, by [Serve]; it is not started.
	Child func(ctx context.Context, suite string, from int) *exec.Cmd
	// Patience is how long a check may take; 0 means 20 s. One that takes longer is ended and told as a difference.
	Patience time.Duration
	// Tell hears of each entry as it comes; nil for nobody.
	Tell func(Entry)
}

const defaultPatience = 20 * time.Second

// Examine runs every check that changes nothing, suite after suite. When the context ends, the rest is left out.
func Examine(ctx context.Context, c Config) []Entry {
	if c.Patience == 0 {
		c.Patience = defaultPatience
	}
	var entries []Entry
	for _, suite := range c.Suites {
		for from := 0; from < len(suite.Checks) && ctx.Err() == nil; {
			found, next := examineFrom(ctx, c, suite, from)
			for _, e := range found {
				if c.Tell != nil {
					c.Tell(e)
				}
			}
			entries = append(entries, found...)
			from = next
		}
	}
	return entries
}

// Count is how many entries have an outcome.
func (r *Report) Count(o conformance.Outcome) int {
	n := 0
	for _, e := range r.Entries {
		if e.Outcome == o {
			n++
		}
	}
	return n
}

// Function is a function of a plugin, with what of it does not work on this machine.
type Function struct {
	Name  string
	Tried int     // checks that it rests on and that could be tried
	Wrong []Entry // those that do not work
}

// Functions are the functions of plugins that rest on what was tried, by name.
func (r *Report) Functions() []Function {
	var out []Function
	for _, e := range r.Entries {
		if e.Outcome == conformance.Unasked {
			continue
		}
		for _, name := range e.Serves {
			i := slices.IndexFunc(out, func(f Function) bool { return f.Name == name })
			if i < 0 {
				i = len(out)
				out = append(out, Function{Name: name})
			}
			out[i].Tried++
			if e.Outcome != conformance.Works {
				out[i].Wrong = append(out[i].Wrong, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b Function) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}
