package winzone

import (
	"encoding/binary"
	"fmt"
	"time"
)

// sizeDate is the size of TIME_FIELDS, in bytes.
const sizeDate = 16

// FromValues makes a zone of the values below Control\TimeZoneInformation in the SYSTEM hive: TimeZoneKeyName (or
// StandardName), Bias, StandardBias, DaylightBias, StandardStart and DaylightStart. The fields of the last two are those
// of TIME_FIELDS (year, month, day, hour, minute, second, millisecond, weekday), not of SYSTEMTIME. Where
// DynamicDaylightTimeDisabled is 1, clear Standard and Daylight.
func FromValues(name string, bias, standardBias, daylightBias uint32, standardStart, daylightStart []byte) (Zone, error) {
	if len(standardStart) < sizeDate || len(daylightStart) < sizeDate {
		return Zone{}, fmt.Errorf("dates of clock changes of %d and %d bytes, expected %d", len(standardStart), len(daylightStart), sizeDate)
	}
	return build(name, int(int32(bias)), int(int32(standardBias)), int(int32(daylightBias)), standardStart, daylightStart)
}

// maxBias is one day; Windows has none beyond 14 hours.
const maxBias = 24 * 60

func build(name string, bias, standardBias, daylightBias int, standard, daylight []byte) (Zone, error) {
	z := Zone{Name: name, Bias: bias, StandardBias: standardBias, DaylightBias: daylightBias}
	for _, b := range []int{bias, standardBias, daylightBias} {
		if b < -maxBias || b > maxBias {
			return Zone{}, fmt.Errorf("time zone bias of %d minutes, expected at most %d", b, maxBias)
		}
	}
	var err error
	if z.Standard, err = timeFields(standard); err != nil {
		return Zone{}, err
	}
	if z.Daylight, err = timeFields(daylight); err != nil {
		return Zone{}, err
	}
	return z, nil
}

// timeFields reads TIME_FIELDS: year, month, day, hour, minute, second, millisecond, weekday.
func timeFields(b []byte) (Change, error) {
	w := words(b)
	return change(w[0], w[1], w[7], w[2], w[3], w[4], w[5], w[6])
}

func change(year, month, weekday, day, hour, minute, second, milli int) (Change, error) {
	if month == 0 {
		return Change{}, nil
	}
	maxDay := 5
	if year != 0 {
		maxDay = 31
	}
	if month > 12 || weekday > 6 || day < 1 || day > maxDay || hour > 23 || minute > 59 || second > 59 || milli > 999 {
		return Change{}, fmt.Errorf("no clock change: year %d, month %d, day %d, weekday %d, %02d:%02d:%02d.%03d", year, month, day, weekday, hour, minute, second, milli)
	}
	at := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second +
		time.Duration(milli)*time.Millisecond
	return Change{year, time.Month(month), day, time.Weekday(weekday), at}, nil
}

func words(b []byte) (w [8]int) {
	for i := range w {
		w[i] = int(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return w
}
