package pseudonym_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// seeds are texts that hold all that is looked for, and what looks like it.
var seeds = []string{
	`C:\Users\alice\x "C:\Users\Mary Ann\y" \\srv7\share http://bob:pw@wsus.contoso.example:8530/x jdoe CONTOSO\admin`,
	`S-1-5-21-1-2-3-1001 S-1-5-18 10.0.0.5 10.0.19041.1 v1.2.3.4 fe80::1%4 00-15-5D-01-02-0A a.b@c.de`,
	`{"user":"CONTOSO\\jdoe","computer":"SRV-APP08","t":["C:\\Users\\alice.CONTOSO\\x","ComputerName = PC7x"],"password":"p"}`,
	`user-1 machine-2.domain-1 ipv4-3 S-1-5-21-REDACTED1-7 C:\Users\user-9\x user-1user-2 jdoe-user-1`,
	"User Name: jdoe\nHost Name: pc0815 \\\\?\\UNC\\a\\b \xff\xfe 田中さん Jane Doe Jane",
	`{"target":{"name":"pc0815"},"version":"1.2.3.4","users":{"name":"x","a":[[{"name":"y"}]]}}`,
	`http://[fe80::1]:80 http://@ http://:@x \\ \\\\\\ @ @a.b - -- user- ..\\.. password= /rp  = x`,
}

// secret are the names of [known] that are looked for everywhere.
var secret = []string{"jdoe", "svc-patch", "contoso", "jane doe", "srv-app08", "dc1.contoso.example", "dc1", "contoso.example"}

// survivors are the names that stand in a text as whole words.
func survivors(s string) []string {
	var found []string
	lower := strings.ToLower(s)
	for _, name := range secret {
		for at := 0; ; {
			i := strings.Index(lower[at:], name)
			if i < 0 {
				break
			}
			at += i
			before, _ := utf8.DecodeLastRuneInString(lower[:at])
			after, _ := utf8.DecodeRuneInString(lower[at+len(name):])
			if !inWord(before) && !inWord(after) {
				found = append(found, name)
				break
			}
			at++
		}
	}
	return found
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r))
}

// FuzzText makes sure that no text harms the redaction, that no known name is left, and that what is redacted stays.
func FuzzText(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4<<10 {
			t.Skip("long texts are tried elsewhere")
		}
		l := known()
		l.Text(s)
		b := l.Book()
		got := b.Text(s)
		if left := survivors(got); len(left) > 0 {
			t.Errorf("%q are left in %q", left, got)
		}
		if again := b.Text(got); again != got {
			t.Errorf("%q becomes %q and then %q", s, got, again)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
	})
}

// FuzzJSON makes sure that what is JSON stays JSON, with the same numbers.
func FuzzJSON(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if len(doc) > 4<<10 {
			t.Skip("long documents are tried elsewhere")
		}
		l := known()
		if err := l.JSON(doc); (err == nil) != json.Valid(doc) {
			t.Fatalf("%q: %v", doc, err)
		} else if err != nil {
			return
		}
		b := l.Book()
		got, err := b.JSON(doc, true)
		if err != nil || !json.Valid(got) || !utf8.Valid(got) {
			t.Fatalf("%q becomes %q, %v", doc, got, err)
		}
		if again, err := b.JSON(got, true); err != nil || string(again) != string(got) {
			t.Errorf("%q becomes %q and then %q, %v", doc, got, again, err)
		}
	})
}
