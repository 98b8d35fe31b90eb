package etl

import (
	"math"
	"math/bits"
	"time"
)

// clock turns the time stamps of records into UTC.
//
// TRACE_LOGFILE_HEADER.ReservedFlags names the clock: 1 the performance
// counter, 2 the system time (a FILETIME), 3 the processor's cycle counter.
// Counters are anchored by the header record: its own stamp and its StartTime
// are the same instant.
type clock struct {
	kind   uint32
	ticks  uint64 // ticks of the counter in
	per    uint64 // this many units of 100 ns
	anchor uint64 // stamp of the header record
	start  uint64 // the same instant as FILETIME
}

func newClock(kind uint32, frequency uint64, megahertz uint32, anchor, start uint64) clock {
	c := clock{kind: kind, ticks: frequency, per: 10_000_000, anchor: anchor, start: start}
	if kind == 3 {
		c.ticks, c.per = uint64(megahertz), 10
	}
	return c
}

// utc returns the zero time for a stamp that no clock can have given.
func (c clock) utc(stamp uint64) time.Time {
	if c.kind != 1 && c.kind != 3 {
		return fileTime(stamp)
	}
	if c.ticks == 0 {
		return time.Time{}
	}
	delta, earlier := stamp-c.anchor, false
	if int64(delta) < 0 {
		delta, earlier = -delta, true
	}
	hi, lo := bits.Mul64(delta, c.per)
	if hi >= c.ticks {
		return time.Time{}
	}
	units, _ := bits.Div64(hi, lo, c.ticks)
	if units > math.MaxInt64 {
		return time.Time{}
	}
	if earlier {
		if units > c.start {
			return time.Time{}
		}
		return fileTime(c.start - units)
	}
	return fileTime(c.start + units)
}

// fileTime converts a FILETIME, units of 100 ns since 1601-01-01 UTC. Zero and
// values beyond the year 9999 give the zero time.
func fileTime(units uint64) time.Time {
	const (
		second = 10_000_000
		epoch  = 11_644_473_600           // seconds from 1601 to 1970
		latest = 265_046_774_400 * second // 10000-01-01
	)
	if units == 0 || units >= latest {
		return time.Time{}
	}
	return time.Unix(int64(units/second)-epoch, int64(units%second)*100).UTC()
}
