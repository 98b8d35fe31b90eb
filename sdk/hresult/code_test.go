package hresult

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want Code
	}{
		"canonical":                {"0x8024001E", 0x8024001E},
		"lower-case":               {"0x8024001e", 0x8024001E},
		"upper-case-prefix":        {"0X8024001E", 0x8024001E},
		"bare-hex":                 {"8024001E", 0x8024001E},
		"bare-hex-decimal-digits":  {"80070002", 0x80070002},
		"signed":                   {"-2145124322", 0x8024001E},
		"unsigned":                 {"2149842974", 0x8024001E},
		"signed-of-eight-signs":    {"-1234567", Code(0xFFFFFFFF - 1234567 + 1)},
		"lowest-signed":            {"-2147483648", 0x80000000},
		"highest-unsigned":         {"4294967295", 0xFFFFFFFF},
		"hr-colon":                 {"hr:0x8024001e", 0x8024001E},
		"hr-equals-semicolon":      {"hr=0x8024001e;", 0x8024001E},
		"hr-equals-spaced":         {"hr = 0x8024001e", 0x8024001E},
		"square-brackets":          {"[80072F8F]", 0x80072F8F},
		"round-brackets":           {"(0x8024001E)", 0x8024001E},
		"hresult-equals":           {"HRESULT = 0x800f0821", 0x800F0821},
		"hresult-with-symbol":      {"[HRESULT = 0x80070002 - ERROR_FILE_NOT_FOUND]", 0x80070002},
		"symbol-without-dash":      {"0x80070002 ERROR_FILE_NOT_FOUND", 0x80070002},
		"error-prefix":             {"error 0x80070002", 0x80070002},
		"error-colon":              {"Error: 80070002", 0x80070002},
		"surrounding-space":        {"\t 0x8024001E \r\n", 0x8024001E},
		"comma-behind":             {"0x8024001E,", 0x8024001E},
		"short-hex":                {"0x248001", 0x00248001},
		"leading-zeros":            {"0x000000008024001E", 0x8024001E},
		"win32-number":             {"2", 0x00000002},
		"win32-number-12175":       {"12175", 12175},
		"seven-digits-are-decimal": {"8024001", 8024001},
		"zero":                     {"0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(c.in)
			if err != nil || got != c.want {
				t.Errorf("Parse(%q) = %v, %v; want %v", c.in, got, err, c.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"empty":                "",
		"seven-hex-digits":     "802400A",
		"prefix-only":          "0x",
		"brackets-only":        "[]",
		"hr-only":              "hr:",
		"word-of-hex-letters":  "bad",
		"prefix-glued":         "hr80070002",
		"nine-hex-digits":      "08024001E",
		"too-big-hex":          "0x18024001E",
		"too-big-decimal":      "4294967296",
		"too-small":            "-2147483649",
		"two-codes":            "0x80070002 0x80070003",
		"negative-hex":         "-0x80070002",
		"underscore":           "0x8024_001E",
		"fraction":             "2149842974.5",
		"exponent":             "1e9",
		"nul":                  "0x8024001E\x00",
		"unicode-digits":       "８０２４００１Ｅ",
		"long-text":            "0x" + strings.Repeat("0", 1<<20),
		"symbol-only":          "WU_E_SERVICE_STOP",
		"text-in-front":        "failed with 0x8024001E",
		"number-in-front":      "12 0x8024001E",
		"not-utf8":             "\xff\xfe",
		"double-sign":          "--5",
		"unknown-prefix":       "code: 0x80070002",
		"brackets-round-words": "[HRESULT]",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse(in)
			if err == nil {
				t.Fatalf("Parse(%.40q) = %v, want an error", in, c)
			}
			if len(err.Error()) > 600 || !strings.Contains(err.Error(), "is not an HRESULT") {
				t.Errorf("unhelpful error: %.300s", err)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	for name, c := range map[string]struct {
		in, out string // out empty: an error
	}{
		"text":                     {`"8024001e"`, `"0x8024001E"`},
		"unsigned-number":          {`2149842974`, `"0x8024001E"`},
		"signed-number":            {`-2145124322`, `"0x8024001E"`},
		"eight-digits-are-decimal": {`24117248`, `"0x01700000"`},
		"null-leaves-it":           {`null`, `"0x00000007"`},
		"exponent":                 {`1e3`, ``},
		"too-big":                  {`4294967296`, ``},
		"bool":                     {`true`, ``},
		"list":                     {`[1]`, ``},
		"bad-text":                 {`"what"`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			code := Code(7)
			err := json.Unmarshal([]byte(c.in), &code)
			if c.out == "" {
				if err == nil || code != 7 {
					t.Fatalf("got %v, %v; want an error and the old value", code, err)
				}
				return
			}
			b, merr := json.Marshal(code)
			if err != nil || merr != nil || string(b) != c.out {
				t.Errorf("got %s, %v, %v; want %s", b, err, merr, c.out)
			}
		})
	}
}

func TestFailed(t *testing.T) {
	if Code(0x00240006).Failed() || !Code(0x8024001E).Failed() {
		t.Error("the severity bit is misread")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"0x8024001E", "-2145124322", "hr=0x8024001e;", "[HRESULT = 0x80070002 - ERROR_FILE_NOT_FOUND]", "80070002", "(", "0x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			if c != 0 {
				t.Errorf("Parse(%q) gives %v beside an error", s, c)
			}
			return
		}
		again, err := Parse(c.String())
		if err != nil || again != c {
			t.Errorf("Parse(%q) = %v, whose spelling reads as %v, %v", s, c, again, err)
		}
	})
}

func BenchmarkNames(b *testing.B) {
	for b.Loop() {
		Code(0x80073DBC).Names()
	}
}
