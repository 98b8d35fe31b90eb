package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/cbs"
	"github.com/rectify-project/rectify/internal/artefact/scan"
	"github.com/rectify-project/rectify/internal/artefact/winzone"
	"github.com/rectify-project/rectify/internal/machine/files"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// maxPending is how many matches wait for the moment in UTC that follows them in the log.
const maxPending = 2048

// searcher reads the logs one after another.
type searcher struct {
	*question
	*findings
	target *target.Target
	zone   *winzone.Zone
}

// file searches one file. An error ends the search: that of the context. What is wrong with the file is a problem.
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
	err = members(ctx, path, f, info.Size(), func(m member) error { return s.member(ctx, m) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		s.problems.Add(path + ": " + files.Reason(err))
	}
	return nil
}

// member searches one text. A text that cannot be read to its end is a problem of the text, and no error.
func (s *searcher) member(ctx context.Context, m member) error {
	stamper := s.stamp()
	p := &pass{searcher: s, name: m.name, clock: clock{stamper: stamper, zone: s.zone}}
	matcher := s.matcher
	if m.at != nil {
		skip, settled := p.survey(ctx, m)
		if skip {
			return nil
		}
		if settled {
			matcher = s.bare
		}
	}
	stats, err := matcher.Scan(ctx, m.text, scan.Options{Stamp: stamper.stamp}, p.found)
	p.flush()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	file := File{Path: m.name, Size: schema.Bytes(max(stats.Bytes, 0)), Lines: &stats.Lines}
	switch {
	case err != nil:
		file.Problem = files.Reason(err)
	case stats.LinesCut > 0:
		file.Problem = fmt.Sprintf("only the first %d KiB of a line are searched, and %d lines are longer", scan.MaxLine>>10, stats.LinesCut)
	}
	if file.Problem != "" {
		s.problems.Add(m.name + ": " + file.Problem)
	}
	p.end(file, stats.First, stats.Last, stats.Timed, stats.Bytes)
	return nil
}

// pass is the search of one text.
type pass struct {
	*searcher
	name    string
	clock   clock
	pending []hit
}

// hit is a line that matches, before its place in time is known.
type hit struct {
	pattern int
	line    int64
	offset  int64
	local   time.Time
	timed   bool
	text    string
	groups  map[string]string
}

func (p *pass) found(m *scan.Match) error {
	if m.Pattern == p.anchors() {
		p.anchor(&p.clock, 0, m)
		if len(p.pending) > 0 {
			p.settle()
		}
		return nil
	}
	if m.Timed && !p.times.Near(m.Time.Add(-widest-turned), m.Time.Add(widest+turned)) {
		return nil
	}
	h := hit{pattern: m.Pattern, line: m.Line, offset: m.Offset, local: m.Time, timed: m.Timed}
	h.text, _ = m.Text(maxText)
	h.groups = m.Named(maxCapture)
	p.pending = append(p.pending, h)
	if len(p.pending) >= maxPending {
		p.flush()
	}
	return nil
}

// anchor tells a clock of the moment in UTC that a line holds. The line is base bytes further than it seems.
func (p *pass) anchor(c *clock, base int64, m *scan.Match) {
	if !m.Timed || m.Inherited || !c.stamper.local() {
		return
	}
	text, _ := m.Text(scan.MaxLine)
	if utc, ok := cbs.Anchor(text); ok {
		if c.anchors.Add(base+m.Offset, m.Time, utc) {
			c.newest = max(c.newest, base+m.Offset)
		}
	}
}

// settle counts the pending hits when enough of them wait that the next moment in UTC need not be waited for.
func (p *pass) settle() {
	if len(p.pending) >= maxPending/2 {
		p.flush()
	}
}

// flush counts the pending hits.
func (p *pass) flush() {
	for i := range p.pending {
		p.count(&p.pending[i])
	}
	clear(p.pending) // the texts can go
	p.pending = p.pending[:0]
}

func (p *pass) count(h *hit) {
	if !h.timed {
		if p.times != nil {
			p.unplaced++
			return
		}
		p.findings.count(p.name, h, nil)
		return
	}
	utc, slack := p.clock.utc(h.offset, h.local)
	counts, perhaps := p.times.Place(utc, slack)
	switch {
	case counts:
		p.findings.count(p.name, h, &utc)
	case perhaps:
		p.unplaced++
	}
}

// end records the log that was read.
func (p *pass) end(file File, first, last time.Time, timed bool, length int64) {
	if timed {
		from, _ := p.clock.utc(0, first)
		to, _ := p.clock.utc(length, last)
		file.First, file.Last = &from, &to
	}
	p.findings.file(file, p.clock)
}

const (
	edge   = 256 << 10 // bytes of the beginning and the end that a survey looks at
	probes = 16
	// steady is the time in which an offset from UTC does not change and change back: Morocco sets its clocks back for
	// the month of Ramadan, elsewhere it takes longer.
	steady = 20 * 24 * time.Hour
)

// survey looks at the beginning and the end of a plain file. A file whose times ascend and lie far from all that counts
// need not be read at all: skip. Where the moments in UTC at both ends tell how to convert all between them, no others
// need be looked for: settled.
func (p *pass) survey(ctx context.Context, m member) (skip, settled bool) {
	if m.size < 4*edge {
		return false, false
	}
	first, _, ok := p.peek(ctx, m, 0, edge)
	begins := len(p.clock.anchors.Offsets())
	_, last, ended := p.peek(ctx, m, m.size-edge, edge)
	if !ok || !ended {
		return false, false
	}
	settled = begins == 1 && p.clock.bracketed(m.size-edge) && last.Sub(first).Abs() < steady
	if p.times == nil || p.times.Near(first.Add(-2*widest), last.Add(2*widest)) {
		return false, settled
	}
	before := first
	for i := range int64(probes) {
		at, _, ok := p.peek(ctx, m, m.size/probes*i, 16<<10)
		if !ok || at.Before(before) {
			return false, settled
		}
		before = at
	}
	if last.Before(before) {
		return false, settled
	}
	p.end(File{Path: m.name, Size: schema.Bytes(m.size)}, first, last, true, m.size)
	return true, settled
}

// peek reads the first and last time in length bytes at base, and the moments in UTC there.
func (p *pass) peek(ctx context.Context, m member, base, length int64) (first, last time.Time, ok bool) {
	only, err := scan.Compile([]scan.Pattern{anchorPattern})
	if err != nil {
		return first, last, false
	}
	stats, err := only.Scan(ctx, io.NewSectionReader(m.at, base, length), scan.Options{Stamp: p.clock.stamper.stamp}, func(x *scan.Match) error {
		p.anchor(&p.clock, base, x)
		return nil
	})
	if err != nil && !errors.Is(err, scan.ErrStop) {
		return first, last, false
	}
	return stats.First, stats.Last, stats.Timed
}
