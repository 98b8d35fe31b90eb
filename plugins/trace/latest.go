package trace

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/etl"
	"github.com/rectify-project/rectify/sdk"
)

// latest is the trace of a folder that began last. On a running Windows a session may still write to it: its buffers are written
// out only now and then, the last one may be there in part, and it has no end yet.
type latest struct {
	path    string
	begins  time.Time
	last    time.Time // of its events; zero where it has none
	closed  bool
	problem string // what of its end cannot be read; told where no session can be writing to it
}

// follow keeps the trace of a folder that began last, and tells what is wrong with the others.
func (s *searcher) follow(dir string, l latest) {
	before, known := s.latest[dir]
	if known && l.begins.Before(before.begins) {
		l, before = before, l
	}
	s.latest[dir] = l
	if before.problem != "" {
		s.problems.Add(before.path + ": " + before.problem)
	}
}

// onlyAtEnd says whether nothing of a trace that was never closed is lost but, perhaps, in its last buffers.
func onlyAtEnd(stats etl.Stats, size int64) bool {
	h := stats.Header
	if h.Closed() || h.EventsLost > 0 || h.BuffersLost > 0 || stats.Damaged > len(stats.Damage) {
		return false
	}
	return !slices.ContainsFunc(stats.Damage, func(d etl.Damage) bool { return d.Offset+2*int64(h.BufferSize) < size })
}

const later = "look again later, when the session has written its trace out or was ended"

// unfinished tells which traces sessions may still write to, where the time asked for goes beyond their newest event.
func (s *searcher) unfinished(covers *sdk.Window, settle string) (*sdk.Window, string) {
	to := s.times.Hull().To
	for _, dir := range slices.Sorted(maps.Keys(s.latest)) {
		l := s.latest[dir]
		switch {
		case l.closed && l.problem == "":
			continue
		case l.last.IsZero():
			s.problems.Add(l.path + ": is still written to, and has no event with a time yet")
			settle = later
			continue
		case !to.IsZero() && !to.After(l.last):
			continue
		}
		s.problems.Add(fmt.Sprintf("%s: is still written to, or was never closed: what was logged after %s may not be in it yet", l.path, l.last.Format(time.RFC3339)))
		settle = later
		if covers == nil {
			covers = &sdk.Window{}
		}
		if covers.To.IsZero() || l.last.Before(covers.To) {
			covers.To = l.last
		}
	}
	return covers, settle
}
