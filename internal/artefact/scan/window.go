package scan

import (
	"bytes"
	"io"
	"time"
)

// Span is a part of a log, from the beginning of a line to the end of one.
type Span struct {
	Start, End int64
	// Narrowed is false where the span is the whole log, because its times could not be relied on or it is short.
	Narrowed bool
}

// Reader reads the span. Give Span.Start to Options.Offset.
func (s Span) Reader(r io.ReaderAt) io.Reader { return io.NewSectionReader(r, s.Start, s.End-s.Start) }

const (
	// slack is how far the times of a log may step back: an hour for daylight time, and some for a clock set right.
	slack = 2 * time.Hour
	// probes is how many places of a log must be in order before its times are relied on.
	probes = 32
	// worthwhile is the size of a log from which reading less of it pays.
	worthwhile = 4 << 20
	// near is how close to a time the search ends, in bytes; the rest is read.
	near = 256 << 10
	// untimed is how many bytes without any time stamp are looked through for one.
	untimed = 1 << 20
)

// Window finds the part of a log that has all lines between two times, by bisection. It looks at a few dozen places; if
// the times there are not in order, or lack, or the log is in UTF-16, the span is the whole log. Lines that step back by
// more than two hours between the places that are looked at can be missed.
func Window(r io.ReaderAt, size int64, from, to time.Time, stamp StampFunc) (Span, error) {
	return window(r, size, from, to, stamp, worthwhile, near)
}

func window(r io.ReaderAt, size int64, from, to time.Time, stamp StampFunc, worthwhile, near int64) (Span, error) {
	whole := Span{End: size}
	if size < worthwhile || stamp == nil {
		return whole, nil
	}
	w := &bisection{r: r, size: size, stamp: stamp, buf: make([]byte, 64<<10)}
	n, err := r.ReadAt(w.buf[:4096], 0)
	if err != nil && err != io.EOF {
		return whole, err
	}
	if enc, _ := detect(w.buf[:n]); enc != UTF8 {
		return whole, nil
	}
	places := make([]place, 0, probes+1)
	for i := range int64(probes) {
		p, ok, err := w.at(size / probes * i)
		if err != nil {
			return whole, err
		}
		if !ok || i > 0 && p.time.Before(places[i-1].time.Add(-slack)) {
			return whole, nil
		}
		places = append(places, p)
	}
	span := Span{0, size, true}
	lo, _, ok, err := w.border(places, near, func(t time.Time) bool { return !t.Before(from.Add(-slack)) })
	if !ok || err != nil {
		return whole, err
	}
	if lo != nil {
		span.Start = lo.offset
	}
	_, hi, ok, err := w.border(places, near, func(t time.Time) bool { return t.After(to.Add(slack)) })
	if !ok || err != nil {
		return whole, err
	}
	if hi != nil {
		span.End = hi.offset
	}
	return span, nil
}

// place is a line that has a time stamp.
type place struct {
	offset int64
	time   time.Time
}

type bisection struct {
	r     io.ReaderAt
	size  int64
	stamp StampFunc
	buf   []byte
}

// border finds where beyond begins to hold: after the line lo and at or before the line hi; nil where there is no such
// line. ok is false if the times are not in order.
func (w *bisection) border(places []place, near int64, beyond func(time.Time) bool) (lo, hi *place, ok bool, err error) {
	for i := range places {
		if beyond(places[i].time) {
			hi = &places[i]
			break
		}
		lo = &places[i]
	}
	end := w.size
	if hi != nil {
		end = hi.offset
	}
	for lo != nil && end-lo.offset > near {
		mid := lo.offset + (end-lo.offset)/2
		p, found, err := w.at(mid)
		if err != nil {
			return nil, nil, false, err
		}
		if !found || p.offset >= end {
			end = mid // no line begins between
			continue
		}
		if p.time.Before(lo.time.Add(-slack)) || hi != nil && p.time.After(hi.time.Add(slack)) {
			return nil, nil, false, nil
		}
		if beyond(p.time) {
			hi, end = &p, p.offset
		} else {
			lo = &p
		}
	}
	return lo, hi, true, nil
}

// at gives the first line with a time stamp that begins at or after offset; false if there is none close to it.
func (w *bisection) at(offset int64) (place, bool, error) {
	skip := offset > 0 // the line that offset is within
	for looked := 0; looked < untimed; {
		n, err := w.r.ReadAt(w.buf, offset)
		if err != nil && err != io.EOF {
			return place{}, false, err
		}
		b := w.buf[:n]
		last := n < len(w.buf)
		done := 0
		for done < n {
			line := b[done:]
			end := bytes.IndexByte(line, '\n')
			if end < 0 && !last && done > 0 && len(line) < stampBytes {
				break // more of it is needed
			}
			if !skip {
				if t, ok := w.stamp(head(line)); ok {
					return place{offset + int64(done), t}, true, nil
				}
			}
			skip = end < 0
			if done += end + 1; end < 0 {
				done = n
			}
		}
		if last {
			return place{}, false, nil
		}
		offset += int64(done)
		looked += done
	}
	return place{}, false, nil
}
