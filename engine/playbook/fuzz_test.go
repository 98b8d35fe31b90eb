package playbook

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/diag"
)

func addSeeds(f *testing.F, suffix string) {
	f.Helper()
	for _, pattern := range []string{"testdata/err/*.yaml", "testdata/ok/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.yaml") != (suffix == "_test.yaml") {
				continue
			}
			if src, err := os.ReadFile(path); err == nil && len(src) < 10_000 {
				f.Add(src)
			}
		}
	}
}

// holdList fails where a diagnostic says nothing or points outside of the source.
func holdList(t *testing.T, src []byte, list diag.List) {
	t.Helper()
	if len(list) > maxDiagnostics+1 {
		t.Fatalf("%d diagnostics", len(list))
	}
	lines := strings.Split(strings.TrimPrefix(string(src), "\ufeff"), "\n")
	for _, d := range list {
		if d.Kind == "" || d.Message == "" || d.File == "" || !utf8.ValidString(d.Message) && utf8.Valid(src) {
			t.Fatalf("an empty diagnostic: %#v", d)
		}
		if len(d.Message)+len(d.Hint) > 1500 {
			t.Fatalf("a message of %d bytes: %.200s", len(d.Message)+len(d.Hint), d.Message)
		}
		start := d.Span.Start
		if !start.Known() {
			continue
		}
		if start.Line > len(lines) || start.Column < 1 || start.Column > utf8.RuneCountInString(lines[start.Line-1])+2 || d.Span.End.Before(start) {
			t.Fatalf("%s points outside of the file: %+v", d, d.Span)
		}
	}
}

// holdValue fails where a rune of a scalar is placed outside of the source, or not in its order.
func holdValue(t *testing.T, v Value) {
	t.Helper()
	if v.Kind == ScalarValue && len(v.Scalar.Value) < 500 {
		last := v.Scalar.Span.Start
		for i := range utf8.RuneCountInString(v.Scalar.Value) + 1 {
			at := v.Scalar.At(i)
			if at.Before(last) || v.Scalar.Span.End.Before(at) {
				t.Fatalf("rune %d of %q is placed at %s; before it %s, the end %s", i, v.Scalar.Value, at, last, v.Scalar.Span.End)
			}
			last = at
		}
	}
	for _, item := range v.List {
		holdValue(t, item)
	}
	for _, e := range v.Map {
		holdValue(t, e.Value)
	}
}

func FuzzParse(f *testing.F) {
	addSeeds(f, ".yaml")
	f.Fuzz(func(t *testing.T, src []byte) {
		d, list := Parse("p.yaml", src)
		holdList(t, src, list)
		if !list.HasErrors() && (!d.ID.Given() || !d.Title.Given() || d.Version.Value != Version) {
			t.Fatalf("a document without its required keys was accepted: %+v", d)
		}
		for _, probe := range d.Probes {
			for _, argument := range probe.With {
				if len(list) == 0 {
					holdValue(t, argument.Value)
				}
			}
		}
		for _, let := range d.Let {
			if got := let.Expression.Span(); got.End.Before(got.Start) {
				t.Fatalf("the expression %q spans %+v", let.Expression.Source, got)
			}
		}
	})
}

func FuzzParseTests(f *testing.F) {
	addSeeds(f, "_test.yaml")
	f.Fuzz(func(t *testing.T, src []byte) {
		file, list := ParseTests("p_test.yaml", src)
		holdList(t, src, list)
		for _, test := range file.Tests {
			if !list.HasErrors() && (!test.Name.Given() || test.Expect == nil) {
				t.Fatalf("a test without its required keys was accepted: %+v", test)
			}
			for _, fact := range test.Facts {
				for _, field := range fact.Fields {
					holdValue(t, field.Value)
				}
			}
		}
	})
}

// FuzzScalar reads one value in all positions of the language that take any value.
func FuzzScalar(f *testing.F) {
	for _, seed := range []string{"plain", "'it''s'", `"a\nb\u00e4"`, "|\n  a\n   b\n", ">-\n  a\n  b\n\n  c\n", "&x [a, *x]", "!!str 5", "{a: b}", "${{ a }}", "|2\n   a\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src := []byte("k: " + text + "\n")
		s, fatal := readSource("p.yaml", src)
		if fatal != nil {
			holdList(t, src, fatal)
			return
		}
		r := &reader{file: "p.yaml"}
		root, _ := r.readTree(s, true)
		holdList(t, src, r.list)
		holdValue(t, root)
	})
}
