package scan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"
	"unicode/utf8"
)

// Bounds of what a scan holds.
const (
	// MaxLine is how many bytes of a line are looked at.
	MaxLine = 64 << 10
	// stampBytes is how much of a line a StampFunc gets to see.
	stampBytes = 256

	blockSize = 1 << 20
)

// ErrStop is what a callback returns to end a scan early without an error.
var ErrStop = errors.New("scan stopped by its caller")

// StampFunc reads the time stamp that a line begins with; false if it has none. It gets at most the first 256 bytes.
type StampFunc func(line []byte) (time.Time, bool)

// Options of a scan; the zero value is useful.
type Options struct {
	// Stamp gives matches their time. It is called for the lines that match, a few lines of each block and, where lines
	// have no time stamp of their own, those above until one has; not for every line.
	Stamp StampFunc

	// Offset is where in the log the input begins, as that of a Span does. It is added to the offsets of matches; unless
	// it is 0 the numbers of lines are not known, and Match.Line is 0.
	Offset int64

	block, maxLine int // smaller in tests
}

// Stats tells what a scan has seen.
type Stats struct {
	Encoding Encoding
	Bytes    int64 // of the input as it was read
	Lines    int64
	LinesCut int64 // longer than MaxLine; only their beginning was matched
	BadBytes int64 // not valid in the encoding: bytes of UTF-8, code units of UTF-16

	// First and Last are the first and last time stamp; Timed is false if there was none or no Options.Stamp.
	First, Last time.Time
	Timed       bool
}

// Scan reads r to its end and calls found for each pattern and line that match, by line and then in the order of the
// patterns. An error is that of the context, the reader or the callback; the stats are of what was seen until then.
func (m *Matcher) Scan(ctx context.Context, r io.Reader, opts Options, found func(*Match) error) (Stats, error) {
	if opts.block == 0 {
		opts.block, opts.maxLine = blockSize, MaxLine
	}
	s := &scanner{m: m, opts: opts, found: found, src: &source{r: r}, present: make([]bool, len(m.patterns))}
	s.buf = make([]byte, 0, opts.block)
	err := s.scan(ctx)
	if errors.Is(err, ErrStop) {
		err = nil
	}
	s.stats.Encoding, s.stats.Bytes, s.stats.BadBytes = s.src.enc, s.src.read, s.stats.BadBytes+s.src.bad
	return s.stats, err
}

type scanner struct {
	m     *Matcher
	opts  Options
	found func(*Match) error
	src   *source
	stats Stats

	buf      []byte // text not yet done with
	skipping bool   // buf begins within a line that was cut
	at       cursor
	clock    clock
	present  []bool // by pattern: a literal of it is in the line
	scratch  []byte // a line as valid UTF-8
	match    Match
}

// cursor is a place in the buffer together with what it is in the input.
type cursor struct {
	pos    int
	line   int64 // newlines before pos
	offset int64
}

func (s *scanner) scan(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var last bool
		var readErr error
		if s.buf, last, readErr = s.src.fill(s.buf); readErr != nil {
			last = true
		}
		if s.at.offset == 0 {
			s.at.offset = s.src.mark
		}
		done, err := s.block(last)
		if err != nil {
			return err
		}
		s.leave(done, last)
		if last {
			return readErr
		}
	}
}

// block looks at the whole lines in the buffer and gives how many bytes of it are done with.
func (s *scanner) block(last bool) (int, error) {
	b := s.buf
	at := 0
	if s.skipping {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			s.clock.skipTo(len(b))
			return within(b, last), nil
		}
		s.skipping = false
		s.clock.skipTo(end)
		at = end + 1
	}
	from := at // of the lines of ordinary length that were not looked at yet
	for at < len(b) {
		w := b[at:min(at+s.opts.maxLine+1, len(b))]
		if end := bytes.LastIndexByte(w, '\n'); end >= 0 {
			at += end + 1
			continue
		}
		if len(w) <= s.opts.maxLine {
			if last {
				at = len(b)
			}
			break
		}
		if err := s.lines(from, at); err != nil {
			return 0, err
		}
		s.stats.LinesCut++
		if err := s.line(at, at+s.opts.maxLine, true); err != nil {
			return 0, err
		}
		end := bytes.IndexByte(b[at:], '\n')
		if end < 0 {
			s.skipping = true
			return within(b, last), nil
		}
		at += end + 1
		from = at
	}
	return at, s.lines(from, at)
}

