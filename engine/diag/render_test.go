package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func at(line, column, endLine, endColumn int) Span {
	return Span{Start: Position{line, column}, End: Position{endLine, endColumn}}
}

func TestRender(t *testing.T) {
	long := strings.Repeat("word ", 60) + "here " + strings.Repeat("word ", 60)
	cases := map[string]struct {
		source string
		d      Diagnostic
		want   string
	}{
		"plain": {"a: b\nusess: c\n", Diagnostic{Span: at(2, 1, 2, 6), Kind: "unknown-key", Message: `unknown key "usess"`, Hint: `did you mean "uses"?`},
			"f:2:1: unknown key \"usess\" [unknown-key]\n 2 | usess: c\n   | ^~~~~\n   = hint: did you mean \"uses\"?\n"},
		"warning":    {"a\n", Diagnostic{Severity: Warning, Span: at(1, 1, 1, 2), Kind: "k", Message: "m"}, "f:1:1: warning: m [k]\n 1 | a\n   | ^\n"},
		"related":    {"a\nb\n", Diagnostic{Span: at(2, 1, 2, 2), Kind: "k", Message: "m", Related: []Related{{at(1, 1, 1, 2), "the first one"}}}, "f:2:1: m [k]\n 2 | b\n   | ^\n   = f:1:1: the first one\n"},
		"whole-file": {"a\n", Diagnostic{Kind: "k", Message: "m", Hint: "h"}, "f: m [k]\n  = hint: h\n"},
		"tabs":       {"a:\tb\n", Diagnostic{Span: at(1, 4, 1, 5), Kind: "k", Message: "m"}, "f:1:4: m [k]\n 1 | a:    b\n   |       ^\n"},
		"tab-itself": {"\tb\n", Diagnostic{Span: at(1, 1, 1, 2), Kind: "k", Message: "m"}, "f:1:1: m [k]\n 1 |     b\n   | ^~~~\n"},
		"wide-runes": {"漢字ab\n", Diagnostic{Span: at(1, 2, 1, 4), Kind: "k", Message: "m"}, "f:1:2: m [k]\n 1 | 漢字ab\n   |   ^~~\n"},
		"combining":  {"e\u0301e\u0301x\n", Diagnostic{Span: at(1, 5, 1, 6), Kind: "k", Message: "m"}, "f:1:5: m [k]\n 1 | e\u0301e\u0301x\n   |   ^\n"},
		"several-lines": {"abc\ndef\n", Diagnostic{Span: at(1, 2, 2, 3), Kind: "k", Message: "m"},
			"f:1:2: m [k]\n 1 | abc\n   |  ^~\n"},
		"past-the-end":  {"abc\n", Diagnostic{Span: at(1, 4, 1, 4), Kind: "k", Message: "m"}, "f:1:4: m [k]\n 1 | abc\n   |    ^\n"},
		"empty-line":    {"\n\n", Diagnostic{Span: at(2, 1, 2, 1), Kind: "k", Message: "m"}, "f:2:1: m [k]\n 2 |\n   | ^\n"},
		"missing-line":  {"a", Diagnostic{Span: at(9, 1, 9, 1), Kind: "k", Message: "m"}, "f:9:1: m [k]\n"},
		"crlf-and-mark": {"\ufeffa\r\nb\r\n", Diagnostic{Span: at(1, 1, 1, 2), Kind: "k", Message: "m"}, "f:1:1: m [k]\n 1 | a\n   | ^\n"},
		"escape-sequences": {"a\x1b[31mb\u202e\n", Diagnostic{Span: at(1, 1, 1, 2), Kind: "k", Message: "m\x1b[2J\n"},
			"f:1:1: m\ufffd[2J\ufffd [k]\n 1 | a\ufffd[31mb\ufffd\n   | ^\n"},
		"long-line": {long, Diagnostic{Span: at(1, 301, 1, 305), Kind: "k", Message: "m"},
			"f:1:301: m [k]\n 1 | …" + strings.Repeat("word ", 8) + "here " + strings.Repeat("word ", 15) + "…\n   |  " + strings.Repeat(" ", 40) + "^~~~\n"},
		"long-line-start": {long, Diagnostic{Span: at(1, 1, 1, 5), Kind: "k", Message: "m"}, "f:1:1: m [k]\n 1 | " + strings.Repeat("word ", 24) + "…\n   | ^~~~\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.d.File = "f"
			var out bytes.Buffer
			if err := (Renderer{Sources: map[string][]byte{"f": []byte(c.source)}}).Render(&out, List{c.d}); err != nil {
				t.Fatal(err)
			}
			if out.String() != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", out.String(), c.want)
			}
		})
	}
}

