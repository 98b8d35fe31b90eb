package condition

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// facts reads a list of words: "tasks?" is unknown, "tasks~" partial, "disk!/volume" has a field that was not filled.
func facts(words string) sampleFacts {
	f := sampleFacts{data: sampleData(), unknown: map[string]bool{}, partial: map[string]bool{}, missing: map[string]map[string]Why{}}
	for _, w := range strings.Fields(words) {
		name, pointer, missing := strings.Cut(w, "!")
		switch {
		case missing:
			if f.missing[name] == nil {
				f.missing[name] = map[string]Why{}
			}
			f.missing[name][pointer] = Why{Fact: name, Reason: pointer + " is not there"}
			if fact, ok := f.data[name].(map[string]any); ok {
				delete(fact, strings.TrimPrefix(pointer, "/"))
			}
		case strings.HasSuffix(w, "?"):
			f.unknown[strings.TrimSuffix(w, "?")] = true
		case strings.HasSuffix(w, "~"):
			f.partial[strings.TrimSuffix(w, "~")] = true
		}
	}
	return f
}

func TestTruth(t *testing.T) {
	const T, F, U = True, False, Undetermined
	for name, c := range map[string]struct {
		facts, source string
		want          Truth
	}{
		// Outside predicates: Kleene, and strict operators.
		"and-false-unknown":          {"disk?", `source.wsus and disk.free > 0 and 1 > 2`, F},
		"and-unknown-false":          {"disk?", `disk.free > 0 and not source.wsus`, F},
		"and-true-unknown":           {"disk?", `source.wsus and disk.free > 0`, U},
		"or-true-unknown":            {"disk?", `disk.free > 0 or source.wsus`, T},
		"or-false-unknown":           {"disk?", `disk.free > 0 or not source.wsus`, U},
		"not-unknown":                {"disk?", `not (disk.free > 0)`, U},
		"comparison-strict":          {"disk?", `disk.free == disk.free`, U},
		"arithmetic-strict":          {"disk?", `disk.free * 0 == size(0)`, U},
		"function-strict":            {"source?", `lower(source.server) == "x"`, U},
		"ternary-condition-unknown":  {"disk?", `disk.free > 0 ? true : true`, U},
		"ternary-other-branch":       {"disk?", `source.wsus ? true : disk.free > 0`, T},
		"division-by-zero":           {"", `1 / 0 > 0`, U},
		"division-by-zero-or-true":   {"", `1 / 0 > 0 or source.wsus`, T},
		"integer-overflow":           {"", `9223372036854775807 + attempts.total > 0`, U},
		"duration-overflow":          {"", `duration("100000d") * 9223372036854775807 > duration("1s")`, U},
		"least-duration-negated":     {"", `-(duration("-106751d") - duration("1d")) > duration("1s")`, U},
		"time-beyond-years":          {"", `now + duration("106751d") + duration("106751d") > now`, T},
		"time-overflow":              {"", `time("9999-12-31T00:00:00Z") + duration("2d") > now`, U},
		"modulo-zero":                {"", `5 % (attempts.total - 3) == 0`, U},
		"number-compares-exactly":    {"", `9007199254740993 > 9007199254740992`, T},
		"int-and-number":             {"", `disk.ratio < 1 and 1 / 4 == disk.ratio`, T},
		"duration-quotient":          {"", `duration("90s") / 2 == duration("45s")`, T},
		"size-arithmetic":            {"", `disk.free / 2 == size("4GiB") and disk.free * 1.5 == size("12GiB")`, T},
		"text-order":                 {"", `"a" < "b" and "a" + "b" == "ab"`, T},
		"minus":                      {"", `-attempts.total == 0 - 3 and +attempts.total == 3`, T},
		"hresult-number-is-decimal":  {"", `hresult(24117248) == hresult("0x01700000")`, T},
		"hresult-literal-hex-number": {"", `hresult(0x8024001E) == attempts.failed[0].code`, T},
		"version-order":              {"", `version(info.build) > version("10.0.9.1") and version("10.0") == version("10.0.0")`, T},
		"version-bad-text":           {"", `version(source.server) > version("1")`, U},
		"basename":                   {"", `basename(tasks.tasks[0].path) == "Clean" and basename("") == ""`, T},
		"not-in":                     {"", `"x" not in ["a", "b"] and "a" in ["a"] and not ("a" in [])`, T},
		"contains-and-others":        {"", `info.build contains "19045" and info.build startsWith "10." and info.build endsWith "3570" and info.build matches "^10[.]"`, T},
		"map-member":                 {"", `info.variables.windir == "C:\\Windows" and len(info.variables) == 1`, T},

		// Partial facts: what more data could not overturn.
		"count-more-than":            {"log~", `log.patterns.stopped.count > 1`, T},
		"count-not-more-than":        {"log~", `log.patterns.stopped.count > 2`, U},
		"count-at-least":             {"log~", `log.patterns.stopped.count >= 2`, T},
		"count-less":                 {"log~", `log.patterns.stopped.count < 2`, F},
		"count-less-open":            {"log~", `log.patterns.stopped.count < 3`, U},
		"count-at-most":              {"log~", `log.patterns.stopped.count <= 1`, F},
		"count-equal-open":           {"log~", `log.patterns.stopped.count == 2`, U},
		"count-equal-less":           {"log~", `log.patterns.stopped.count == 1`, F},
		"count-unequal-less":         {"log~", `log.patterns.stopped.count != 1`, T},
		"count-unequal-open":         {"log~", `log.patterns.stopped.count != 2`, U},
		"count-on-the-right":         {"log~", `1 < log.patterns.stopped.count and 1 != log.patterns.stopped.count and 2 <= log.patterns.stopped.count`, T},
		"count-on-the-right-open":    {"log~", `3 > log.patterns.stopped.count`, U},
		"two-counts":                 {"log~", `log.patterns.stopped.count > log.patterns.timed_out.count`, U},
		"counts-added":               {"log~", `log.patterns.stopped.count + log.patterns.timed_out.count > 1`, T},
		"counts-added-open":          {"log~", `log.patterns.stopped.count + 1 == 3`, U},
		"count-subtracted":           {"log~", `log.patterns.stopped.count - 1 > 0`, U},
		"count-multiplied":           {"log~", `log.patterns.stopped.count * 2 > 0`, U},
		"count-negated":              {"log~", `-log.patterns.stopped.count < 0`, U},
		"count-overflows":            {"log~", `log.patterns.stopped.count + 9223372036854775807 > 0`, U},
		"len-more-than":              {"attempts~", `len(attempts.failed) > 2`, T},
		"len-equal":                  {"attempts~", `len(attempts.failed) == 3`, U},
		"count-function":             {"attempts~", `count(attempts.failed, .phase == "download") > 1`, T},
		"count-function-open":        {"attempts~", `count(attempts.failed, .phase == "download") > 2`, U},
		"any-found":                  {"attempts~", `any(attempts.failed, .phase == "install")`, T},
		"any-not-found":              {"attempts~", `any(attempts.failed, .title == "x")`, U},
		"none-found":                 {"attempts~", `none(attempts.failed, .phase == "install")`, F},
		"none-not-found":             {"attempts~", `none(attempts.failed, .title == "x")`, U},
		"all-one-rejected":           {"attempts~", `all(attempts.failed, .phase == "install")`, F},
		"all-so-far":                 {"attempts~", `all(attempts.failed, .title != "")`, U},
		"one-twice":                  {"attempts~", `one(attempts.failed, .phase == "download")`, F},
		"one-once":                   {"attempts~", `one(attempts.failed, .phase == "install")`, U},
		"scalar-of-partial":          {"disk~", `disk.free > 0`, U},
		"bool-of-partial":            {"source~", `source.wsus`, U},
		"int-that-does-not-grow":     {"attempts~", `attempts.code > 0`, U},
		"filter-stays-partial":       {"attempts~", `len(filter(attempts.failed, .phase == "install")) == 1`, U},
		"map-stays-partial":          {"attempts~", `len(map(attempts.failed, .title)) <= 3`, U},
		"sort-stays-partial":         {"attempts~", `first(sortBy(attempts.failed, .started)).title == "Driver"`, U},
		"in-partial-found":           {"attempts~", `"Driver" in map(attempts.failed, .title)`, T},
		"in-partial-not-found":       {"attempts~", `"x" in map(attempts.failed, .title)`, U},
		"first-of-partial":           {"attempts~", `first(attempts.failed).title == "Driver"`, U},
		"last-of-partial":            {"attempts~", `last(attempts.failed).title == "Driver"`, U},
		"index-of-partial":           {"attempts~", `attempts.failed[0].title == "Driver"`, U},
		"sum-of-partial":             {"attempts~", `sum(map(attempts.failed, 1)) > 0`, U},
		"min-of-partial":             {"attempts~", `min(map(attempts.failed, .started)) < now`, U},
		"max-of-partial":             {"attempts~", `max(map(attempts.failed, .started)) < now`, U},
		"list-in-record-of-partial":  {"tasks~", `any(tasks.tasks, none(.runs, .result == 1))`, U},
		"count-in-record-of-partial": {"tasks~", `any(tasks.tasks, .hits == 0)`, U},
		"lower-bound-in-record":      {"tasks~", `any(tasks.tasks, .hits > 1 and len(.runs) >= 2)`, T},
		"scalar-in-record":           {"tasks~", `any(tasks.tasks, .path == "\\Contoso\\Clean")`, T},
		"lists-of-growing-counts":    {"tasks~", `0 in map(tasks.tasks, .hits)`, U},
		"maximum-of-growing-counts":  {"log~", `max(log.patterns.stopped.count, 0) > 1`, U},
		"size-of-growing-count":      {"log~", `size(log.patterns.stopped.count) > size(1)`, U},

		// Fields that could not be filled.
		"missing-field":            {"disk!/volume", `disk.volume == "C:"`, U},
		"missing-other-known":      {"disk!/volume", `disk.free > 0`, T},
		"missing-coalesced":        {"disk!/volume", `(disk.volume ?? "C:") == "C:"`, U},
		"missing-deeper":           {"log!/patterns/stopped/count", `log.patterns.timed_out.count == 0`, T},
		"missing-in-what-is-there": {"log!/patterns/stopped/count", `log.patterns.stopped.count > 0`, U},
		"missing-in-record":        {"attempts!/failed/2/kb", `any(attempts.failed, .kb == "x")`, U},
		"missing-known":            {"disk!/volume", `known(disk.volume) or known(disk)`, F},
		"missing-list-with-items":  {"attempts!/failed/", `len(attempts.failed) == 3`, T},

		// Absent data.
		"absent-is-undetermined":      {"", `attempts.failed[2].kb == "x"`, U},
		"absent-unequal":              {"", `attempts.failed[2].kb != "x"`, U},
		"absent-equals-no-absent":     {"", `attempts.failed[2].kb == attempts.failed[2].kb`, U},
		"absent-does-not-match":       {"", `count(attempts.failed, .kb == .kb) == 2`, T},
		"absent-under-not":            {"", `count(attempts.failed, not (.kb == "x")) == 2`, T},
		"absent-under-two-nots":       {"", `count(attempts.failed, not (not (.kb != "x"))) == 2`, T},
		"absent-unequal-in-predicate": {"", `count(attempts.failed, .kb != "x") == 2`, T},
		"absent-or-true":              {"", `count(attempts.failed, .kb == "x" or .phase == "download") == 2`, T},
		"absent-and-true":             {"", `none(attempts.failed, .kb == "x" and .title == "No number")`, T},
		"absent-and-false-negated":    {"", `count(attempts.failed, not (.kb == "x" and .phase == "install")) == 3`, T},
		"absent-in-all":               {"", `all(attempts.failed, .kb != "x")`, F},
		"absent-in-none":              {"", `none(attempts.failed, .kb == "x")`, T},
		"absent-and-unknown":          {"disk?", `any(attempts.failed, .title == "No number" and .kb == "x" and disk.free > 0)`, F},
		"absent-and-unknown-negated":  {"disk?", `any(attempts.failed, .title == "No number" and not (.kb == "x" and disk.free > 0))`, U},
		"absent-or-unknown":           {"disk?", `one(attempts.failed, .kb == "x" or disk.free > 0)`, U},
		"absent-compared-to-unknown":  {"disk?", `any(filter(attempts.failed, .title == "No number"), .size > disk.free)`, F},
		"absent-coalesced":            {"", `(attempts.failed[2].kb ?? "none") == "none"`, T},
		"absent-object-chained":       {"", `(first(filter(attempts.failed, .title == "x"))?.title ?? "none") == "none"`, T},
		"absent-index":                {"", `(attempts.failed[99].title ?? "none") == "none" and (attempts.failed[-1].title ?? "none") == "none"`, T},
		"unknown-not-coalesced":       {"disk?", `(disk.volume ?? "C:") == "C:"`, U},
		"absent-first":                {"", `first(filter(attempts.failed, .title == "x")).title == "x"`, U},
		"absent-in-sum":               {"", `sum(attempts.failed, .size) > size(0)`, U},
		"absent-in-max":               {"", `max(map(attempts.failed, .ended)) < now`, U},
		"absent-filtered-out":         {"", `sum(filter(attempts.failed, known(.size)), .size) == size("2MiB")`, T},
		"absent-as-condition":         {"", `any(attempts.failed, .kb == "x" ? true : true)`, T},
		"absent-map-key":              {"", `info.variables.path == "x"`, U},
		"absent-in-list":              {"", `"KB5000803" in map(attempts.failed, .kb) and not ("x" in map(attempts.failed, .kb))`, T},
		"absent-sorts-last":           {"", `last(sortBy(attempts.failed, .ended, "desc")).title == "No number" and first(sortBy(attempts.failed, .ended, "desc")).title == "Driver"`, T},
		"extremes-of-nothing":         {"", `max(map(filter(attempts.failed, false), .started)) < now`, U},
		"sum-of-nothing":              {"", `sum(map(filter(attempts.failed, false), .size)) == size(0)`, T},

		// Predicates.
		"filter-with-undetermined":     {"disk?", `len(filter(attempts.failed, .title == "Driver" or disk.free > 0)) >= 1`, T},
		"filter-with-undetermined-2":   {"disk?", `len(filter(attempts.failed, .title == "Driver" or disk.free > 0)) == 1`, U},
		"sort-by-undetermined":         {"attempts!/failed/2/ended", `len(sortBy(attempts.failed, .ended)) == 3`, U},
		"any-with-undetermined":        {"disk?", `any(attempts.failed, .title == "Driver" or disk.free > 0)`, T},
		"any-undetermined":             {"disk?", `any(attempts.failed, .title == "Driver" and disk.free > 0)`, U},
		"any-false":                    {"disk?", `any(attempts.failed, .title == "x" and disk.free > 0)`, F},
		"all-undetermined":             {"disk?", `all(attempts.failed, disk.free > 0)`, U},
		"all-false":                    {"disk?", `all(attempts.failed, .phase == "install" and disk.free > 0)`, F},
		"none-undetermined":            {"disk?", `none(attempts.failed, disk.free > 0)`, U},
		"none-false":                   {"disk?", `none(attempts.failed, .title == "Driver" or disk.free > 0)`, F},
		"one-undetermined":             {"disk?", `one(attempts.failed, .title == "Driver" or disk.free > 0)`, U},
		"one-false":                    {"disk?", `one(attempts.failed, .phase == "download" or disk.free > 0)`, F},
		"over-nothing":                 {"", `all([], true) and none([], true) and not any([], true) and not one([], true)`, T},
		"over-unknown-list":            {"tasks?", `any(tasks.tasks, true)`, U},
		"outer-item-through-let":       {"", `any(tasks.tasks, let task = #; any(task.runs, .started > now - duration("4h")) and task.hits > 1)`, T},
		"let-named-like-a-namespace":   {"", `any(tasks.tasks, any(.runs, let run = #; run.started < now))`, T},
		"let-shadows-and-ends":         {"", `(let disk = 1; disk == 1) and disk.free > size(1)`, T},
		"let-outside":                  {"", `let n = len(attempts.failed); n > 2 and n < 4`, T},
		"map-of-unknown-keeps-its-len": {"disk?", `len(map(attempts.failed, disk.free)) == 3`, T},
		"unknown-item-in-list":         {"disk?", `size(1) in [disk.free, size(2)]`, U},
		"known-item-beside-unknown":    {"disk?", `size(2) in [disk.free, size(2)]`, T},
		"maximum-with-unknown":         {"disk?", `max(disk.free, size(1)) > size(0)`, U},
		"objects-made":                 {"", `map(attempts.failed, ({"t": .title}))[0].t == "Cumulative Update"`, T},

		// Questions.
		"known":                      {"", `known(disk.free) and not undetermined(disk.free)`, T},
		"known-of-unknown":           {"disk?", `known(disk.free)`, F},
		"undetermined-of-unknown":    {"disk?", `undetermined(disk.free)`, T},
		"known-of-partial-list":      {"attempts~", `known(attempts.failed)`, F},
		"known-of-decided-condition": {"attempts~", `known(len(attempts.failed) > 0)`, T},
		"known-of-open-condition":    {"attempts~", `known(len(attempts.failed) == 0 or len(attempts.failed) > 9)`, F},
		"known-of-absent":            {"", `known(attempts.failed[2].kb)`, F},
		"known-of-list-with-unknown": {"disk?", `known(map(attempts.failed, disk.free))`, F},
		"known-of-object-unknown":    {"disk?", `known({"a": disk.free})`, F},
		"require-holds":              {"", `require(source.wsus, disk.free > size(1), "no")`, T},
		"require-does-not-hold":      {"", `require(not source.wsus, true, "no")`, U},
		"require-unknown":            {"disk?", `require(disk.free > 0, true, "no")`, U},
		"require-false-is-no-false":  {"", `require(false, true, "no") and false`, F},
		"given":                      {"", `given(inputs.since) and not given(inputs.package)`, T},
		"given-then-used":            {"", `given(inputs.package) and inputs.package == "x"`, F},
		"input-not-given":            {"", `inputs.package == "x"`, U},
		"symptom-confirmed":          {"", `symptoms.slow`, T},
		"symptom-ruled-out":          {"", `symptoms.broken`, F},
		"symptom-open":               {"", `symptoms.open`, U},
		"symptom-open-or-true":       {"", `symptoms.open or symptoms.slow`, T},
		"symptom-compared":           {"", `symptoms.slow == true and symptoms.slow != symptoms.broken`, T},
		"symptom-open-compared":      {"", `symptoms.open == false`, U},
		"symptom-open-in":            {"", `symptoms.open in [true, false]`, U},
		"symptom-in-open":            {"", `symptoms.slow in [symptoms.open]`, U},
		"symptom-open-as-condition":  {"", `symptoms.open ? true : true`, U},
		"verdict-confirmed":          {"", `confirmed(causes.slow) and not confirmed(causes.open) and not confirmed(causes.broken)`, T},
		"verdict-ruled-out":          {"", `ruled_out(causes.broken) and not ruled_out(causes.open)`, T},
		"verdict-suspected":          {"", `suspected(causes.open)`, F},
		"verdict-undetermined":       {"", `undetermined(causes.open) and not undetermined(causes.slow)`, T},
		"verdict-known":              {"", `known(causes.slow) and not known(causes.open)`, T},
		"verdict-of-unknown-choice":  {"disk?", `confirmed(disk.free > 0 ? causes.slow : causes.broken)`, U},
		"verdict-in-a-variable":      {"", `let c = causes.slow; confirmed(c) and c`, T},

		// Time.
		"within":                   {"", `within(now, now, now) and not within(now, now + duration("1s"), now)`, T},
		"within-unknown":           {"attempts?", `within(now, attempts.open[0].started, now)`, U},
		"within-absent":            {"", `any(attempts.failed, within(.ended, .started, now)) and one(attempts.failed, not within(.ended, .started, now - duration("3h")))`, T},
		"overlaps":                 {"", `overlaps({"from": now, "to": now}, {"from": now, "to": now + duration("1s")}) and not overlaps({"from": now, "to": now}, {"from": now + duration("1s"), "to": now + duration("2s")})`, T},
		"overlaps-unknown":         {"attempts?", `overlaps({"from": now, "to": now}, {"from": now, "to": attempts.open[0].ended})`, U},
		"sequence":                 {"", `len(sequence(duration("30m"), map(attempts.failed, ({"time": .started})), map(tasks.tasks[0].runs, ({"time": .started})))) == 2`, T},
		"sequence-wrong-order":     {"", `len(sequence(duration("30m"), map(tasks.tasks[0].runs, ({"time": .started})), map(attempts.failed, ({"time": .started})))) == 0`, T},
		"sequence-outside-window":  {"", `len(sequence(duration("5m"), map(attempts.failed, ({"time": .started})), map(tasks.tasks[0].runs, ({"time": .started})))) == 0`, T},
		"sequence-at-the-window":   {"", `len(sequence(duration("10m"), map(attempts.failed, ({"time": .started})), map(tasks.tasks[0].runs, ({"time": .started})))) == 2`, T},
		"sequence-window":          {"", `let found = sequence(duration("30m"), map(attempts.open, ({"time": .started})), map(tasks.tasks[0].runs, ({"time": .started}))); found[0].to - found[0].from == duration("10m")`, T},
		"sequence-partial":         {"attempts~", `len(sequence(duration("30m"), map(attempts.failed, ({"time": .started})), map(tasks.tasks[0].runs, ({"time": .started})))) == 2`, U},
		"sequence-partial-found":   {"attempts~", `len(sequence(duration("30m"), map(attempts.failed, ({"time": .started})), map(tasks.tasks[0].runs, ({"time": .started})))) > 1`, T},
		"sequence-partial-end":     {"attempts~", `any(sequence(duration("3h"), map(tasks.tasks[0].runs, ({"time": .started})), map(attempts.failed, ({"time": .started}))), .to > now - duration("3h"))`, U},
		"sequence-unknown":         {"tasks?", `len(sequence(duration("30m"), map(attempts.failed, ({"time": .started})), map(tasks.tasks[0].runs, ({"time": .started})))) > 0`, U},
		"sequence-absent-time":     {"", `len(sequence(duration("90m"), map(attempts.failed, ({"time": .ended})), map(attempts.failed, ({"time": .started})))) == 2`, T},
		"sequence-no-record-twice": {"", `len(sequence(duration("2h"), map(attempts.failed, ({"time": .started})), map(attempts.failed, ({"time": .started})))) == 2`, T},
		"sequence-missing-time":    {"attempts!/failed/2/ended", `len(sequence(duration("1m"), map(attempts.failed, ({"time": .ended})), map(attempts.failed, ({"time": .ended})))) == 0`, U},
		"time-difference":          {"", `now - attempts.failed[0].started == duration("3h20m")`, T},
		"duration-before-time":     {"", `duration("1h") + now > now and now - duration("1h") < now`, T},
	} {
		t.Run(name, func(t *testing.T) {
			r := mustCompile(t, c.source, boolType).Eval(t.Context(), facts(c.facts).value)
			if r.Truth != c.want {
				t.Errorf("%s with %q is %s, want %s; why %v", c.source, c.facts, r.Truth, c.want, r.Why)
			}
			if r.Truth == Undetermined && len(r.Why) == 0 {
				t.Errorf("%s with %q: no reason is given", c.source, c.facts)
			}
		})
	}
}

