package rehearse_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/rehearse"
)

func archive(t testing.TB, name string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile("testdata/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCount(t *testing.T) {
	tests := map[string]struct{ passed, failed int }{
		"passing":         {7, 0},
		"failing":         {0, 2},
		"wrong":           {1, 4},
		"broken-playbook": {0, 1},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			n := rehearse.Count([]*rehearse.File{runArchive(t, archive(t, name), nil)})
			if n.Passed != want.passed || n.Failed != want.failed {
				t.Errorf("%+v, want %+v", n, want)
			}
		})
	}
}

func TestRunKeepsByName(t *testing.T) {
	f := runArchive(t, archive(t, "passing"), func(name string) bool { return strings.Contains(name, "inputs") })
	if len(f.Tests) != 1 || f.Tests[0].Name != "inputs decide" {
		t.Errorf("ran %+v", f.Tests)
	}
}

func TestJUnit(t *testing.T) {
	var files []*rehearse.File
	for _, name := range []string{"passing", "failing", "wrong", "broken-playbook"} {
		files = append(files, runArchive(t, archive(t, name), nil))
	}
	var out bytes.Buffer
	if err := rehearse.JUnit(&out, files); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Cases    []struct {
				Class   string `xml:"classname,attr"`
				Line    int    `xml:"line,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, &out)
	}
	var counts [][3]int
	for _, s := range got.Suites {
		counts = append(counts, [3]int{s.Tests, s.Failures, s.Errors})
	}
	want := [][3]int{{7, 0, 0}, {2, 2, 0}, {5, 0, 4}, {1, 0, 1}}
	for i := range want {
		if counts[i] != want[i] {
			t.Errorf("suite %d counts %v, want %v", i, counts[i], want[i])
		}
	}
	failed := got.Suites[1].Cases[0]
	if failed.Class != "drive" || failed.Line != 2 || failed.Failure == nil {
		t.Fatalf("the failing case is %+v", failed)
	}
	if want := "applies: expected ruled out, got confirmed, and 6 more"; failed.Failure.Message != want {
		t.Errorf("message %q, want %q", failed.Failure.Message, want)
	}
	if !strings.Contains(failed.Failure.Text, "→ 1 of 1 match") {
		t.Errorf("the reasons are missing in %q", failed.Failure.Text)
	}
}

// TestJSONOfRuns holds the form of what is told of a run that went otherwise.
func TestJSONOfRuns(t *testing.T) {
	raw, err := json.Marshal(runArchive(t, archive(t, "run-failing"), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"expected":"sample.move","got":"it failed: in use"`,
		`"reasons":[{"of":"verify fixed","condition":"disk.free \u003e= size(\"10GiB\")","values":"5.0 GiB \u003e= 10.0 GiB","truth":"false"}`,
		`"notes":["done: backup, idle, `,
		`{"id":"sample.stop in reset","tests":{"done":4,"failed":0,"planned":6,"undone":3}}`,
	} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("%s is not in the JSON form", want)
		}
	}
}

