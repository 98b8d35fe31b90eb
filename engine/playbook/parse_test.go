package playbook

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const draft = "../../../shared/design/0x8024001e.draft.yaml"

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func parseGood(t *testing.T, path string) *Document {
	t.Helper()
	src := readFile(t, path)
	name := filepath.Base(path)
	d, list := Parse(name, src)
	if len(list) > 0 {
		t.Fatalf("a good playbook was refused:\n%s", render(t, name, src, list))
	}
	return d
}

func TestParseDocument(t *testing.T) {
	d := parseGood(t, "testdata/ok/disk-full.yaml")

	texts := map[string]struct {
		got  Scalar
		want string
		at   string
	}{
		"version":      {d.Version, "v1", "2:10"},
		"id":           {d.ID, "storage/disk-full", "3:5"},
		"title":        {d.Title, `The "system" drive is full`, "4:8"},
		"summary":      {*d.Summary, "Programs fail because the system drive has no free space left.", "5:10"},
		"second-code":  {d.Codes[1], "-2147024784", "8:21"},
		"article-date": {*d.Article.Date, "2025-12-01", "13:9"},
		"input-type":   {d.Inputs[0].Type, "size", "18:20"},
		"default":      {*d.Inputs[0].Default, "10GiB", "18:35"},
		"probe-name":   {d.Probes[1].Name, "big", "29:3"},
		"probe-uses":   {d.Probes[0].Uses, "disk.space", "26:11"},
		"timeout":      {*d.Probes[1].Timeout, "2m", "32:14"},
		"cause-title":  {d.Causes[0].Title, "Log files fill the drive", "62:12"},
		"risk":         {*d.Steps[3].Steps[0].Risk, "medium", "89:15"},
		"loses":        {*d.Steps[3].Loses, "The order of the log files", "99:12"},
	}
	for name, c := range texts {
		t.Run(name, func(t *testing.T) {
			if c.got.Value != c.want || c.got.Span.Start.String() != c.at {
				t.Errorf("got %q at %s, want %q at %s", c.got.Value, c.got.Span.Start, c.want, c.at)
			}
		})
	}

	t.Run("argument-kinds", func(t *testing.T) {
		kinds := map[string]Kind{"depth": Int, "ratio": Number, "deep": Bool, "code": Hex, "since": Time, "label": Text}
		for _, argument := range d.Probes[1].With {
			if want, ok := kinds[argument.Name.Value]; ok && argument.Value.Scalar.Kind != want {
				t.Errorf("%s has kind %d, want %d", argument.Name.Value, argument.Value.Scalar.Kind, want)
			}
		}
		nested := d.Probes[1].With[len(d.Probes[1].With)-1].Value
		if len(nested.List) != 2 || nested.List[0].Get("a") == nil || len(nested.List[0].Get("a").List) != 2 || nested.List[1].Kind != ListValue {
			t.Errorf("the nested value came out as %+v", nested)
		}
	})
	t.Run("whole-template-keeps-its-expression", func(t *testing.T) {
		template := d.Probes[1].With[0].Value.Template
		if template == nil || template.Whole() == nil || template.Whole().Source != "inputs.logs" || template.Whole().At(0).String() != "34:17" {
			t.Errorf("got %+v", template)
		}
	})
	t.Run("mixed-template", func(t *testing.T) {
		manual := d.Steps[1].Manual
		if manual.Whole() != nil || len(manual.Parts) != 5 {
			t.Fatalf("got %d parts", len(manual.Parts))
		}
		if got := manual.Parts[3].Expression.Source; got != `"a }} in a text"` {
			t.Errorf("second expression is %q", got)
		}
		if got := manual.Parts[4].Literal; got != " and {braces} are no end." {
			t.Errorf("last text is %q", got)
		}
		if got := d.Steps[3].Steps[0].With[1].Value.Template.Parts[0].Expression.Source; got != `({"a": {"b": "x"}}).a.b` {
			t.Errorf("an object in an expression came out as %q", got)
		}
	})
	t.Run("expression-over-lines", func(t *testing.T) {
		e := d.Let[1].Expression
		offset := len([]rune(e.Source[:strings.Index(e.Source, `"to"`)]))
		if got := e.At(offset).String(); got != "49:7" {
			t.Errorf(`"to" is placed at %s`, got)
		}
	})
	t.Run("steps", func(t *testing.T) {
		var kinds []StepKind
		for _, s := range d.Steps {
			kinds = append(kinds, s.Kind)
		}
		if len(kinds) != 4 || kinds[0] != AskStep || kinds[1] != ManualStep || kinds[2] != WaitStep || kinds[3] != GroupStep {
			t.Errorf("got %v", kinds)
		}
		group := d.Steps[3]
		if len(group.Steps) != 2 || len(group.Finally) != 1 || group.Steps[0].Retry.Times != 2 || group.Steps[0].Retry.Delay.Value != "5s" || group.Steps[1].Retry.Times != 1 {
			t.Errorf("the group came out as %+v", group)
		}
		if !d.Steps[1].Guard || d.Steps[1].Expect == nil || d.Steps[1].Unless == nil || d.Afterwards[0].When == nil {
			t.Error("a key of a step was lost")
		}
	})
	t.Run("ends", func(t *testing.T) {
		if d.Verify.Pending.Source != "false" || !d.Escalate.Bundle || d.Escalate.Say == nil || d.Applies.Healed == nil {
			t.Error("a key of the last parts was lost")
		}
	})
}

