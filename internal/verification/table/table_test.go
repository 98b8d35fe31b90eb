package table

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

func of(system string, kind Kind, outcome conformance.Outcome) Record {
	return Record{"x.y", system, kind, "what was shown", outcome}
}

func TestLevelOf(t *testing.T) {
	for name, c := range map[string]struct {
		records []Record
		want    Level
	}{
		"nothing":                     {nil, Never},
		"calls-alone":                 {[]Record{of("Wine 10.0", Call, conformance.Works)}, Never},
		"a-fake":                      {[]Record{of(Fake, Function, conformance.Works), of("Wine 10.0", Call, conformance.Absent)}, FakeOnly},
		"a-fake-and-a-part":           {[]Record{of("Wine 10.0", Part, conformance.Works), of(Fake, Function, conformance.Works)}, InPart},
		"wine":                        {[]Record{of("Wine 10.0", Part, conformance.Works), of("Wine 10.0", Function, conformance.Works), of(Fake, Function, conformance.Works)}, OnWine},
		"windows":                     {[]Record{of("Windows 10.0.19045", Function, conformance.Works), of("Wine 10.0", Function, conformance.Works)}, OnWindows},
		"windows-but-it-did-not-work": {[]Record{of("Windows 10.0.19045", Function, conformance.Different)}, Never},
	} {
		t.Run(name, func(t *testing.T) {
			if got := LevelOf(c.records); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
			slices.Reverse(c.records)
			if got := LevelOf(c.records); got != c.want {
				t.Errorf("in another order %v, want %v", got, c.want)
			}
		})
	}
}

func TestWriteAndRead(t *testing.T) {
	records := []Record{of("Wine 10.0", Call, conformance.Absent), of(Fake, Function, conformance.Works), of(Fake, Function, conformance.Works)}
	records[0].What = "a name, with a comma and \"quotes\""
	var b bytes.Buffer
	if err := Write(&b, records); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&b)
	if err != nil || len(got) != 2 || !slices.Contains(got, records[0]) || !slices.Contains(got, records[1]) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Read(strings.NewReader("a,b\n")); err == nil {
		t.Error("read what is no table")
	}
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	err := Markdown(&b, []Subject{{"x.y", "probe", "Looks"}, {"x.z", "action", "Does"}}, []Record{of("Wine 10.0", Part, conformance.Works), of("Wine 10.0", Call, conformance.Absent)})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| [`x.y`](#xy) | probe | in part on Wine, else by a fake |", "| [`x.z`](#xz) | action | never |", "No test has shown it on a running machine.",
		"In part, or that it is not carried out is caught, on Wine 10.0:\n\n- what was shown\n", "Calls that it rests on, Wine 10.0:\n\n- what was shown: **missing**\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q:\n%s", want, b.String())
		}
	}
}
