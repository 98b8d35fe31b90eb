package diag

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
)

// List is the diagnostics of one or several documents.
type List []Diagnostic

// Sorted returns a copy in the order of files and places, without exact repetitions: a place that is read
// twice (the target of a YAML alias) is reported once.
func (l List) Sorted() List {
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, compare)
	return slices.CompactFunc(sorted, func(a, b Diagnostic) bool {
		return compare(a, b) == 0 && a.Severity == b.Severity && a.Hint == b.Hint && slices.Equal(a.Related, b.Related)
	})
}

func compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.File, b.File),
		cmp.Compare(a.Span.Start.Line, b.Span.Start.Line),
		cmp.Compare(a.Span.Start.Column, b.Span.Start.Column),
		cmp.Compare(a.Span.End.Line, b.Span.End.Line),
		cmp.Compare(a.Span.End.Column, b.Span.End.Column),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Message, b.Message),
	)
}

// HasErrors says whether at least one diagnostic is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Count tells how many errors and warnings the list holds.
func (l List) Count() (errors, warnings int) {
	for _, d := range l {
		if d.Severity == Warning {
			warnings++
		} else {
			errors++
		}
	}
	return errors, warnings
}

// WriteJSON writes the list, in its order, as one object: {"errors": 1, "warnings": 0, "diagnostics": […]}.
func (l List) WriteJSON(w io.Writer) error {
	view := struct {
		Errors      int  `json:"errors"`
		Warnings    int  `json:"warnings"`
		Diagnostics List `json:"diagnostics"`
	}{Diagnostics: l}
	if l == nil {
		view.Diagnostics = List{}
	}
	view.Errors, view.Warnings = l.Count()
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(view)
}
