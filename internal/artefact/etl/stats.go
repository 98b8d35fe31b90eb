package etl

import "time"

// Stats tells what a scan has seen, and what it could not see.
type Stats struct {
	Header Header

	Buffers    int // buffers that were walked
	Compressed int // of these, packed ones
	Blank      int // preallocated buffers that were never written
	LossMarks  int // buffers that the session marked as following a loss

	Events    int // records that were delivered
	Kinds     map[Kind]int
	Decoded   int // events with text
	Undecoded int // events that have text which the trace alone does not give: WPP, manifest, classic, damaged

	Oldest, Newest time.Time // of the delivered events, UTC; zero without any

	// Truncated: the file ends within a buffer, or before the last buffer that
	// the session counted, or damage hides the rest.
	Truncated bool
	Damaged   int      // places of damage
	Damage    []Damage // the first of them, at most 32
}

// Damage is a part of a trace that could not be read.
type Damage struct {
	Offset int64 // of the buffer, in the file
	Reason string
}

func (s *Stats) damage(at int64, reason string) {
	s.Damaged++
	if len(s.Damage) < 32 {
		s.Damage = append(s.Damage, Damage{at, reason})
	}
}

func (s *Stats) count(e *Event) {
	s.Events++
	s.Kinds[e.Kind]++
	switch {
	case e.Decoded:
		s.Decoded++
	case e.Kind != Kernel:
		s.Undecoded++
	}
	if e.Time.IsZero() {
		return
	}
	if s.Oldest.IsZero() || e.Time.Before(s.Oldest) {
		s.Oldest = e.Time
	}
	if e.Time.After(s.Newest) {
		s.Newest = e.Time
	}
}
