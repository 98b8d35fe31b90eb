package plan_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk/schema"
)

// saved is a plan as it is saved.
func saved(t testing.TB) (*plan.Plan, []byte) {
	t.Helper()
	s := newScene(t, based+"  - {id: e, manual: 'Look at <that> & ${{ some.count }}'}\n")
	p := s.plan(t.Context())
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := p.Save(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return p, text
}

func TestSaveAndLoad(t *testing.T) {
	s := newScene(t, based)
	p := s.plan(t.Context())
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := p.Save(file); err != nil {
		t.Fatal(err)
	}
	got, err := plan.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.Fingerprint != p.Fingerprint || told(got) != told(p) || len(plan.Compare(p.Basis, got.Basis)) > 0 {
		t.Errorf("loaded is\n%s\nsaved was\n%s", told(got), told(p))
	}
	if err := p.Save(file); err == nil || !strings.Contains(err.Error(), "exists already: name another file, or remove it") {
		t.Errorf("saved over: %v", err)
	}
	if err := p.Save(filepath.Join(t.TempDir(), "no", "such", "folder")); err == nil || !strings.HasPrefix(err.Error(), "the plan cannot be saved: ") {
		t.Errorf("saved nowhere: %v", err)
	}
}

func TestLoadOfSomethingElse(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 65<<20); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ file, want string }{
		"nothing":  {filepath.Join(dir, "nothing"), "the plan cannot be read: "},
		"a-folder": {dir, "is not a file"},
		"large":    {large, "is too large for a plan: at most 64.0 MiB are read"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := plan.Load(test.file); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestParseOfWhatWasEdited(t *testing.T) {
	_, text := saved(t)
	replace := func(old, by string) []byte {
		if !bytes.Contains(text, []byte(old)) {
			t.Fatalf("%q is not in\n%s", old, text)
		}
		return bytes.Replace(text, []byte(old), []byte(by), 1)
	}
	const edited, none = "the plan was edited", "this is not a saved plan"
	for name, test := range map[string]struct {
		text []byte
		want string
	}{
		"empty":                   {nil, none},
		"another-document":        {[]byte(`{"a": 1}`), "it has no rectify_plan version"},
		"a-list":                  {[]byte(`[1]`), none},
		"no-number":               {replace(`"rectify_plan": 1`, `"rectify_plan": "1"`), none},
		"another-version":         {replace(`"rectify_plan": 1`, `"rectify_plan": 2`), "the plan is of version 2, this rectify carries out version 1"},
		"cut-off":                 {text[:len(text)/2], none},
		"something-behind":        {append(bytes.Clone(text), "{}"...), none},
		"unknown-field":           {replace(`"stamp"`, `"more": 1, "stamp"`), edited + `: json: unknown field "more"`},
		"a-field-of-another-type": {replace(`"steps": [`, `"afterwards": 1, "steps": [`), edited + ": "},
		"a-blank":                 {replace(`"stamp": "`, `"stamp":  "`), edited},
		"a-line-break":            {bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), edited},
		"another-spelling":        {replace(`"stamp"`, `"Stamp"`), edited},
		"a-field-twice":           {replace(`"stamp"`, `"stamp": "x", "stamp"`), edited},
		"an-escape":               {replace(`<that>`, `\u003cthat>`), edited},
		"a-number":                {replace(`"rectify_plan": 1`, `"rectify_plan": 1.0`), none},
		"an-argument":             {replace(`"value": "w"`, `"value": "v"`), edited},
		"a-state":                 {replace(`"state": "left out"`, `"state": "planned"`), edited},
		"a-digest":                {regexp.MustCompile(`"digest": "[0-9a-f]{4}`).ReplaceAll(text, []byte(`"digest": "0000`)), edited},
		"no-digest":               {regexp.MustCompile(`,\s*"digest": "[0-9a-f]*"`).ReplaceAll(text, nil), edited},
		"huge-number":             {replace(`"value": "w"`, `"value": 1e999`), edited},
		"deep":                    {replace(`"value": "w"`, `"value": `+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)), none},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := plan.Parse(test.text); err == nil || !strings.HasPrefix(err.Error(), test.want) && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestLoadOfHoles has a plan with a right digest in which a step is nothing.
func TestLoadOfHoles(t *testing.T) {
	p := &plan.Plan{Version: plan.Version, Steps: []*plan.Step{{Key: "g", Finally: []*plan.Step{nil}}}}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	v, err := schema.Of(schema.Any).Canonical(text)
	if err != nil {
		t.Fatal(err)
	}
	sorted, err := schema.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	p.Digest = fmt.Sprintf("%x", sha256.Sum256(sorted))
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := p.Save(file); err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Load(file); err == nil || !strings.Contains(err.Error(), "the plan was edited") {
		t.Errorf("got %v", err)
	}
}

// TestParseOfEveryEdit changes each byte of a plan, leaves each out, and cuts the plan off at each.
func TestParseOfEveryEdit(t *testing.T) {
	_, text := saved(t)
	if _, err := plan.Parse(text); err != nil {
		t.Fatal(err)
	}
	edited := make([]byte, len(text))
	for i := range text {
		copy(edited, text)
		edited[i] ^= 1
		for what, by := range map[string][]byte{"changed": edited, "left out": append(bytes.Clone(text[:i]), text[i+1:]...), "cut off": text[:i]} {
			if i%7 != 0 && what != "changed" {
				continue
			}
			if _, err := plan.Parse(by); err == nil {
				t.Fatalf("byte %d is %s: it is accepted", i, what)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	_, text := saved(f)
	f.Add(text)
	f.Add([]byte(`{"rectify_plan": 1, "digest": ""}`))
	f.Add([]byte(`{"rectify_plan": 1, "steps": [{"input": 1e999}]}`))
	f.Add([]byte(`{"rectify_plan": 1, "made": "x", "steps": [null]}`))
	f.Add([]byte(fmt.Sprintf(`{"rectify_plan": 1, "steps": %s}`, strings.Repeat(`[`, 100))))
	f.Fuzz(func(t *testing.T, edited []byte) {
		p, err := plan.Parse(edited)
		if err == nil && !bytes.Equal(edited, text) && p.Stamp == "20260116-110000" {
			t.Errorf("an edited plan is accepted\n%s", edited)
		}
	})
}
