package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// table counts what the kills came to.
type table struct {
	rows   map[string]*row
	kills  int
	trials int
	failed int
}

type row struct{ kills, resumed, undone int }

func (t *table) add(tr *trial) {
	t.trials++
	if tr.failed {
		t.failed++
	}
	for _, how := range tr.hows {
		words := strings.Fields(how)
		name := words[0] + ", " + words[1]
		if len(words) > 2 {
			where, _, _ := strings.Cut(words[2], ":")
			name += " " + where
		}
		r := t.rows[name]
		if r == nil {
			r = &row{}
			t.rows[name] = r
		}
		r.kills++
		t.kills++
		if tr.failed {
			continue
		}
		if tr.ending == "undo" {
			r.undone++
		} else {
			r.resumed++
		}
	}
}

func (t *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-32s %8s %22s %20s\n", "killed", "kills", "then exactly as after", "exactly as before")
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		r := t.rows[name]
		fmt.Fprintf(&b, "%-32s %8d %22d %20d\n", name, r.kills, r.resumed, r.undone)
	}
	fmt.Fprintf(&b, "%d kills in %d trials; %d trials did not end as they should\n", t.kills, t.trials, t.failed)
	return b.String()
}