func TestParseDraft(t *testing.T) {
	if _, err := os.Stat(draft); err != nil {
		t.Skip("the draft playbook is not beside this checkout")
	}
	d := parseGood(t, draft)
	if len(d.Probes) != 14 || len(d.Let) != 10 || len(d.Causes) != 8 || len(d.Steps) != 10 || len(d.Afterwards) != 1 {
		t.Errorf("got %d probes, %d values, %d causes, %d steps", len(d.Probes), len(d.Let), len(d.Causes), len(d.Steps))
	}
}

func TestParseTestFile(t *testing.T) {
	src := readFile(t, "testdata/ok/disk-full_test.yaml")
	f, list := ParseTests("disk-full_test.yaml", src)
	if len(list) > 0 {
		t.Fatalf("a good test file was refused:\n%s", render(t, "disk-full_test.yaml", src, list))
	}
	test := f.Tests[0]
	states := map[string]FactState{"disk": Observed, "big": Partial, "reach": Observed, "tries": Observed, "gone": Failed, "info": Unsupported, "boots": Unknown, "more": Skipped}
	if len(test.Facts) != len(states) {
		t.Errorf("got %d facts", len(test.Facts))
	}
	for _, fact := range test.Facts {
		if fact.State != states[fact.Probe.Value] {
			t.Errorf("%s has state %d, want %d", fact.Probe.Value, fact.State, states[fact.Probe.Value])
		}
	}
	big := test.Facts[1]
	if big.Reason == nil || big.Covers == nil || big.Covers.From == nil || big.Covers.To != nil || len(big.Fields) != 2 {
		t.Errorf("the partial fact came out as %+v", big)
	}
	if others := big.Fields[1].Value; len(others.List) != 1 || others.List[0].Get("size").Scalar.Value != "6" {
		t.Errorf("the alias came out as %+v", others)
	}
	if text := test.Facts[0].Fields[2].Value; text.Template != nil || text.Scalar.Value != "${{ is text here" {
		t.Errorf("a text of a fact was taken for a template: %+v", text)
	}
	actions := test.Actions
	if actions[0].Behaviour != Fail || actions[0].Times != 2 || actions[0].Reason.Value != "sharing violation" ||
		actions[1].Behaviour != Lie || len(actions[2].Outputs) != 1 || actions[3].Behaviour != NeedsRestart {
		t.Errorf("the actions came out as %+v", actions)
	}
	if test.Approve.None || len(test.Approve.IDs) != 1 || !f.Tests[1].Approve.None {
		t.Error("approve was misread")
	}
	expect := test.Expect
	if expect.Causes[0].Verdict.Value != "confirmed" || len(*expect.PlanExactly) != 3 || expect.OtherFailures == nil || len(*expect.OtherFailures) != 0 ||
		expect.Outcome.Value != "fixed after restart" || f.Tests[1].Expect.PlanExactly != nil {
		t.Errorf("expect came out as %+v", expect)
	}
	if len(expect.Did) != 3 || expect.Did[2].Value != "clean[2]" || len(expect.DidNot) != 1 || len(expect.Failed) != 1 || len(expect.Left) != 1 ||
		expect.Changed.Value != "false" || expect.Stopped.Value != "cancelled" || expect.Escalates.Value != "true" || len(expect.Undone) != 1 || len(expect.UndoDid) != 2 {
		t.Errorf("expect came out as %+v", expect)
	}
	if test.OnFailure.Value != "retry" || test.StopAfter.Value != "file.rename" || f.Tests[1].OnFailure != nil {
		t.Errorf("what the operator does came out as %v, %v", test.OnFailure, test.StopAfter)
	}
}