func TestRenderColor(t *testing.T) {
	d := Diagnostic{File: "f", Span: at(1, 3, 1, 4), Kind: "k", Message: "m", Hint: "h"}
	var plain, coloured bytes.Buffer
	r := Renderer{Sources: map[string][]byte{"f": []byte("a b\n")}}
	if err := r.Render(&plain, List{d}); err != nil {
		t.Fatal(err)
	}
	r.Color = true
	if err := r.Render(&coloured, List{d}); err != nil {
		t.Fatal(err)
	}
	text := coloured.String()
	if !strings.Contains(text, styleRed+"^"+styleReset) {
		t.Errorf("the mark is not coloured: %q", text)
	}
	for _, style := range []string{styleReset, styleBold, styleRed, styleYellow, styleGreen, styleDim, styleRelated} {
		text = strings.ReplaceAll(text, style, "")
	}
	if text != plain.String() {
		t.Errorf("without its colours the text is %q, want %q", text, plain.String())
	}
}

func TestRenderLimit(t *testing.T) {
	var list List
	for i := range 62 {
		list = append(list, Diagnostic{File: "f", Kind: "k", Message: fmt.Sprint(i)})
	}
	cases := map[string]struct {
		limit, lines int
		last         string
	}{
		"default": {0, 51, "and 12 more"}, "few": {2, 3, "and 60 more"}, "all": {-1, 62, "f: 61 [k]"}, "enough": {62, 62, "f: 61 [k]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := (Renderer{Limit: c.limit}).Render(&out, list); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if len(lines) != c.lines || lines[len(lines)-1] != c.last {
				t.Errorf("got %d lines, the last %q", len(lines), lines[len(lines)-1])
			}
		})
	}
}

func TestSorted(t *testing.T) {
	list := List{
		{File: "b", Span: at(1, 1, 1, 2), Message: "1"},
		{File: "a", Span: at(2, 1, 2, 2), Message: "2"},
		{File: "a", Span: at(1, 9, 1, 10), Message: "3"},
		{File: "a", Span: at(1, 2, 1, 3), Message: "4"},
		{File: "a", Span: at(1, 9, 1, 10), Message: "3"},
		{File: "a", Message: "5"},
	}
	var got []string
	for _, d := range list.Sorted() {
		got = append(got, d.Message)
	}
	if want := []string{"5", "4", "3", "2", "1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if list[0].Message != "1" {
		t.Error("the list itself was changed")
	}
}

func TestHasErrors(t *testing.T) {
	if (List{{Severity: Warning}}).HasErrors() || !(List{{Severity: Warning}, {}}).HasErrors() || (List)(nil).HasErrors() {
		t.Error("warnings and errors are mixed up")
	}
}

func TestWriteJSON(t *testing.T) {
	list := List{{File: "f", Span: at(1, 2, 3, 4), Severity: Warning, Kind: "k", Message: "a < b", Related: []Related{{at(5, 6, 7, 8), "r"}}}}
	var out bytes.Buffer
	if err := list.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"severity": "warning"`) || !strings.Contains(out.String(), "a < b") {
		t.Errorf("got %s", out.String())
	}
	var back struct {
		Errors, Warnings int
		Diagnostics      List
	}
	if err := json.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Errors != 0 || back.Warnings != 1 || fmt.Sprint(back.Diagnostics) != fmt.Sprint(list) || back.Diagnostics[0].Severity != Warning {
		t.Errorf("came back as %+v", back)
	}
	out.Reset()
	if err := (List)(nil).WriteJSON(&out); err != nil || !strings.Contains(out.String(), `"diagnostics": []`) {
		t.Errorf("no diagnostics came out as %s (%v)", out.String(), err)
	}
}

func TestSuggest(t *testing.T) {
	accepted := []string{"after", "expect", "id", "not_needed", "probes", "steps", "title", "unless", "uses", "when", "with"}
	cases := map[string]string{
		"titel": "title", "use": "uses", "usess": "uses", "Title": "title", "wehn": "when", "whith": "with", "not-needed": "not_needed",
		"notneeded": "not_needed", "step": "steps", "porbes": "probes", "frobnicate": "", "x": "", "": "", "di": "id", "expected": "expect",
		"title": "", strings.Repeat("a", 100): "",
	}
	for word, want := range cases {
		t.Run(word, func(t *testing.T) {
			if got := Suggest(word, accepted); got != want {
				t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
			}
		})
	}
}

func FuzzRender(f *testing.F) {
	f.Add("a: b\n\tc\n", 1, 2, 1, 4, "m")
	f.Add("漢字\r\n", 1, 1, 2, 1, "\x1b")
	f.Add(strings.Repeat("x", 300), 1, 290, 1, 299, "long")
	f.Fuzz(func(t *testing.T, source string, line, column, endLine, endColumn int, message string) {
		d := Diagnostic{File: "f", Span: at(line, column, endLine, endColumn), Kind: "k", Message: message}
		var out bytes.Buffer
		if err := (Renderer{Sources: map[string][]byte{"f": []byte(source)}}).Render(&out, List{d}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\r\t") || strings.Count(out.String(), "\n") > 3 {
			t.Errorf("the text of the document steers the terminal: %q", out.String())
		}
	})
}
