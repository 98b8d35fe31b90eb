package condition

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
)

// bigFacts holds long lists and long texts.
func bigFacts() sampleFacts {
	f := facts("")
	attempts := f.data["attempts"].(map[string]any)
	var failed []any
	for i := range 3000 {
		a := sampleAttempt(strings.Repeat("x", 20), "install", "08:40", "09:00")
		a["title"] = fmt.Sprint(a["title"], i)
		failed = append(failed, a)
	}
	attempts["failed"] = failed
	lines := []any{}
	for range 64 {
		lines = append(lines, strings.Repeat("a", 1<<20))
	}
	f.data["log"].(map[string]any)["patterns"].(map[string]any)["stopped"].(map[string]any)["lines"] = lines
	return f
}

// nested wraps a source in itself.
func nested(n int, before, middle, after string) string {
	return strings.Repeat(before, n) + middle + strings.Repeat(after, n)
}

func TestBoundsOfEvaluation(t *testing.T) {
	f := bigFacts()
	doubling := ""
	for i := range 40 {
		doubling += fmt.Sprintf("let v%d = v%d + v%d; ", i+1, i, i)
	}
	const long, builds = "the expression takes too long: it asks about too many combinations of records", "the expression builds more than 16 MiB"
	for name, c := range map[string]struct{ source, why string }{
		"nested-counts":          {`count(attempts.failed, count(attempts.failed, count(attempts.failed, .title == "x") > 0) > 0) == 0`, long},
		"nested-any":             {`any(attempts.failed, let a = #; any(attempts.failed, let b = #; any(attempts.failed, .title == a.title + "y" and b.title == "z")))`, long},
		"doubling-text":          {`let v0 = "aaaaaaaaaaaaaaaa"; ` + doubling + `len(v40) > 0`, builds},
		"doubling-in-each-item":  {`any(attempts.failed, let a = .title + .title + .title + .title; let b = a + a + a + a + a + a + a + a; let c = b + b + b + b; len(c + c + c + c) == 1)`, builds},
		"nested-lists":           {`len(map(attempts.failed, map(attempts.failed, map(attempts.failed, #)))) > 0`, builds},
		"filters-in-filters":     {`len(map(attempts.failed, filter(attempts.failed, true))) > 0`, builds},
		"sorting-in-each-item":   {`all(attempts.failed, len(sortBy(attempts.failed, .title)) > 0)`, builds},
		"membership":             {`all(attempts.failed, .title in map(attempts.failed, .title))`, builds},
		"objects":                {`all(attempts.failed, len(map(attempts.failed, ({"a": .title, "b": .title}))) > 0)`, builds},
		"contains-in-long-texts": {`any(log.patterns.stopped.lines, let a = #; any(log.patterns.stopped.lines, a contains "b" or # contains "b" or "b" == a or a == # + "c"))`, ""},
		"regexp-in-long-texts":   {`any(log.patterns.stopped.lines, # matches "(a|aa)*(a|b)*c{20}$")`, long},
		"heavy-regexp":           {`any(log.patterns.stopped.lines, # matches "(x{300}|y{300}|(a|b|ab){300})z")`, long},
		"sequence":               {`len(sequence(duration("30d"), map(attempts.failed, ({"time": .started})), map(attempts.failed, ({"time": .started})), map(attempts.failed, ({"time": now})), map(attempts.failed, ({"time": .started})))) > 0`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := evalSample(t, c.source, f)
			if r.Truth != Undetermined || len(r.Why) == 0 || c.why != "" && r.Why[0].Reason != c.why {
				t.Errorf("%s: %s %v, want %q", c.source, r.Truth, r.Why, c.why)
			}
		})
	}
	t.Run("a-leaf-that-ends-early-leaves-the-others", func(t *testing.T) {
		r := evalSample(t, `source.wsus or count(attempts.failed, count(attempts.failed, count(attempts.failed, true) > 0) > 0) == 0`, f)
		if r.Truth != True || len(r.Leaves) != 2 || r.Leaves[0].Truth != True || r.Leaves[1].Truth != Undetermined {
			t.Errorf("%s %+v", r.Truth, r.Leaves)
		}
	})
	t.Run("many-reasons", func(t *testing.T) {
		g := bigFacts()
		g.missing["attempts"] = map[string]Why{}
		for i, item := range g.data["attempts"].(map[string]any)["failed"].([]any) {
			delete(item.(map[string]any), "kb")
			g.missing["attempts"][fmt.Sprintf("/failed/%d/kb", i)] = Why{Reason: fmt.Sprint("record ", i)}
		}
		r := evalSample(t, `any(attempts.failed, .kb == "x")`, g)
		if r.Truth != Undetermined || len(r.Why) == 0 || len(r.Why) > maxWhy {
			t.Errorf("%s with %d reasons", r.Truth, len(r.Why))
		}
	})
	t.Run("much-support", func(t *testing.T) {
		r := evalSample(t, `len(filter(attempts.failed, any(attempts.open, .title != "x"))) > 0 and any(attempts.failed, .phase == "install")`, f)
		if r.Truth != True || len(r.Leaves[0].Support) == 0 || len(r.Leaves[0].Support) > maxSupport || len(r.Leaves[1].Support) != maxSupport {
			t.Errorf("%s %d", r.Truth, len(r.Leaves[0].Support))
		}
	})
}

func TestCancelledEvaluationEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no more"))
	r := mustCompile(t, `count(attempts.failed, count(attempts.failed, true) > 0) == 0`, nil).Eval(ctx, bigFacts().value)
	if r.Truth != Undetermined || r.Why[0].Reason != "the evaluation was cancelled" {
		t.Errorf("%s %v", r.Truth, r.Why)
	}
}

func TestBoundsOfSources(t *testing.T) {
	for name, source := range map[string]string{
		"brackets":           nested(150_000, "(", "1", ")"),
		"unary":              strings.Repeat("-", 200_000) + "1",
		"lists":              nested(2000, "[", "1", "]"),
		"not":                strings.Repeat("not ", 1000) + "true",
		"elvis":              nested(120, "(", "true", " ?: true)"),
		"chains":             nested(60, "(1 < ", "1", " < 2 ? 1 : 0)"),
		"chains-of-chains":   nested(60, "(1<(", "1", ")<2<3<4<5<6?1:0)"),
		"elvis-in-predicate": "any(attempts.open, " + nested(100, "(", "true", "?:true)") + ")",
		"lets":               strings.Repeat("let a = 1; ", 500) + "a",
		"nulls":              strings.Repeat("\x00", 4000),
		"open-brackets":      strings.Repeat("(", 4000),
		"open-lists":         strings.Repeat("[(", 2000),
		"open-calls":         strings.Repeat("any(", 1000),
		"predicates":         strings.Repeat("any([1], ", 400) + "true" + strings.Repeat(")", 400),
		"too-long":           strings.Repeat(" ", MaxSource) + "1",
	} {
		t.Run(name, func(t *testing.T) {
			if e, problems := Compile(source, sampleTypes(), nil); e != nil || len(problems) == 0 || len(problems[0].Message) > 600 {
				t.Errorf("it compiles, or its problem is too long: %v", problems)
			}
		})
	}
	for name, source := range map[string]string{
		"deep-brackets": nested(1500, "(", "1 > 0", ")"),
		"deep-nots":     strings.Repeat("not ", 490) + "true",
		"deep-ternary":  nested(120, "(true ? ", "true", " : true)"),
	} {
		t.Run(name, func(t *testing.T) {
			e := mustCompile(t, source, boolType)
			if r := e.Eval(t.Context(), nil); r.Truth != True {
				t.Error(r.Truth)
			}
		})
	}
}

