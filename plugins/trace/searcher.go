package trace

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/etl"
	"github.com/rectify-project/rectify/internal/machine/files"
	"github.com/rectify-project/rectify/internal/machine/newest"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// searcher reads the traces one after another, and gathers what they hold.
type searcher struct {
	target   *target.Target
	times    period.Times
	patterns []*pattern

	files     []File
	folders   map[string]time.Time // when the oldest trace of each folder begins
	latest    map[string]latest    // of a running Windows: the newest trace of each folder
	read      int
	events    int
	undecoded int
	example   string // of an event without text
	problems  files.Problems
}

// pattern is what one pattern found so far.
type pattern struct {
	name        string
	re          *regexp.Regexp
	first, last *time.Time
	matches     *newest.List[Match]
}

// file searches one trace. An error ends the search: that of the context. What is wrong with the file is a problem.
func (s *searcher) file(ctx context.Context, path string) error {
	f, err := s.target.Open(path)
	if err != nil {
		s.problems.Add(files.Reason(err))
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		s.problems.Add(err.Error())
		return nil
	}
	trace, err := etl.Open(f, info.Size())
	if err != nil {
		s.problems.Add(path + ": " + err.Error())
		return nil
	}
	stats, err := trace.Scan(ctx, func(e *etl.Event) error {
		s.event(path, e)
		return nil
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.end(path, info.Size(), stats, err)
	return nil
}

func (s *searcher) end(path string, size int64, stats etl.Stats, err error) {
	s.read++
	file := File{Path: path, Size: schema.Bytes(size), Events: stats.Events}
	begins := stats.Header.Start
	if begins.IsZero() || !stats.Oldest.IsZero() && stats.Oldest.Before(begins) {
		begins = stats.Oldest
	}
	if !begins.IsZero() {
		file.First = &begins
	}
	if !stats.Newest.IsZero() {
		file.Last = &stats.Newest
	}
	dir := path[:max(strings.LastIndexByte(path, '\\'), 0)]
	problem := trouble(stats, err)
	if s.target.Kind() == target.Live {
		unfinished := latest{path: path, begins: begins, closed: stats.Header.Closed(), last: stats.Newest}
		if err == nil && onlyAtEnd(stats, size) {
			unfinished.problem, problem = problem, ""
		}
		s.follow(dir, unfinished)
	}
	if file.Problem = problem; problem != "" {
		s.problems.Add(path + ": " + problem)
	}
	if len(s.files) < maxListed {
		s.files = append(s.files, file)
	}
	if begins.IsZero() {
		if s.times != nil {
			s.problems.Add(path + ": has no time, so that it is not known which time it covers")
		}
		return
	}
	if before, ok := s.folders[dir]; !ok || begins.Before(before) {
		s.folders[dir] = begins
	}
}

// trouble says what of a trace is lost. That it was never closed is no loss.
func trouble(stats etl.Stats, err error) string {
	var wrong []string
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	if stats.Damaged > 0 {
		at := ""
		if len(stats.Damage) > 0 {
			at = fmt.Sprintf(", the first at 0x%x: %s", stats.Damage[0].Offset, stats.Damage[0].Reason)
		}
		wrong = append(wrong, fmt.Sprintf("is damaged in %d places%s", stats.Damaged, at))
	}
	if stats.Truncated {
		wrong = append(wrong, "is cut off")
	}
	if n := stats.Header.EventsLost; n > 0 {
		wrong = append(wrong, fmt.Sprintf("its session lost %d events", n))
	}
	if n := stats.Header.BuffersLost; n > 0 {
		wrong = append(wrong, fmt.Sprintf("its session lost %d buffers", n))
	}
	return strings.Join(wrong, "; ")
}

func (s *searcher) event(path string, e *etl.Event) {
	if e.Kind == etl.Kernel || e.Kind == etl.Other {
		return // they have no text
	}
	if !e.Time.IsZero() && !s.times.Contain(e.Time) {
		return
	}
	if !e.Decoded {
		s.undecoded++
		if s.example == "" {
			s.example = fmt.Sprintf("%s in %s", e.Text(), path)
		}
		return
	}
	if e.Time.IsZero() && s.times != nil {
		s.problems.Add(path + ": has events without a time")
		return
	}
	s.events++
	text := e.Text()
	for _, p := range s.patterns {
		loc := p.re.FindStringSubmatchIndex(text)
		if loc == nil {
			continue
		}
		p.add(match(path, e, text, p.re, loc))
	}
}

func match(path string, e *etl.Event, text string, re *regexp.Regexp, loc []int) Match {
	m := Match{File: path, Offset: e.Offset, Provider: e.Provider, Event: e.Name, Text: excerpt(text, loc[0], maxText)}
	if !e.Compressed {
		m.Offset += int64(e.Position)
	}
	if m.Provider == "" && e.ProviderGUID != "" {
		m.Provider = "{" + e.ProviderGUID + "}"
	}
	if !e.Time.IsZero() {
		at := e.Time
		m.Time = &at
	}
	for i, name := range re.SubexpNames() {
		if name == "" || loc[2*i] < 0 {
			continue
		}
		if m.Captures == nil {
			m.Captures = map[string]string{}
		}
		m.Captures[name] = excerpt(text[loc[2*i]:loc[2*i+1]], 0, maxCapture)
	}
	m.Evidence = sdk.Evidence{File: path, Offset: m.Offset, Time: e.Time, Text: m.Text}
	return m
}

// excerpt gives at most limit bytes of a text, such that place is among them.
func excerpt(text string, place, limit int) string {
	if len(text) <= limit {
		return text
	}
	begin := 0
	if place > limit/2 {
		begin = min(place-limit/4, len(text)-limit)
	}
	cut := strings.ToValidUTF8(text[begin:begin+limit], "")
	if begin > 0 {
		cut = "…" + cut
	}
	if begin+limit < len(text) {
		cut += "…"
	}
	return cut
}

func (p *pattern) add(m Match) {
	if m.Time != nil {
		if p.first == nil || m.Time.Before(*p.first) {
			p.first = m.Time
		}
		if p.last == nil || m.Time.After(*p.last) {
			p.last = m.Time
		}
	}
	p.matches.Add(m)
}

func (s *searcher) answer() SearchOutput {
	out := SearchOutput{Patterns: map[string]Hits{}, Events: s.events, Undecoded: s.undecoded, Files: append([]File{}, s.files...)}
	for _, p := range s.patterns {
		out.Patterns[p.name] = Hits{
			Count: p.matches.Count(), First: p.first, Last: p.last,
			Cut: p.matches.Cut(), Matches: append([]Match{}, p.matches.All()...),
		}
	}
	return out
}

// missed says what the answer may lack, what time it covers nevertheless, and what would settle it.
func (s *searcher) missed() (reason string, covers *sdk.Window, settle string) {
	lost := !s.problems.Empty()
	if lost {
		settle = "whole copies of the traces that cannot be read"
	}
	from := s.times.Hull().From
	for _, dir := range s.sortedFolders() {
		begins := s.folders[dir]
		if from.IsZero() || !begins.After(from) {
			continue
		}
		s.problems.Add(fmt.Sprintf("the traces in %s begin at %s, after the start of the time asked for, %s",
			dir, begins.Format(time.RFC3339), from.Format(time.RFC3339)))
		settle = "older traces, from a backup or a shadow copy"
		if covers == nil {
			covers = &sdk.Window{}
		}
		if begins.After(covers.From) {
			covers.From = begins
		}
	}
	covers, settle = s.unfinished(covers, settle)
	if lost {
		covers = nil // what cannot be read lies anywhere
	}
	if s.undecoded > 0 {
		s.problems.Add(fmt.Sprintf("the text of %d events is not in the traces, such as %s", s.undecoded, s.example))
		settle = "decode the traces on a running machine: Get-WindowsUpdateLog, or tracerpt with the providers' symbols"
		covers = nil // they lie anywhere
	}
	if s.problems.Empty() {
		return "", nil, ""
	}
	return s.problems.String(), covers, settle
}

func (s *searcher) sortedFolders() []string {
	var list []string
	for dir := range s.folders {
		list = append(list, dir)
	}
	slices.Sort(list)
	return list
}
