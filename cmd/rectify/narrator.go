package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/prose"
	"github.com/rectify-project/rectify/sdk"
)

// narrator tells what a run does as it does it: a line for each step, and while a step works how far it is, written over
// at a terminal, as a line now and then elsewhere.
type narrator struct {
	out      io.Writer
	terminal bool

	mu      sync.Mutex
	last    time.Time // of the last progress that was shown
	wide    int       // of the line that is written over; 0 when there is none
	waiting string    // what was last waited for
}

const lineInterval = 10 * time.Second

func newNarrator(w io.Writer) *narrator { return &narrator{out: w, terminal: isTerminal(w)} }

// say tells something that is not about a step.
func (n *narrator) say(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.line("rectify: " + text)
}

func (n *narrator) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wipe()
}

var marks = map[execute.EventKind]string{
	execute.Begins: "  …", execute.Done: " ok", execute.Needless: "  -", execute.Failed: "  ✗", execute.LeftAlone: "  -", execute.Waits: "  ?",
	execute.Cleans: "  …", execute.TakesBack: "  …", execute.TakenBack: " ok", execute.Notes: "  i", execute.Verifies: "  …",
}

// tell tells of an event.
func (n *narrator) tell(e execute.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.Kind == execute.Progress {
		n.progress(e)
		return
	}
	name := ""
	if e.Step != nil {
		name = e.Step.Name()
	}
	switch e.Kind {
	case execute.Verifies:
		name = "looking whether it worked"
	case execute.Cleans:
		name += ": cleaning up"
	case execute.TakesBack:
		name = "taking back: " + name
	case execute.Waits:
		if n.waiting == name+e.Text { // it is said once
			return
		}
		n.waiting = name + e.Text
	}
	text := e.Text
	switch e.Kind {
	case execute.Needless:
		if text = "nothing to do"; e.Text != "" {
			text += "; " + e.Text
		}
	case execute.LeftAlone:
		text = "left alone: " + text
	}
	if name != "" && text != "" {
		name += ": "
	}
	n.line(marks[e.Kind] + " " + name + text)
}

func (n *narrator) progress(e execute.Event) {
	now := time.Now()
	interval := lineInterval
	if n.terminal {
		interval = tickInterval
	}
	if n.last.IsZero() {
		n.last = now
	}
	if now.Sub(n.last) < interval {
		return
	}
	n.last = now
	line := "  … " + e.Step.Name() + progressText(e.Progress)
	if !n.terminal {
		n.line(line)
		return
	}
	if r := []rune(line); len(r) > 78 {
		line = string(r[:78])
	}
	n.wipe()
	fmt.Fprint(n.out, line)
	n.wide = len([]rune(line))
}

// progressText is how far something is: a bar and a percentage where the whole is known.
func progressText(p sdk.Progress) string {
	var b strings.Builder
	if p.Total > 0 {
		done := min(max(p.Done, 0), p.Total)
		const width = 20
		full := int(done * width / p.Total)
		fmt.Fprintf(&b, " [%s%s] %d %%", strings.Repeat("#", full), strings.Repeat(".", width-full), done*100/p.Total)
	} else if p.Done > 0 {
		fmt.Fprintf(&b, " %d %s", p.Done, p.Unit)
	}
	if p.Note != "" {
		b.WriteString(" " + prose.Printable(p.Note))
	}
	return b.String()
}

// line writes a line of its own.
func (n *narrator) line(text string) {
	n.wipe()
	fmt.Fprintln(n.out, prose.Printable(text))
}

// wipe removes the line that is written over.
func (n *narrator) wipe() {
	if n.wide > 0 {
		fmt.Fprintf(n.out, "\r%s\r", strings.Repeat(" ", n.wide))
		n.wide = 0
	}
}
