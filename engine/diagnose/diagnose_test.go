package diagnose_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
)

type (
	nothing struct{}
	answer  struct {
		OK bool `json:"ok"`
	}
	failures struct {
		Failed []failure `json:"failed"`
	}
	failure struct {
		Code  hresult.Code `json:"code,omitempty"`
		Title string       `json:"title,omitempty"`
		Ended time.Time    `json:"ended,omitzero"`
	}
)

func probe[Out any](name string) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{Name: name, Summary: "Looks"}, func(context.Context, *sdk.Call, nothing) (sdk.Reading[Out], error) {
		panic("no plugin is called here")
	})
}

var now = time.Date(2026, 1, 16, 11, 0, 0, 0, time.UTC)

// checked is a playbook over the probes w, s, h and extra, which answer ok, and fails, which lists failures.
func checked(t *testing.T, rest string) *check.Playbook {
	t.Helper()
	doc, list := playbook.Parse("p.yaml", []byte(`rectify: v1
id: sample/p
title: The title
summary: What is concluded.
codes: [0x80070070]
probes:
  w: {uses: sample.ask}
  s: {uses: sample.ask}
  h: {uses: sample.ask}
  extra: {uses: sample.ask}
  fails: {uses: sample.fails}
`+rest))
	if list.HasErrors() {
		t.Fatal(list)
	}
	p, list := check.Check(doc, check.NewPluginCatalog(sdk.Plugin{Name: "sample", Version: "1.0.0", Summary: "Looks", Probes: []sdk.Probe{probe[answer]("ask"), probe[failures]("fails")}}))
	if list.HasErrors() {
		t.Fatal(list)
	}
	return p
}

// readings answers by the name of the probe; one that is not there has failed.
type readings map[string]fact.Reading

func (r readings) Observe(_ context.Context, call fact.Call) fact.Reading {
	if x, ok := r[call.Probe.Name]; ok {
		return x
	}
	return fact.Reading{Status: fact.Failed, Reason: "access denied", Settle: "run as administrator"}
}

// say is the reading that makes `NAME.ok` come to a truth.
func say(t condition.Truth) fact.Reading {
	if t == condition.Undetermined {
		return fact.Reading{Status: fact.Failed, Reason: "access denied"}
	}
	return fact.Reading{Status: fact.Observed, Value: map[string]any{"ok": t == condition.True}}
}

var truths = []condition.Truth{condition.True, condition.False, condition.Undetermined}

func TestVerdicts(t *testing.T) {
	p := checked(t, `symptoms:
  both: {title: Both, when: w.ok, suspect: s.ok}
  only_when: {title: Only when, when: w.ok}
causes:
  rests: {title: Rests on a symptom, when: symptoms.both, suspect: suspected(symptoms.both)}
  asks: {title: Asks for the verdict, when: confirmed(symptoms.both) or ruled_out(symptoms.both)}
  open: {title: Asks for what is open, when: undetermined(symptoms.both)}
`)
	// when, suspect: both, missing of both, only_when, rests, asks, open
	want := map[string]string{
		"true true":                 "confirmed [] confirmed confirmed confirmed ruled out",
		"true false":                "confirmed [] confirmed confirmed confirmed ruled out",
		"true undetermined":         "confirmed [] confirmed confirmed confirmed ruled out",
		"false true":                "suspected [] ruled out suspected ruled out ruled out",
		"false false":               "ruled out [] ruled out ruled out confirmed ruled out",
		"false undetermined":        "undetermined [s] ruled out undetermined ruled out confirmed",
		"undetermined true":         "suspected [w] undetermined suspected ruled out ruled out",
		"undetermined false":        "undetermined [w] undetermined undetermined ruled out confirmed",
		"undetermined undetermined": "undetermined [w s] undetermined undetermined ruled out confirmed",
	}
	for _, when := range truths {
		for _, suspect := range truths {
			name := when.String() + " " + suspect.String()
			t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
				r := diagnose.Run(t.Context(), p, readings{"w": say(when), "s": say(suspect)}, nil, now, nil)
				var missing []string
				for _, w := range r.Symptoms[0].Missing {
					missing = append(missing, w.Fact)
				}
				verdicts := []string{r.Symptoms[0].Verdict.String(), fmt.Sprint(missing), r.Symptoms[1].Verdict.String()}
				for _, c := range r.Causes {
					verdicts = append(verdicts, c.Verdict.String())
				}
				if got := strings.Join(verdicts, " "); got != want[name] {
					t.Errorf("got  %s\nwant %s", got, want[name])
				}
			})
		}
	}
}

