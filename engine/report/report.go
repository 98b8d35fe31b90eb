// Package report is what a diagnosis says to people and to programs: one model, and views of it. A report holds nothing
// that the diagnosis does not.
package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/sdk"
)

// Version is the version of the JSON form.
const Version = 1

// maxEvidence bounds the evidence of one finding.
const maxEvidence = 100

// Report is a diagnosis. Its JSON form is the machine-readable result of `rectify diagnose`.
type Report struct {
	Version  int       `json:"rectify_report"`
	Playbook Playbook  `json:"playbook"`
	Target   Target    `json:"target"`
	Outcome  string    `json:"outcome"` // seen, not seen, was transient, undetermined
	Applies  Finding   `json:"applies"`
	Healed   *Finding  `json:"healed,omitempty"`
	Causes   []Finding `json:"causes,omitempty"`
	Symptoms []Finding `json:"symptoms,omitempty"`
	Others   []Other   `json:"other_failures,omitempty"`
	Facts    []Fact    `json:"facts"`
}

// Playbook says which one.
type Playbook struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Article string `json:"article,omitempty"` // URL
}

// Target says what was looked at.
type Target struct {
	Kind  string    `json:"kind"`           // live, offline, bundle
	Name  string    `json:"name,omitempty"` // root or bundle
	Now   time.Time `json:"now"`            // its own time
	Clock string    `json:"clock"`          // where that comes from
}

// Finding is a symptom or cause with its verdict.
type Finding struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Article string `json:"article,omitempty"`
	Verdict string `json:"verdict"` // confirmed, suspected, ruled out, undetermined
	// Concluded is what the diagnosis came to, where the operator has set another verdict in its place.
	Concluded string     `json:"concluded,omitempty"`
	Reasons   []Reason   `json:"reasons,omitempty"`
	Evidence  []Evidence `json:"evidence,omitempty"`
	Cut       int        `json:"evidence_cut,omitempty"` // items of evidence that were too many to list
	Unknown   []Unknown  `json:"unknown,omitempty"`
}

// Reason is one leaf of a condition with the values that it had.
type Reason struct {
	Of        string   `json:"of"`               // when, suspect
	Condition string   `json:"condition"`        // as the playbook has it
	Values    string   `json:"values,omitempty"` // with the values filled in
	Truth     string   `json:"truth"`
	Mentions  []string `json:"mentions,omitempty"`             // symptoms and causes that it asks about
	Absent    int      `json:"records_without_data,omitempty"` // records that did not have what was asked for
}

// Evidence is one place that a verdict rests on.
type Evidence struct {
	// Main marks the item that tells most of its record: the failure of an update, not the start of its download.
	Main  bool         `json:"main,omitempty"`
	Fact  string       `json:"fact"`
	Where string       `json:"where"`
	Time  time.Time    `json:"time,omitzero"`
	Text  string       `json:"text,omitempty"`
	At    sdk.Evidence `json:"at"`
}

// Unknown is something that was not known.
type Unknown struct {
	Fact   string `json:"fact,omitempty"` // the probe's name
	Title  string `json:"title,omitempty"`
	Reason string `json:"reason"`
	Settle string `json:"settle,omitempty"`
}

// Other is a failure that the playbook is not about.
type Other struct {
	Code   string    `json:"code"`
	Symbol string    `json:"symbol,omitempty"`
	Count  int       `json:"count"`
	Title  string    `json:"title,omitempty"`
	Newest time.Time `json:"newest,omitzero"`
}

// Fact is how one probe fared.
type Fact struct {
	Name   string      `json:"name"`
	Title  string      `json:"title"`
	Uses   string      `json:"uses"`
	Status string      `json:"status"`
	Reason string      `json:"reason,omitempty"`
	Settle string      `json:"settle,omitempty"`
	Covers *sdk.Window `json:"covers,omitempty"`
	Cut    int         `json:"evidence_cut,omitempty"` // items of evidence that were too many to keep
}

