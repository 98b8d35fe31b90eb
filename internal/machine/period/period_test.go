package period

import (
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

var now = time.Date(2026, 1, 20, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

func since(d time.Duration) *schema.Span { return (*schema.Span)(&d) }

func TestTimes(t *testing.T) {
	tests := map[string]struct {
		windows []sdk.Window
		since   *schema.Span
		empty   bool
		in, out []time.Time
		hull    sdk.Window
	}{
		"all":            {in: []time.Time{now, {}}},
		"nothing":        {windows: []sdk.Window{}, empty: true},
		"since":          {since: since(time.Hour), in: []time.Time{ago(time.Hour), now}, out: []time.Time{ago(2 * time.Hour)}, hull: sdk.Window{From: ago(time.Hour)}},
		"ends-included":  {windows: []sdk.Window{{From: ago(2), To: ago(1)}}, in: []time.Time{ago(2), ago(1)}, out: []time.Time{ago(3), now}, hull: sdk.Window{From: ago(2), To: ago(1)}},
		"open-beginning": {windows: []sdk.Window{{From: ago(2), To: ago(1)}, {To: ago(5)}}, in: []time.Time{ago(2), ago(9)}, out: []time.Time{ago(3)}, hull: sdk.Window{To: ago(1)}},
		"open-end":       {windows: []sdk.Window{{From: ago(2)}, {From: ago(9), To: ago(5)}}, in: []time.Time{now, ago(6)}, out: []time.Time{ago(3)}, hull: sdk.Window{From: ago(9)}},
		"both":           {windows: []sdk.Window{{From: ago(9), To: ago(5)}, {From: ago(4), To: ago(1)}}, since: since(3), in: []time.Time{ago(3)}, out: []time.Time{ago(4), ago(6)}, hull: sdk.Window{From: ago(3), To: ago(1)}},
		"both-disjoint":  {windows: []sdk.Window{{From: ago(9), To: ago(5)}}, since: since(3), empty: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			times, empty, err := New(test.windows, test.since, now)
			if err != nil || empty != test.empty {
				t.Fatalf("empty %v, %v", empty, err)
			}
			for _, x := range test.in {
				if !times.Contain(x) {
					t.Errorf("%v does not count", x)
				}
			}
			for _, x := range test.out {
				if times.Contain(x) {
					t.Errorf("%v counts", x)
				}
			}
			if hull := times.Hull(); hull != test.hull {
				t.Errorf("hull %v, want %v", hull, test.hull)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	times := Times{{From: ago(10 * time.Hour), To: ago(5 * time.Hour)}}
	tests := map[string]struct {
		at              time.Time
		slack           time.Duration
		counts, perhaps bool
	}{
		"inside":            {ago(7 * time.Hour), time.Hour, true, false},
		"on-the-edge":       {ago(5 * time.Hour), 0, true, false},
		"across-the-edge":   {ago(5 * time.Hour), time.Hour, false, true},
		"outside-and-near":  {ago(4 * time.Hour), 2 * time.Hour, false, true},
		"outside-and-far":   {ago(time.Hour), 2 * time.Hour, false, false},
		"wider-than-window": {ago(7 * time.Hour), 14 * time.Hour, false, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			counts, perhaps := times.Place(test.at, test.slack)
			if counts != test.counts || perhaps != test.perhaps {
				t.Errorf("counts %v, perhaps %v", counts, perhaps)
			}
			if near := times.Near(test.at.Add(-test.slack), test.at.Add(test.slack)); near != (test.counts || test.perhaps) {
				t.Errorf("near %v", near)
			}
		})
	}
}

func TestSinceNeedsATime(t *testing.T) {
	if _, _, err := New(nil, since(1), time.Time{}); sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("got %v", err)
	}
}
