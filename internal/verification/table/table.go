// Package table is what tests have shown of the functions of plugins on a running Windows, and on which system. It is made by
// `make verification` out of the records that tests write, and says no more than they do.
package table

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Record is one thing that a test has shown.
type Record struct {
	Function string              `json:"function"` // "service.stop"
	System   string              `json:"system"`   // [Fake], "Wine 10.0", "Windows 10.0.19045"
	Kind     Kind                `json:"kind"`
	What     string              `json:"what"` // in words: "stopped services read back as stopped"
	Outcome  conformance.Outcome `json:"outcome"`
}

// Kind is what was tried.
type Kind string

// The kinds.
const (
	Function Kind = "function" // the function itself, and what it did was read back
	Part     Kind = "part"     // a part of it, or that what the system does not carry out is caught
	Call     Kind = "call"     // a call of the system that the function rests on
)

// Fake is the system of what was shown against recorded answers or a simulated store.
const Fake = "fake"

// Level is how far a function is verified.
type Level int

// The levels, from the least.
const (
	Never    Level = iota // no test has shown it on a running machine, nor on a fake of one
	FakeOnly              // against recorded answers or a simulated store
	InPart                // on Wine a part, or that what Wine does not carry out is caught; the rest against a fake at most
	OnWine                // done on Wine, and the effect read back
	OnWindows
)

func (l Level) String() string {
	return [...]string{"never", "fake only", "in part on Wine, else by a fake", "Wine, read back", "Windows, read back"}[l]
}

//go:embed records.csv
var committed []byte

// Committed are the records that this program was built with.
func Committed() ([]Record, error) { return Read(bytes.NewReader(committed)) }

// Read reads records as [Write] writes them.
func Read(r io.Reader) ([]Record, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord = 5
	lines, err := in.ReadAll()
	if err != nil {
		return nil, err
	}
	var out []Record
	for _, l := range lines {
		out = append(out, Record{l[0], l[1], Kind(l[2]), l[3], conformance.Outcome(l[4])})
	}
	return out, nil
}

// Write writes records, sorted, each once.
func Write(w io.Writer, records []Record) error {
	records = Sorted(records)
	out := csv.NewWriter(w)
	for _, r := range records {
		if err := out.Write([]string{r.Function, r.System, string(r.Kind), r.What, string(r.Outcome)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// Sorted sorts records by function, then kind, system and what, and leaves out what is there twice.
func Sorted(records []Record) []Record {
	out := slices.Clone(records)
	slices.SortFunc(out, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), -cmp.Compare(a.Kind, b.Kind), -cmp.Compare(a.System, b.System), cmp.Compare(a.What, b.What),
			cmp.Compare(a.Outcome, b.Outcome))
	})
	return slices.Compact(out)
}

// Of are the records of a function.
func Of(records []Record, function string) []Record {
	var out []Record
	for _, r := range records {
		if r.Function == function {
			out = append(out, r)
		}
	}
	return out
}

// LevelOf is how far the records of a function go.
func LevelOf(records []Record) Level {
	level, part := Never, false
	for _, r := range records {
		if r.Kind == Function && r.Outcome == conformance.Works {
			level = max(level, levelOn(r.System))
		}
		part = part || r.Kind == Part
	}
	if part {
		level = max(level, InPart)
	}
	return level
}

func levelOn(system string) Level {
	switch {
	case system == Fake:
		return FakeOnly
	case strings.HasPrefix(system, "Wine"):
		return OnWine
	}
	return OnWindows
}

// Subject is a function of a plugin that runs on a live machine.
type Subject struct {
	Name    string // "service.stop"
	Kind    string // "probe", "action"
	Summary string
}

const preface = `# What was verified of Windows, and where

Made by ` + "`make verification`" + ` out of what the tests have shown; not to be edited. Nothing here claims more than a test that ran.

No Windows was at hand. Wine 10 runs the same program against its own making of the same interfaces: what is shown there is
that the calls are made as Wine understands them and that the effect, read back, is there. It is no proof for Windows. A fake
answers with recorded answers in the real format, or simulates a store; it shows what the function makes of them. On a real
machine ` + "`rectify doctor`" + ` tries, in two minutes and without changing anything, every call that plugins rest on.

| function | | verified |
| --- | --- | --- |
`

// Markdown writes the page.
func Markdown(w io.Writer, subjects []Subject, records []Record) error {
	var b strings.Builder
	b.WriteString(preface)
	for _, s := range subjects {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", s.Name, anchor(s.Name), s.Kind, LevelOf(Of(records, s.Name)))
	}
	for _, s := range subjects {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n", s.Name, strings.TrimSuffix(s.Summary, "."))
		of := Sorted(Of(records, s.Name))
		if len(of) == 0 {
			b.WriteString("\nNo test has shown it on a running machine.\n")
		}
		last := ""
		for _, r := range of {
			if head := heading(r); head != last {
				fmt.Fprintf(&b, "\n%s:\n\n", head)
				last = head
			}
			b.WriteString("- " + r.What)
			if r.Outcome != conformance.Works {
				fmt.Fprintf(&b, ": **%s**", r.Outcome)
			}
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func anchor(name string) string { return strings.ReplaceAll(name, ".", "") }

func heading(r Record) string {
	switch {
	case r.Kind == Call && r.System == Fake:
		return "The same calls, of the fake that stands for them"
	case r.Kind == Call:
		return "Calls that it rests on, " + r.System
	case r.System == Fake:
		return "Against a fake"
	case r.Kind == Part:
		return "In part, or that it is not carried out is caught, on " + r.System
	}
	return "Done, and read back, on " + r.System
}
