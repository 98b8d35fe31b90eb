package trace

import (
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/etl"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk"
)

func TestTracesThatAreStillWritten(t *testing.T) {
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	open := latest{path: "open", begins: at(5), last: at(6)}
	torn := latest{path: "torn", begins: at(5), last: at(6), problem: "is cut off"}
	done := latest{path: "done", begins: at(3), last: at(4), closed: true}
	crashed := latest{path: "crashed", begins: at(1), last: at(2)}
	cut := latest{path: "cut", begins: at(1), last: at(2), problem: "is cut off"}
	tests := map[string]struct {
		traces  []latest
		windows []sdk.Window
		partial string
		covers  time.Time
	}{
		"all-closed":           {traces: []latest{done}},
		"open":                 {traces: []latest{done, open}, partial: "open: is still written to", covers: at(6)},
		"open-comes-first":     {traces: []latest{open, done}, partial: "open: is still written to", covers: at(6)},
		"torn-at-its-end":      {traces: []latest{done, torn}, partial: "torn: is still written to", covers: at(6)},
		"window-before":        {traces: []latest{done, open}, windows: window(0, 6*time.Hour)},
		"window-before-a-tear": {traces: []latest{done, torn}, windows: window(0, 6*time.Hour)},
		"window-beyond":        {traces: []latest{open}, windows: window(0, 7*time.Hour), partial: "may not be in it yet", covers: at(6)},
		"crashed-before":       {traces: []latest{crashed, done}},
		"cut-before":           {traces: []latest{cut, done}, partial: "cut: is cut off"},
		"cut-comes-last":       {traces: []latest{done, cut}, partial: "cut: is cut off"},
		"empty":                {traces: []latest{done, {path: "new", begins: at(8)}}, partial: "has no event with a time yet"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := &searcher{latest: map[string]latest{}, times: period.Times(test.windows)}
			for _, l := range test.traces {
				s.follow("folder", l)
			}
			partial, covers, settle := s.missed()
			if !strings.Contains(partial, test.partial) || (partial == "") != (test.partial == "") || (settle == "") != (partial == "") {
				t.Errorf("partial %q, settle %q; want %q", partial, settle, test.partial)
			}
			if (covers == nil) != test.covers.IsZero() || covers != nil && !covers.To.Equal(test.covers) {
				t.Errorf("covers %v, want up to %v", covers, test.covers)
			}
		})
	}
}

func TestWhatIsTornAtItsEndOnly(t *testing.T) {
	open := etl.Header{BufferSize: 0x1000}
	tests := map[string]struct {
		stats etl.Stats
		want  bool
	}{
		"whole":             {etl.Stats{Header: open}, true},
		"cut-off":           {etl.Stats{Header: open, Truncated: true}, true},
		"last-buffer":       {etl.Stats{Header: open, Damaged: 1, Damage: []etl.Damage{{Offset: 0xF000}}}, true},
		"in-the-middle":     {etl.Stats{Header: open, Damaged: 1, Damage: []etl.Damage{{Offset: 0x5000}}}, false},
		"closed":            {etl.Stats{Header: etl.Header{BufferSize: 0x1000, End: start}, Truncated: true}, false},
		"lost-events":       {etl.Stats{Header: etl.Header{BufferSize: 0x1000, EventsLost: 1}}, false},
		"more-than-is-kept": {etl.Stats{Header: open, Damaged: 40}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := onlyAtEnd(test.stats, 0x10000); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
