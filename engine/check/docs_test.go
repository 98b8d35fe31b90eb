package check_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/engine/rehearse"
	"github.com/rectify-project/rectify/engine/report"
)

const docs = "../../docs/"

// notShown are the kinds that no example of a few lines can bring about.
var notShown = []string{"encoding", "plugin", "too-deep", "too-large", "too-many"}

var (
	example = regexp.MustCompile("(?s)```yaml\n(.*?)```\n\nOutput:\n\n```text\n(.*?)```")
	heading = regexp.MustCompile(`(?m)^### ([a-z-]+)$`)
	kindOf  = regexp.MustCompile(`(?m)^\S+?:(?:\d+:\d+:)? .* \[([a-z-]+)\]$`)
)

// TestChecksDocument holds docs/checks.md: what stands under an example is what the program says of it, each example
// shows the kind whose section it stands in, and each kind that golden cases know has a section.
func TestChecksDocument(t *testing.T) {
	path := docs + "checks.md"
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(src), "\r\n", "\n")
	got := example.ReplaceAllStringFunc(text, func(s string) string {
		m := example.FindStringSubmatch(s)
		return strings.TrimSuffix(s, m[2]+"```") + said(t, m[1]) + "```"
	})
	if *updateGolden {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != text {
		t.Errorf("%s is not what the program says; go test ./engine/check -update writes it anew", path)
	}
	sections := map[string]string{}
	at := heading.FindAllStringSubmatchIndex(got, -1)
	for i, m := range at {
		end := len(got)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		sections[got[m[2]:m[3]]] = got[m[1]:end]
	}
	for kind, section := range sections {
		shown := strings.Contains(section, "["+kind+"]\n")
		if shown == slices.Contains(notShown, kind) {
			t.Errorf("the section %s shows its kind: %v", kind, shown)
		}
	}
	for _, kind := range goldenKinds(t) {
		if _, ok := sections[kind]; !ok {
			t.Errorf("%s has no section on %s", path, kind)
		}
	}
}

// said is what `rectify check` says of an example.
func said(t *testing.T, source string) string {
	t.Helper()
	name, list := "playbook.yaml", diag.List(nil)
	if strings.HasPrefix(source, "tests:") {
		name = "playbook_test.yaml"
		_, list = playbook.ParseTests(name, []byte(source))
	} else {
		var doc *playbook.Document
		if doc, list = playbook.Parse(name, []byte(source)); !list.HasErrors() {
			_, more := check.Check(doc, shipped())
			list = append(list, more...).Sorted()
		}
	}
	return rendered(t, name, []byte(source), list)
}

func goldenKinds(t *testing.T) []string {
	t.Helper()
	var kinds []string
	for _, pattern := range []string{"testdata/err/*.out", "../playbook/testdata/err/*.out"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, path := range files {
			out, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range kindOf.FindAllStringSubmatch(string(out), -1) {
				kinds = append(kinds, m[1])
			}
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// TestFormatsDocument holds docs/bundle.md: it names each field of bundles and reports.
func TestFormatsDocument(t *testing.T) {
	src, err := os.ReadFile(docs + "bundle.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	fieldNames(reflect.TypeFor[fact.Bundle](), names)
	fieldNames(reflect.TypeFor[report.Report](), names)
	if len(names) < 40 {
		t.Fatalf("found %d fields", len(names))
	}
	for name := range names {
		if !strings.Contains(string(src), "`"+name+"`") {
			t.Errorf("docs/bundle.md does not name the field %s", name)
		}
	}
}

// fieldNames collects the JSON names of the fields of a struct and of those in it.
func fieldNames(t reflect.Type, names map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		fieldNames(t.Elem(), names)
	case reflect.Struct:
		for i := range t.NumField() {
			if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
				names[name] = true
				fieldNames(t.Field(i).Type, names)
			}
		}
	}
}

var fenced = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestPlaybookDocument holds docs/playbook.md: each example is accepted without a word, as a whole playbook, as a test
// file, or as the fragment that its first line says it is.
func TestPlaybookDocument(t *testing.T) {
	src, err := os.ReadFile(docs + "playbook.md")
	if err != nil {
		t.Fatal(err)
	}
	found := fenced.FindAllStringSubmatch(strings.ReplaceAll(string(src), "\r\n", "\n"), -1)
	if len(found) < 4 {
		t.Fatalf("found %d examples", len(found))
	}
	whole := ""
	for _, m := range found {
		if strings.HasPrefix(m[1], "rectify: v1\n") {
			whole = m[1]
			break
		}
	}
	for _, m := range found {
		source := m[1]
		first, _, _ := strings.Cut(source, "\n")
		if key, ok := strings.CutPrefix(first, "# fragment: "); ok {
			source = spliced(t, whole, key, source)
		}
		if said := said(t, source); said != "" {
			t.Errorf("%s\n%s", first, said)
		}
		if first == "tests:" {
			rehearsed(t, whole, source)
		}
	}
}

// rehearsed runs the tests of the document on its playbook, save those that need a recording.
func rehearsed(t *testing.T, whole, tests string) {
	t.Helper()
	files := fstest.MapFS{"x.yaml": {Data: []byte(whole)}, "x_test.yaml": {Data: []byte(tests)}}
	source := rehearse.Source{FS: files, Display: func(name string) string { return name }}
	got, err := rehearse.Run(t.Context(), source, "x_test.yaml", shipped(), func(test string) bool { return !strings.Contains(test, "recorded") })
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Problems) > 0 || len(got.Tests) == 0 {
		t.Errorf("%d tests, %v", len(got.Tests), got.Problems)
	}
	for _, test := range got.Tests {
		if test.Status != rehearse.Passed {
			t.Errorf("%s: %+v", test.Name, test)
		}
	}
}

// spliced puts a fragment into the document's whole playbook, in place of the part with that key.
func spliced(t *testing.T, whole, key, fragment string) string {
	t.Helper()
	var out strings.Builder
	inside, found := false, false
	for line := range strings.Lines(whole) {
		if line[0] >= 'a' && line[0] <= 'z' {
			inside = strings.HasPrefix(line, key+":")
			if inside {
				found = true
				out.WriteString(fragment)
			}
		}
		if !inside {
			out.WriteString(line)
		}
	}
	if !found {
		t.Fatalf("the playbook of the document has no %q", key)
	}
	return out.String()
}
