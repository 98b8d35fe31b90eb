package schema

import (
	"strings"
	"testing"
)

type searchFor struct {
	Pattern  Regexp            `json:"pattern,omitempty"`
	Tagged   string            `json:"tagged,omitempty" jsonschema:"format=regex"`
	Patterns map[string]Regexp `json:"patterns,omitempty"`
	Lists    []Regexp          `json:"lists,omitempty"`
}

func TestRegexp(t *testing.T) {
	parsed, err := Parse(Reflect[searchFor]())
	if err != nil {
		t.Fatal(err)
	}
	good := `{"pattern": "(?i)a+", "tagged": "b", "patterns": {"x": "\\d{2}"}, "lists": ["^$"]}`
	if _, err := parsed.Canonical([]byte(good)); err != nil {
		t.Errorf("good ones: %v", err)
	}
	for name, c := range map[string]struct{ document, pointer, says string }{
		"field":           {`{"pattern": "("}`, "/pattern", `missing closing )`},
		"tag":             {`{"tagged": "["}`, "/tagged", `missing closing ]`},
		"value-of-a-map":  {`{"patterns": {"x": "*"}}`, "/patterns/x", `a literal * + or ? is written with a backslash`},
		"item":            {`{"lists": ["a", "a++"]}`, "/lists/1", `a literal * + or ? is written with a backslash`},
		"lookahead":       {`{"pattern": "a(?=b)"}`, "/pattern", `which RE2 cannot`},
		"lookbehind":      {`{"pattern": "(?<!b)a"}`, "/pattern", `which RE2 cannot`},
		"back-reference":  {`{"pattern": "(a)\\1"}`, "/pattern", `refers back to a group, which RE2 cannot`},
		"windows-path":    {`{"pattern": "C:\\Windows\\Logs"}`, "/pattern", "a literal backslash is written twice: `\\\\`"},
		"backslash-last":  {`{"pattern": "C:\\"}`, "/pattern", "it ends in a backslash; a literal one is written twice: `\\\\`"},
		"too-many-copies": {`{"pattern": "(a{1000}){1000}"}`, "/pattern", `not a regular expression`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parsed.Canonical([]byte(c.document))
			pe, ok := err.(*PathError)
			if !ok || pe.Pointer != c.pointer || !strings.Contains(pe.Error(), c.says) {
				t.Errorf("got %v, want %q at %s", err, c.says, c.pointer)
			}
		})
	}
}
