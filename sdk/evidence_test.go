package sdk

import (
	"slices"
	"strings"
	"testing"
)

// TestEvidenceIsInOrder collects the evidence of mappings many times: it comes in the order of the answer as it is
// written, so that two readings of the same are the same.
func TestEvidenceIsInOrder(t *testing.T) {
	type match struct {
		Evidence Evidence `json:"-"`
	}
	answer := struct {
		Patterns map[string][]match `json:"patterns"`
	}{map[string][]match{}}
	var want []string
	for _, name := range []string{"a", "b", "c", "d/e", "f~", "g"} {
		answer.Patterns[name] = []match{{Evidence{File: name, Line: 1}}, {Evidence{File: name, Line: 2}}}
		escaped := strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		want = append(want, "/patterns/"+escaped+"/0", "/patterns/"+escaped+"/1")
	}
	for range 20 {
		var got []string
		for _, e := range collectEvidence(answer) {
			got = append(got, e.Pointer)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
