package rehearse_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/rehearse"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden runs the test file of each archive and compares the text form of the result with the archive's `want`. The
// playbook is drive.yaml or works.yaml of testdata where the archive has none. The archive's comment may say --coverage.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			view := rehearse.View{Coverage: bytes.Contains(archive.Comment, []byte("--coverage")), Part: !bytes.Contains(archive.Comment, []byte("coverage"))}
			if err := view.Text(&got, []*rehearse.File{runArchive(t, archive, nil)}); err != nil {
				t.Fatal(err)
			}
			compare(t, name, archive, "want", got.Bytes())
		})
	}
}

// runArchive runs the tests of an archive.
func runArchive(t *testing.T, archive *txtar.Archive, keep func(string) bool) *rehearse.File {
	t.Helper()
	files := fstest.MapFS{"drive.yaml": {Data: drivePlaybook(t)}, "works.yaml": {Data: samplePlaybook(t, "works.yaml")}}
	for _, f := range archive.Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	source := rehearse.Source{FS: files, Display: func(name string) string { return name }}
	names, err := source.Find(".")
	if err != nil || len(names) != 1 {
		t.Fatalf("found %v, %v", names, err)
	}
	f, err := rehearse.Run(t.Context(), source, names[0], check.NewPluginCatalog(sample()), keep)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// drivePlaybook is the playbook that most tests of conclusions are about.
func drivePlaybook(t testing.TB) []byte { return samplePlaybook(t, "drive.yaml") }

func samplePlaybook(t testing.TB, name string) []byte {
	t.Helper()
	playbook, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return playbook
}

// compare holds output against a file of an archive, or puts it there with -update.
func compare(t *testing.T, name string, archive *txtar.Archive, file string, got []byte) {
	t.Helper()
	for i, f := range archive.Files {
		if f.Name != file {
			continue
		}
		if bytes.Equal(f.Data, got) {
			return
		}
		if !*update {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, f.Data)
			return
		}
		archive.Files[i].Data = got
		if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
			t.Error(err)
		}
		return
	}
	t.Errorf("%s has no file %q", name, file)
}