// within is how much of b can go where b ends within a line: not a part of a rune.
func within(b []byte, last bool) int {
	if last {
		return len(b)
	}
	return len(wholeRunes(b))
}

// leave moves on from the first done bytes of the buffer.
func (s *scanner) leave(done int, last bool) {
	b := s.buf[:done]
	if !s.src.isUTF16() && !utf8.Valid(b) {
		s.stats.BadBytes += countBad(b)
	}
	if s.opts.Stamp != nil {
		s.clock.leave(b, s.opts.Stamp)
		s.stats.First, s.stats.Last, s.stats.Timed = s.clock.first, s.clock.time, s.clock.timed
	}
	s.advance(done)
	s.at.pos = 0
	s.stats.Lines = s.at.line
	if last && (done > 0 && b[done-1] != '\n' || done == 0 && s.skipping) {
		s.stats.Lines++ // the last line has no end
	}
	s.buf = s.buf[:copy(s.buf, s.buf[done:])]
}

func (s *scanner) advance(to int) {
	b := s.buf[s.at.pos:to]
	s.at.line += int64(bytes.Count(b, []byte{'\n'}))
	if s.src.isUTF16() {
		s.at.offset += sizeUTF16(b)
	} else {
		s.at.offset += int64(len(b))
	}
	s.at.pos = to
}

// lines looks at buf[from:to], which are whole lines.
func (s *scanner) lines(from, to int) error {
	for at := from; at < to; {
		hit := 0
		if !s.m.everyLine {
			if s.m.finder == nil {
				return nil
			}
			if hit = s.m.finder.first(s.buf[at:to]); hit < 0 {
				return nil
			}
		}
		start := at + bytes.LastIndexByte(s.buf[at:at+hit], '\n') + 1
		end := to
		if n := bytes.IndexByte(s.buf[at+hit:to], '\n'); n >= 0 {
			end = at + hit + n
		}
		if err := s.line(start, end, false); err != nil {
			return err
		}
		at = end + 1
	}
	return nil
}

// line matches buf[start:end], one line without its LF.
func (s *scanner) line(start, end int, cut bool) error {
	raw := s.buf[start:end]
	if cut {
		raw = wholeRunes(raw)
	} else {
		raw = bytes.TrimSuffix(raw, []byte{'\r'})
	}
	if s.m.finder != nil {
		clear(s.present)
		s.m.finder.mark(raw, s.present)
	}
	text := raw
	if !utf8.Valid(raw) {
		s.scratch = appendText(s.scratch[:0], raw)
		text = s.scratch
	}
	placed := false
	for i := range s.m.patterns {
		p := &s.m.patterns[i]
		if p.filtered && !s.present[i] {
			continue
		}
		loc := p.re.FindSubmatchIndex(text)
		if loc == nil {
			continue
		}
		if !placed {
			s.place(start, cut)
			placed = true
		}
		m := s.match
		m.Pattern, m.Name, m.text, m.re, m.loc = i, p.name, text, p.re, loc
		if err := s.found(&m); err != nil {
			return err
		}
	}
	return nil
}

// place works out where and when the line is that begins at start.
func (s *scanner) place(start int, cut bool) {
	s.advance(start)
	s.match = Match{Line: s.at.line + 1, Offset: s.opts.Offset + s.at.offset, LineCut: cut}
	if s.opts.Offset != 0 {
		s.match.Line = 0
	}
	if s.opts.Stamp != nil {
		s.match.Time, s.match.Timed, s.match.Inherited = s.clock.of(s.buf, start, s.opts.Stamp)
	}
}

// wholeRunes drops the part of a rune that b ends with, if any.
func wholeRunes(b []byte) []byte {
	for k := 1; k < utf8.UTFMax && k <= len(b); k++ {
		if tail := b[len(b)-k:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return b[:len(b)-k]
			}
			break
		}
	}
	return b
}