func TestOutcomes(t *testing.T) {
	const causes = "causes:\n  c: {title: C, when: extra.ok}\n"
	// applies, healed: outcome; "-" is one that the playbook does not ask about
	want := map[string]diagnose.Outcome{
		"true true": diagnose.Transient, "true false": diagnose.Seen, "true undetermined": diagnose.Seen, "true -": diagnose.Seen,
		"false true": diagnose.NotSeen, "false false": diagnose.NotSeen, "false undetermined": diagnose.NotSeen, "false -": diagnose.NotSeen,
		"undetermined true": diagnose.Transient, "undetermined false": diagnose.Unclear, "undetermined undetermined": diagnose.Unclear, "undetermined -": diagnose.Unclear,
		"- -": diagnose.Seen,
	}
	for name, want := range want {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			applies, healed, _ := strings.Cut(name, " ")
			rest, answers := "", readings{"extra": say(condition.True)}
			if applies != "-" {
				rest = "applies:\n  when: w.ok\n"
				answers["w"] = say(truth(applies))
			}
			if healed != "-" {
				rest += "  healed: h.ok\n"
				answers["h"] = say(truth(healed))
			}
			r := diagnose.Run(t.Context(), checked(t, rest+causes), answers, nil, now, nil)
			if r.Outcome != want {
				t.Errorf("got %s, want %s", r.Outcome, want)
			}
			concluded := want == diagnose.Seen || want == diagnose.Unclear
			if (len(r.Causes) > 0) != concluded || (r.Facts.Get("extra") != nil) != concluded {
				t.Errorf("%s, and %d causes were concluded; extra was read: %v", want, len(r.Causes), r.Facts.Get("extra") != nil)
			}
			if (r.Healed == nil) != (healed == "-") || r.Applies == nil {
				t.Errorf("applies %v, healed %v", r.Applies, r.Healed)
			}
		})
	}
}

func truth(name string) condition.Truth {
	return truths[slices.IndexFunc(truths, func(t condition.Truth) bool { return t.String() == name })]
}

