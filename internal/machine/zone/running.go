package zone

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
)

// Places in DYNAMIC_TIME_ZONE_INFORMATION (timezoneapi.h), which GetDynamicTimeZoneInformation fills in. Names are UTF-16 that
// ends with a NUL; dates are SYSTEMTIME.
const (
	atBias         = 0
	atStandardName = 4
	atStandardDate = 68
	atStandardBias = 84
	atDaylightDate = 152
	atDaylightBias = 168
	atKeyName      = 172
	atDisabled     = 428 // whether the clocks are not changed
	sizeRunning    = 432
)

// parse makes a zone of what a running Windows tells.
func parse(b []byte) (*winzone.Zone, error) {
	if len(b) != sizeRunning {
		return nil, fmt.Errorf("the time zone has %d bytes, expected %d", len(b), sizeRunning)
	}
	name := text(b[atKeyName:atDisabled])
	if name == "" {
		name = text(b[atStandardName:atStandardDate])
	}
	number := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	z, err := winzone.FromValues(name, number(atBias), number(atStandardBias), number(atDaylightBias), fields(b[atStandardDate:]), fields(b[atDaylightDate:]))
	if err != nil {
		return nil, err
	}
	if b[atDisabled] != 0 {
		z.Standard, z.Daylight = winzone.Change{}, winzone.Change{}
	}
	return &z, nil
}

// fields puts the words of a SYSTEMTIME (year, month, weekday, day, …) in the order of TIME_FIELDS (year, month, day, …, weekday).
func fields(b []byte) []byte {
	var out []byte
	for _, word := range []int{0, 1, 3, 4, 5, 6, 7, 2} {
		out = append(out, b[2*word:2*word+2]...)
	}
	return out
}

func text(b []byte) string {
	var units []uint16
	for ; len(b) >= 2; b = b[2:] {
		u := binary.LittleEndian.Uint16(b)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
