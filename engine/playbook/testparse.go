package playbook

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/diag"
)

// ParseTests reads the test file of a playbook, as Parse reads the playbook.
func ParseTests(file string, src []byte) (*TestFile, diag.List) {
	f := &TestFile{File: file, Source: src}
	s, fatal := readSource(file, src)
	if fatal != nil {
		return f, fatal
	}
	r := &reader{file: file}
	if root, ok := r.readTree(s, false); ok {
		r.testFile(f, root)
	}
	return f, r.list.Sorted()
}

func (r *reader) testFile(f *TestFile, root Value) {
	if root.Kind == Invalid || root.isNull() {
		if len(r.list) == 0 {
			r.report(diag.Span{}, "missing-key", "the file is empty", "a test file holds the key `tests` with a list of tests")
		}
		return
	}
	m := r.mapping(root, "the test file", diag.Span{})
	if m == nil {
		return
	}
	m.need("tests")
	names := map[string]diag.Span{}
	m.each("tests", func(v Value) {
		test, ok := r.test(v)
		if !ok {
			return
		}
		if earlier, twice := names[test.Name.Value]; twice && test.Name.Given() {
			r.add(diag.Diagnostic{Span: test.Name.Span, Kind: "duplicate-name", Message: "two tests have this name",
				Hint: "say what is different in this one", Related: []diag.Related{{Span: earlier, Message: "the first one"}}})
		} else {
			names[test.Name.Value] = test.Name.Span
		}
		f.Tests = append(f.Tests, test)
	})
	m.finish()
}

func (r *reader) test(v Value) (Test, bool) {
	m := r.mapping(v, "a test", diag.Span{})
	if m == nil {
		return Test{}, false
	}
	t := Test{Span: v.Span, Name: m.must("name")}
	t.Bundle = m.text("bundle")
	t.Now = m.time("now")
	t.Target = m.word("target", "live", "offline")
	t.Defaults = m.word("defaults", "healthy")
	t.Inputs = m.arguments("inputs")
	t.Facts = m.facts("facts")
	for _, e := range m.entriesOf("actions") {
		t.Actions = append(t.Actions, r.testAction(e.Key, e.Value))
	}
	t.After = m.facts("after")
	t.Approve = m.approve()
	for _, e := range m.entriesOf("answers") {
		if s := r.text(e.Value, "an answer"); s != nil {
			t.Answers = append(t.Answers, Argument{Name: e.Key, Value: e.Value})
		}
	}
	t.OnFailure = m.word("on_failure", "leave", "retry", "undo")
	t.StopAfter = m.text("stop_after")
	t.Assume = m.verdicts("assume")
	t.Expect = m.expectation()
	m.need("expect")
	m.finish()
	return t, true
}

// time accepts a key whose value is a moment.
func (m *mapping) time(key string) *Scalar {
	v := m.value(key)
	if v == nil {
		return nil
	}
	if v.Kind == ScalarValue {
		if _, err := time.Parse(time.RFC3339Nano, v.Scalar.Value); err == nil {
			return &v.Scalar
		}
	}
	m.report(v.Span, "wrong-kind", fmt.Sprintf("%q must be a time", key), "write it as 2026-01-10T08:40:00Z")
	return nil
}

func (m *mapping) facts(key string) []TestFact {
	var all []TestFact
	for _, e := range m.entriesOf(key) {
		if e.Value.Kind != Invalid {
			m.checkName(e.Key)
			all = append(all, m.fact(e.Key, e.Value))
		}
	}
	return all
}

var factWords = map[string]FactState{"unknown": Unknown, "failed": Failed, "unsupported": Unsupported, "skipped": Skipped}

func (r *reader) fact(probe Scalar, v Value) TestFact {
	f := TestFact{Span: v.Span, Probe: probe}
	if v.Kind != MapValue {
		r.wrongKind(v, fmt.Sprintf("the fact %q", short(probe.Value)), "a mapping of the fields that the probe answers")
		return f
	}
	for _, e := range v.Map {
		switch state, word := factWords[e.Key.Value]; {
		case e.Key.Value == "failed" && (len(v.Map) > 1 || e.Value.Kind != ScalarValue || e.Value.Scalar.Kind != Text):
			f.field(r, e)
		case word:
			f.State = state
			f.Reason = r.text(e.Value, fmt.Sprintf("%q", short(e.Key.Value)))
			if len(v.Map) > 1 {
				r.report(e.Key.Span, "fact", fmt.Sprintf("%q stands alone: of such a fact nothing else is known", short(e.Key.Value)),
					"remove the fields beside it, or write partial: …")
			}
		case e.Key.Value == "partial":
			f.State = max(f.State, Partial)
			f.Reason = r.text(e.Value, `"partial"`)
		case e.Key.Value == "covers":
			f.State = max(f.State, Partial)
			f.Covers = r.covers(e)
		default:
			f.field(r, e)
		}
	}
	return f
}

