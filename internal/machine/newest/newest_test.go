package newest

import (
	"slices"
	"testing"
	"time"
)

type thing struct {
	at   int // hours; 0: without a time
	name string
}

func (x thing) time() time.Time {
	if x.at == 0 {
		return time.Time{}
	}
	return time.Date(2026, 1, 1, x.at, 0, 0, 0, time.UTC)
}

func TestList(t *testing.T) {
	tests := map[string]struct {
		limit int
		add   []thing
		want  string
		cut   bool
		lost  int
	}{
		"none":          {2, nil, "", false, 0},
		"fewer":         {3, []thing{{2, "b"}, {1, "a"}}, "ab", false, 0},
		"as-many":       {2, []thing{{2, "b"}, {1, "a"}}, "ab", false, 0},
		"more":          {2, []thing{{3, "c"}, {1, "a"}, {2, "b"}}, "bc", true, 1},
		"many":          {2, []thing{{5, "e"}, {1, "a"}, {4, "d"}, {2, "b"}, {3, "c"}, {6, "f"}, {1, "g"}}, "ef", true, 4},
		"same-time":     {3, []thing{{1, "a"}, {1, "b"}, {1, "c"}}, "abc", false, 0},
		"without-times": {2, []thing{{0, "a"}, {1, "b"}, {0, "c"}, {2, "d"}}, "bd", true, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := New(test.limit, thing.time)
			for _, x := range test.add {
				l.Add(x)
			}
			got := ""
			for _, x := range l.All() {
				got += x.name
			}
			if got != test.want || l.Count() != len(test.add) || l.Cut() != test.cut || !l.Lost().Equal(thing{at: test.lost}.time()) {
				t.Errorf("%q, count %d, cut %v, lost %v; want %q, cut %v, lost %v", got, l.Count(), l.Cut(), l.Lost(), test.want, test.cut, test.lost)
			}
		})
	}
}

func TestListIsBounded(t *testing.T) {
	l := New(10, thing.time)
	for i := range 10_000 {
		l.Add(thing{at: 1 + i%20})
		if len(l.kept) > 20 || cap(l.kept) > 64 {
			t.Fatalf("%d things are held, in room for %d", len(l.kept), cap(l.kept))
		}
	}
	if !slices.IsSortedFunc(l.All(), func(a, b thing) int { return a.at - b.at }) {
		t.Error("not in the order of time")
	}
}
