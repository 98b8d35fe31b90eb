package scan

import (
	"bytes"
	"time"
)

// ISOStamp is a StampFunc for lines that begin with a date and time with a zone after ISO 8601, in brackets or not:
// 2023-05-17T08:24:08.123Z, 2023-05-17 08:24:08+02:00, [2023-05-17T08:24:08,5 +0200]. The time is that moment in UTC.
func ISOStamp(line []byte) (time.Time, bool) {
	const seconds = len("2006-01-02T15:04:05")
	line = bytes.TrimPrefix(line, []byte{'['})
	if len(line) <= seconds || line[4] != '-' || (line[10] != 'T' && line[10] != ' ') {
		return time.Time{}, false
	}
	end := seconds
	for end < len(line) && (line[end] >= '0' && line[end] <= '9' || line[end] == '.' || line[end] == ',') {
		end++
	}
	clock := bytes.Replace(line[:end], []byte{' '}, []byte{'T'}, 1)
	t, err := time.Parse("2006-01-02T15:04:05", string(clock))
	if err != nil {
		return time.Time{}, false
	}
	zone := bytes.TrimPrefix(line[end:], []byte{' '})
	if len(zone) > 0 && zone[0] == 'Z' {
		return t, true
	}
	for _, layout := range []string{"-07:00", "-0700", "-07"} {
		if len(zone) < len(layout) {
			continue
		}
		if at, err := time.Parse(layout, string(zone[:len(layout)])); err == nil {
			_, offset := at.Zone()
			return t.Add(-time.Duration(offset) * time.Second), true
		}
	}
	return time.Time{}, false
}
