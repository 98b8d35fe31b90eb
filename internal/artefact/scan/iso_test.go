package scan

import (
	"testing"
	"time"
)

func TestISOStamp(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"zulu":          {"2023-05-17T08:24:08Z text", "2023-05-17T08:24:08Z"},
		"fraction":      {"2023-05-17T08:24:08.123Z", "2023-05-17T08:24:08.123Z"},
		"offset":        {"2023-05-17 08:24:08+02:00 text", "2023-05-17T06:24:08Z"},
		"short-offset":  {"2023-05-17T08:24:08-0730", "2023-05-17T15:54:08Z"},
		"hour-offset":   {"2023-05-17T08:24:08-07 x", "2023-05-17T15:24:08Z"},
		"in-brackets":   {"[2023-05-17T08:24:08,5 +0200] x", "2023-05-17T06:24:08.5Z"},
		"no-zone":       {"2023-05-17 08:24:08 text", ""},
		"cbs":           {"2023-05-17 08:24:08, Info", ""},
		"bad-month":     {"2023-15-17T08:24:08Z text", ""},
		"not-a-time":    {"error: something else happened here", ""},
		"ends-too-soon": {"2023-05-17T08:24:08", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if at, ok := ISOStamp([]byte(c.line)); ok {
				got = at.Format(time.RFC3339Nano)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
