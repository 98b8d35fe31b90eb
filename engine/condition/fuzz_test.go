package condition

import (
	"os"
	"regexp"
	"testing"
)

func FuzzCompile(f *testing.F) {
	for _, source := range draftExpressions {
		f.Add(source)
	}
	for _, source := range []string{
		`any(tasks.tasks, let task = #; any(task.runs, within(.started, now - duration("1h"), now)))`,
		`first(sortBy(attempts.failed, .started, "desc"))?.title ?? "none"`,
		`sum(attempts.failed, .size) / 2 + size("1GiB") * 1.5 - disk.free % 7`,
		`len(sequence(duration("30m"), map(attempts.open, ({"time": .ended})), map(tasks.tasks, ({"time": now})))) > 0`,
		`require(given(inputs.package), known(disk) ? {"a": [1, 2.5]} : {"a": [3]}, "no")`,
		`not (disk.volume matches "^(C|D):$") and 1 < 2 < 3 ?: nil | any(#acc) ; $env[1:2]..3`,
		`overlaps({"from": now, "to": now}, {"from": now - duration("1h"), "to": now})`,
		`version(info.build) >= version("10.0") and max(1, attempts.code, 3) in [1, 2] and "Ü" < 'x' + ` + "`y`",
	} {
		f.Add(source)
	}
	states := []sampleFacts{facts(""), facts("disk? tasks? log? attempts?"), facts("attempts~ tasks~ log~ disk~ source~"), facts("disk!/volume attempts!/failed/2/kb source?")}
	f.Fuzz(func(t *testing.T, source string) {
		e, problems := Compile(source, sampleTypes(), nil)
		if (e == nil) == (len(problems) == 0) {
			t.Fatalf("neither an expression nor a problem, or both: %v", problems)
		}
		runes := len([]rune(source))
		for _, p := range problems {
			if p.Message == "" || p.From < 0 || p.From > p.To || p.From > runes {
				t.Fatalf("%d..%d of %d: %q", p.From, p.To, runes, p.Message)
			}
		}
		if e == nil {
			return
		}
		for _, s := range states {
			check(t, e, s)
		}
	})
}

// draftExpressions are conditions as playbooks have them, over the sample scope.
var draftExpressions = []string{
	`len(attempts.failed) > 0 or log.patterns.stopped.count > 0 or log.patterns.timed_out.count > 0`,
	`len(attempts.failed) > 0 and len(attempts.open) == 0`,
	`any(attempts.open, .phase == "download") or log.patterns.stopped.count > 0`,
	`map(attempts.open, ({"from": .started - duration("2m"), "to": .ended + duration("5m")}))`,
	`filter(tasks.tasks, not (lower(.path) startsWith "\\microsoft\\"))`,
	`filter(tasks.tasks, lower(.command) matches "\\b(wuauserv|bits|usosvc|softwaredistribution|shutdown)\\b")`,
	`filter(tasks.tasks, let task = #; any(task.runs, let run = #; any(attempts.open, within(.started, run.started - duration("10m"), run.started))) and (task.hits > 1 or task.user == "S-1-5-18"))`,
	`source.wsus and (log.patterns.timed_out.count > 0 or len(sequence(duration("30m"), map(attempts.open, ({"time": .ended})), map(attempts.failed, ({"time": .started})))) > 0)`,
	`log.patterns.stopped.count > 0 and not (known(len(tasks.tasks) > 0) and len(tasks.tasks) > 0)`,
	`disk.free < inputs.min_free`,
	`any(attempts.failed, .code == hresult("0x80246002")) or log.patterns.stopped.count > 0`,
	`service.start_type == "disabled"`,
	`confirmed(causes.slow) ? attempts.open : attempts.failed`,
	`require(len(attempts.open) > 0, source.wsus, "no failed update is known by its id")`,
}

func BenchmarkCompile(b *testing.B) {
	types, bytes := sampleTypes(), 0
	for _, source := range draftExpressions {
		bytes += len(source)
	}
	b.SetBytes(int64(bytes))
	for b.Loop() {
		for _, source := range draftExpressions {
			if _, problems := Compile(source, types, nil); len(problems) > 0 {
				b.Fatal(problems[0].Message)
			}
		}
	}
}

func BenchmarkEval(b *testing.B) {
	var compiled []*Expression
	for _, source := range draftExpressions {
		compiled = append(compiled, mustCompile(b, source, nil))
	}
	f := facts("")
	b.ResetTimer()
	for b.Loop() {
		for _, e := range compiled {
			e.Eval(b.Context(), f.value)
		}
	}
}

// BenchmarkEvalManyRecords evaluates a condition over 3000 records.
func BenchmarkEvalManyRecords(b *testing.B) {
	e := mustCompile(b, `count(attempts.failed, .phase == "install" and .code == hresult("0x8024001E") and not (.title contains "Driver")) > 0`, nil)
	f := bigFacts()
	for b.Loop() {
		if r := e.Eval(b.Context(), f.value); r.Truth != True {
			b.Fatal(r.Why)
		}
	}
}

// fenced finds the examples of a document: blocks of ```expr, one expression a paragraph.
var fenced = regexp.MustCompile("(?s)```expr\n(.*?)```")

// The reference for playbook authors is tested: each of its examples compiles over the sample scope and, where it ends
// in a comment with a value, has that value.
func TestReferenceExamples(t *testing.T) {
	doc, err := os.ReadFile("../../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	runExamples(t, string(doc))
}
