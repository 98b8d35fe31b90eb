package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

func TestNarrator(t *testing.T) {
	step := &plan.Step{Key: "unpack", Title: "Unpack the package", Uses: "file.expand"}
	events := []execute.Event{
		{Kind: execute.Begins, Step: step},
		{Kind: execute.Progress, Step: step, Progress: sdk.Progress{Done: 30, Total: 120, Note: "a\x1b[31m.cab"}},
		{Kind: execute.Waits, Step: step, Text: "it is waited for"},
		{Kind: execute.Waits, Step: step, Text: "it is waited for"},
		{Kind: execute.Failed, Step: step, Text: "no\troom\x07"},
		{Kind: execute.Needless, Step: step},
		{Kind: execute.Cleans, Step: step},
		{Kind: execute.Verifies},
	}
	told := func(terminal bool) string {
		var b bytes.Buffer
		n := &narrator{out: &b, terminal: terminal}
		for _, e := range events {
			n.last = time.Now().Add(-time.Hour) // every progress is due
			n.tell(e)
		}
		n.close()
		return b.String()
	}
	lines := told(false)
	want := "  … Unpack the package\n" +
		"  … Unpack the package [#####...............] 25 % a\ufffd[31m.cab\n" +
		"  ? Unpack the package: it is waited for\n" +
		"  ✗ Unpack the package: no room\ufffd\n" +
		"  - Unpack the package: nothing to do\n" +
		"  … Unpack the package: cleaning up\n" +
		"  … looking whether it worked\n"
	if lines != want {
		t.Errorf("elsewhere:\n%q\nwant\n%q", lines, want)
	}
	over := told(true)
	if strings.Contains(over, "25 % a\ufffd[31m.cab\n") || !strings.Contains(over, "\r"+strings.Repeat(" ", 20)) {
		t.Errorf("at a terminal the progress is not written over:\n%q", over)
	}
}

func TestProgressText(t *testing.T) {
	tests := map[string]struct {
		p    sdk.Progress
		want string
	}{
		"nothing":       {sdk.Progress{}, ""},
		"note":          {sdk.Progress{Note: "reading"}, " reading"},
		"open-end":      {sdk.Progress{Done: 7, Unit: "files"}, " 7 files"},
		"half":          {sdk.Progress{Done: 1, Total: 2}, " [##########..........] 50 %"},
		"more-than-all": {sdk.Progress{Done: 9, Total: 2}, " [####################] 100 %"},
		"less-than-0":   {sdk.Progress{Done: -9, Total: 2}, " [....................] 0 %"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := progressText(test.p); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestStop has Ctrl-C end a command at once that only looks, and ask one that changes first.
func TestStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newStop(cancel)
	s.interrupt()
	if ctx.Err() == nil {
		t.Error("a command that looks goes on after Ctrl-C")
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	s = newStop(cancel)
	var told []bool
	asked := s.gently(func(again bool) { told = append(told, again) })
	s.interrupt()
	select {
	case <-asked:
	default:
		t.Error("the first Ctrl-C does not ask")
	}
	if ctx.Err() != nil {
		t.Error("the first Ctrl-C ends a command that changes")
	}
	s.interrupt()
	if ctx.Err() == nil || len(told) != 2 || told[0] || !told[1] {
		t.Errorf("the second Ctrl-C: %v, told %v", ctx.Err(), told)
	}
}

// TestInterruptedQuestion presses Ctrl-C while a question is open.
func TestInterruptedQuestion(t *testing.T) {
	s := newStop(func() {})
	s.gently(func(bool) {})
	in, out := io.Pipe() // nothing ever comes
	defer out.Close()
	p := &person{in: in, out: &bytes.Buffer{}, stop: s.wanted()}
	s.interrupt()
	a, err := p.Approve(t.Context(), plan.Unit{Step: &plan.Step{Key: "x", Title: "X"}})
	if err != nil || a.Decision != execute.Missing {
		t.Errorf("got %+v, %v", a, err)
	}
	r, err := p.Answer(t.Context(), &plan.Step{ID: "x", Kind: "ask"}, "")
	if err != nil || r.Given {
		t.Errorf("got %+v, %v", r, err)
	}
}
