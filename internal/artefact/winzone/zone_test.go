package winzone

import (
	"encoding/binary"
	"testing"
	"time"
)

var (
	pacific = Zone{Bias: 480, DaylightBias: -60, Standard: Change{Month: 11, Week: 1, At: 2 * time.Hour}, Daylight: Change{Month: 3, Week: 2, At: 2 * time.Hour}}
	berlin  = Zone{Bias: -60, DaylightBias: -60, Standard: Change{Month: 10, Week: 5, At: 3 * time.Hour}, Daylight: Change{Month: 3, Week: 5, At: 2 * time.Hour}}
	sydney  = Zone{Bias: -600, DaylightBias: -60, Standard: Change{Month: 4, Week: 1, At: 3 * time.Hour}, Daylight: Change{Month: 10, Week: 1, At: 2 * time.Hour}}
	tehran  = Zone{Bias: -210}
	once    = Zone{Bias: 0, DaylightBias: -60, Standard: Change{Year: 2023, Month: 9, Week: 20, At: 2 * time.Hour}, Daylight: Change{Year: 2023, Month: 6, Week: 10, At: 2 * time.Hour}}
)

func TestToUTC(t *testing.T) {
	for name, c := range map[string]struct {
		zone       Zone
		local, utc string
		fit        Fit
	}{
		"pacific-winter":             {pacific, "2023-01-15 12:00:00", "2023-01-15 20:00:00", Exact},
		"pacific-summer":             {pacific, "2023-05-17 08:25:12", "2023-05-17 15:25:12", Exact},
		"pacific-last-before-spring": {pacific, "2023-03-12 01:59:59", "2023-03-12 09:59:59", Exact},
		"pacific-skipped":            {pacific, "2023-03-12 02:30:00", "2023-03-12 10:30:00", Skipped},
		"pacific-first-of-summer":    {pacific, "2023-03-12 03:00:00", "2023-03-12 10:00:00", Exact},
		"pacific-ambiguous":          {pacific, "2023-11-05 01:30:00", "2023-11-05 08:30:00", Ambiguous},
		"pacific-after-ambiguous":    {pacific, "2023-11-05 02:00:00", "2023-11-05 10:00:00", Exact},
		"berlin-last-sunday":         {berlin, "2023-10-29 02:30:00", "2023-10-29 00:30:00", Ambiguous},
		"berlin-summer":              {berlin, "2023-03-29 12:01:24", "2023-03-29 10:01:24", Exact},
		"sydney-new-year":            {sydney, "2024-01-01 00:00:00", "2023-12-31 13:00:00", Exact},
		"sydney-winter":              {sydney, "2023-07-01 00:00:00", "2023-06-30 14:00:00", Exact},
		"sydney-skipped":             {sydney, "2023-10-01 02:30:00", "2023-09-30 16:30:00", Skipped},
		"no-daylight-time":           {tehran, "2023-11-10 23:39:22", "2023-11-10 20:09:22", Exact},
		"dates-of-one-year":          {once, "2023-07-01 12:00:00", "2023-07-01 11:00:00", Exact},
	} {
		t.Run(name, func(t *testing.T) {
			local, err := time.Parse(time.DateTime, c.local)
			if err != nil {
				t.Fatal(err)
			}
			utc, fit := c.zone.ToUTC(local)
			if got := utc.Format(time.DateTime); got != c.utc || fit != c.fit {
				t.Errorf("got %s, fit %d; want %s, %d", got, fit, c.utc, c.fit)
			}
		})
	}
}

// encode writes 16-bit words.
func encode(words ...int) (b []byte) {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint16(b, uint16(w))
	}
	return b
}

// minutesOf is a number of minutes as the registry holds it.
func minutesOf(m int) uint32 { return uint32(int32(m)) }

func TestFromValues(t *testing.T) {
	named := pacific
	named.Name = "Pacific Standard Time"
	z, err := FromValues(named.Name, 480, 0, minutesOf(-60), encode(0, 11, 1, 2, 0, 0, 0, 0), encode(0, 3, 2, 2, 0, 0, 0, 0))
	if err != nil || z != named {
		t.Errorf("values of the SYSTEM hive: %+v, %v", z, err)
	}
}

func TestFromValuesRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		bias int
		date []byte
	}{
		"huge-bias": {0x7F000000, encode(0, 11, 1, 2, 0, 0, 0, 0)},
		"month-13":  {480, encode(0, 13, 1, 2, 0, 0, 0, 0)},
		"weekday-7": {480, encode(0, 11, 1, 2, 0, 0, 0, 7)},
		"week-6":    {480, encode(0, 11, 6, 2, 0, 0, 0, 0)},
		"hour-24":   {480, encode(0, 11, 1, 24, 0, 0, 0, 0)},
		"short":     {480, encode(0, 11, 1, 2, 0, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			good := encode(0, 3, 2, 2, 0, 0, 0, 0)
			if z, err := FromValues("", minutesOf(c.bias), 0, minutesOf(-60), c.date, good); err == nil {
				t.Errorf("accepted: %+v", z)
			}
			if z, err := FromValues("", minutesOf(c.bias), 0, minutesOf(-60), good, c.date); err == nil {
				t.Errorf("accepted as daylight: %+v", z)
			}
		})
	}
	if _, err := FromValues("", 0, 0, 0, make([]byte, 16), nil); err == nil {
		t.Error("missing date accepted")
	}
}