// Build makes the report of a diagnosis.
func Build(r *diagnose.Result, target Target) *Report {
	b := builder{r}
	out := &Report{
		Version:  Version,
		Playbook: Playbook{ID: r.Playbook.ID, Title: r.Playbook.Title},
		Target:   target,
		Outcome:  r.Outcome.String(),
		Applies:  b.finding(r.Applies),
		Facts:    []Fact{},
	}
	if a := r.Playbook.Document.Article; a != nil {
		out.Playbook.Article = a.URL.Value
	}
	if r.Healed != nil {
		healed := &diagnose.Finding{Name: "healed", Title: "The problem has gone by itself", When: r.Healed, Verdict: condition.Judge(r.Healed.Truth, condition.False)}
		if r.Healed.Truth == condition.Undetermined {
			healed.Missing = r.Healed.Why
		}
		f := b.finding(healed)
		out.Healed = &f
	}
	for _, c := range r.Causes {
		out.Causes = append(out.Causes, b.finding(c))
	}
	for _, s := range r.Symptoms {
		out.Symptoms = append(out.Symptoms, b.finding(s))
	}
	for _, o := range r.Others {
		out.Others = append(out.Others, Other{o.Code.String(), o.Code.Symbol(), o.Count, o.Title, o.Newest})
	}
	for _, f := range r.Facts.All() {
		out.Facts = append(out.Facts, Fact{f.Name, f.Title, f.Uses, f.Status.String(), f.Reason, f.Settle, f.Covers, f.EvidenceCut})
	}
	return out
}

type builder struct{ result *diagnose.Result }

func (b builder) finding(f *diagnose.Finding) Finding {
	out := Finding{Name: f.Name, Title: f.Title, Article: f.Article, Verdict: f.Verdict.String()}
	if f.Assumed {
		out.Concluded = f.Concluded.String()
	}
	var refs []*condition.Ref
	for _, side := range []struct {
		of string
		r  *diagnose.Reasoning
	}{{"when", f.When}, {"suspect", f.Suspect}} {
		if side.r == nil {
			continue
		}
		for _, leaf := range side.r.Leaves {
			out.Reasons = append(out.Reasons, Reason{side.of, leaf.Source, leaf.Shown, leaf.Truth.String(), leaf.Mentions, leaf.Absent})
		}
	}
	if decisive := b.decisive(f); decisive != nil {
		refs = b.support(decisive, map[string]bool{})
	}
	out.Evidence, out.Cut = b.evidence(refs)
	for _, w := range f.Missing {
		out.Unknown = append(out.Unknown, b.unknown(w))
	}
	return out
}

// decisive is the condition that made a finding confirmed or suspected.
func (b builder) decisive(f *diagnose.Finding) *diagnose.Reasoning {
	switch f.Verdict {
	case condition.Confirmed:
		return f.When
	case condition.Suspected:
		return f.Suspect
	}
	return nil
}

// support gathers the places that the true leaves of a condition rest on, those of the symptoms and causes that it
// asks about included.
func (b builder) support(r *diagnose.Reasoning, seen map[string]bool) []*condition.Ref {
	var refs []*condition.Ref
	for _, leaf := range r.Leaves {
		if leaf.Truth != condition.True {
			continue
		}
		refs = append(refs, leaf.Support...)
		for _, name := range leaf.Mentions {
			if f := b.mentioned(name); f != nil && !seen[name] {
				seen[name] = true
				if decisive := b.decisive(f); decisive != nil {
					refs = append(refs, b.support(decisive, seen)...)
				}
			}
		}
	}
	return refs
}

func (b builder) mentioned(name string) *diagnose.Finding {
	namespace, member, _ := strings.Cut(name, ".")
	list := b.result.Symptoms
	if namespace == "causes" {
		list = b.result.Causes
	}
	for _, f := range list {
		if f.Name == member {
			return f
		}
	}
	return nil
}

// evidence finds the evidence of places in facts, in the order of time; what has no time comes last. cut is how many
// items there are beyond those.
func (b builder) evidence(refs []*condition.Ref) (out []Evidence, cut int) {
	seen := map[string]bool{}
	for _, ref := range refs {
		f := b.result.Facts.Get(ref.Fact())
		if f == nil {
			continue
		}
		records := map[string]bool{}
		for _, e := range f.EvidenceFor(ref.Pointer()) {
			first := !records[e.Pointer]
			records[e.Pointer] = true
			key := e.Where() + "|" + e.Text
			if seen[key] {
				continue
			}
			seen[key] = true
			if len(out) == maxEvidence {
				cut++
				continue
			}
			out = append(out, Evidence{first, f.Name, e.Where(), e.Time, e.Text, e})
		}
	}
	slices.SortStableFunc(out, func(a, b Evidence) int {
		if a.Time.IsZero() != b.Time.IsZero() {
			return cmp.Compare(boolInt(a.Time.IsZero()), boolInt(b.Time.IsZero()))
		}
		return a.Time.Compare(b.Time)
	})
	return out, cut
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (b builder) unknown(w condition.Why) Unknown {
	u := Unknown{Fact: w.Fact, Reason: w.Reason, Settle: w.Settle}
	if f := b.result.Facts.Get(w.Fact); f != nil && w.Fact != "" {
		u.Title = factTitle(f)
	}
	return u
}

func factTitle(f *fact.Fact) string {
	if f.Title != "" {
		return f.Title
	}
	return f.Name
}
