package restorepoint

import (
	"strings"
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	at := time.Date(2026, 1, 10, 9, 30, 0, 0, time.UTC)
	cases := map[string]time.Time{
		"20260110093000.000000-000": at, "20260110103000.123456+060": at, "20260110003000.123456-540": at,
		"": {}, "20260110093000": {}, "20261310093000.000000-000": {}, "20260110093000.000000-0x0": {}, "20260110093000,000000-000": {},
	}
	for text, want := range cases {
		if got := moment(text); !got.Equal(want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestDescriptions(t *testing.T) {
	for _, s := range []string{"before the repair", "vor der Änderung"} {
		if err := CheckDescription(s); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []string{"", "  ", "a\nb", "a\x00b", strings.Repeat("x", MaxDescription+1), strings.Repeat("😀", 128)} {
		if err := CheckDescription(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestMade(t *testing.T) {
	points := []Point{{Sequence: 7, Description: "mine"}, {Sequence: 9, Description: "Windows Update"}, {Sequence: 8, Description: "mine"}}
	if got := Newest(points); got != 9 {
		t.Errorf("the newest is %d", got)
	}
	if p := Made(points, 7, "mine"); p == nil || p.Sequence != 8 {
		t.Errorf("made was %v", p)
	}
	if p := Made(points, 8, "mine"); p != nil {
		t.Errorf("made was %v", p)
	}
}
