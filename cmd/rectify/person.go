package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/engine/prose"
)

// person asks whoever sits at the terminal what the command line does not decide.
type person struct {
	policy execute.Policy
	in     io.Reader
	out    io.Writer
	stop   <-chan struct{} // closed by Ctrl-C; nil when nothing interrupts

	start sync.Once
	lines chan string
}

var _ execute.Operator = (*person)(nil)

// errNobody is a question that nobody answers: the terminal was closed, or Ctrl-C was pressed.
var errNobody = errors.New("nobody answered the question")

// ask writes a question and reads a line.
func (p *person) ask(ctx context.Context, question string) (string, error) {
	p.start.Do(func() {
		p.lines = make(chan string)
		go func() { // reading a terminal cannot be ended; the process ends it
			defer close(p.lines)
			for s := bufio.NewScanner(p.in); s.Scan(); {
				p.lines <- s.Text()
			}
		}()
	})
	fmt.Fprint(p.out, question)
	select {
	case line, ok := <-p.lines:
		if !ok {
			return "", errNobody
		}
		return strings.TrimSpace(line), nil
	case <-p.stop:
	case <-ctx.Done():
	}
	fmt.Fprintln(p.out)
	return "", errNobody
}

// Approve shows a change and asks for it.
func (p *person) Approve(ctx context.Context, u plan.Unit) (execute.Approval, error) {
	if p.policy.Yes && p.policy.Refusal(u) == "" {
		return p.policy.Approve(ctx, u)
	}
	fmt.Fprintf(p.out, "\n%s (%s)\n", prose.Printable(u.Step.Name()), u.Step.Key)
	for _, line := range u.Lines() {
		fmt.Fprintf(p.out, "    %s\n", prose.Printable(line))
	}
	fmt.Fprintf(p.out, "  risk: %s", riskWord(u))
	if final := u.Final(); len(final) > 0 {
		fmt.Fprint(p.out, "; it CANNOT be taken back")
	} else {
		fmt.Fprint(p.out, "; rectify undo takes it back")
	}
	fmt.Fprintln(p.out)
	if len(u.Suspected) > 0 {
		fmt.Fprintf(p.out, "  its cause is only suspected: %s\n", strings.Join(u.Suspected, ", "))
	}
	for {
		question := "  Do it? [yes/no/stop] "
		if len(u.Final()) > 0 {
			question = fmt.Sprintf("  It cannot be taken back. Type %s to do it, or no, or stop: ", u.Step.ID)
		}
		answer, err := p.ask(ctx, question)
		if err != nil {
			return execute.Approval{}, nil
		}
		switch word := strings.ToLower(answer); {
		case len(u.Final()) > 0 && answer == u.Step.ID, len(u.Final()) == 0 && (word == "y" || word == "yes"):
			return execute.Approval{Decision: execute.Yes, By: "terminal"}, nil
		case word == "n" || word == "no":
			return execute.Approval{Decision: execute.No, By: "terminal"}, nil
		case word == "stop" || word == "s":
			return execute.Approval{}, nil
		}
	}
}

func riskWord(u plan.Unit) string {
	if u.Risk == "" {
		return "high"
	}
	return string(u.Risk)
}

// Answer asks a question of the playbook, or waits until something is done by hand.
func (p *person) Answer(ctx context.Context, s *plan.Step, problem string) (execute.Reply, error) {
	if text, given := p.policy.Answers[s.ID]; given && problem == "" {
		return execute.Reply{Given: true, Text: text, By: "--answer"}, nil
	}
	if problem != "" {
		fmt.Fprintf(p.out, "  not yet: %s\n", prose.Printable(problem))
	}
	fmt.Fprintf(p.out, "\n%s\n", prose.Printable(s.Text))
	hint := "  Is it so? Say how (what backup, which snapshot), or stop: "
	if s.Kind == "manual" {
		hint = "  Say done when it is done, or stop: "
	}
	for {
		answer, err := p.ask(ctx, hint)
		if err != nil || strings.EqualFold(answer, "stop") {
			return execute.Reply{}, nil
		}
		if answer != "" {
			return execute.Reply{Given: true, Text: answer, By: "terminal"}, nil
		}
	}
}

// Failed asks what follows on a failed step.
func (p *person) Failed(ctx context.Context, s *plan.Step, f journal.Failure) (execute.Choice, error) {
	fmt.Fprintf(p.out, "\n%s failed: %s\n", prose.Printable(s.Name()), prose.Printable(f.Message))
	for _, more := range []string{f.Reason, f.Hint} {
		if more != "" {
			fmt.Fprintf(p.out, "  %s\n", prose.Printable(more))
		}
	}
	for {
		answer, err := p.ask(ctx, "  retry, undo (take everything back), or leave (stop here; resume or undo later)? ")
		if err != nil {
			return execute.Leave, nil
		}
		switch strings.ToLower(answer) {
		case "retry", "r":
			return execute.Retry, nil
		case "undo", "u":
			return execute.TakeBack, nil
		case "leave", "l":
			return execute.Leave, nil
		}
	}
}
