package cbs

import (
	"sort"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
)

// Source says what the conversion of a local time to UTC rests on.
type Source int

const (
	// Unknown: nothing says what zone the log was written in; the local time is given as if it were UTC.
	Unknown Source = iota
	// Zone: the time zone of the machine.
	Zone
	// Anchored: moments in UTC that the log itself has.
	Anchored
)

func (s Source) String() string {
	switch s {
	case Zone:
		return "time zone of the machine"
	case Anchored:
		return "UTC times in the log"
	}
	return "unknown zone, taken as UTC"
}

// Instant is a local time of the log in UTC.
type Instant struct {
	UTC    time.Time
	Source Source
	// Certain is false where the offset may have been another one: the zone is unknown, the hour occurs twice or never,
	// or the offset changed somewhere between the UTC times around.
	Certain bool
}

// Bounds of what an anchor may say.
const (
	quantum   = 15 * time.Minute // all offsets in use are multiples of it
	maxOffset = 15 * time.Hour
	maxLag    = 2 * time.Minute // between the time stamp of a line and the moment in it
	// near is how far beyond the first or last anchor its offset is trusted where no zone says whether it changes.
	near = 24 * time.Hour
)

// Clock knows which offset from UTC was in force where in a log. The zero value knows nothing yet.
type Clock struct {
	anchors []anchor // by position
}

type anchor struct {
	position int64
	local    time.Time
	offset   time.Duration // local - UTC
}

// Add tells the clock that the line at position (byte offset or line number, as long as it is always the same) has
// the local time stamp and the moment in UTC. It is false, and changes nothing, where the two cannot be right.
func (c *Clock) Add(position int64, local, utc time.Time) bool {
	diff := local.Sub(utc)
	offset := diff.Round(quantum)
	if lag := (diff - offset).Abs(); lag > maxLag || offset.Abs() > maxOffset {
		return false
	}
	i := c.after(position)
	// Of a run with one offset only the ends matter.
	if i == len(c.anchors) && i >= 2 && c.anchors[i-1].offset == offset && c.anchors[i-2].offset == offset {
		c.anchors[i-1] = anchor{position, local, offset}
		return true
	}
	c.anchors = append(c.anchors, anchor{})
	copy(c.anchors[i+1:], c.anchors[i:])
	c.anchors[i] = anchor{position, local, offset}
	return true
}

// after is the index of the first anchor beyond position.
func (c *Clock) after(position int64) int {
	return sort.Search(len(c.anchors), func(i int) bool { return c.anchors[i].position > position })
}

// Offsets gives the offsets from UTC that were in force, each time that they changed.
func (c *Clock) Offsets() []time.Duration {
	var out []time.Duration
	for _, a := range c.anchors {
		if len(out) == 0 || out[len(out)-1] != a.offset {
			out = append(out, a.offset)
		}
	}
	return out
}

// ToUTC converts the local time of the line at position. It prefers the log's own anchors to zone, which may be nil.
func (c *Clock) ToUTC(position int64, local time.Time, zone *winzone.Zone) Instant {
	if len(c.anchors) == 0 {
		if zone == nil {
			return Instant{UTC: local}
		}
		utc, fit := zone.ToUTC(local)
		return Instant{utc, Zone, fit == winzone.Exact}
	}
	i := c.after(position)
	closest := c.anchors[max(0, i-1)]
	if i > 0 && i < len(c.anchors) && closest.offset == c.anchors[i].offset {
		return Instant{local.Add(-closest.offset), Anchored, true}
	}
	// The offset may have changed between the anchor and the line. The zone tells, if it is the zone of the anchor.
	if zone != nil {
		moment, _ := zone.ToUTC(closest.local)
		utc, fit := zone.ToUTC(local)
		if closest.local.Sub(moment) == closest.offset && fit == winzone.Exact {
			return Instant{utc, Anchored, true}
		}
	}
	between := i > 0 && i < len(c.anchors)
	certain := local.Equal(closest.local) || !between && local.Sub(closest.local).Abs() <= near
	return Instant{local.Add(-closest.offset), Anchored, certain}
}