func TestWhyNamesTheRoot(t *testing.T) {
	for name, c := range map[string]struct {
		facts, source string
		want          []string
	}{
		"both-sides":        {"disk? source?", `disk.free > 0 or source.wsus`, []string{"disk cannot be read", "source cannot be read"}},
		"only-what-is-open": {"disk? source?", `disk.free > 0 and (source.wsus or true)`, []string{"disk cannot be read"}},
		"partial":           {"attempts~", `any(attempts.failed, .title == "x")`, []string{"attempts is younger"}},
		"require":           {"disk?", `require(disk.free > 0, true, "because")`, []string{"because", "disk cannot be read"}},
		"verdict":           {"", `causes.open`, []string{"no log"}},
		"missing":           {"disk!/volume", `disk.volume == "x"`, []string{"/volume is not there"}},
		"absent":            {"", `attempts.failed[2].kb == "x"`, []string{"there is no such data for `attempts.failed[2].kb == \"x\"`"}},
		"once-each":         {"disk?", `disk.free > 0 and disk.free > 1`, []string{"disk cannot be read"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, w := range evalSample(t, c.source, facts(c.facts)).Why {
				got = append(got, w.Reason)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: reasons %q, want %q", c.source, got, c.want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		when, suspect Truth
		want          Verdict
	}{
		"confirmed": {True, False, Confirmed}, "confirmed-and-suspected": {True, True, Confirmed},
		"suspected": {False, True, Suspected}, "suspected-open": {Undetermined, True, Suspected},
		"ruled-out": {False, False, RuledOut}, "open-when": {Undetermined, False, VerdictUndetermined},
		"open-suspect": {False, Undetermined, VerdictUndetermined}, "open": {Undetermined, Undetermined, VerdictUndetermined},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Judge(c.when, c.suspect); got != c.want {
				t.Errorf("Judge(%s, %s) = %s, want %s", c.when, c.suspect, got, c.want)
			}
		})
	}
}

func TestCanonical(t *testing.T) {
	for name, c := range map[string]struct {
		facts, source string
		want          any
		partial, ok   bool
	}{
		"list":             {"", `map(attempts.open, .title)`, []any{"Cumulative Update"}, false, true},
		"partial-list":     {"attempts~", `map(attempts.open, .title)`, []any{"Cumulative Update"}, true, true},
		"absent-left-out":  {"", `map(attempts.failed, .kb)`, []any{"KB5000803", "KB5000803"}, true, true},
		"unknown-item":     {"disk?", `[disk.free, size(1)]`, []any{int64(1)}, true, true},
		"unknown-field":    {"disk?", `{"a": disk.free}`, nil, false, false},
		"unknown":          {"disk?", `disk.free`, nil, false, false},
		"lower-bound":      {"log~", `log.patterns.stopped.count`, nil, false, false},
		"version":          {"", `version("10.0.1")`, "10.0.1", false, true},
		"size-stays-whole": {"", `disk.free * 0.3`, int64(2576980378), false, true},
		"verdict":          {"", `causes.slow`, true, false, true},
		"verdict-open":     {"", `causes.open`, false, false, false},
		"time":             {"", `now - duration("1h")`, at("11:00"), false, true},
		"duration":         {"", `inputs.since / 2`, 15 * 24 * time.Hour, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			data, partial, ok := evalSample(t, c.source, facts(c.facts)).Value.Canonical()
			same := ok == c.ok && (!ok || partial == c.partial)
			if want, isList := c.want.([]any); isList {
				got, _ := data.([]any)
				same = same && slices.Equal(got, want)
			} else {
				same = same && (!ok || data == c.want)
			}
			if !same {
				t.Errorf("%s is %v, partial %t, ok %t; want %v, %t, %t", c.source, data, partial, ok, c.want, c.partial, c.ok)
			}
		})
	}
}
