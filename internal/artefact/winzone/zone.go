// Package winzone converts local times of a Windows machine to UTC by its time zone settings.
package winzone

import "time"

// Zone is TIME_ZONE_INFORMATION: UTC = local time + Bias + StandardBias or DaylightBias, in minutes.
type Zone struct {
	Name         string // of standard time or of the zone; may be empty
	Bias         int
	StandardBias int
	DaylightBias int
	Standard     Change // to standard time, in daylight time
	Daylight     Change // to daylight time, in standard time
}

// Change is when a year's change to or from daylight time happens, in the local time before the change. Month 0 means
// that the zone has no daylight time.
type Change struct {
	Year    int        // 0: every year by Week and Weekday; else once, on day Week of the month
	Month   time.Month // 1 to 12
	Week    int        // 1 to 5, where 5 is the last in the month
	Weekday time.Weekday
	At      time.Duration // since midnight
}

// Fit says how well a local time fits the zone.
type Fit int

const (
	// Exact: the local time is one moment.
	Exact Fit = iota
	// Ambiguous: the local time occurs twice, as clocks are turned back; the earlier moment is given.
	Ambiguous
	// Skipped: the local time does not occur, as clocks are turned forward; it is taken as standard time.
	Skipped
)

// ToUTC takes the wall clock of local, whatever its location is.
func (z *Zone) ToUTC(local time.Time) (time.Time, Fit) {
	y, mo, d := local.Date()
	wall := time.Date(y, mo, d, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	standard := wall.Add(z.toUTC(z.StandardBias))
	if !z.hasDaylight() {
		return wall.Add(z.toUTC(z.plainBias())), Exact
	}
	daylight := wall.Add(z.toUTC(z.DaylightBias))
	isStandard, isDaylight := !z.inDaylight(standard), z.inDaylight(daylight)
	switch {
	case isStandard && isDaylight && !standard.Equal(daylight):
		if daylight.Before(standard) {
			return daylight, Ambiguous
		}
		return standard, Ambiguous
	case isDaylight:
		return daylight, Exact
	case isStandard:
		return standard, Exact
	}
	return standard, Skipped
}

// plainBias is what is added to Bias all year: nothing where the zone never changes.
func (z *Zone) plainBias() int {
	if z.Standard.Month == 0 {
		return 0
	}
	return z.StandardBias
}

func (z *Zone) hasDaylight() bool { return z.Standard.Month != 0 && z.Daylight.Month != 0 }

func (z *Zone) toUTC(bias int) time.Duration { return time.Duration(z.Bias+bias) * time.Minute }

// inDaylight says whether daylight time is in force at a moment.
func (z *Zone) inDaylight(utc time.Time) bool {
	year := utc.Add(-z.toUTC(z.StandardBias)).Year()
	begins := z.Daylight.in(year).Add(z.toUTC(z.StandardBias))
	ends := z.Standard.in(year).Add(z.toUTC(z.DaylightBias))
	if begins.Before(ends) {
		return !utc.Before(begins) && utc.Before(ends)
	}
	return !utc.Before(begins) || utc.Before(ends) // south of the equator
}

// in is the local time of the change in a year.
func (c Change) in(year int) time.Time {
	if c.Year != 0 {
		return time.Date(c.Year, c.Month, c.Week, 0, 0, 0, 0, time.UTC).Add(c.At)
	}
	first := time.Date(year, c.Month, 1, 0, 0, 0, 0, time.UTC)
	day := 1 + (int(c.Weekday)-int(first.Weekday())+7)%7 + 7*(c.Week-1)
	last := first.AddDate(0, 1, -1).Day()
	for day > last {
		day -= 7
	}
	return time.Date(year, c.Month, day, 0, 0, 0, 0, time.UTC).Add(c.At)
}
