package com

import (
	"math"
	"time"
)

// The days that a DATE can hold ([MS-OAUT] 2.2.25): from 1 January 100 to 31 December 9999.
const (
	firstDay = -657434
	lastDay  = 2958466
)

// FromDate reads a DATE: days since 30 December 1899, with the time of day as the fraction, which counts forward also
// where the days are negative. It has no zone: the caller knows the one that it was written in. It is rounded to the
// millisecond, about as exact as a DATE is. False for 0, which stands for no date, and for what is no DATE.
func FromDate(days float64, in *time.Location) (time.Time, bool) {
	if math.IsNaN(days) || days <= firstDay-1 || days >= lastDay || days == 0 {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(days)
	ms := int(math.Round(math.Abs(fraction) * 24 * 60 * 60 * 1000))
	// As a time of day, not as so much after midnight: a day on which the clocks change has another length.
	return time.Date(1899, 12, 30+int(whole), 0, 0, ms/1000, ms%1000*int(time.Millisecond), in), true
}
