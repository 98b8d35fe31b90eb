package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Bytes is an amount of storage in a plugin's structs: a JSON integer, type size in playbooks.
type Bytes int64

// Span is a duration in a plugin's structs: JSON text such as "1h30m" or "30d", type duration in playbooks.
type Span time.Duration

// TargetPath is a path on the target in a plugin's structs: `%SystemRoot%\Logs`, type path in playbooks.
type TargetPath string

// Regexp is a regular expression (RE2) in a plugin's structs: type text in playbooks, and checked when the playbook is.
type Regexp string

// MarshalJSON writes the span as text.
func (s Span) MarshalJSON() ([]byte, error) { return json.Marshal(FormatDuration(time.Duration(s))) }

// UnmarshalJSON reads the span from text.
func (s *Span) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("a duration is text such as %q: %w", "30d", err)
	}
	d, err := ParseDuration(text)
	*s = Span(d)
	return err
}

// ParseDuration reads a duration: numbers with units from w, d, h, m, s, ms, us, largest first, as in "1h30m", "30d".
// A day has 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	rest, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	var total int64
	last := time.Duration(math.MaxInt64)
	for first := true; first || rest != ""; first = false {
		n := len(rest) - len(strings.TrimLeft(rest, "0123456789."))
		number, tail := rest[:n], rest[n:]
		u := strings.IndexAny(tail, "0123456789")
		if u < 0 {
			u = len(tail)
		}
		unit, ok := durationUnit(tail[:u])
		if !ok || unit >= last || !isDecimal(number) {
			return 0, fmt.Errorf("%q is not a duration: write numbers with units, largest first, as in 90s, 10m, 1h30m, 30d", shorten(s))
		}
		part, fits := scale(number, int64(unit))
		if !fits || total+part < 0 {
			return 0, fmt.Errorf("%q is longer than a duration can be (292 years)", shorten(s))
		}
		total, last, rest = total+part, unit, tail[u:]
	}
	if negative {
		total = -total
	}
	return time.Duration(total), nil
}

// isDecimal says whether a text is digits with at most one point between or before them.
func isDecimal(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	return strings.Trim(whole+fraction, "0123456789") == "" && whole+fraction != "" && (!point || fraction != "")
}

// scale multiplies a decimal number with a unit. The whole part is exact; the fraction is rounded to the nearest.
func scale(decimal string, unit int64) (int64, bool) {
	whole, fraction, _ := strings.Cut(decimal, ".")
	var n int64
	if whole != "" {
		v, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || v > math.MaxInt64/unit {
			return 0, false
		}
		n = v * unit
	}
	if fraction != "" {
		f, err := strconv.ParseFloat("0."+fraction, 64)
		if err != nil {
			return 0, false
		}
		n += int64(math.Round(f * float64(unit)))
	}
	return n, n >= 0
}

func durationUnit(s string) (time.Duration, bool) {
	switch s {
	case "w":
		return 7 * 24 * time.Hour, true
	case "d":
		return 24 * time.Hour, true
	case "h":
		return time.Hour, true
	case "m":
		return time.Minute, true
	case "s":
		return time.Second, true
	case "ms":
		return time.Millisecond, true
	case "us":
		return time.Microsecond, true
	}
	return 0, false
}

// FormatDuration writes a duration in the form that [ParseDuration] reads, without zero parts: "30d", "1h30m".
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	if d == math.MinInt64 {
		d++ // the only one that has no positive counterpart
	}
	var b strings.Builder
	if d < 0 {
		b.WriteByte('-')
		d = -d
	}
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if n := d / u.unit; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.unit
		}
	}
	if d > 0 {
		b.WriteString(strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s")
	}
	return b.String()
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1},
}

// ParseSize reads an amount of storage in bytes: "10GiB" (1024s), "10GB" (1000s), "512".
func ParseSize(s string) (int64, error) {
	number, unit := strings.TrimSpace(s), int64(1)
	for _, u := range sizeUnits {
		if n, ok := cutSuffixFold(number, u.name); ok {
			number, unit = strings.TrimSpace(n), u.bytes
			break
		}
	}
	if !isDecimal(number) {
		return 0, fmt.Errorf("%q is not a size: write a number with a unit, as in 512MiB, 10GiB, 10GB", shorten(s))
	}
	bytes, fits := scale(number, unit)
	if !fits {
		return 0, fmt.Errorf("%q is more than a size can be (8 EiB)", shorten(s))
	}
	return bytes, nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	cut := len(s) - len(suffix)
	if cut >= 0 && strings.EqualFold(s[cut:], suffix) {
		return s[:cut], true
	}
	return s, false
}

// FormatSize writes an amount of storage with one decimal in 1024s: "10.0 GiB".
func FormatSize(n int64) string {
	for _, u := range sizeUnits[:4] {
		if n >= u.bytes {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.bytes), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
