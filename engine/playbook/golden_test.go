package playbook

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/diag"
)

var update = flag.Bool("update", false, "write the golden files anew")

// parseAny reads a file as its name says: *_test.yaml is a test file.
func parseAny(name string, src []byte) diag.List {
	if strings.HasSuffix(name, "_test.yaml") {
		_, list := ParseTests(name, src)
		return list
	}
	_, list := Parse(name, src)
	return list
}

func TestErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/err/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("found %d golden cases (%v)", len(files), err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			list := parseAny(name, src)
			if len(list) == 0 {
				t.Fatal("nothing was reported")
			}
			var got bytes.Buffer
			if err := (diag.Renderer{Sources: map[string][]byte{name: src}}).Render(&got, list); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".out"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got:\n%s\nwant:\n%s", got.Bytes(), want)
			}
		})
	}
}

// render shows diagnostics in failures of tests.
func render(t *testing.T, file string, src []byte, list diag.List) string {
	t.Helper()
	var out bytes.Buffer
	if err := (diag.Renderer{Sources: map[string][]byte{file: src}}).Render(&out, list); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// goldenSources gives the golden cases by name.
func goldenSources(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/err/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden cases (%v)", err)
	}
	all := map[string][]byte{}
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = src
	}
	return all
}
