package cbs

import (
	"strings"
	"time"
)

// AnchorPattern is a regular expression that finds the lines which Anchor may read: those of the years 2000 to 2999,
// and 2000 to 2099 after an @. Anchor reads no other year.
const AnchorPattern = `Universal Time is: 2\d{3}-|@20\d\d/\d{1,2}/\d{1,2}:\d`

const universal = "Universal Time is: 2"

// Anchor reads the moment in UTC that some lines have beside their local time:
//
//	2023-05-17 08:25:12, Info                  CBS    Universal Time is: 2023-05-17 15:25:12.358
//	2023-05-17 08:25:12, Info                  CSI    00000001@2023/5/17:15:25:12.358 WcpInitialize: …
func Anchor(line string) (time.Time, bool) {
	if _, at, ok := strings.Cut(line, universal); ok {
		return parseUTC("2"+at, "2006-01-02 15:04:05.999")
	}
	for rest := line; ; {
		_, at, ok := strings.Cut(rest, "@20")
		if !ok {
			return time.Time{}, false
		}
		if t, ok := parseUTC("20"+at, "2006/1/2:15:04:05.999"); ok {
			return t, true
		}
		rest = at
	}
}

// parseUTC reads what s begins with; it ends where no digit or separator follows.
func parseUTC(s, layout string) (time.Time, bool) {
	end := len(s)
	for i := 0; i < len(s); i++ {
		c := s[i]
		digit := c >= '0' && c <= '9'
		if !digit && (c != ' ' || i != len("2006-01-02")) && !strings.ContainsRune("/-:.", rune(c)) {
			end = i
			break
		}
	}
	t, err := time.Parse(layout, strings.TrimRight(s[:end], ". "))
	return t, err == nil
}
