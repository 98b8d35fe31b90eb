package log

import (
	"cmp"
	"slices"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/cbs"
	"github.com/rectify-project/rectify/internal/machine/files"
	"github.com/rectify-project/rectify/internal/machine/newest"
	"github.com/rectify-project/rectify/sdk"
)

// findings gathers what the logs hold.
type findings struct {
	question *question
	patterns []tally
	steps    []step
	cutSteps bool

	files    []File
	folders  map[string]*folder
	read     int // logs
	unplaced int // lines that match, and may count or not
	problems files.Problems

	local    bool // a local time was converted
	weakest  cbs.Source
	zoneless error // why the time zone of the disk is not known; nil where it is
}

// tally is what one pattern found so far.
type tally struct {
	first, last *time.Time
	matches     *newest.List[Match]
}

func newFindings(q *question) *findings {
	f := &findings{question: q, patterns: make([]tally, len(q.names)), folders: map[string]*folder{}}
	for i := range f.patterns {
		f.patterns[i].matches = newest.New(q.keep, func(m Match) time.Time { return m.Evidence.Time })
	}
	return f
}

func (f *findings) count(file string, h *hit, utc *time.Time) {
	t := &f.patterns[h.pattern]
	if utc != nil {
		if t.first == nil || utc.Before(*t.first) {
			t.first = utc
		}
		if t.last == nil || utc.After(*t.last) {
			t.last = utc
		}
		f.step(file, h, *utc)
	}
	t.matches.Add(Match{
		File: file, Line: h.line, Time: utc, Text: h.text, Captures: h.groups,
		Evidence: evidence(file, h, utc),
	})
}

func evidence(file string, h *hit, utc *time.Time) sdk.Evidence {
	e := sdk.Evidence{File: file, Line: int(h.line), Text: h.text}
	if utc != nil {
		e.Time = *utc
	}
	return e
}

// file records a log that was read, or that need not be.
func (f *findings) file(file File, c clock) {
	f.read++
	if len(f.files) < maxListed {
		f.files = append(f.files, file)
	}
	if c.used && (!f.local || c.weakest < f.weakest) {
		f.local, f.weakest = true, c.weakest
	}
	dir := folderOf(file.Path)
	if f.folders[dir] == nil {
		f.folders[dir] = &folder{path: dir}
	}
	f.folders[dir].add(file)
}

func (f *findings) answer() SearchOutput {
	out := SearchOutput{Patterns: map[string]Hits{}, Files: f.files}
	if out.Files == nil {
		out.Files = []File{}
	}
	for i, name := range f.question.names {
		t := &f.patterns[i]
		out.Patterns[name] = Hits{
			Count: t.matches.Count(), First: t.first, Last: t.last,
			Cut: t.matches.Cut(), Matches: append([]Match{}, t.matches.All()...),
		}
	}
	if f.question.steps != nil {
		out.Sequence = f.runs()
	}
	if f.local {
		out.TimeZone = zoneName(f.weakest)
	}
	slices.SortStableFunc(out.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
