package prose_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/prose"
)

func written(t *testing.T, p *prose.Page) string {
	t.Helper()
	var b strings.Builder
	n, err := p.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("%d bytes of %d, %v", n, b.Len(), err)
	}
	return b.String()
}

func TestSet(t *testing.T) {
	plain := func(s string) []prose.Span { return []prose.Span{{Text: s}} }
	tests := map[string]struct {
		width       int
		color       bool
		first, rest string
		words       []prose.Span
		want        string
	}{
		"nothing":                       {0, false, "", "", nil, "\n"},
		"only-a-mark":                   {0, false, "  - ", "    ", nil, "  -\n"},
		"blanks-fold":                   {0, false, "", "", plain("  a \t b\r\n\u00a0c\u2028d  "), "a b c d\n"},
		"wraps-behind-rest":             {40, false, "1 ", "  ", plain(strings.Repeat("word ", 9)), "1 word word word word word word word\n  word word\n"},
		"exactly-full":                  {40, false, "", "", plain(strings.Repeat("x", 20) + " " + strings.Repeat("y", 19)), strings.Repeat("x", 20) + " " + strings.Repeat("y", 19) + "\n"},
		"one-too-many":                  {40, false, "", "", plain(strings.Repeat("x", 20) + " " + strings.Repeat("y", 20)), strings.Repeat("x", 20) + "\n" + strings.Repeat("y", 20) + "\n"},
		"a-long-word-is-whole":          {40, false, "- ", "  ", plain("a " + strings.Repeat("x", 60) + " b"), "- a\n  " + strings.Repeat("x", 60) + "\n  b\n"},
		"a-long-first":                  {40, false, strings.Repeat("f", 30) + " ", "  ", plain(strings.Repeat("x", 20)), strings.Repeat("f", 30) + "\n  " + strings.Repeat("x", 20) + "\n"},
		"wide-words-break":              {40, false, "", "", plain(strings.Repeat("更", 25)), strings.Repeat("更", 20) + "\n" + strings.Repeat("更", 5) + "\n"},
		"too-narrow-counts-as-40":       {1, false, "", "", plain(strings.Repeat("x", 30) + " y"), strings.Repeat("x", 30) + " y\n"},
		"orders-are-shown":              {0, false, "\x1b", "", plain("\x1b[2Ja\u202eb\u009b\x00\x7f\ufeff\u00ad\xff"), `\x1b\x1b[2Ja\u202eb\x9b\x00\x7f\ufeff\xad` + "\ufffd\n"},
		"spans-without-a-blank-join":    {0, false, "", "", []prose.Span{{prose.Red, "a"}, {prose.Bold, "b "}, {prose.Plain, "c"}}, "ab c\n"},
		"colours":                       {0, true, "", "", []prose.Span{{prose.Red, "a b"}, {prose.Plain, " c "}, {prose.Dim, "d"}}, "\x1b[1;31ma b\x1b[0m c \x1b[2md\x1b[0m\n"},
		"colours-end-with-their-line":   {40, true, "", "", []prose.Span{{prose.Green, strings.Repeat("word ", 9)}}, "\x1b[1;32m" + strings.TrimSpace(strings.Repeat("word ", 8)) + "\x1b[0m\n\x1b[1;32mword\x1b[0m\n"},
		"an-order-in-colour":            {0, true, "", "", []prose.Span{{prose.Yellow, "\x1b[0m"}}, "\x1b[1;33m\\x1b[0m\x1b[0m\n"},
		"joiners-stay":                  {0, false, "", "", plain("👩\u200d🔧"), "👩\u200d🔧\n"},
		"signs-on-others-take-no-place": {40, false, "", "", plain(strings.Repeat("e\u0301", 40)), strings.Repeat("e\u0301", 40) + "\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := &prose.Page{Width: test.width, Color: test.color}
			p.Set(test.first, test.rest, test.words...)
			if got := written(t, p); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestSetCutsWhatIsTooLong(t *testing.T) {
	p := &prose.Page{Width: 40}
	p.Set("", "", prose.Span{Text: strings.Repeat("é", 479)}, prose.Span{Style: prose.Red, Text: "ab" + strings.Repeat("c", 1000)}, prose.Span{Text: "more"})
	if got, want := written(t, p), strings.Repeat("é", 479)+"a…\n(cut: 1005 more bytes)\n"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestGap(t *testing.T) {
	p := &prose.Page{}
	p.Gap()
	p.Say("", "", "a")
	p.Gap()
	p.Gap()
	p.Say("", "", "b")
	if got := written(t, p); got != "a\n\nb\n" {
		t.Errorf("got %q", got)
	}
}

// FuzzSet makes sure that no words steer the terminal, and none make a page too long.
func FuzzSet(f *testing.F) {
	f.Add("a b", "c", 40)
	f.Add("\x1b[2J\u202e\xff", "更新 更新", 0)
	f.Add(strings.Repeat("e\u0301 ", 300), strings.Repeat("長", 400), 41)
	f.Fuzz(func(t *testing.T, a, b string, width int) {
		p := &prose.Page{Width: width % 200}
		p.Set("1 ", "  ", prose.Span{Style: prose.Bold, Text: a}, prose.Span{Style: prose.Dim, Text: b})
		got := written(t, p)
		if !utf8.ValidString(got) || len(got) > 100_000 {
			t.Fatalf("%d bytes, valid: %v", len(got), utf8.ValidString(got))
		}
		for _, r := range got {
			if r != '\n' && r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Fatalf("%U of %q and %q is written", r, a, b)
			}
		}
	})
}
