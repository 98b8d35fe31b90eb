package check_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/playbook"
)

// FuzzCheck holds that any document that parses is checked without a panic, and that every diagnostic says something and
// points into the file.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"testdata/err/*.yaml", "testdata/ok/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range files {
			src, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	functions := newCatalog()
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, list := playbook.Parse("f.yaml", src)
		if list.HasErrors() {
			return
		}
		p, list := check.Check(doc, functions)
		if (p == nil) != list.HasErrors() {
			t.Fatalf("a playbook: %v, errors: %v", p != nil, list.HasErrors())
		}
		lines := strings.Split(strings.TrimPrefix(string(src), "\ufeff"), "\n")
		for _, d := range list {
			at := d.Span.Start
			if d.Kind == "" || d.Message == "" || !at.Known() || at.Line > len(lines) || at.Column > utf8.RuneCountInString(lines[at.Line-1])+2 || d.Span.End.Before(at) {
				t.Fatalf("%+v", d)
			}
		}
	})
}

// TestBounded checks hostile documents: what is collected is bounded, and so is the work.
func TestBounded(t *testing.T) {
	head := "rectify: v1\nid: test/x\ntitle: X\n"
	var wrong, chain, circle strings.Builder
	wrong.WriteString(head + "let:\n")
	chain.WriteString(head + "let:\n")
	circle.WriteString(head + "let:\n")
	const many = 2_000
	for i := range many {
		n := strconv.Itoa(i)
		wrong.WriteString("  a_rather_long_name_" + n + ": a_rather_lnog_name_" + n + "\n")
		chain.WriteString("  c" + n + ": c" + strconv.Itoa(i+1) + "\n")
		circle.WriteString("  c" + n + ": c" + strconv.Itoa((i+1)%many) + "\n")
	}
	chain.WriteString("  c" + strconv.Itoa(many) + ": now\n")
	for name, source := range map[string]string{"many-wrong-names": wrong.String(), "long-chain": chain.String(), "long-circle": circle.String()} {
		t.Run(name, func(t *testing.T) {
			doc := parsed(t, "x.yaml", []byte(source))
			began := time.Now()
			_, list := check.Check(doc, newCatalog())
			if len(list) > 2*201 {
				t.Errorf("%d diagnostics", len(list))
			}
			for _, d := range list {
				if len(d.Message) > 10_000 || len(d.Related) > 100 {
					t.Fatalf("a message of %d bytes with %d places", len(d.Message), len(d.Related))
				}
			}
			t.Logf("%d diagnostics in %s", len(list), time.Since(began))
		})
	}
}
