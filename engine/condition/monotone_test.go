package condition

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk/schema"
)

// What is decided on facts that are known in part must be the same on every completion of them. This test makes random
// expressions and random partial knowledge of a machine, and compares with completions: more records, higher counts,
// any value for what was unknown.

// writer makes random well-typed expressions over the sample scope, without the questions known, undetermined and
// those of verdicts: these are about what is known, and change with it on purpose.
type writer struct {
	*rand.Rand
	depth int
	items []*schema.Type
}

func (w *writer) pick(choices ...string) string { return choices[w.IntN(len(choices))] }

func (w *writer) format(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func (w *writer) boolean() string {
	if w.depth++; w.depth > 5 {
		defer func() { w.depth-- }()
		return w.pick("source.wsus", "true", "false", "symptoms.open", "symptoms.slow", w.comparison())
	}
	defer func() { w.depth-- }()
	switch w.IntN(14) {
	case 0, 1:
		return w.format("(%s and %s)", w.boolean(), w.boolean())
	case 2, 3:
		return w.format("(%s or %s)", w.boolean(), w.boolean())
	case 4:
		return w.format("not (%s)", w.boolean())
	case 5:
		return w.format("(%s ? %s : %s)", w.boolean(), w.boolean(), w.boolean())
	case 6, 7, 8:
		list, elem := w.list()
		return w.format("%s(%s, %s)", w.pick("any", "all", "none", "one"), list, w.over(elem, w.boolean))
	case 9:
		return w.format("(let v = %s; %s)", w.number(), w.format("v %s %s", w.order(), w.number()))
	case 10:
		return w.format("within(%s, %s, %s)", w.time(), w.time(), w.time())
	case 11:
		list, elem := w.list()
		return w.format("%s in map(%s, %s)", w.number(), list, w.over(elem, w.number))
	case 12:
		return w.format("require(%s, %s, \"no\")", w.boolean(), w.boolean())
	}
	return w.comparison()
}

func (w *writer) order() string { return w.pick("==", "!=", "<", "<=", ">", ">=") }

func (w *writer) comparison() string {
	switch w.IntN(5) {
	case 0:
		return w.format("%s %s %s", w.text(), w.pick("==", "!=", "contains", "startsWith", "<"), w.text())
	case 1:
		return w.format("%s %s %s", w.time(), w.order(), w.time())
	}
	return w.format("%s %s %s", w.number(), w.order(), w.number())
}

func (w *writer) number() string {
	w.depth++
	defer func() { w.depth-- }()
	if w.depth <= 5 {
		list, elem := w.list()
		switch w.IntN(8) {
		case 0:
			return w.format("len(%s)", list)
		case 1:
			return w.format("count(%s, %s)", list, w.over(elem, w.boolean))
		case 2:
			return w.format("sum(%s, %s)", list, w.over(elem, w.number))
		case 3:
			return w.format("%s(map(%s, %s))", w.pick("min", "max"), list, w.over(elem, w.number))
		case 4:
			return w.format("(%s %s %s)", w.number(), w.pick("+", "-", "*"), w.number())
		case 5:
			return w.format("len(sequence(duration(\"90m\"), %s, %s))", w.timed(), w.timed())
		}
	}
	choices := []string{"0", "1", "2", "3", "log.patterns.stopped.count", "log.patterns.timed_out.count", "attempts.total", "attempts.code"}
	if item := w.item(); item != nil {
		for _, f := range item.Fields {
			switch {
			case f.Type.Kind == schema.Int && f.Required:
				choices = append(choices, "."+f.Name, "."+f.Name)
			case f.Type.Kind == schema.Int:
				choices = append(choices, "."+f.Name, "(."+f.Name+" ?? 1)")
			}
		}
	}
	return w.pick(choices...)
}

func (w *writer) timed() string {
	list, elem := w.list()
	name := ""
	for _, f := range elem.Fields {
		if f.Type.Kind == schema.Time && (name == "" || w.IntN(2) == 0) {
			name = f.Name
		}
	}
	if name == "" {
		return w.format("map(%s, ({\"time\": now}))", list)
	}
	return w.format("map(%s, ({\"time\": .%s}))", list, name)
}

func (w *writer) text() string {
	choices := []string{`"a"`, `"b"`, `disk.volume`, `source.server`, `(disk.volume ?? "a")`, `lower(source.server)`}
	if item := w.item(); item != nil {
		for _, f := range item.Fields {
			if (f.Type.Kind == schema.Text || f.Type.Kind == schema.Path) && len(f.Type.Enum) == 0 {
				choices = append(choices, "."+f.Name, "."+f.Name)
			}
		}
	}
	return w.pick(choices...)
}

func (w *writer) time() string {
	choices := []string{"now", `(now - duration("1h"))`, "first(attempts.open).started"}
	if item := w.item(); item != nil {
		for _, f := range item.Fields {
			if f.Type.Kind == schema.Time {
				choices = append(choices, "."+f.Name, "."+f.Name)
			}
		}
	}
	return w.pick(choices...)
}

func (w *writer) item() *schema.Type {
	if len(w.items) == 0 {
		return nil
	}
	return w.items[len(w.items)-1]
}

func (w *writer) over(elem *schema.Type, body func() string) string {
	w.items = append(w.items, elem)
	defer func() { w.items = w.items[:len(w.items)-1] }()
	return body()
}

func (w *writer) list() (string, *schema.Type) {
	types := sampleTypes()
	source, t := w.pick("attempts.failed", "attempts.open"), types["attempts"].Fields[0].Type
	if w.IntN(2) == 0 {
		source, t = "tasks.tasks", types["tasks"].Fields[0].Type
	}
	if item := w.item(); item != nil && w.IntN(2) == 0 {
		if runs, ok := item.Field("runs"); ok {
			source, t = ".runs", runs.Type
		}
	}
	if w.depth < 4 {
		w.depth++
		defer func() { w.depth-- }()
		switch w.IntN(6) {
		case 0:
			source = w.format("filter(%s, %s)", source, w.over(t.Elem, w.boolean))
		case 1:
			source = w.format("sortBy(%s, %s)", source, w.over(t.Elem, w.number))
		}
	}
	return source, t.Elem
}

// machine makes random data of a type; absent fields are left out now and then.
func machine(r *rand.Rand, t *schema.Type) any {
	switch t.Kind {
	case schema.Text, schema.Path:
		if len(t.Enum) > 0 {
			return t.Enum[r.IntN(len(t.Enum))]
		}
		return []string{"a", "b", "ab"}[r.IntN(3)]
	case schema.Int, schema.Size:
		return int64(r.IntN(4))
	case schema.Number:
		return float64(r.IntN(4)) / 2
	case schema.Bool:
		return r.IntN(2) == 0
	case schema.Time:
		return at("08:00").Add(time.Duration(r.IntN(8)) * 30 * time.Minute)
	case schema.Duration:
		return time.Duration(r.IntN(4)) * time.Second
	case schema.List:
		items := []any{}
		for range r.IntN(3) {
			items = append(items, machine(r, t.Elem))
		}
		return items
	case schema.Object:
		out := map[string]any{}
		for _, f := range t.Fields {
			if f.Required || r.IntN(3) > 0 {
				out[f.Name] = machine(r, f.Type)
			}
		}
		return out
	case schema.HResult:
		return sampleData()["attempts"].(map[string]any)["failed"].([]any)[0].(map[string]any)["code"]
	}
	return map[string]any{}
}

// grown is what more data could make of the value of a partial fact. Single values of the fact itself become anything;
// in a record only its lists and growing counts grow.
func grown(r *rand.Rand, t *schema.Type, v any, record bool) any {
	switch x := v.(type) {
	case []any:
		out := []any{}
		for _, item := range x {
			for r.IntN(4) == 0 {
				out = append(out, machine(r, t.Elem))
			}
			out = append(out, grown(r, t.Elem, item, true))
		}
		for r.IntN(2) == 0 {
			out = append(out, machine(r, t.Elem))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, f := range t.Fields {
			have, ok := x[f.Name]
			switch {
			case ok:
				out[f.Name] = grown(r, f.Type, have, record)
			case !record && r.IntN(2) == 0:
				out[f.Name] = machine(r, f.Type)
			}
		}
		return out
	case int64:
		if t.Grows {
			return x + int64(r.IntN(3))
		}
	}
	if record {
		return v
	}
	return machine(r, t)
}

// knowledge is what is known of a machine, and a way to complete it.
type knowledge struct {
	r     *rand.Rand
	types Types
	facts sampleFacts
}

func randomKnowledge(r *rand.Rand) knowledge {
	k := knowledge{r: r, types: sampleTypes(), facts: facts("")}
	for _, name := range []string{"attempts", "tasks", "log", "disk", "source"} {
		k.facts.data[name] = machine(r, k.types[name])
		switch r.IntN(4) {
		case 0:
			k.facts.unknown[name] = true
		case 1:
			k.facts.partial[name] = true
		case 2:
			k.miss(name)
		}
	}
	return k
}

// miss lets a random optional field be one that could not be filled.
func (k knowledge) miss(name string) {
	if name == "disk" || name == "source" {
		field := map[string]string{"disk": "volume", "source": "server"}[name]
		delete(k.facts.data[name].(map[string]any), field)
		k.facts.missing[name] = map[string]Why{"/" + field: {Fact: name, Reason: "not filled"}}
	}
	if name == "attempts" {
		for i, item := range k.facts.data[name].(map[string]any)["failed"].([]any) {
			if k.r.IntN(2) == 0 {
				delete(item.(map[string]any), "ended")
				k.facts.missing[name] = map[string]Why{fmt.Sprintf("/failed/%d/ended", i): {Fact: name, Reason: "not filled"}}
			}
		}
	}
}

func (k knowledge) complete() sampleFacts {
	full := facts("")
	full.data = maps.Clone(k.facts.data)
	for _, name := range []string{"attempts", "tasks", "log", "disk", "source"} {
		switch {
		case k.facts.unknown[name]:
			full.data[name] = machine(k.r, k.types[name])
		case k.facts.partial[name]:
			full.data[name] = grown(k.r, k.types[name], k.facts.data[name], false)
		}
		for pointer := range k.facts.missing[name] {
			fact := maps.Clone(full.data[name].(map[string]any))
			full.data[name] = fact
			if name != "attempts" {
				fact[pointer[1:]] = machine(k.r, textType)
				continue
			}
			failed := slices.Clone(fact["failed"].([]any))
			var i int
			if _, err := fmt.Sscanf(pointer, "/failed/%d/ended", &i); err != nil {
				panic(err)
			}
			record := maps.Clone(failed[i].(map[string]any))
			record["ended"], failed[i], fact["failed"] = machine(k.r, timeType), record, failed
		}
	}
	full.values = map[string]Value{}
	for _, name := range []string{"symptoms.open"} {
		full.values[name] = OfVerdict([]Verdict{Confirmed, RuledOut, Suspected}[k.r.IntN(3)])
	}
	return full
}

func TestDecisionsHoldOnEveryCompletion(t *testing.T) {
	expressions, decided, open := 1500, 0, 0
	if testing.Short() {
		expressions = 300
	}
	for seed := range uint64(expressions) {
		r := rand.New(rand.NewPCG(seed, 1))
		source := (&writer{Rand: r}).boolean()
		e, problems := Compile(source, sampleTypes(), boolType)
		if len(problems) > 0 {
			if len(source) <= MaxSource && problems[0].Message != fmt.Sprintf("the expression has more than %d parts", MaxNodes) {
				t.Fatalf("seed %d: %s: %s", seed, source, problems[0].Message)
			}
			continue
		}
		for range 4 {
			k := randomKnowledge(r)
			before := e.Eval(t.Context(), k.facts.value)
			if before.Truth == Undetermined {
				open++
				continue
			}
			decided++
			for range 6 {
				full := k.complete()
				after := e.Eval(t.Context(), full.value)
				// What stays open on full knowledge (absent data, a division by zero, an undecided symptom) must not have
				// been decided before either.
				if after.Truth != before.Truth {
					t.Fatalf("seed %d: %s\nis %s on %v (unknown %v, partial %v, missing %v)\nand %s on %v because of %v", seed, source,
						before.Truth, k.facts.data, k.facts.unknown, k.facts.partial, k.facts.missing, after.Truth, full.data, after.Why)
				}
			}
		}
	}
	if decided < expressions/2 || open < expressions/2 {
		t.Errorf("%d decided and %d open: the test says little", decided, open)
	}
}
