package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/report"
	"github.com/rectify-project/rectify/sdk"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2026, 1, 16, 11, 0, 0, 0, time.UTC)

// base is a report of a problem that was seen, without findings.
func base(change func(*report.Report)) *report.Report {
	r := &report.Report{
		Version:  report.Version,
		Playbook: report.Playbook{ID: "sample/p", Title: "The update fails with 0x8024001E"},
		Target:   report.Target{Kind: "offline", Name: "/mnt/disk", Now: now, Clock: "the newest record of the System channel"},
		Outcome:  "seen",
		Applies:  report.Finding{Name: "applies", Title: "The update fails", Verdict: "confirmed"},
		Facts:    []report.Fact{},
	}
	change(r)
	return r
}

func found(fact, where, text string, minute int) report.Evidence {
	e := report.Evidence{Main: true, Fact: fact, Where: where, Text: text, At: sdk.Evidence{File: where, Text: text}}
	if minute > 0 {
		e.Time = now.Add(time.Duration(minute-600) * time.Minute)
	}
	return e
}

func leaf(of, condition, values, truth string, mentions ...string) report.Reason {
	return report.Reason{Of: of, Condition: condition, Values: values, Truth: truth, Mentions: mentions}
}

const cjk = "更新プログラムのダウンロード中にサービスが停止されたため更新に失敗し再起動の後も同じ状態が続いている可能性がある"

