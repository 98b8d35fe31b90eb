// Package period is the time that a question about logs is about: windows, an age, or both.
package period

import (
	"slices"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Times are those that count; nil means all.
type Times []sdk.Window

// New combines windows and since: what counts lies in one of the windows and is not older than since, from the target's
// own time now back. Nothing is left to look at where empty; that is an answer, not a lack of restriction.
func New(windows []sdk.Window, since *schema.Span, now time.Time) (t Times, empty bool, err error) {
	if since == nil {
		return windows, windows != nil && len(windows) == 0, nil
	}
	if now.IsZero() {
		return nil, false, sdk.Errorf(sdk.Unavailable, "the time of the target is not known, so that \"since\" has no end to count from").
			WithPath("/since").WithHint("give the time with --now")
	}
	from := now.Add(-time.Duration(*since))
	if windows == nil {
		return Times{{From: from}}, false, nil
	}
	for _, w := range windows {
		if !w.To.IsZero() && w.To.Before(from) {
			continue
		}
		if w.From.Before(from) {
			w.From = from
		}
		t = append(t, w)
	}
	return t, len(t) == 0, nil
}

// Contain says whether a moment counts.
func (t Times) Contain(at time.Time) bool {
	return t == nil || slices.ContainsFunc(t, func(w sdk.Window) bool { return w.Contains(at) })
}

// Place says whether a moment that is known up to slack counts: certainly, or only perhaps.
func (t Times) Place(at time.Time, slack time.Duration) (counts, perhaps bool) {
	if t == nil {
		return true, false
	}
	early, late := at.Add(-slack), at.Add(slack)
	for _, w := range t {
		if w.Contains(early) && w.Contains(late) {
			return true, false
		}
		perhaps = perhaps || overlap(w, early, late)
	}
	return false, perhaps
}

// Near says whether anything from from to to can count.
func (t Times) Near(from, to time.Time) bool {
	return t == nil || slices.ContainsFunc(t, func(w sdk.Window) bool { return overlap(w, from, to) })
}

func overlap(w sdk.Window, from, to time.Time) bool {
	return (w.To.IsZero() || !from.After(w.To)) && (w.From.IsZero() || !to.Before(w.From))
}

// Hull is the span from the earliest to the latest of the times. A zero end is open.
func (t Times) Hull() sdk.Window {
	var hull sdk.Window
	for i, w := range t {
		if i == 0 {
			hull = w
			continue
		}
		if w.From.Before(hull.From) { // an open beginning is the zero time
			hull.From = w.From
		}
		if w.To.IsZero() || !hull.To.IsZero() && w.To.After(hull.To) {
			hull.To = w.To
		}
	}
	return hull
}
