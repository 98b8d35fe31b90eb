package diagnose

import (
	"slices"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/fact"
)

// Outcome is what a diagnosis came to as a whole. The zero value says that it cannot be told whether the problem is
// there.
type Outcome int

// The outcomes.
const (
	Unclear   Outcome = iota // whether the problem is there could not be determined
	NotSeen                  // the problem is not there
	Transient                // it was there and has healed by itself
	Seen                     // it is there
)

// String is the word that reports use.
func (o Outcome) String() string {
	return [...]string{"undetermined", "not seen", "was transient", "seen"}[o]
}

// Result is a diagnosis.
type Result struct {
	Playbook *check.Playbook
	Now      time.Time // of the target
	Outcome  Outcome
	Applies  *Finding
	Healed   *Reasoning // nil when the playbook does not ask
	Symptoms []*Finding // empty when the problem was not seen
	Causes   []*Finding
	Others   []Other // failures other than the playbook's, where it looked for them
	Facts    *fact.Set
	// Environment gives the playbook's names the values that they had here; planning goes on with them.
	Environment *Environment
}

// Finding is a conclusion with its verdict.
type Finding struct {
	Name    string
	Title   string
	Article string
	Verdict condition.Verdict
	When    *Reasoning // nil when the playbook has no such condition
	Suspect *Reasoning
	// Assumed says that the operator set the verdict; Concluded is what the conditions came to.
	Assumed   bool
	Concluded condition.Verdict
	// Missing is what was not known: of an undetermined finding what left it open, of a suspected one what left open
	// whether it is confirmed. Other findings stand whatever was not known.
	Missing []condition.Why
}

// Reasoning is a condition as it was evaluated.
type Reasoning struct {
	Source string
	Truth  condition.Truth
	Why    []condition.Why
	Leaves []condition.Leaf
}

// NeededToApply lists the probes that tell whether a playbook's problem is there at all.
func NeededToApply(p *check.Playbook) []string {
	return p.ProbesUnder(p.Applies.When, p.Healed, p.Others)
}

// NeededToConclude lists the probes that symptoms and causes rest on.
func NeededToConclude(p *check.Playbook) []string {
	var all []*condition.Expression
	for _, c := range slices.Concat(p.Symptoms, p.Causes) {
		all = append(all, c.When, c.Suspect)
	}
	return p.ProbesUnder(all...)
}

// Apply tells whether the problem is there, from the facts of [NeededToApply]. It gives no symptoms and causes yet.
func Apply(e *Environment) *Result {
	r := &Result{Playbook: e.playbook, Now: e.now, Facts: e.facts, Environment: e}
	r.Applies = &Finding{Name: "applies", Title: e.playbook.Title, Verdict: condition.Confirmed}
	if e.playbook.Applies.When != nil {
		r.Applies = e.conclude(&e.playbook.Applies)
	}
	e.assumed.override(r.Applies, "applies")
	if e.playbook.Healed != nil {
		r.Healed = e.evaluate(e.playbook.Healed)
	}
	r.Others = e.others()
	switch {
	case r.Applies.Verdict == condition.RuledOut:
		r.Outcome = NotSeen
	case r.Applies.Assumed && r.Applies.Verdict == condition.Confirmed:
		r.Outcome = Seen
	case r.Healed != nil && r.Healed.Truth == condition.True:
		r.Outcome = Transient
	case r.Applies.Verdict == condition.Confirmed:
		r.Outcome = Seen
	}
	return r
}

// Conclude adds the symptoms and causes, from the facts of [NeededToConclude].
func Conclude(e *Environment, r *Result) {
	for _, s := range e.playbook.Symptoms {
		r.Symptoms = append(r.Symptoms, e.Symptom(s.Name))
	}
	for _, c := range e.playbook.Causes {
		r.Causes = append(r.Causes, e.Cause(c.Name))
	}
}

// Assumptions are verdicts that the operator sets in place of what the conditions come to: by the name of a cause, or
// "applies".
type Assumptions map[string]condition.Verdict

// override sets the verdict of a finding, if it is assumed.
func (a Assumptions) override(f *Finding, name string) {
	if v, ok := a[name]; ok {
		f.Assumed, f.Concluded, f.Verdict, f.Missing = true, f.Verdict, v, nil
	}
}