// Values that do not have the type that their schema promised are not compared as something else, and never panic.
func TestValuesOfOtherTypes(t *testing.T) {
	values := []any{nil, "text", int64(1), 1.5, true, now(), time.Second, hresult.Code(1), []any{}, []any{nil, int64(1)}, []any{"x", 1.5},
		map[string]any{}, map[string]any{"from": 1.5, "time": "x"}, 5, uint8(1), math.NaN(), math.Inf(1), struct{}{}, Verdict(9), versionNumber{1}, []Value{}, map[string]Value{}}
	sources := []string{
		`disk.free > size(1)`, `disk.free * 2 == size(1)`, `-disk.free < size(0)`, `disk.ratio == 0.5`, `disk.volume == "C:"`, `disk.volume matches "C"`,
		`disk.volume contains "C"`, `disk.volume startsWith "C" or disk.volume endsWith "C"`, `lower(disk.volume) == "c:"`, `basename(disk.volume) == "c:"`,
		`disk.volume + "x" == "y"`, `version(info.build) > version("1")`, `source.wsus`, `not source.wsus`, `source.wsus ? true : false`,
		`source.wsus and source.wsus or source.wsus`, `source.answer_time * 2 > duration("1s")`, `now - source.answer_time > now`,
		`any(attempts.failed, .code == hresult("0x8024001E") or .started < now)`, `first(attempts.failed).title == "x"`, `last(attempts.failed).ended > now`,
		`attempts.failed[0].title == "x"`, `attempts.failed[attempts.code].title == "x"`, `len(attempts.failed) > 0`, `count(attempts.failed) > 0`,
		`max(map(attempts.failed, .started)) < now`, `min(attempts.code, 3) > 1`, `sum(attempts.failed, .size) > size(0)`, `sum(map(attempts.failed, attempts.code)) > 0`,
		`first(sortBy(attempts.failed, .started, "desc")).title == "x"`, `"x" in map(attempts.failed, .title)`, `"x" in log.patterns.stopped.lines`,
		`log.patterns.stopped.count > 0`, `any(tasks.tasks, any(.runs, .result == 1) and .hits > 1)`, `len(info.variables) > 0`, `info.variables.windir == "x"`,
		`within(now, attempts.failed[0].started, now)`, `overlaps({"from": attempts.failed[0].started, "to": now}, {"from": now, "to": now})`,
		`any(sequence(duration("1h"), map(attempts.failed, ({"time": .started})), map(attempts.failed, ({"time": .ended}))), .from < now)`,
		`sequence(source.answer_time, map(attempts.failed, ({"time": .started})), map(attempts.failed, ({"time": .ended})))`,
		`symptoms.slow`, `confirmed(causes.slow) or suspected(causes.slow)`, `known(causes.slow)`, `undetermined(disk.free)`, `given(inputs.package)`, `disk.volume ?? "x"`,
		`require(source.wsus, disk.free, "no")`, `map(attempts.failed, .runs ?? 1)`, `size(attempts.code) > size(1)`, `hresult(attempts.code) == hresult(1)`, `time(disk.volume) > now`,
		`inputs.package`, `{"a": disk.volume, "b": [disk.free]}`, `service.start_type in ["manual"]`,
	}
	names := []string{"disk.free", "disk.ratio", "disk.volume", "info.build", "info.variables", "source.wsus", "source.answer_time", "attempts.failed", "attempts.code",
		"attempts.open", "tasks.tasks", "log.patterns", "service.start_type"}
	for _, source := range sources {
		e, problems := Compile(source, sampleTypes(), nil)
		if len(problems) > 0 {
			if strings.Contains(source, ".runs ??") {
				continue
			}
			t.Fatalf("%s: %s", source, problems[0].Message)
		}
		for _, v := range values {
			for _, partial := range []string{"", "attempts~ disk~ source~ tasks~ log~"} {
				for _, name := range names {
					f := facts(partial)
					fact, field, _ := strings.Cut(name, ".")
					f.data[fact].(map[string]any)[field] = v
					check(t, e, f)
				}
				f := facts(partial)
				for _, item := range f.data["attempts"].(map[string]any)["failed"].([]any) {
					record := item.(map[string]any)
					for key := range record {
						record[key] = v
					}
				}
				check(t, e, f)
				f = facts(partial)
				f.data["attempts"].(map[string]any)["failed"] = []any{v, v}
				check(t, e, f)
				f = facts(partial)
				f.values = map[string]Value{}
				for name := range sampleTypes() {
					f.values[name] = Known(v)
				}
				for _, name := range []string{"symptoms.slow", "causes.slow", "inputs.package"} {
					f.values[name] = Known(v)
				}
				check(t, e, f)
			}
		}
	}
}

func now() time.Time { return at("12:00") }

// check evaluates, and reads all that a result offers.
func check(t *testing.T, e *Expression, f sampleFacts) {
	t.Helper()
	r := e.Eval(t.Context(), f.value)
	r.Value.Canonical()
	r.Value.Origins()
	r.Value.IsKnown()
	if show(r.Value, e.Type()) == "" {
		t.Errorf("%s: nothing is shown", e.Source())
	}
	for _, l := range r.Leaves {
		if l.Truth == Undetermined && len(l.Why) == 0 {
			t.Errorf("%s: no reason is given for %q", e.Source(), l.Source)
		}
		for _, ref := range l.Support {
			ref.Pointer()
		}
	}
}

func TestWrongDefinitionsDoNotPanic(t *testing.T) {
	for _, source := range []string{`broken > 1`, `let x = broken matches "a"; true`, `any(broken, .x)`, `known(broken)`, `sum(broken)`, `broken.x[0] ?? 1`, `let x = broken + 1; x > 2 and true`, `max(broken)`} {
		e, problems := Compile(source, sampleTypes(), nil)
		if len(problems) > 0 {
			t.Errorf("%s: %s", source, problems[0].Message)
			continue
		}
		e.Eval(t.Context(), facts("").value)
		e.Eval(t.Context(), nil)
	}
}