// crafted are reports that are hard to show.
func crafted() map[string]*report.Report {
	longPath := `C:\Windows\` + strings.Repeat(`Deep\`, 20) + `file.log:12`
	unknown := report.Unknown{Fact: "tasks", Title: "Runs of tasks", Reason: "the channel is switched off", Settle: "enable the channel and wait"}
	var hundreds []report.Evidence
	for i := range 100 {
		e := found("log", fmt.Sprintf(`C:\a.log:%d`, i), fmt.Sprintf("line %d", i), i+1)
		e.Main = i%3 == 0
		hundreds = append(hundreds, e)
	}
	return map[string]*report.Report{
		"seen-without-causes": base(func(*report.Report) {}),
		"confirmed": base(func(r *report.Report) {
			r.Applies.Evidence = []report.Evidence{found("attempts", "System #7 (event 20)", "Installation failure", 1)}
			r.Symptoms = []report.Finding{{Name: "stops", Title: "The service stops", Verdict: "confirmed", Reasons: []report.Reason{leaf("when", "len(stops) > 0", "2 > 0", "true")}}}
			r.Causes = []report.Finding{
				{Name: "task", Title: "A task stopped it.", Verdict: "confirmed", Reasons: []report.Reason{
					leaf("when", "symptoms.stops", "", "true", "symptoms.stops"), leaf("when", "any(runs, .stops)", "1 of 2 match", "true"),
					leaf("suspect", "false", "", "false"),
				}, Evidence: []report.Evidence{found("tasks", "Task #9", "started", 2), found("tasks", `C:\Windows\System32\Tasks\x`, "", 0)}},
				{Name: "space", Title: "No space", Verdict: "suspected", Reasons: []report.Reason{leaf("suspect", "disk.free < 10GiB", "9.0 GiB < 10GiB", "true")}, Unknown: []report.Unknown{unknown}},
				{Name: "server", Title: "The server is away", Verdict: "ruled out", Reasons: []report.Reason{{Of: "when", Condition: "none(x, .ok)", Truth: "false", Absent: 3}}},
				{Name: "policy", Title: "A policy", Verdict: "undetermined", Unknown: []report.Unknown{unknown, {Reason: "`a.b` is undetermined"}}},
			}
			r.Facts = []report.Fact{{Name: "tasks", Title: "Runs of tasks", Status: "failed", Reason: "the channel is switched off"},
				{Name: "trace", Title: "Traces", Status: "partial", Reason: "they begin later"}, {Name: "skip", Title: "Skipped", Status: "skipped", Reason: "x"}}
		}),
		"not-seen": base(func(r *report.Report) {
			r.Outcome, r.Applies.Verdict = "not seen", "ruled out"
			r.Others = []report.Other{{Code: "0x80070070", Symbol: "ERROR_DISK_FULL", Count: 3, Title: "2026-01 Update", Newest: now}, {Code: "0x00000001", Count: 1}}
		}),
		"was-transient": base(func(r *report.Report) {
			r.Outcome = "was transient"
			r.Healed = &report.Finding{Name: "healed", Verdict: "confirmed", Evidence: []report.Evidence{found("attempts", "System #8 (event 19)", "Installation success", 5)}}
		}),
		"was-transient-if-it-was": base(func(r *report.Report) {
			r.Outcome, r.Applies.Verdict = "was transient", "undetermined"
		}),
		"undetermined": base(func(r *report.Report) {
			r.Outcome, r.Applies.Verdict, r.Applies.Unknown = "undetermined", "undetermined", []report.Unknown{unknown}
			r.Causes = []report.Finding{{Name: "task", Title: "A task", Verdict: "undetermined", Unknown: []report.Unknown{unknown}}, {Name: "space", Title: "No space", Verdict: "confirmed"}}
		}),
		"long-and-wide": base(func(r *report.Report) {
			r.Playbook.Title = cjk + " 👩‍🔧🚀 " + cjk
			r.Target = report.Target{Kind: "bundle", Name: strings.Repeat("x", 90) + ".json", Now: now, Clock: "the time of recording"}
			r.Causes = []report.Finding{{Name: "c", Title: strings.Repeat("longword", 12) + " " + cjk, Verdict: "confirmed", Reasons: []report.Reason{leaf("when", "x."+strings.Repeat("y", 90), "3 > 0", "true")},
				Evidence: []report.Evidence{found("log", longPath, cjk+cjk+cjk, 1), found("log", `C:\Users\Some One\a b\`+strings.Repeat("c", 60), strings.Repeat("z", 2000), 2), found("log", strings.Repeat("é", 78), "", 0)}}}
		}),
		"hundreds-of-evidence": base(func(r *report.Report) {
			r.Applies.Evidence, r.Applies.Cut = hundreds, 250
			r.Causes = []report.Finding{{Name: "c", Title: "C", Verdict: "confirmed", Evidence: hundreds}}
		}),
		"symptoms-of-symptoms": base(func(r *report.Report) {
			r.Symptoms = []report.Finding{
				{Name: "a", Title: "A", Verdict: "confirmed", Reasons: []report.Reason{leaf("when", "symptoms.b", "", "true", "symptoms.b"), leaf("when", "n > 0", "1 > 0", "true")}},
				{Name: "b", Title: "B", Verdict: "confirmed", Reasons: []report.Reason{leaf("when", "symptoms.c and causes.a", "", "true", "symptoms.c", "causes.a")}},
				{Name: "c", Title: "C", Verdict: "confirmed", Reasons: []report.Reason{leaf("when", "n > 0", "1 > 0", "true"), leaf("when", "deep", "", "true"), leaf("when", "a", "", "true")}},
			}
			r.Causes = []report.Finding{
				{Name: "top", Title: "Top", Verdict: "confirmed", Reasons: []report.Reason{leaf("when", "symptoms.a", "", "true", "symptoms.a"), leaf("when", "confirmed(symptoms.b)", "", "true", "symptoms.b"), leaf("when", "symptoms.gone", "", "true", "symptoms.gone")}},
				{Name: "a", Title: "Cause A", Verdict: "confirmed", Reasons: []report.Reason{leaf("when", "m > 1", "2 > 1", "true"), leaf("when", "causes.top", "", "true", "causes.top")}},
				{Name: "not", Title: "Not", Verdict: "ruled out", Reasons: []report.Reason{leaf("when", "not symptoms.a", "", "false", "symptoms.a")}},
			}
		}),
		"orders-to-the-terminal": base(func(r *report.Report) {
			const evil = "\x1b[2J\x1b]0;owned\x07 a\x00b \u009b31mred \u202egnp.exe \u2066x\u2069 \ufeffbom \x7f tab\tnew\nline\rback\u2028sep \xff\xfe \u00ad"
			r.Playbook.Title, r.Target.Name, r.Target.Clock = "T "+evil, evil, evil
			r.Causes = []report.Finding{{Name: "c", Title: evil, Verdict: "confirmed", Reasons: []report.Reason{leaf("when", evil, evil, "true")}, Evidence: []report.Evidence{found("f", evil, evil, 1)}},
				{Name: "u", Title: evil, Verdict: "undetermined", Unknown: []report.Unknown{{Fact: "f", Title: evil, Reason: evil, Settle: evil}}}}
			r.Others = []report.Other{{Code: evil, Symbol: evil, Title: evil}}
			r.Facts = []report.Fact{{Name: "f2", Title: evil, Status: "failed", Reason: evil}}
		}),
		"very-long-reasons": base(func(r *report.Report) {
			r.Causes = []report.Finding{{Name: "c", Title: "C", Verdict: "undetermined", Unknown: []report.Unknown{{Fact: "f", Title: "F", Reason: strings.Repeat("because of this and that ", 10_000), Settle: strings.Repeat("look again ", 10_000)}}}}
			r.Facts = []report.Fact{{Name: "g", Title: "G", Status: "failed", Reason: strings.Repeat("no ", 10_000)}}
		}),
	}
}

func TestText(t *testing.T) {
	for name, r := range crafted() {
		t.Run(name, func(t *testing.T) {
			before, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			got := text(t, r)
			golden(t, name+".txt", got)
			lines(t, got)
			if !bytes.Equal(text(t, r), got) {
				t.Error("a second time gives another text")
			}
			if after, _ := json.Marshal(r); !bytes.Equal(after, before) {
				t.Error("showing it has changed the report")
			}
		})
	}
}

func text(t *testing.T, r *report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Text(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lines holds a text to 80 columns, save for a line that is one word behind its mark, and to signs that a terminal shows.
func lines(t *testing.T, text []byte) {
	t.Helper()
	if !utf8.Valid(text) || len(text) > 20_000 {
		t.Errorf("%d bytes, valid: %v", len(text), utf8.Valid(text))
	}
	for _, line := range strings.Split(string(text), "\n") {
		columns := 0
		for _, r := range line {
			columns++
			if r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r > 0x1F300 {
				columns++
			}
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%U in %q", r, line)
			}
			if unicode.Is(unicode.Cf, r) {
				columns--
			}
		}
		words := strings.Fields(strings.TrimLeft(line, " *?✓✗"))
		if columns > 80 && len(words) != 1 {
			t.Errorf("%d columns: %s", columns, line)
		}
		if strings.HasSuffix(line, " ") {
			t.Errorf("blanks at the end of %q", line)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTriage(t *testing.T) {
	of := crafted()
	tests := map[string][]*report.Report{
		"triage-none":    nil,
		"triage-no-fit":  {base(func(r *report.Report) { r.Outcome = "not seen" }), of["not-seen"], of["was-transient"]},
		"triage-one-fit": {of["not-seen"], of["seen-without-causes"]},
		"triage-two-fit": {of["undetermined"], of["seen-without-causes"], of["not-seen"]},
	}
	for name, reports := range tests {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := report.Triage(&b, reports); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", b.Bytes())
			lines(t, b.Bytes())
		})
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for name, r := range crafted() {
		if name == "orders-to-the-terminal" { // bytes that are not UTF-8 cannot be JSON
			continue
		}
		t.Run(name, func(t *testing.T) {
			var first, second bytes.Buffer
			if err := report.JSON(&first, []*report.Report{r}, false); err != nil {
				t.Fatal(err)
			}
			got := new(report.Report)
			if err := json.Unmarshal(first.Bytes(), got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, r) {
				t.Errorf("got  %+v\nwant %+v", got, r)
			}
			if err := report.JSON(&second, []*report.Report{got}, false); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Errorf("a second time gives another document, %v", err)
			}
		})
	}
}

func TestJSONLists(t *testing.T) {
	r := base(func(*report.Report) {})
	tests := map[string]struct {
		reports []*report.Report
		list    bool
		want    string
	}{
		"one-as-an-object":  {[]*report.Report{r}, false, "{"},
		"one-in-a-list":     {[]*report.Report{r}, true, "["},
		"none":              {nil, true, "[]"},
		"none-of-an-object": {nil, false, "[]"},
		"two":               {[]*report.Report{r, r}, false, "["},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := report.JSON(&b, test.reports, test.list); err != nil || !strings.HasPrefix(b.String(), test.want) {
				t.Errorf("%s, %v", b.String(), err)
			}
		})
	}
}

// broken fails at the first byte.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteErrorsAreTold(t *testing.T) {
	r := base(func(*report.Report) {})
	for name, err := range map[string]error{
		"text": report.Text(broken{}, r), "json": report.JSON(broken{}, []*report.Report{r}, false), "triage": report.Triage(broken{}, []*report.Report{r}),
	} {
		if err == nil {
			t.Errorf("%s tells no error", name)
		}
	}
}
