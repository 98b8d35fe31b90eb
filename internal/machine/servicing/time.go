package servicing

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stamp is a time as DISM prints it: in the region's order of day and month, whatever the language.
var stamp = regexp.MustCompile(`^(\d{1,4})[./-] ?(\d{1,2})[./-] ?(\d{1,4})\.? (\d{1,2})[:.](\d{2})(?:[:.]\d{2})?(?: ?([AaPp])\.? ?[Mm]\.?)?$`)

// order is in which order dates have their parts. It is not known where all of them could be both.
type order int

const (
	unknownOrder order = iota
	monthFirst
	dayFirst
)

// orderOf finds the order by the dates that can be read in one order only.
func orderOf(stamps []string) order {
	found := unknownOrder
	for _, s := range stamps {
		m := stamp.FindStringSubmatch(clean(s))
		if m == nil || len(m[1]) == 4 {
			continue
		}
		first, second := number(m[1]), number(m[2])
		var this order
		switch {
		case first > 12 && second <= 12:
			this = dayFirst
		case second > 12 && first <= 12:
			this = monthFirst
		default:
			continue
		}
		if found != unknownOrder && found != this {
			return unknownOrder
		}
		found = this
	}
	return found
}

// time reads a stamp; zero where it cannot be read for certain.
func (o order) time(s string, zone *time.Location) time.Time {
	m := stamp.FindStringSubmatch(clean(s))
	if m == nil {
		return time.Time{}
	}
	year, month, day := number(m[3]), number(m[1]), number(m[2])
	switch {
	case len(m[1]) == 4:
		year, month, day = number(m[1]), number(m[2]), number(m[3])
	case month == day:
	case o == dayFirst:
		month, day = day, month
	case o == unknownOrder:
		return time.Time{}
	}
	hour := number(m[4])
	switch strings.ToLower(m[6]) {
	case "a":
		hour %= 12
	case "p":
		hour = hour%12 + 12
	}
	if zone == nil {
		zone = time.Local
	}
	t := time.Date(year, time.Month(month), day, hour, number(m[5]), 0, 0, zone)
	if year < 1980 || t.Month() != time.Month(month) || t.Day() != day || hour > 23 || number(m[5]) > 59 {
		return time.Time{}
	}
	return t.UTC()
}

// clean takes out the marks of writing direction and narrow blanks that newer Windows puts into times.
func clean(s string) string {
	return strings.NewReplacer("\u200e", "", "\u200f", "", "\u202f", " ", "\u00a0", " ").Replace(strings.TrimSpace(s))
}

// number is a number of at most four digits.
func number(digits string) int {
	n, _ := strconv.Atoi(digits) // the pattern lets nothing else through
	return n
}
