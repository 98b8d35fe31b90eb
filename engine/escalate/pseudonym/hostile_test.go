package pseudonym_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/escalate/pseudonym"
)

// hostile are texts that would take forever if anything looked back or ahead without bounds.
func hostile(size int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, size/len(s)+1)[:size] }
	names := &strings.Builder{}
	for i := 0; names.Len() < size; i++ {
		fmt.Fprintf(names, `C:\Users\a-a-a-a-a-a-%d\x `, i)
	}
	addresses := &strings.Builder{}
	for i := 0; addresses.Len() < size; i++ {
		fmt.Fprintf(addresses, "%d.%d.%d.%d;", i>>24, i>>16&255, i>>8&255, i&255)
	}
	return map[string]string{
		"backslashes": fill(`\`), "slashes": fill("/"), "dots": fill("."), "colons": fill(":"), "dashes": fill("-"), "ats": fill("@"),
		"blanks": fill(" "), "letters": fill("a"), "digits": fill("1"), "equals": fill("="), "schemes": fill("://"),
		"users": fill(`\Users\`), "users-of-blanks": fill(`\Users\a `), "users-without-end": `\Users\` + fill("a b "), "home": fill("/home/"),
		"mails": fill("a@"), "mails-long": fill(strings.Repeat("a", 1000) + "@b"), "hosts": fill("a."), "hosts-dashed": fill("a----------"),
		"numbers": fill("1."), "addresses": addresses.String(), "hex": fill("ab:"), "hex-dashed": fill("0a-"), "sids": fill("S-1-5-21-"), "sid": "S-1-5-21-" + fill("1-"),
		"one": fill("-1-"), "generated": fill("DESKTOP-"), "labels": fill("user name="), "labels-short": fill("user="), "secrets": fill("password="), "rp": fill("/rp "),
		"accounts": fill(`a\b `), "accounts-long": fill(strings.Repeat("a", 70) + `\`), "tokens": fill("user-1"), "token-parts": fill("user-"), "names": names.String(),
		"known": fill("jdoe "), "known-joined": fill("jdoe-"), "redacted": fill("REDACTED1-"), "not-utf8": fill("\xff\xe4"), "han": fill("田"), "marks": fill("a\u0301"),
		"wide-domains": fill("contoso.example."), "unc": fill(`\\a\`), "unc-deep": fill(`"\\\\\\\\a`), "lines": fill("jdoe\n"), "quotes": fill(`"`),
	}
}

func TestHostileTexts(t *testing.T) {
	for name, s := range hostile(70 << 10) {
		t.Run(name, func(t *testing.T) {
			l := known()
			l.Text(s)
			b := l.Book()
			got := b.Text(s)
			if left := survivors(got); len(left) > 0 || !utf8.ValidString(got) {
				t.Errorf("%q are left", left)
			}
			if again := b.Text(got); again != got {
				t.Error("a second time gives another text")
			}
		})
	}
}

// TestManyNames makes sure that more names than are kept apart harm nothing, and that it is told.
func TestManyNames(t *testing.T) {
	l := pseudonym.NewLearner(nil, nil, nil)
	var doc strings.Builder
	doc.WriteString("[")
	for i := range 25_000 {
		fmt.Fprintf(&doc, `{"user":"u%dx"},`, i)
	}
	doc.WriteString("0]")
	if err := l.JSON([]byte(doc.String())); err != nil {
		t.Fatal(err)
	}
	b := l.Book()
	got, err := b.JSON([]byte(doc.String()), false)
	if err != nil || !b.Full() {
		t.Errorf("full: %v, %v", b.Full(), err)
	}
	if strings.Contains(string(got), "u24999x") || !strings.Contains(string(got), `"user-0"`) {
		t.Errorf("the last names are %s", got[len(got)-100:])
	}
}

// TestLongLines makes sure that a text which is looked at in parts has the same names replaced.
func TestLongLines(t *testing.T) {
	for name, by := range map[string]string{"lines": "\n", "items": ",", "quotes": `"`, "nothing-to-cut-at": "·"} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(strings.Repeat("x", 997)+by+"Jane Doe"+by, 300)
			want := strings.ReplaceAll(text, "Jane Doe", "user-1")
			if got := redact(text); got != want {
				t.Errorf("%d bytes, want %d", len(got), len(want))
			}
		})
	}
}

func BenchmarkText(b *testing.B) {
	line := `2023-05-22 08:08:32, Info                  CBS    Session: 31034313_2264231463 initialized by client WindowsUpdateAgent, ` +
		`external staging directory: (null), Package_for_RollupFix~31bf3856ad364e35~amd64~~19041.1.2 C:\Users\alice\x` + "\n"
	text := strings.Repeat(line, 4<<20/len(line))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		l := known()
		l.Text(text)
		l.Book().Text(text)
	}
}