func TestMissingOnce(t *testing.T) {
	p := checked(t, `symptoms:
  one: {title: One, when: w.ok}
  two: {title: Two, when: w.ok or s.ok}
causes:
  c: {title: C, when: symptoms.one and w.ok and symptoms.two, suspect: w.ok or symptoms.two}
`)
	r := diagnose.Run(t.Context(), p, readings{}, nil, now, nil)
	want := []condition.Why{{Fact: "w", Reason: "access denied", Settle: "run as administrator"}, {Fact: "s", Reason: "access denied", Settle: "run as administrator"}}
	if got := r.Causes[0].Missing; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// TestOnlySuspected has a cause that rests on a symptom which is suspected and cannot be more.
func TestOnlySuspected(t *testing.T) {
	p := checked(t, "symptoms:\n  one: {title: One, when: w.ok, suspect: s.ok}\ncauses:\n  c: {title: C, when: symptoms.one}\n")
	r := diagnose.Run(t.Context(), p, readings{"w": say(condition.False), "s": say(condition.True)}, nil, now, nil)
	if c := r.Causes[0]; c.Verdict != condition.VerdictUndetermined || len(c.Missing) != 1 || c.Missing[0].Reason != `"One" is suspected, not confirmed` {
		t.Errorf("%s, %v", c.Verdict, c.Missing)
	}
}

func TestNamesAreEvaluatedOnce(t *testing.T) {
	p := checked(t, `let:
  shared: w.ok and now > time("2020-01-01T00:00:00Z")
symptoms:
  one: {title: One, when: shared}
causes:
  a: {title: A, when: shared and symptoms.one}
  b: {title: B, when: shared or symptoms.one}
`)
	set := fact.NewSet([]string{"w"})
	set.Put(&fact.Fact{Name: "w", Reading: say(condition.True)})
	e := diagnose.NewEnvironment(t.Context(), p, set, nil, now, nil)
	if v := e.Value("shared"); !v.IsKnown() {
		t.Fatalf("shared is not known: %v", v.Why())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	again := diagnose.NewEnvironment(ended, p, set, nil, now, nil)
	first, second := again.Symptom("one"), again.Symptom("one")
	if first != second {
		t.Error("a symptom was concluded twice")
	}
	if first, second := e.Cause("a"), e.Cause("a"); first != second {
		t.Error("a cause was concluded twice")
	}
	for _, c := range []string{"a", "b"} {
		if f := e.Cause(c); f.Verdict != condition.Confirmed {
			t.Errorf("%s is %s", c, f.Verdict)
		}
	}
}

func TestEnvironmentNames(t *testing.T) {
	p := checked(t, "inputs:\n  age: {type: duration, default: 30d}\n  note: {type: text, optional: true}\n")
	e := diagnose.NewEnvironment(t.Context(), p, fact.NewSet(nil), map[string]any{"age": time.Hour}, now, nil)
	if v := e.Value("inputs.age"); !v.IsKnown() {
		t.Error("a given input is not known")
	}
	if v := e.Value("inputs.note"); !v.IsAbsent() {
		t.Error("an input that was not given is not absent")
	}
	if v := e.Value("w"); len(v.Why()) != 1 || v.Why()[0].Fact != "w" || v.Why()[0].Reason != "was not looked at" {
		t.Errorf("a probe that was not read: %v", v.Why())
	}
	if v := e.Value("now"); condition.Text(v, nil) != "2026-01-16T11:00:00Z" {
		t.Errorf("now is %s", condition.Text(v, nil))
	}
}

func TestOthers(t *testing.T) {
	record := func(code uint32, title string, hours int) any {
		r := map[string]any{}
		if code != 0 {
			r["code"] = hresult.Code(code)
		}
		if title != "" {
			r["title"] = title
		}
		if hours > 0 {
			r["ended"] = now.Add(-time.Duration(hours) * time.Hour)
		}
		return r
	}
	list := func(records ...any) fact.Reading {
		return fact.Reading{Status: fact.Observed, Value: map[string]any{"failed": records}}
	}
	partial := list(record(1, "a", 1))
	partial.Status, partial.Reason = fact.Partial, "the log begins later"
	tests := map[string]struct {
		fails fact.Reading
		want  string
	}{
		"none":                   {list(), ""},
		"not-known":              {say(condition.Undetermined), ""},
		"partial":                {partial, "1x0x00000001 a -1h"},
		"most-frequent-first":    {list(record(2, "b", 1), record(1, "old", 5), record(1, "new", 3)), "2x0x00000001 new -3h, 1x0x00000002 b -1h"},
		"then-newest":            {list(record(1, "a", 5), record(2, "b", 1)), "1x0x00000002 b -1h, 1x0x00000001 a -5h"},
		"then-by-code":           {list(record(3, "c", 1), record(2, "b", 1), record(1, "a", 1)), "1x0x00000001 a -1h, 1x0x00000002 b -1h, 1x0x00000003 c -1h"},
		"without-code":           {list(record(0, "a", 1)), ""},
		"without-time-and-title": {list(record(1, "", 0), record(1, "dated", 2), record(1, "", 0)), "3x0x00000001 dated -2h"},
		"never-dated":            {list(record(1, "", 0)), "1x0x00000001  never"},
	}
	p := checked(t, "applies:\n  when: w.ok\n  others: fails.failed\n")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := diagnose.Run(t.Context(), p, readings{"w": say(condition.False), "fails": test.fails}, nil, now, nil)
			var got []string
			for _, o := range r.Others {
				at := "never"
				if !o.Newest.IsZero() {
					at = fmt.Sprintf("-%dh", int(now.Sub(o.Newest).Hours()))
				}
				got = append(got, fmt.Sprintf("%dx%s %s %s", o.Count, o.Code, o.Title, at))
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("got %q, want %q", strings.Join(got, ", "), test.want)
			}
		})
	}
}

