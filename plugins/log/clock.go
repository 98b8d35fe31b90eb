package log

import (
	"time"

	"github.com/rectify-project/rectify/internal/artefact/cbs"
	"github.com/rectify-project/rectify/internal/artefact/scan"
	"github.com/rectify-project/rectify/internal/artefact/winzone"
	"github.com/rectify-project/rectify/internal/artefact/wulog"
	"github.com/rectify-project/rectify/sdk"
)

// anchorPattern finds the lines that hold a moment in UTC beside their local time.
var anchorPattern = scan.Pattern{Name: "moments in UTC", Expr: cbs.AnchorPattern}

// stamper reads the times that lines begin with. The first shape that it sees in a log is that of the whole log.
type stamper struct {
	shapes []shape
	seen   *shape
}

type shape struct {
	stamp scan.StampFunc
	local bool // the wall clock of the machine; else UTC
}

func (s *stamper) stamp(line []byte) (time.Time, bool) {
	if s.seen != nil {
		return s.seen.stamp(line)
	}
	for i := range s.shapes {
		if t, ok := s.shapes[i].stamp(line); ok {
			s.seen = &s.shapes[i]
			return t, true
		}
	}
	return time.Time{}, false
}

func (s *stamper) local() bool { return s.seen != nil && s.seen.local }

// stamperFor makes a new stamper for each log of a format.
func stamperFor(format string) (func() *stamper, error) {
	servicing := shape{cbs.Stamp, true}
	update := shape{wulog.Stamp, true}
	iso := shape{scan.ISOStamp, false}
	var shapes []shape
	switch format {
	case "", "auto":
		shapes = []shape{servicing, update, iso}
	case "cbs":
		shapes = []shape{servicing}
	case "windowsupdate":
		shapes = []shape{update}
	case "plain":
		shapes = []shape{iso}
	default:
		return nil, sdk.Errorf(sdk.InvalidInput, "unknown format %q; known are auto, cbs, plain, windowsupdate", format).WithPath("/format")
	}
	return func() *stamper { return &stamper{shapes: shapes} }, nil
}

// How far the moment of a local time can be off.
const (
	// widest is that of a log of which no zone is known: offsets from UTC lie within 14 hours.
	widest = 14 * time.Hour
	// turned is that of a zone that is known, near the hours when clocks are turned, or far from the moments in the log.
	turned = 2 * time.Hour
)

// clock turns the times of one log into UTC.
type clock struct {
	stamper *stamper
	anchors cbs.Clock
	zone    *winzone.Zone
	newest  int64 // offset of the last of the anchors
	used    bool  // a local time was converted
	weakest cbs.Source
}

// bracketed says whether there is a moment in UTC beyond offset, and the offset from UTC is the same everywhere.
func (c *clock) bracketed(offset int64) bool {
	return c.newest > offset && len(c.anchors.Offsets()) == 1
}

// utc gives the moment of the time of the line at offset, and how far it can be off.
func (c *clock) utc(offset int64, t time.Time) (time.Time, time.Duration) {
	if !c.stamper.local() {
		return t, 0
	}
	at := c.anchors.ToUTC(offset, t, c.zone)
	if !c.used || at.Source < c.weakest {
		c.used, c.weakest = true, at.Source
	}
	switch {
	case at.Source == cbs.Unknown:
		return at.UTC, widest
	case !at.Certain:
		return at.UTC, turned
	}
	return at.UTC, 0
}

// zoneName is what an answer calls a source.
func zoneName(s cbs.Source) string {
	switch s {
	case cbs.Anchored:
		return "anchors in the log"
	case cbs.Zone:
		return "the disk's time zone"
	}
	return "unknown: treated as UTC"
}
