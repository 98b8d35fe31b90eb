package scan

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"
)

// timedLog has a line a minute; step says how far the clock is moved before line i.
func timedLog(lines int, step func(i int) time.Duration) []byte {
	var b bytes.Buffer
	at := time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		at = at.Add(time.Minute + step(i))
		fmt.Fprintf(&b, "%s, Info                  CBS    line %d\r\n", at.Format(time.DateTime), i)
		if i%3 == 0 {
			b.WriteString("    which goes on\n")
		}
	}
	return b.Bytes()
}

func TestWindow(t *testing.T) {
	from, to := time.Date(2023, 5, 8, 12, 0, 0, 0, time.UTC), time.Date(2023, 5, 8, 13, 0, 0, 0, time.UTC)
	steady := func(int) time.Duration { return 0 }
	const lines = 20000
	untimed := bytes.Repeat([]byte("no time here at all\n"), 60000)
	for name, c := range map[string]struct {
		log      []byte
		from, to time.Time
		narrowed bool
	}{
		"steady":           {timedLog(lines, steady), from, to, true},
		"before-the-log":   {timedLog(lines, steady), from.AddDate(-1, 0, 0), to.AddDate(-1, 0, 0), true},
		"after-the-log":    {timedLog(lines, steady), from.AddDate(1, 0, 0), to.AddDate(1, 0, 0), true},
		"to-the-end":       {timedLog(lines, steady), from, to.AddDate(1, 0, 0), true},
		"an-hour-back":     {timedLog(lines, func(i int) time.Duration { return map[int]time.Duration{10840: -time.Hour}[i] }), from, to, true},
		"months-back":      {timedLog(lines, func(i int) time.Duration { return map[int]time.Duration{9000: -90 * 24 * time.Hour}[i] }), from, to, false},
		"no-times":         {untimed, from, to, false},
		"no-times-later":   {append(timedLog(lines, steady), bytes.Repeat(untimed, 3)...), from, to, false},
		"utf-16":           {append([]byte{0xFF, 0xFE}, timedLog(lines, steady)...), from, to, false},
		"one-line-no-ends": {append(timedLog(9, steady), bytes.Repeat([]byte("x"), 3<<20)...), from, to, false},
	} {
		t.Run(name, func(t *testing.T) {
			span, err := window(bytes.NewReader(c.log), int64(len(c.log)), c.from, c.to, stamp, 1, 1000)
			if err != nil || span.Narrowed != c.narrowed {
				t.Fatalf("span %+v, %v", span, err)
			}
			if !c.narrowed {
				if span.Start != 0 || span.End != int64(len(c.log)) {
					t.Errorf("span %+v of %d", span, len(c.log))
				}
				return
			}
			m := mustCompile(t, Pattern{"line", `CBS    line`})
			within := func(r Span) (out []int64) {
				_, err := m.Scan(context.Background(), r.Reader(bytes.NewReader(c.log)), Options{Stamp: stamp, Offset: r.Start}, func(m *Match) error {
					if !m.Time.Before(c.from) && !m.Time.After(c.to) {
						out = append(out, m.Offset)
					}
					if (m.Line == 0) != (r.Start != 0) {
						t.Errorf("line %d at offset %d", m.Line, m.Offset)
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			got, want := within(span), within(Span{End: int64(len(c.log))})
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("span %+v has %d lines, want %d", span, len(got), len(want))
			}
			if c.from.Equal(from) && c.to.Equal(to) && (len(want) == 0 || span.End-span.Start > int64(len(c.log))/10) {
				t.Errorf("%d lines in span %+v of %d", len(want), span, len(c.log))
			}
		})
	}
}

func TestWindowOfAShortLogIsWhole(t *testing.T) {
	log := timedLog(10, func(int) time.Duration { return 0 })
	span, err := Window(bytes.NewReader(log), int64(len(log)), time.Time{}, time.Time{}, stamp)
	if err != nil || span != (Span{End: int64(len(log))}) {
		t.Errorf("span %+v, %v", span, err)
	}
}