// TestRunAsksOnce counts what is asked in both halves of a diagnosis.
func TestRunAsksOnce(t *testing.T) {
	p := checked(t, "applies:\n  when: w.ok\nsymptoms:\n  one: {title: One, when: w.ok and s.ok}\ncauses:\n  c: {title: C, when: symptoms.one and w.ok}\n")
	counter := &counter{of: readings{"w": say(condition.True), "s": say(condition.True)}, asked: map[string]int{}}
	r := diagnose.Run(t.Context(), p, counter, nil, now, nil)
	if r.Causes[0].Verdict != condition.Confirmed || counter.asked["w"] != 1 || counter.asked["s"] != 1 || len(counter.asked) != 2 {
		t.Errorf("%s, asked %v", r.Causes[0].Verdict, counter.asked)
	}
	if got := diagnose.NeededToConclude(p); !slices.Equal(got, []string{"w", "s"}) {
		t.Errorf("needed: %v", got)
	}
}

type counter struct {
	of    fact.Observer
	mu    sync.Mutex
	asked map[string]int
}

func (c *counter) Observe(ctx context.Context, call fact.Call) fact.Reading {
	c.mu.Lock()
	c.asked[call.Probe.Name]++
	c.mu.Unlock()
	return c.of.Observe(ctx, call)
}

// TestAssumptions has an operator set verdicts: what the conditions came to is kept beside them.
func TestAssumptions(t *testing.T) {
	const rest = "applies:\n  when: w.ok\n  healed: h.ok\ncauses:\n  a: {title: A, when: s.ok}\n  b: {title: B, when: causes.a}\n"
	no, open := say(condition.False), say(condition.Undetermined)
	tests := map[string]struct {
		applies, healed fact.Reading
		assumed         diagnose.Assumptions
		outcome         diagnose.Outcome
		verdicts        string // of a and b, with what a was concluded to be
	}{
		"none":                      {say(condition.True), no, nil, diagnose.Seen, "ruled out, ruled out"},
		"a-cause":                   {say(condition.True), no, diagnose.Assumptions{"a": condition.Confirmed}, diagnose.Seen, "confirmed (ruled out), confirmed"},
		"what-rests-on-it":          {say(condition.True), no, diagnose.Assumptions{"b": condition.Suspected}, diagnose.Seen, "ruled out, suspected"},
		"a-cause-where-it-is-open":  {open, no, diagnose.Assumptions{"a": condition.Confirmed}, diagnose.Unclear, "confirmed (ruled out), confirmed"},
		"a-cause-where-not-seen":    {no, no, diagnose.Assumptions{"a": condition.Confirmed}, diagnose.NotSeen, ""},
		"applies-where-not-seen":    {no, no, diagnose.Assumptions{"applies": condition.Confirmed}, diagnose.Seen, "ruled out, ruled out"},
		"applies-where-it-is-gone":  {say(condition.True), say(condition.True), diagnose.Assumptions{"applies": condition.Confirmed}, diagnose.Seen, "ruled out, ruled out"},
		"applies-is-said-to-be-not": {say(condition.True), no, diagnose.Assumptions{"applies": condition.RuledOut}, diagnose.NotSeen, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := diagnose.Run(t.Context(), checked(t, rest), readings{"w": test.applies, "h": test.healed, "s": no}, nil, now, test.assumed)
			var got []string
			for _, c := range r.Causes {
				word := c.Verdict.String()
				if c.Assumed && c.Name == "a" {
					word += " (" + c.Concluded.String() + ")"
				}
				got = append(got, word)
			}
			if r.Outcome != test.outcome || strings.Join(got, ", ") != test.verdicts {
				t.Errorf("%s: %s, want %s: %s", r.Outcome, strings.Join(got, ", "), test.outcome, test.verdicts)
			}
		})
	}
}
