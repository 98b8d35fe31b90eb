package report_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/engine/report"
	"github.com/rectify-project/rectify/sdk"
)

type searched struct {
	Patterns map[string]hits `json:"patterns"`
	Size     int             `json:"size,omitempty"`
}

type hits struct {
	Matches []struct {
		Text string `json:"text"`
	} `json:"matches"`
}

// searching answers with so many matches, each with two items of evidence, and two fields that are not known.
type searching int

func (n searching) Observe(context.Context, fact.Call) fact.Reading {
	r := fact.Reading{Status: fact.Observed, Missing: map[string]string{"/size": "nobody can tell", "/lines": "nor this"}}
	list := []any{}
	for i := range int(n) {
		list = append(list, map[string]any{"text": fmt.Sprint(i)})
		at := fmt.Sprintf("/patterns/stop/matches/%d", i)
		r.Evidence = append(r.Evidence, sdk.Evidence{Pointer: at, File: "a.log", Line: 2*i + 1, Text: "main"}, sdk.Evidence{Pointer: at, File: "a.log", Line: 2*i + 2, Text: "beside"})
	}
	r.Evidence = append(r.Evidence, r.Evidence...) // the same place twice is one
	r.Value = map[string]any{"patterns": map[string]any{"stop": map[string]any{"matches": list}, "none": map[string]any{"matches": []any{}}}}
	return r
}

func built(t *testing.T, n searching) *report.Report {
	t.Helper()
	doc, list := playbook.Parse("p.yaml", []byte(`rectify: v1
id: sample/p
title: P
summary: What is reported.
codes: [0x80070070]
probes:
  logs: {uses: sample.search, title: The logs}
applies:
  when: len(logs.patterns) > 0
  healed: logs.size > 5
symptoms:
  stops: {title: It stops, when: 'any(logs.patterns.stop.matches, .text != "")'}
  quiet: {title: It is quiet, when: len(logs.patterns.none.matches) == 0}
causes:
  all: {title: All, when: symptoms.stops and symptoms.quiet}
  large: {title: Large, when: logs.size > 5, suspect: symptoms.quiet}
`))
	if list.HasErrors() {
		t.Fatal(list)
	}
	probe := sdk.NewProbe(sdk.ProbeManifest{Name: "search", Summary: "Looks"}, func(context.Context, *sdk.Call, struct{}) (sdk.Reading[searched], error) {
		panic("no plugin is called here")
	})
	p, list := check.Check(doc, check.NewPluginCatalog(sdk.Plugin{Name: "sample", Version: "1.0.0", Summary: "Looks", Probes: []sdk.Probe{probe}}))
	if list.HasErrors() {
		t.Fatal(list)
	}
	return report.Build(diagnose.Run(t.Context(), p, n, nil, now, nil), report.Target{Kind: "live", Now: now, Clock: "the system clock"})
}

func TestBuildIsStable(t *testing.T) {
	var first bytes.Buffer
	for i := range 20 {
		var b bytes.Buffer
		r := built(t, 30)
		if err := report.JSON(&b, []*report.Report{r}, false); err != nil {
			t.Fatal(err)
		}
		if err := report.Text(&b, r); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = b
		} else if !bytes.Equal(b.Bytes(), first.Bytes()) {
			t.Fatalf("got\n%s\nwant\n%s", b.Bytes(), first.Bytes())
		}
	}
}

func TestBuildEvidence(t *testing.T) {
	tests := map[string]struct {
		n             searching
		items, cut    int
		mains, quiets int // quiets: evidence that there is none of another pattern
	}{
		"some": {3, 6, 0, 3, 0},
		"many": {60, 100, 0, 50, 0}, // a leaf names 50 places at most
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := built(t, test.n)
			all := r.Causes[0]
			mains := 0
			for _, e := range all.Evidence {
				if e.Main {
					mains++
				}
			}
			if all.Verdict != "confirmed" || len(all.Evidence) != test.items || all.Cut != test.cut || mains != test.mains {
				t.Errorf("%s: %d items, %d cut, %d main", all.Verdict, len(all.Evidence), all.Cut, mains)
			}
			if quiet := r.Symptoms[1]; quiet.Verdict != "confirmed" || len(quiet.Evidence) != test.quiets {
				t.Errorf("that there is none rests on %v", quiet.Evidence)
			}
		})
	}
}

func TestBuildUnknown(t *testing.T) {
	r := built(t, 1)
	want := report.Unknown{Fact: "logs", Title: "The logs", Reason: "nobody can tell"}
	for name, f := range map[string]report.Finding{"suspected": r.Causes[1], "healed": *r.Healed} {
		if len(f.Unknown) != 1 || f.Unknown[0] != want {
			t.Errorf("%s: %s, %+v", name, f.Verdict, f.Unknown)
		}
	}
	if c := r.Causes[0]; c.Unknown != nil {
		t.Errorf("confirmed, and yet %+v", c.Unknown)
	}
}