func (f *TestFact) field(r *reader, e Entry) {
	r.traps(e.Value)
	f.Fields = append(f.Fields, e)
}

func (r *reader) covers(e Entry) *Covers {
	m := r.mapping(e.Value, `"covers"`, e.Key.Span)
	if m == nil {
		return nil
	}
	c := &Covers{From: m.time("from"), To: m.time("to")}
	if len(m.entries) == 0 {
		m.report(m.at, "missing-key", `"covers" needs a time`, "add from: … or to: …")
	}
	m.finish()
	return c
}

var behaviours = map[string]Behaviour{"succeed": Succeed, "fail": Fail, "lie": Lie, "needs_restart": NeedsRestart}

var behaviourWords = []string{"fail", "lie", "needs_restart", "succeed"}

const maxTimes = 1000

func (r *reader) testAction(uses Scalar, v Value) TestAction {
	a := TestAction{Span: v.Span, Uses: uses}
	if !usesWord.MatchString(uses.Value) {
		r.report(uses.Span, "uses", fmt.Sprintf("%q names no action", short(uses.Value)), "write plugin.action, such as file.rename")
	}
	if v.Kind == ScalarValue {
		if s := r.text(v, "what an action does"); s != nil && r.oneOf(*s, "what an action does", behaviourWords) {
			a.Behaviour = behaviours[s.Value]
		}
		return a
	}
	m := r.mapping(v, "a simulated action", uses.Span)
	if m == nil {
		return a
	}
	var first *Entry
	for _, word := range behaviourWords {
		if word == "succeed" {
			continue // it needs no reason: it is what an action does
		}
		e := m.find(word)
		if e == nil {
			continue
		}
		if first != nil {
			m.add(diag.Diagnostic{Span: e.Key.Span, Kind: "action", Message: fmt.Sprintf("an action does one thing: %s or %s", first.Key.Value, word),
				Hint: "remove one of the two", Related: []diag.Related{{Span: first.Key.Span, Message: first.Key.Value + " stands here"}}})
			continue
		}
		first = e
		a.Behaviour = behaviours[word]
		a.Reason = m.text(word)
	}
	if times := m.value("times"); times != nil {
		a.Times, _ = m.count(*times, `"times"`, maxTimes)
		if first == nil {
			m.report(m.find("times").Key.Span, "action", `"times" needs what is done so often`, "add fail: reason, lie: reason or needs_restart: reason")
		}
	}
	a.Outputs = m.entriesOf("outputs")
	for _, e := range a.Outputs {
		m.traps(e.Value)
	}
	m.finish()
	return a
}

func (m *mapping) approve() *Approve {
	v := m.value("approve")
	if v == nil {
		return nil
	}
	if v.Kind == ListValue {
		a := &Approve{Span: v.Span, IDs: m.texts("approve")}
		a.None = len(a.IDs) == 0
		return a
	}
	s := m.word("approve", "all", "none")
	if s == nil {
		return nil
	}
	return &Approve{Span: v.Span, None: s.Value == "none"}
}

var verdictWords = []string{"confirmed", "ruled out", "suspected", "undetermined"}

// spaced is a word as expressions write it, ruled_out, in the form of reports: ruled out.
func spaced(s Scalar) Scalar {
	s.Value = strings.ReplaceAll(s.Value, "_", " ")
	return s
}

// spacedWord is word for words that may be written either way.
func (m *mapping) spacedWord(key string, accepted ...string) *Scalar {
	s := m.text(key)
	if s == nil {
		return nil
	}
	word := spaced(*s)
	if !m.oneOf(word, strconv.Quote(key), accepted) {
		return nil
	}
	return &word
}

func (m *mapping) verdicts(key string) []Assumption {
	var all []Assumption
	for _, e := range m.entriesOf(key) {
		m.checkName(e.Key)
		s := m.reader.text(e.Value, "a verdict")
		if s == nil {
			continue
		}
		if word := spaced(*s); m.oneOf(word, "a verdict", verdictWords) {
			all = append(all, Assumption{Name: e.Key, Verdict: word})
		}
	}
	return all
}
