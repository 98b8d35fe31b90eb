package condition

import (
	"context"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// The sample scope: what the expressions of the tests and of docs/expressions.md look at.

func required(name string, t *schema.Type) schema.Field {
	return schema.Field{Name: name, Type: t, Required: true}
}
func optional(name string, t *schema.Type) schema.Field { return schema.Field{Name: name, Type: t} }

func sampleTypes() Types {
	grows := &schema.Type{Kind: schema.Int, Grows: true}
	phase := &schema.Type{Kind: schema.Text, Enum: []string{"download", "install"}}
	attempt := schema.ObjectOf(
		required("title", textType), optional("kb", textType), required("phase", phase), optional("code", hresultType),
		required("started", timeType), optional("ended", timeType), optional("size", sizeType),
	)
	run := schema.ObjectOf(required("started", timeType), optional("result", intType))
	task := schema.ObjectOf(
		required("path", schema.Of(schema.Path)), optional("command", textType), required("user", textType),
		required("hits", grows), required("runs", schema.ListOf(run)),
	)
	pattern := schema.ObjectOf(required("count", grows), required("lines", schema.ListOf(textType)))
	verdicts := schema.ObjectOf(required("slow", VerdictType), required("broken", VerdictType), required("open", VerdictType))
	return Types{
		"now": timeType,
		"attempts": schema.ObjectOf(required("failed", schema.ListOf(attempt)), required("open", schema.ListOf(attempt)),
			required("total", grows), required("code", intType)),
		"tasks":    schema.ObjectOf(required("tasks", schema.ListOf(task))),
		"log":      schema.ObjectOf(required("patterns", schema.ObjectOf(required("stopped", pattern), required("timed_out", pattern)))),
		"disk":     schema.ObjectOf(required("free", sizeType), optional("volume", textType), required("ratio", numberType)),
		"source":   schema.ObjectOf(required("wsus", boolType), optional("server", textType), required("answer_time", durationType)),
		"info":     schema.ObjectOf(required("build", textType), required("data", anyType), required("variables", &schema.Type{Kind: schema.Map, Elem: textType})),
		"service":  schema.ObjectOf(required("start_type", &schema.Type{Kind: schema.Text, Enum: []string{"automatic", "disabled", "manual"}})),
		"symptoms": verdicts,
		"causes":   verdicts,
		"inputs": schema.ObjectOf(required("since", durationType), required("min_free", sizeType),
			optional("package", schema.Of(schema.Path)), optional("names", schema.ListOf(textType))),
		"broken": nil,
	}
}

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", "2026-01-10T"+clock)
	if err != nil {
		panic(err)
	}
	return t
}

func sampleAttempt(title, phase string, started, ended string) map[string]any {
	return map[string]any{"title": title, "kb": "KB5000803", "phase": phase, "code": hresult.Code(0x8024001E),
		"started": at(started), "ended": at(ended), "size": int64(1 << 20)}
}

func sampleTask(path string, hits int64, runs ...string) map[string]any {
	var list []any
	for _, r := range runs {
		list = append(list, map[string]any{"started": at(r), "result": int64(0)})
	}
	return map[string]any{"path": path, "command": "cmd /c net stop wuauserv", "user": "S-1-5-18", "hits": hits, "runs": list}
}

// sampleData is a machine about which everything is known.
func sampleData() map[string]any {
	failed := []any{sampleAttempt("Cumulative Update", "install", "08:40", "09:00"), sampleAttempt("Driver", "download", "10:00", "10:20")}
	noKB := sampleAttempt("No number", "download", "11:00", "11:10")
	for _, f := range []string{"kb", "code", "ended", "size"} {
		delete(noKB, f)
	}
	failed = append(failed, noKB)
	return map[string]any{
		"now":      at("12:00"),
		"attempts": map[string]any{"failed": failed, "open": []any{failed[0]}, "total": int64(3), "code": int64(7)},
		"tasks":    map[string]any{"tasks": []any{sampleTask(`\Contoso\Clean`, 2, "08:50", "10:10"), sampleTask(`\Microsoft\Windows\Idle`, 0)}},
		"log": map[string]any{"patterns": map[string]any{
			"stopped":   map[string]any{"count": int64(2), "lines": []any{"a stop", "a STOP"}},
			"timed_out": map[string]any{"count": int64(0), "lines": []any{}}}},
		"disk":    map[string]any{"free": int64(8 << 30), "volume": "C:", "ratio": 0.25},
		"source":  map[string]any{"wsus": true, "server": "http://wsus:8530", "answer_time": 3 * time.Second},
		"info":    map[string]any{"build": "10.0.19045.3570", "data": map[string]any{"x": int64(1)}, "variables": map[string]any{"windir": `C:\Windows`}},
		"service": map[string]any{"start_type": "manual"},
	}
}

// sampleFacts says how facts differ from being known in full.
type sampleFacts struct {
	data    map[string]any
	unknown map[string]bool
	partial map[string]bool
	missing map[string]map[string]Why
	values  map[string]Value
}

func (f sampleFacts) value(name string) Value {
	if v, ok := f.values[name]; ok {
		return v
	}
	switch name {
	case "symptoms.slow", "causes.slow":
		return OfVerdict(Confirmed)
	case "symptoms.broken", "causes.broken":
		return OfVerdict(RuledOut)
	case "symptoms.open", "causes.open":
		return OfVerdict(VerdictUndetermined, Why{Fact: "tasks", Reason: "no log"})
	case "inputs.since":
		return Known(30 * 24 * time.Hour)
	case "inputs.min_free":
		return Known(int64(10 << 30))
	case "inputs.package", "inputs.names":
		return Absent()
	}
	if f.unknown[name] {
		return Unknown(Why{Fact: name, Reason: name + " cannot be read"})
	}
	o := &Origin{Name: name, Missing: f.missing[name]}
	if f.partial[name] {
		o.Partial = []Why{{Fact: name, Reason: name + " is younger"}}
	}
	return FromFact(o, f.data[name])
}

func mustCompile(t testing.TB, source string, want *schema.Type) *Expression {
	t.Helper()
	e, problems := Compile(source, sampleTypes(), want)
	if len(problems) > 0 {
		t.Fatalf("%s: %s (%s)", source, problems[0].Message, problems[0].Hint)
	}
	return e
}

func evalSample(t testing.TB, source string, f sampleFacts) Result {
	t.Helper()
	return mustCompile(t, source, nil).Eval(context.Background(), f.value)
}
