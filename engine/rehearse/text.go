package rehearse

import (
	"fmt"
	"io"
	"strings"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diag"
)

// View says what the text form of results shows.
type View struct {
	Color    bool
	Coverage bool // list all that no test reached
	Part     bool // not all tests ran: nothing is said of coverage
}

// Text writes results for people: a line for each file, each failing test with what was expected, what came instead and
// why, what no test reached, and the totals last.
func (v View) Text(w io.Writer, files []*File) error {
	var t strings.Builder
	for _, f := range files {
		if err := v.file(&t, f); err != nil {
			return err
		}
	}
	n := Count(files)
	fmt.Fprintf(&t, "%d passed, %d failed\n", n.Passed, n.Failed)
	_, err := io.WriteString(w, t.String())
	return err
}

func (v View) file(t *strings.Builder, f *File) error {
	n := Count([]*File{f})
	word := "ok  "
	switch {
	case n.Failed > 0:
		word = "FAIL"
	case n.Passed == 0:
		word = "-   "
	}
	fmt.Fprintf(t, "%s %s: %s\n", word, f.File, count(len(f.Tests), "test"))
	if f.LeftOut > 0 {
		fmt.Fprintf(t, "     %s with a recorded bundle left out: bundles are not part of the program, only of its source\n", count(f.LeftOut, "test"))
	}
	if len(f.Problems) > 0 {
		if err := v.problems(t, f, f.Problems); err != nil {
			return err
		}
	}
	for _, test := range f.Tests {
		if len(test.Problems) == 0 && test.Status != Failed {
			continue
		}
		fmt.Fprintf(t, "\n--- %s: %s (%s:%s)\n", strings.ToUpper(string(test.Status)), test.Name, f.File, test.Span.Start)
		if err := v.problems(t, f, test.Problems); err != nil {
			return err
		}
		for _, m := range test.Mismatches {
			mismatch(t, f.File, m)
		}
	}
	if n.Failed > 0 {
		t.WriteString("\n")
	}
	if f.Coverage != nil && !v.Part && len(f.Tests) > 0 {
		v.coverage(t, f)
	}
	return nil
}

func (v View) problems(t *strings.Builder, f *File, list diag.List) error {
	return diag.Renderer{Sources: f.Sources, Color: v.Color}.Render(t, list)
}

// mismatch shows one expectation that was not met:
//
//	causes.no_space (disk_test.yaml:12:25)
//	  - confirmed
//	  + ruled out
//	  when
//	    ✗ disk.free < inputs.min_free → 100 GiB < 10 GiB
func mismatch(t *strings.Builder, file string, m Mismatch) {
	at := file
	if m.Span.Start.Known() {
		at += ":" + m.Span.Start.String()
	}
	fmt.Fprintf(t, "  %s (%s)\n    - %s\n    + %s\n", m.Of, at, m.Expected, m.Got)
	of := ""
	for _, r := range m.Reasons {
		if r.Of != of {
			fmt.Fprintf(t, "    %s\n", r.Of)
			of = r.Of
		}
		fmt.Fprintf(t, "      %s\n", r)
	}
	for _, w := range m.Unknown {
		fmt.Fprintf(t, "    not known: %s\n", unknown(w))
	}
	for _, note := range m.Notes {
		fmt.Fprintf(t, "    %s\n", strings.ReplaceAll(note, "\n", "\n    "))
	}
}

// String shows a leaf with its values: ✗ disk.free < inputs.min_free → 100 GiB < 10 GiB.
func (r Reason) String() string {
	mark := map[string]string{condition.True.String(): "✓", condition.False.String(): "✗"}[r.Truth]
	if mark == "" {
		mark = "?"
	}
	s := mark + " " + strings.Join(strings.Fields(r.Condition), " ")
	if r.Values != "" {
		s += " → " + r.Values
	}
	if r.Absent > 0 {
		s += fmt.Sprintf(" (%s without the data)", count(r.Absent, "record"))
	}
	return s
}

func unknown(w condition.Why) string {
	s := w.Reason
	if w.Fact != "" {
		s = w.Fact + ": " + s
	}
	if w.Settle != "" {
		s += " (" + w.Settle + ")"
	}
	return s
}

func (v View) coverage(t *strings.Builder, f *File) {
	verdicts, truths, steps := f.Coverage.Parts()
	fmt.Fprintf(t, "     reached: verdicts %s, outcomes of conditions %s", verdicts, truths)
	word := ", steps "
	for _, what := range []string{wasPlanned, wasDone, hasFailed, wasUndone} {
		if p, any := steps[what]; any {
			t.WriteString(word + what + " " + p.String())
			word = ", "
		}
	}
	t.WriteString("\n")
	if !v.Coverage {
		return
	}
	var missed []string
	for _, x := range f.Coverage.Conclusions {
		if words := unreached(x.Verdicts); words != "" {
			missed = append(missed, fmt.Sprintf("%s: %s", x.Name, words))
		}
	}
	for _, x := range f.Coverage.Conditions {
		if words := unreached(x.Truths); words != "" {
			missed = append(missed, fmt.Sprintf("%s: %s: %s", x.Of, strings.Join(strings.Fields(x.Condition), " "), words))
		}
	}
	for _, x := range f.Coverage.Steps {
		if words := unreached(x.Tests); words != "" {
			missed = append(missed, fmt.Sprintf("steps.%s: %s", x.ID, words))
		}
	}
	if len(missed) > 0 {
		t.WriteString("     no test reached\n       " + strings.Join(missed, "\n       ") + "\n")
	}
}

// order is the one in which verdicts, truths and what became of steps are listed.
var order = []string{"confirmed", "suspected", "true", "false", "ruled out", "undetermined", wasPlanned, wasDone, hasFailed, wasUndone}

func unreached(counts map[string]int) string {
	var missed []string
	for _, word := range order {
		if n, possible := counts[word]; possible && n == 0 {
			missed = append(missed, word)
		}
	}
	return strings.Join(missed, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