// TestJSON holds the form that programs read: the names of the fields and the words of the statuses.
func TestJSON(t *testing.T) {
	raw, err := json.Marshal(runArchive(t, archive(t, "failing"), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"file":"drive_test.yaml","playbook":"sample/drive"`,
		`"status":"failed"`,
		`{"of":"applies","span":{"start":{"line":9,"column":16},"end":{"line":9,"column":25}},"expected":"ruled out","got":"confirmed","reasons":[{"of":"when"`,
		`"unknown":[{"fact":"disk","reason":"the disk was not asked"}]`,
		`{"name":"causes.server","verdicts":{"confirmed":0,"ruled out":1,"undetermined":0}}`,
		`{"id":"clean","tests":{"done":0,"failed":0,"planned":0,"undone":0}}`,
	} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("%s is not in the JSON form", want)
		}
	}
}

func TestFind(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range []string{"a/x.yaml", "a/x_test.yaml", "a/untested.yaml", "a/testdata/y_test.yaml", "b/z_test.yaml"} {
		files[name] = &fstest.MapFile{}
	}
	source := rehearse.Source{FS: files, Display: func(name string) string { return "books/" + name }}
	tests := map[string]struct{ place, found, failure string }{
		"folder":             {place: ".", found: "a/x_test.yaml b/z_test.yaml"},
		"playbook":           {place: "a/x.yaml", found: "a/x_test.yaml"},
		"test-file":          {place: "a/x_test.yaml", found: "a/x_test.yaml"},
		"testdata-by-itself": {place: "a/testdata", found: "a/testdata/y_test.yaml"},
		"no-tests":           {place: "a/untested.yaml", failure: "books/a/untested.yaml has no tests: there is no books/a/untested_test.yaml"},
		"not-there":          {place: "c", failure: "file does not exist"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			found, err := source.Find(test.place)
			if (err == nil) != (test.failure == "") || err != nil && !strings.Contains(err.Error(), test.failure) {
				t.Fatalf("error %v, want %q", err, test.failure)
			}
			if got := strings.Join(found, " "); got != test.found {
				t.Errorf("found %q, want %q", got, test.found)
			}
		})
	}
	if _, err := rehearse.Run(t.Context(), source, "b/z_test.yaml", check.NewPluginCatalog(), nil); err == nil || !strings.Contains(err.Error(), "books/b/z_test.yaml tests no playbook: there is no books/b/z.yaml") {
		t.Errorf("a test file without a playbook: %v", err)
	}
}

// FuzzRun makes sure that no test file, however wrong, breaks a run, and that a test fails when something is wrong with it.
func FuzzRun(f *testing.F) {
	playbooks := map[string][]byte{"drive": drivePlaybook(f), "works": samplePlaybook(f, "works.yaml")}
	for _, name := range []string{"passing", "wrong", "states", "run", "run-failing", "run-wrong"} {
		for _, file := range archive(f, name).Files {
			if of, tests := strings.CutSuffix(file.Name, "_test.yaml"); tests {
				f.Add(file.Data, of == "works")
			}
		}
	}
	functions := check.NewPluginCatalog(sample())
	f.Fuzz(func(t *testing.T, tests []byte, works bool) {
		name := "drive"
		if works {
			name = "works"
		}
		files := fstest.MapFS{name + ".yaml": {Data: playbooks[name]}, name + "_test.yaml": {Data: tests}}
		source := rehearse.Source{FS: files, Display: func(name string) string { return name }}
		got, err := rehearse.Run(t.Context(), source, name+"_test.yaml", functions, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range got.Tests {
			if (test.Status == rehearse.Failed) != (len(test.Mismatches) > 0 || test.Problems.HasErrors()) {
				t.Errorf("the test %q is %s with %d mismatches and %d problems", test.Name, test.Status, len(test.Mismatches), len(test.Problems))
			}
		}
		if err := (rehearse.View{Coverage: true}).Text(&bytes.Buffer{}, []*rehearse.File{got}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTooLong makes sure that a list of any length is told of in short time.
func TestTooLong(t *testing.T) {
	items := strings.Repeat("{text: a job}, ", 3000)
	files := fstest.MapFS{
		"works.yaml": {Data: samplePlaybook(t, "works.yaml")},
		"works_test.yaml": {Data: []byte("tests:\n  - name: long\n    defaults: healthy\n    facts:\n      fails: {failed: [{code: 0x80070070}]}\n" +
			"      logs: {patterns: {jobs: {matches: [" + items + "]}}}\n    answers: {backup: of today}\n    expect: {plan: [works], did: [job]}\n")},
	}
	source := rehearse.Source{FS: files, Display: func(name string) string { return name }}
	f, err := rehearse.Run(t.Context(), source, "works_test.yaml", check.NewPluginCatalog(sample()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tests) != 1 || len(f.Tests[0].Problems) != 1 || !strings.Contains(f.Tests[0].Problems[0].Message, "at most") {
		t.Errorf("%v, %+v", f.Problems, f.Tests)
	}
}

// TestWithoutBundles leaves out what the source has no bundles for.
func TestWithoutBundles(t *testing.T) {
	files := fstest.MapFS{
		"drive.yaml": {Data: drivePlaybook(t)},
		"drive_test.yaml": {Data: []byte("tests:\n" +
			"  - {name: recorded, bundle: testdata/none.json, expect: {applies: ruled out}}\n" +
			"  - {name: by hand, defaults: healthy, expect: {applies: ruled out}}\n")},
	}
	source := rehearse.Source{FS: files, Display: func(name string) string { return name }, WithoutBundles: true}
	got, err := rehearse.Run(t.Context(), source, "drive_test.yaml", check.NewPluginCatalog(sample()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := rehearse.Count([]*rehearse.File{got}); got.LeftOut != 1 || n.Passed != 1 || n.Failed != 0 {
		t.Errorf("%d left out, %+v", got.LeftOut, n)
	}
	checked, err := rehearse.Check(source, "drive_test.yaml", check.NewPluginCatalog(sample()))
	if err != nil {
		t.Fatal(err)
	}
	if len(checked.Problems) != 1 || checked.Problems[0].Kind != "bundle" {
		t.Errorf("checked: %v, want the bundle that is missing", checked.Problems)
	}
}
