package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/internal/machine/elevation"
)

// prompt is the rights of a process that starts another one.
type prompt struct {
	standing elevation.Standing
	unknown  error
	declined error
	started  []string
}

func (p *prompt) Read() (elevation.Standing, error) { return p.standing, p.unknown }

func (p *prompt) Relaunch(_ context.Context, args []string, s elevation.Streams) (int, error) {
	if p.declined != nil {
		return 0, p.declined
	}
	p.started = args
	fmt.Fprint(s.Out, "said by the elevated process")
	return 4, nil
}

func TestWithRights(t *testing.T) {
	for name, c := range map[string]struct {
		prompt   prompt
		elevate  bool
		disk     bool
		done     bool // here
		relaunch bool
		code     int
		says     string
	}{
		"elevated":             {prompt: prompt{standing: elevation.Standing{Elevated: true}}, elevate: true, done: true},
		"a-disk":               {disk: true, elevate: true, done: true},
		"not-asked-for":        {done: true}, // looking goes as far as it can
		"asked-for":            {elevate: true, relaunch: true, code: 4},
		"declined":             {prompt: prompt{declined: elevation.ErrDeclined}, elevate: true, code: exitApproval, says: "declined"},
		"over-the-network":     {prompt: prompt{standing: elevation.Standing{Remote: true}, declined: elevation.ErrRemote}, elevate: true, code: exitApproval, says: "logon over the network"},
		"lost":                 {prompt: prompt{declined: &elevation.LostError{Doing: "relaying", Err: errors.New("broken pipe")}}, elevate: true, code: exitStopped, says: "rectify history"},
		"rights-are-not-known": {prompt: prompt{unknown: errors.New("no token")}, elevate: true, done: true},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			g := &globals{program: program{stdin: strings.NewReader("y\n"), stdout: &stdout, stderr: &stderr, rights: &c.prompt}, args: []string{"run", "x", "--elevate"}}
			done := false
			err := g.withRights(t.Context(), !c.disk, liveFlags{elevate: c.elevate}, true, func() error { done = true; return nil })
			if done != c.done {
				t.Errorf("done here: %t", done)
			}
			if relaunched := c.prompt.started != nil; relaunched != c.relaunch || relaunched && strings.Join(c.prompt.started, " ") != "run x --elevate" {
				t.Errorf("started again with %v", c.prompt.started)
			}
			var exit *exitError
			if errors.As(err, &exit) != (c.code != 0) || exit != nil && (exit.code != c.code || !strings.Contains(exit.Error(), c.says)) {
				t.Errorf("%v", err)
			}
			if c.relaunch && stdout.String() != "said by the elevated process" {
				t.Errorf("printed %q", stdout.String())
			}
		})
	}
}

func TestDemandRights(t *testing.T) {
	for name, c := range map[string]struct {
		rights rights
		live   bool
		want   int
	}{
		"no-windows":   {nil, true, 0},
		"a-disk":       {&prompt{}, false, 0},
		"elevated":     {&prompt{standing: elevation.Standing{Elevated: true}}, true, 0},
		"not-elevated": {&prompt{}, true, exitApproval},
		"not-known":    {&prompt{unknown: errors.New("no token")}, true, exitApproval},
	} {
		t.Run(name, func(t *testing.T) {
			g := &globals{program: program{rights: c.rights}}
			var exit *exitError
			if err := g.demandRights(c.live); errors.As(err, &exit) != (c.want != 0) || exit != nil && (exit.code != c.want || !strings.Contains(err.Error(), "--elevate")) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestElevatedHasTheLastWord holds that what the elevated process ended with is given on, also when Ctrl-C ended both.
func TestElevatedHasTheLastWord(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	p := program{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, rights: &prompt{}}
	if code := p.main(ctx, []string{"undo", "last", "--elevate"}); code != 4 {
		t.Errorf("exit code %d, want that of the elevated process", code)
	}
}

func TestAnnouncement(t *testing.T) {
	run := journal.Summary{ID: "20260110-0930-kfwz", Title: "Windows Update stops with 0x8024001E", State: journal.StateEnded, Outcome: "fixed"}
	if text := announcement(run); !strings.Contains(text, "Outcome: fixed.") || !strings.Contains(text, "rectify history show 20260110-0930-kfwz") {
		t.Errorf("%s", text)
	}
	run.State = journal.StateStopped
	if text := announcement(run); !strings.Contains(text, "needs somebody") || !strings.Contains(text, "rectify resume 20260110-0930-kfwz") {
		t.Errorf("%s", text)
	}
}
