package check_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// parsed parses a source that must have no errors.
func parsed(t testing.TB, name string, src []byte) *playbook.Document {
	t.Helper()
	doc, list := playbook.Parse(name, src)
	if list.HasErrors() {
		t.Fatalf("it cannot be parsed:\n%s", rendered(t, name, src, list))
	}
	return doc
}

// checked checks a source that must parse without errors.
func checked(t testing.TB, name string, src []byte, functions check.Catalog) (*check.Playbook, diag.List) {
	t.Helper()
	return check.Check(parsed(t, name, src), functions)
}

func rendered(t testing.TB, name string, src []byte, list diag.List) string {
	t.Helper()
	var out bytes.Buffer
	if err := (diag.Renderer{Sources: map[string][]byte{name: src}}).Render(&out, list); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestDiagnostics compares what is said of each testdata/err/NAME.yaml with NAME.out.
func TestDiagnostics(t *testing.T) {
	files, err := filepath.Glob("testdata/err/*.yaml")
	if err != nil || len(files) < 25 {
		t.Fatalf("found %d golden cases (%v)", len(files), err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			p, list := checked(t, name, src, newCatalog())
			if len(list) == 0 {
				t.Fatal("nothing was reported")
			}
			if (p == nil) != list.HasErrors() {
				t.Errorf("a playbook: %v, errors: %v", p != nil, list.HasErrors())
			}
			got := rendered(t, name, src, list)
			golden := strings.TrimSuffix(path, ".yaml") + ".out"
			if *updateGolden {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.ReplaceAll(string(want), "\r\n", "\n"); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// TestAccepted holds that testdata/ok is accepted without a word.
func TestAccepted(t *testing.T) {
	files, err := filepath.Glob("testdata/ok/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases (%v)", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if p, list := checked(t, path, src, newCatalog()); p == nil || len(list) > 0 {
				t.Errorf("\n%s", rendered(t, path, src, list))
			}
		})
	}
}