func TestPartialDocument(t *testing.T) {
	src := []byte("rectify: v1\nid: a/b\ntitle: A\nprobes:\n  one: {uses: disk.space, oops: 1}\n  two: {uses: 5}\nsteps:\n  - uses: a.b\n  - text\n")
	d, list := Parse("p.yaml", src)
	if !list.HasErrors() {
		t.Fatal("nothing was reported")
	}
	if d.Title.Value != "A" || len(d.Probes) != 2 || d.Probes[0].Uses.Value != "disk.space" || d.Probes[1].Uses.Given() || len(d.Steps) != 1 {
		t.Errorf("the readable part is %+v", d)
	}
}

func TestLimits(t *testing.T) {
	cases := map[string]struct {
		src  string
		kind string
	}{
		"too-many-bytes":     {"title: " + strings.Repeat("a", MaxBytes), "too-large"},
		"deep-flow":          {"a: " + strings.Repeat("[", 20_000), "too-deep"},
		"deep-blocks":        {strings.Repeat("- ", 20_000), "too-deep"},
		"deep-closed":        {"a: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000), "too-deep"},
		"depth-by-aliases":   {deepAliases(), "too-deep"},
		"many-nodes":         {"a: [" + strings.Repeat("1,", MaxNodes) + "1]", "too-large"},
		"many-wrong-keys":    {"rectify: v1\n" + manyKeys(5000), "too-many"},
		"error-in-long-file": {"rectify: v1\n" + manyKeys(60_000) + "a: b: c\n", "syntax"},
		"panicking-library":  {"<<: {[a]: b}\nx: y\n", "merge-key"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, list := Parse("p.yaml", []byte(c.src))
			for _, d := range list {
				if d.Kind == c.kind {
					return
				}
			}
			t.Errorf("no %s among %d diagnostics", c.kind, len(list))
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("9", i%11) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + ": x\n")
	}
	return b.String()
}

func deepAliases() string {
	nest := func(inner string) string { return strings.Repeat("[", 30) + inner + strings.Repeat("]", 30) }
	return "a: &a " + nest("x") + "\nb: &b " + nest("*a") + "\nc: " + nest("*b") + "\n"
}

func TestUTF16IsExplained(t *testing.T) {
	for name, src := range map[string][]byte{
		"little-endian": {0xff, 0xfe, 'r', 0}, "big-endian": {0xfe, 0xff, 0, 'r'}, "without-mark": {'r', 0, 'e', 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, list := Parse("p.yaml", src)
			if len(list) != 1 || list[0].Kind != "encoding" || !strings.Contains(list[0].Hint, "UTF-8") {
				t.Errorf("got %v", list)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	src := readFile(b, "testdata/ok/disk-full.yaml")
	if big, err := os.ReadFile(draft); err == nil {
		src = big
	}
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, list := Parse("p.yaml", src); list.HasErrors() {
			b.Fatal(list)
		}
	}
}

func BenchmarkSyntaxError(b *testing.B) {
	src := append(readFile(b, "testdata/ok/disk-full.yaml"), "a: b: c\n"...)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, list := Parse("p.yaml", src); !list.HasErrors() {
			b.Fatal("no error")
		}
	}
}

func TestExpectationIsAbout(t *testing.T) {
	tests := map[string]struct {
		expect     string
		run, undid bool
	}{
		"a-verdict": {expect: "{applies: confirmed, symptoms: {a: confirmed}}"},
		"a-plan":    {expect: "{plan: [a], never: [b]}"},
		"an-end":    {expect: "{outcome: fixed}", run: true},
		"no-change": {expect: "{changed: false}", run: true},
		"a-deed":    {expect: "{did_not: [a]}", run: true},
		"an-undo":   {expect: "{undone: [a]}", run: true, undid: true},
		"its-way":   {expect: "{undo_did: [a]}", run: true, undid: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f, list := ParseTests("a_test.yaml", []byte("tests:\n  - name: one\n    expect: "+test.expect+"\n"))
			if len(list) > 0 {
				t.Fatal(list)
			}
			if e := f.Tests[0].Expect; e.OfRun() != test.run || e.Undo() != test.undid {
				t.Errorf("it is about a run: %v, about an undo: %v", e.OfRun(), e.Undo())
			}
		})
	}
}
