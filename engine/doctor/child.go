package doctor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// line is what a child says: that a check begins, or what it found.
type line struct {
	Check   int                  `json:"check"`
	Finding *conformance.Finding `json:"finding,omitempty"`
}

// Serve runs the checks of a suite that change nothing, from one on, and writes what they found. A deadly check ends
// the child's work: the next one gets a process that has not called what it has called.
func Serve(ctx context.Context, w io.Writer, suites []conformance.Suite, name string, from int) error {
	i := slices.IndexFunc(suites, func(s conformance.Suite) bool { return s.Name == name })
	if i < 0 || from < 0 || from >= len(suites[i].Checks) {
		return fmt.Errorf("there is no check %d of a suite %q", from, name)
	}
	out := json.NewEncoder(w)
	for n, check := range suites[i].Checks[from:] {
		if check.Changes {
			continue
		}
		if err := out.Encode(line{Check: from + n}); err != nil {
			return err
		}
		found := check.Try(ctx)
		if err := out.Encode(line{from + n, &found}); err != nil {
			return err
		}
		if check.Deadly {
			return nil
		}
	}
	return nil
}

// examineFrom has a child run the checks of a suite from one on, and gives the one to go on with.
func examineFrom(ctx context.Context, c Config, suite conformance.Suite, from int) (found []Entry, next int) {
	for from < len(suite.Checks) && suite.Checks[from].Changes {
		from++
	}
	if from == len(suite.Checks) {
		return nil, from
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := c.Child(ctx, suite.Name, from)
	cmd.WaitDelay = time.Second
	var complaint strings.Builder
	cmd.Stderr = &complaint
	began := time.Now()
	entry := func(at int, f conformance.Finding) Entry {
		check := suite.Checks[at]
		e := Entry{suite.Name, check.Name, check.API, check.Serves, f, time.Since(began).Milliseconds()}
		began = time.Now()
		return e
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return []Entry{entry(from, conformance.Finding{Outcome: conformance.Different, Detail: "its process cannot be started: " + err.Error()})}, from + 1
	}
	patience := time.AfterFunc(c.Patience, stop)
	defer patience.Stop()
	doing := from - 1
	lines := bufio.NewScanner(stdout)
	next = from
	for lines.Scan() {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) != nil || l.Check < next || l.Check >= len(suite.Checks) {
			continue // not a line of Serve
		}
		patience.Reset(c.Patience)
		if doing = l.Check; l.Finding != nil {
			found = append(found, entry(l.Check, *l.Finding))
			next, doing = l.Check+1, -1
		}
	}
	late := ctx.Err() != nil
	err = cmd.Wait()
	switch {
	case doing >= from:
		detail := "the process ended in the middle of it"
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			detail += ": " + exit.Error()
		}
		if said := strings.TrimSpace(complaint.String()); said != "" {
			detail += ": " + lastLine(said)
		}
		f := conformance.Finding{Outcome: conformance.Absent, Detail: detail}
		if late {
			f = conformance.Finding{Outcome: conformance.Different, Detail: fmt.Sprintf("no answer within %s", c.Patience)}
		}
		return append(found, entry(doing, f)), doing + 1
	case len(found) == 0: // it said nothing at all: there is nothing more to learn of it
		return []Entry{entry(from, conformance.Finding{Outcome: conformance.Different, Detail: "its process said nothing: " + lastLine(complaint.String())})}, from + 1
	case err == nil && !suite.Checks[next-1].Deadly:
		return found, len(suite.Checks)
	}
	return found, next
}

const maxSaid = 300

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	s = s[strings.LastIndexByte(s, '\n')+1:]
	if len(s) > maxSaid {
		s = strings.ToValidUTF8(s[:maxSaid], "") + "…"
	}
	return s
}
