package condition

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestLeaves(t *testing.T) {
	cases := map[string]struct{ facts, source string }{
		"comparison":           {"", `len(attempts.open) > 0`},
		"taken-apart":          {"", `source.wsus and (disk.free < inputs.min_free or not (log.patterns.stopped.count > 0 and symptoms.open))`},
		"both-sides-evaluated": {"", `disk.free < size("1GiB") and log.patterns.stopped.count > 0`},
		"brackets":             {"", `((len(attempts.open))) > (0) and (source.wsus)`},
		"brackets-in-text":     {"", `source.server != ")(" and (disk.volume == "(")`},
		"several-lines":        {"", "len(filter(attempts.failed,\n    .title == \"a  b\" or true)) > 1\n  and source.wsus"},
		"beyond-ascii":         {"", `source.server != "Ü→日本" and source.wsus`},
		"comment":              {"", `any(attempts.open, .phase == "install" /* ) */ ) and source.wsus`},
		"ternary":              {"", `(source.wsus ? disk.free : size(1)) > size("1GiB") and (source.wsus ? true : false)`},
		"let":                  {"", `let n = len(attempts.open); n > 0 and source.wsus`},
		"not-of-a-comparison":  {"", `not (disk.free > size("1GiB")) or not symptoms.slow`},
		"any":                  {"", `any(attempts.failed, .phase == "download")`},
		"any-of-none":          {"", `any(attempts.failed, .title == "x")`},
		"any-nested":           {"", `any(tasks.tasks, let task = #; any(attempts.open, any(task.runs, .started < now)))`},
		"any-partial":          {"attempts~", `any(attempts.failed, .title == "x")`},
		"filter-counted":       {"", `len(filter(attempts.failed, .phase == "download")) > 1`},
		"map-of-filter":        {"", `len(map(filter(attempts.failed, .phase == "install"), ({"t": .title}))) > 0`},
		"count":                {"", `count(attempts.failed, .phase == "download") == 2`},
		"first":                {"", `first(sortBy(attempts.failed, .started, "desc")).title == "No number"`},
		"index":                {"", `attempts.failed[1].title matches "^D"`},
		"in":                   {"", `"Driver" in map(attempts.failed, .title)`},
		"absent-counted":       {"", `any(attempts.failed, .kb == "x")`},
		"absent-under-not":     {"", `none(attempts.failed, not (.kb == "KB5000803"))`},
		"absent-outside":       {"", `attempts.failed[2].kb == "x"`},
		"unknown":              {"disk?", `disk.free < inputs.min_free`},
		"partial-count":        {"log~", `log.patterns.stopped.count > 5`},
		"partial-list":         {"attempts~", `len(attempts.failed) > 5`},
		"mentions":             {"", `symptoms.slow and confirmed(causes.broken) and not undetermined(causes.open)`},
		"asked-only":           {"disk?", `not known(disk.free) and given(inputs.since)`},
		"sizes-and-times":      {"", `disk.free >= size("8GiB") and now - attempts.failed[0].started > duration("3h") and attempts.failed[0].code == hresult("0x8024001E")`},
		"sequence":             {"", `len(sequence(duration("30m"), map(attempts.open, ({"time": .started})), map(tasks.tasks[0].runs, ({"time": .started})))) > 0`},
		"pointer-escaped":      {"", `info.variables["a/b~c"] == "x"`},
		"sum":                  {"", `sum(attempts.open, .size) > size(1)`},
		"max":                  {"", `max(map(attempts.failed, .started)) < now`},
		"require":              {"", `require(source.wsus, len(attempts.open) > 0, "no")`},
		"membership-of-list":   {"", `service.start_type in ["manual", "disabled"]`},
		"coalesced":            {"", `(attempts.failed[2].kb ?? "none") == "none"`},
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		f := facts(c.facts)
		f.data["info"].(map[string]any)["variables"].(map[string]any)["a/b~c"] = "x"
		r := mustCompile(t, c.source, boolType).Eval(t.Context(), f.value)
		fmt.Fprintf(&b, "%s  %s\n", name, c.facts)
		for _, line := range strings.Split(c.source, "\n") {
			fmt.Fprintf(&b, "    %s\n", line)
		}
		fmt.Fprintf(&b, "  %s\n", r.Truth)
		for _, l := range r.Leaves {
			fmt.Fprintf(&b, "  - %s", l.Source)
			if l.Shown != "" {
				fmt.Fprintf(&b, " → %s", l.Shown)
			}
			fmt.Fprintf(&b, " → %s\n", l.Truth)
			for _, w := range l.Why {
				fmt.Fprintf(&b, "      because %s\n", w.Reason)
			}
			for _, ref := range l.Support {
				fmt.Fprintf(&b, "      rests on %s%s\n", ref.Fact(), ref.Pointer())
			}
			if len(l.Mentions) > 0 {
				fmt.Fprintf(&b, "      mentions %s\n", strings.Join(l.Mentions, ", "))
			}
			if l.Absent > 0 {
				fmt.Fprintf(&b, "      %d without the data\n", l.Absent)
			}
		}
		b.WriteString("\n")
	}
	golden(t, "leaves.txt", b.String())
}

func TestShow(t *testing.T) {
	for name, c := range map[string]struct{ facts, source, want string }{
		"text":           {"", `disk.volume`, `"C:"`},
		"long-text":      {"", `"` + strings.Repeat("é", 300) + `" + "a"`, `"` + strings.Repeat("é", 200) + `…"`},
		"size":           {"", `disk.free`, "8.0 GiB"},
		"number":         {"", `disk.ratio`, "0.25"},
		"time":           {"", `now`, "2026-01-10T12:00:00Z"},
		"duration":       {"", `inputs.since`, "30d"},
		"code":           {"", `attempts.failed[0].code`, "0x8024001E"},
		"verdict":        {"", `causes.open`, "undetermined"},
		"version":        {"", `version("10.0.1")`, "10.0.1"},
		"short-list":     {"", `["a", "b"]`, "a, b"},
		"empty-list":     {"", `[]`, "0 items"},
		"list":           {"", `attempts.failed`, "3 items"},
		"one":            {"", `attempts.open`, "1 item"},
		"partial-list":   {"attempts~", `attempts.failed`, "at least 3 items"},
		"object":         {"", `disk`, "an object"},
		"absent":         {"", `inputs.package`, "absent"},
		"unknown":        {"disk?", `disk.free`, "unknown"},
		"partial-number": {"log~", `log.patterns.stopped.count`, "at least 2"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := show(evalSample(t, c.source, facts(c.facts)).Value, mustCompile(t, c.source, nil).Type()); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
