package rehearse

import (
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diag"
)

// File is the result of one test file. Its JSON form is a part of the machine-readable result of `rectify test`.
type File struct {
	File     string    `json:"file"`
	Playbook string    `json:"playbook,omitempty"` // its id
	Problems diag.List `json:"problems,omitempty"` // of the file and its playbook; with an error among them no test ran
	Tests    []Test    `json:"tests"`
	LeftOut  int       `json:"left_out,omitempty"` // tests that need a bundle, where the source is without bundles
	Coverage *Coverage `json:"coverage,omitempty"`

	Sources map[string][]byte `json:"-"` // texts of the files that problems are about, by name
}

// Status is what became of a test.
type Status string

// The statuses.
const (
	Passed Status = "passed"
	Failed Status = "failed"
)

// Test is the result of one test.
type Test struct {
	Name       string     `json:"name"`
	Span       diag.Span  `json:"span"` // of the name
	Status     Status     `json:"status"`
	Problems   diag.List  `json:"problems,omitempty"` // of the test itself; with an error among them it did not run
	Mismatches []Mismatch `json:"mismatches,omitempty"`
}

// Mismatch is an expectation that was not met.
type Mismatch struct {
	Of       string          `json:"of"`   // "causes.scheduled_task", "applies", "outcome", "did"
	Span     diag.Span       `json:"span"` // of what was expected
	Expected string          `json:"expected"`
	Got      string          `json:"got"`
	Reasons  []Reason        `json:"reasons,omitempty"`
	Unknown  []condition.Why `json:"unknown,omitempty"` // what was not known, of a verdict that is not settled for it
	Notes    []string        `json:"notes,omitempty"`   // what else explains it, one line each: what was done instead, why the run stopped
}

// Reason is one leaf of a condition, with the values that it had.
type Reason struct {
	Of        string `json:"of"` // "when", "suspect"; "symptoms.x when" of a conclusion that another one asks about
	Condition string `json:"condition"`
	Values    string `json:"values,omitempty"`
	Truth     string `json:"truth"`
	Absent    int    `json:"records_without_data,omitempty"`
}

// Totals counts results.
type Totals struct {
	Passed int `json:"passed"`
	Failed int `json:"failed"` // with a file that has errors as one
}

// Count counts the results of files.
func Count(files []*File) Totals {
	var t Totals
	for _, f := range files {
		if f.Problems.HasErrors() {
			t.Failed++
		}
		for _, test := range f.Tests {
			if test.Status == Passed {
				t.Passed++
			} else {
				t.Failed++
			}
		}
	}
	return t
}
