package cbs

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02 15:04:05.999", s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"component":      {"2023-05-17 08:24:08, Info                  CBS    Starting TiWorker initialization.", "08:24:08|Info|CBS|Starting TiWorker initialization."},
		"no-component":   {"2025-04-26 05:22:00, Info                         Feature: Containers, state", "05:22:00|Info||Feature: Containers, state"},
		"indented":       {"2025-04-26 05:22:00, Info                           Plan: x", "05:22:00|Info||Plan: x"},
		"error":          {"2023-05-17 08:24:08, Error                 CBS    Failed [HRESULT = 0x800f0821]", "08:24:08|Error|CBS|Failed [HRESULT = 0x800f0821]"},
		"dism":           {"2023-05-22 07:23:32, Warning               DISM   PID=10852 TID=1 x", "07:23:32|Warning|DISM|PID=10852 TID=1 x"},
		"byte-order":     {"\xef\xbb\xbf2023-05-22 07:23:32, Info                  CSI    x", "07:23:32|Info|CSI|x"},
		"no-message":     {"2023-05-22 07:23:32, Info                  CBS    ", "07:23:32|Info|CBS|"},
		"level-only":     {"2023-05-22 07:23:32, Info", "07:23:32|Info||"},
		"no-level":       {"2023-05-22 07:23:32, ", ""},
		"continued":      {"  (0)  Uninstall:  tlc: [x]", ""},
		"bad-date":       {"2023-02-30 07:23:32, Info                  CBS    x", ""},
		"bad-hour":       {"2023-02-03 24:23:32, Info                  CBS    x", ""},
		"update-log":     {"2023/05/22 08:08:32.6295131 8096  8116  Shared", ""},
		"empty":          {"", ""},
		"just-the-stamp": {"2023-02-03 23:23:32", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if l, ok := Parse(c.line); ok {
				got = fmt.Sprintf("%s|%s|%s|%s", l.Time.Format(time.TimeOnly), l.Level, l.Component, l.Message)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnchor(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"universal":     {"2023-05-17 08:25:12, Info                  CBS    Universal Time is: 2023-05-17 15:25:12.358", "2023-05-17 15:25:12.358"},
		"csi":           {"2023-05-17 08:25:12, Info                  CSI    00000001@2023/5/17:15:25:12.358 WcpInitialize: wcp.dll", "2023-05-17 15:25:12.358"},
		"csi-not-first": {"2023-05-17 08:25:12, Info                  CSI    x @20 (@2023/5/17:15:25:12.358)", "2023-05-17 15:25:12.358"},
		"address":       {"2023-05-17 08:25:12, Info                  CSI    00000003 Transaction @0x145906519d0", ""},
		"cut":           {"2023-05-17 08:25:12, Info                  CBS    Universal Time is: 2023-05", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if utc, ok := Anchor(c.line); ok {
				got = utc.Format("2006-01-02 15:04:05.000")
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestClock(t *testing.T) {
	pacific := &winzone.Zone{Bias: 480, DaylightBias: -60, Standard: winzone.Change{Month: 11, Week: 1, At: 2 * time.Hour},
		Daylight: winzone.Change{Month: 3, Week: 2, At: 2 * time.Hour}}
	steady := [][2]string{{"2023-03-10 08:00:00", "2023-03-10 16:00:00"}, {"2023-03-11 08:00:00", "2023-03-11 16:00:03.5"}}
	spring := append(steady, [2]string{"2023-03-13 08:00:00", "2023-03-13 15:00:00"})
	moved := append(steady, [2]string{"2023-03-11 20:00:00", "2023-03-11 16:30:00"})
	for name, c := range map[string]struct {
		anchors  [][2]string // at positions 100, 200, …
		zone     *winzone.Zone
		position int64
		local    string
		want     string
	}{
		"nothing-known":             {nil, nil, 1, "2023-01-01 08:00:00", "2023-01-01 08:00:00 unknown zone, taken as UTC false"},
		"zone-only":                 {nil, pacific, 1, "2023-01-01 08:00:00", "2023-01-01 16:00:00 time zone of the machine true"},
		"zone-ambiguous":            {nil, pacific, 1, "2023-11-05 01:30:00", "2023-11-05 08:30:00 time zone of the machine false"},
		"between-equal":             {steady, nil, 150, "2023-03-10 12:00:00", "2023-03-10 20:00:00 UTC times in the log true"},
		"before-first":              {steady, nil, 50, "2023-03-10 07:00:00", "2023-03-10 15:00:00 UTC times in the log true"},
		"long-before-first":         {steady, nil, 50, "2023-02-10 07:00:00", "2023-02-10 15:00:00 UTC times in the log false"},
		"long-before-with-zone":     {steady, pacific, 50, "2022-10-10 07:00:00", "2022-10-10 14:00:00 UTC times in the log true"},
		"on-an-anchor":              {spring, nil, 200, "2023-03-11 08:00:00", "2023-03-11 16:00:00 UTC times in the log true"},
		"over-a-change":             {spring, nil, 250, "2023-03-12 12:00:00", "2023-03-12 20:00:00 UTC times in the log false"},
		"over-a-change-with-zone":   {spring, pacific, 250, "2023-03-12 12:00:00", "2023-03-12 19:00:00 UTC times in the log true"},
		"after-the-zone-was-set":    {moved, nil, 350, "2023-03-11 21:00:00", "2023-03-11 17:30:00 UTC times in the log true"},
		"zone-is-not-that-of-log":   {moved, pacific, 350, "2023-03-11 21:00:00", "2023-03-11 17:30:00 UTC times in the log true"},
		"moved-and-nobody-knows-it": {moved, nil, 250, "2023-03-11 19:00:00", "2023-03-12 03:00:00 UTC times in the log false"},
	} {
		t.Run(name, func(t *testing.T) {
			var clock Clock
			for i, a := range c.anchors {
				if !clock.Add(int64(100*(i+1)), at(t, a[0]), at(t, a[1])) {
					t.Fatalf("anchor %v refused", a)
				}
			}
			got := clock.ToUTC(c.position, at(t, c.local), c.zone)
			if s := fmt.Sprintf("%s %v %v", got.UTC.Format(time.DateTime), got.Source, got.Certain); s != c.want {
				t.Errorf("got %s, want %s", s, c.want)
			}
		})
	}
}

func TestClockRefusesWhatCannotBe(t *testing.T) {
	var clock Clock
	for name, a := range map[string][2]string{
		"not-a-quarter": {"2023-05-17 08:00:00", "2023-05-17 15:07:00"},
		"too-far":       {"2023-05-17 08:00:00", "2023-05-18 15:00:00"},
		"years-apart":   {"2023-05-17 08:00:00", "1623-05-17 15:00:00"},
	} {
		if clock.Add(1, at(t, a[0]), at(t, a[1])) {
			t.Errorf("%s accepted", name)
		}
	}
	if len(clock.Offsets()) != 0 {
		t.Errorf("offsets %v", clock.Offsets())
	}
}

func TestRealLogs(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the corpus of real Windows logs is not beside this checkout")
	}
	may := regexp.MustCompile(AnchorPattern)
	h := time.Hour
	for file, want := range map[string][]time.Duration{
		"cbs/Appostarsi__CBS.log":        {-7 * h},
		"cbs/Appostarsi__CBS_Win_10.log": {-6 * h},
		"cbs/EhsanHasani1380__CBS.log":   {-8 * h, 3*h + h/2}, // the zone was set during the first sign-in
		"cbs/Jrose152__CBS.log":          {-7 * h, -6 * h},
		"cbs/SolsticeProjekt__CBS.log":   {2 * h},
		"cbs/eyeofparadox__CBS.log":      {-7 * h},
		"cbs/hofcake__CBS.log":           {-5 * h},
		"cbs/jtmoon79__CBS.log":          {-7 * h},
		"cbs/logpai__Windows_2k.log":     {8 * h},
		"dism/Appostarsi__dism_5_23.log": nil,
		"dism/eyeofparadox__dism.log":    nil,
	} {
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		defer f.Close()
		var clock Clock
		var n int64
		stamped, anchors := 0, 0
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			n++
			l, ok := Parse(s.Text())
			if direct, same := Stamp(s.Bytes()); ok && (!same || !direct.Equal(l.Time)) {
				t.Errorf("%s:%d: Stamp and Parse differ", file, n)
			}
			utc, anchored := Anchor(s.Text())
			if anchored && !may.MatchString(s.Text()) {
				t.Errorf("%s:%d: AnchorPattern misses %q", file, n, s.Text())
			}
			if !ok {
				continue
			}
			stamped++
			switch l.Level {
			case "Info", "Warning", "Error", "Perf":
			default:
				t.Errorf("%s:%d: level %q", file, n, l.Level)
			}
			if anchored {
				anchors++
				if !clock.Add(n, l.Time, utc) {
					t.Errorf("%s:%d: anchor refused: %v is not %v", file, n, l.Time, utc)
				}
			}
		}
		t.Logf("%s: %d lines, %d stamped, %d anchors, offsets %v", file, n, stamped, anchors, clock.Offsets())
		if s.Err() != nil || stamped == 0 || fmt.Sprint(clock.Offsets()) != fmt.Sprint(want) {
			t.Errorf("%s: offsets %v, want %v (%v)", file, clock.Offsets(), want, s.Err())
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("2023-05-17 08:25:12, Info                  CBS    Universal Time is: 2023-05-17 15:25:12.358")
	f.Add("2023-05-17 08:25:12, Info                  CBS    Universal Time is: 4023-05-17 15:25:12.358")
	f.Add("2023-05-17 08:25:12, Info                  CSI    00000001@2023/5/17:15:25:12.358 x")
	f.Add("\xef\xbb\xbf2025-04-26 05:22:00, Info                         Feature: x")
	may := regexp.MustCompile(AnchorPattern)
	f.Fuzz(func(t *testing.T, line string) {
		l, ok := Parse(line)
		if ok && l.Level == "" {
			t.Errorf("no level in %q", line)
		}
		if _, stamped := Stamp([]byte(line)); ok && !stamped {
			t.Errorf("%q parsed without a time stamp", line)
		}
		utc, anchored := Anchor(line)
		if anchored && !may.MatchString(line) {
			t.Errorf("AnchorPattern misses %q", line)
		}
		var clock Clock
		if ok && anchored && clock.Add(1, l.Time, utc) {
			if got := clock.ToUTC(1, l.Time, nil); got.UTC.Sub(utc).Abs() > maxLag || !got.Certain {
				t.Errorf("%q: %v, anchor %v", line, got, utc)
			}
		}
	})
}
