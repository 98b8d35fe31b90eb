package schema

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want time.Duration
		bad  bool
	}{
		"seconds":              {in: "90s", want: 90 * time.Second},
		"compound":             {in: "1h30m", want: 90 * time.Minute},
		"days":                 {in: "30d", want: 720 * time.Hour},
		"weeks":                {in: "2w1d", want: 15 * 24 * time.Hour},
		"milliseconds":         {in: "250ms", want: 250 * time.Millisecond},
		"minutes-not-millis":   {in: "5m", want: 5 * time.Minute},
		"microseconds":         {in: "7us", want: 7 * time.Microsecond},
		"fraction":             {in: "1.5h", want: 90 * time.Minute},
		"fraction-of-a-tenth":  {in: "0.1s", want: 100 * time.Millisecond},
		"leading-point":        {in: ".5s", want: 500 * time.Millisecond},
		"negative":             {in: "-1h", want: -time.Hour},
		"space-round-it":       {in: " 10m ", want: 10 * time.Minute},
		"zero":                 {in: "0s", want: 0},
		"longest":              {in: "106751d23h47m16.854775807s", want: math.MaxInt64},
		"exact-nanoseconds":    {in: "1000d0.000000001s", want: 1000*24*time.Hour + 1},
		"empty":                {in: "", bad: true},
		"minus-only":           {in: "-", bad: true},
		"number-only":          {in: "10", bad: true},
		"unit-only":            {in: "h", bad: true},
		"unknown-unit":         {in: "1y", bad: true},
		"upper-case":           {in: "1H", bad: true},
		"space-inside":         {in: "1h 30m", bad: true},
		"twice-the-same-unit":  {in: "1h1h", bad: true},
		"smaller-unit-first":   {in: "30m1h", bad: true},
		"two-points":           {in: "1.1.1s", bad: true},
		"point-only":           {in: ".s", bad: true},
		"trailing-point":       {in: "1.s", bad: true},
		"too-long":             {in: "106752d", bad: true},
		"too-long-by-addition": {in: "106751d24h", bad: true},
		"digits-without-end":   {in: strings.Repeat("9", 5000) + "s", bad: true},
		"infinity":             {in: "infs", bad: true},
		"exponent":             {in: "1e3s", bad: true},
		"double-minus":         {in: "--1s", bad: true},
		"plus":                 {in: "+1s", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseDuration(c.in)
			if (err != nil) != c.bad || got != c.want {
				t.Errorf("ParseDuration(%.40q) = %v, %v; want %v", c.in, got, err, c.want)
			}
			if err != nil && len(err.Error()) > 300 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestFormatDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "30d": 720 * time.Hour, "1h30m": 90 * time.Minute, "-1d1s": -24*time.Hour - time.Second,
		"0.000000001s": 1, "1m0.5s": 60500 * time.Millisecond, "106751d23h47m16.854775807s": math.MaxInt64,
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%d) = %q, want %q", d, got, want)
		}
	}
	if _, err := ParseDuration(FormatDuration(math.MinInt64)); err != nil {
		t.Error(err)
	}
}

func TestParseSize(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want int64
		bad  bool
	}{
		"bytes":           {in: "512", want: 512},
		"bytes-unit":      {in: "512B", want: 512},
		"binary":          {in: "10GiB", want: 10 << 30},
		"decimal":         {in: "10GB", want: 1e10},
		"any-case":        {in: "10mib", want: 10 << 20},
		"space":           {in: "1.5 KiB", want: 1536},
		"exact":           {in: "9007199254740993", want: 9007199254740993},
		"most":            {in: "9223372036854775807", want: math.MaxInt64},
		"one-too-many":    {in: "9223372036854775808", bad: true},
		"too-many-tib":    {in: "8388608TiB", bad: true},
		"empty":           {in: "", bad: true},
		"unit-only":       {in: "GiB", bad: true},
		"negative":        {in: "-1GiB", bad: true},
		"infinity":        {in: "inf", bad: true},
		"not-a-number":    {in: "nan", bad: true},
		"hex":             {in: "0x10", bad: true},
		"exponent":        {in: "1e3", bad: true},
		"underscore":      {in: "1_000", bad: true},
		"unknown-unit":    {in: "10G", bad: true},
		"unit-twice":      {in: "1KiBKiB", bad: true},
		"comma":           {in: "1,5GiB", bad: true},
		"cut-in-a-letter": {in: "\xffb", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseSize(c.in)
			if (err != nil) != c.bad || got != c.want {
				t.Errorf("ParseSize(%q) = %d, %v; want %d", c.in, got, err, c.want)
			}
		})
	}
}

func TestFormatSize(t *testing.T) {
	for want, n := range map[string]int64{"0 B": 0, "1023 B": 1023, "10.0 GiB": 10 << 30, "1.5 KiB": 1536, "2.0 TiB": 2 << 40} {
		if got := FormatSize(n); got != want {
			t.Errorf("FormatSize(%d) = %q, want %q", n, got, want)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"1h30m", "30d", "-0.5s", "106751d23h47m16.854775807s", "1w2d3h4m5s6ms7us", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			return
		}
		if again, err := ParseDuration(FormatDuration(d)); err != nil || again != d {
			t.Errorf("%q is %d, written %q, read again %d, %v", s, d, FormatDuration(d), again, err)
		}
	})
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"10GiB", "1.5 KB", "9223372036854775807", "0", "B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := ParseSize(s); n < 0 || err != nil && n != 0 {
			t.Errorf("ParseSize(%q) = %d, %v", s, n, err)
		}
	})
}
