// Package condition is the expression language of playbooks: typed from the schemas that plugins publish, evaluated in
// three values, explained leaf by leaf, and bounded. The grammar and its parser are expr's; types, evaluation and
// explanation are here, because an expression over a sick machine must be able to say "not known, because this log
// could not be read", which no two-valued evaluator can.
//
// The package is pure: it touches no clock, file or process.
package condition

// Truth is the truth of a condition or of one of its leaves. The zero value is undetermined.
type Truth int

// The three values.
const (
	Undetermined Truth = iota
	False
	True
)

// String is the word that reports use.
func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "undetermined"
}

// Verdict is what a symptom or cause came to. The zero value is undetermined.
type Verdict int

// The verdicts.
const (
	VerdictUndetermined Verdict = iota
	RuledOut
	Suspected
	Confirmed
)

// String is the word that reports use.
func (v Verdict) String() string {
	switch v {
	case Confirmed:
		return "confirmed"
	case Suspected:
		return "suspected"
	case RuledOut:
		return "ruled out"
	}
	return "undetermined"
}

// Truth is a verdict in an expression: true when confirmed, false when ruled out, else undetermined.
func (v Verdict) Truth() Truth {
	switch v {
	case Confirmed:
		return True
	case RuledOut:
		return False
	}
	return Undetermined
}

// Judge makes the verdict of a symptom or cause out of its two conditions. An absent suspect counts as false.
func Judge(when, suspect Truth) Verdict {
	switch {
	case when == True:
		return Confirmed
	case suspect == True:
		return Suspected
	case when == False && suspect == False:
		return RuledOut
	}
	return VerdictUndetermined
}

// Why is one reason for which a value is not known.
type Why struct {
	Fact   string `json:"fact,omitempty"`   // the probe at the root; empty when it is not a matter of one
	Reason string `json:"reason"`           // what was missing
	Settle string `json:"settle,omitempty"` // what would settle it
}

// maxWhy bounds the reasons of one value: nobody reads more of them, and there may be one for each record.
const maxWhy = 32

// mergeWhy adds reasons that are not there yet.
func mergeWhy(to []Why, more ...Why) []Why {
next:
	for _, w := range more {
		if len(to) >= maxWhy {
			return to
		}
		for _, have := range to {
			if have == w {
				continue next
			}
		}
		to = append(to[:len(to):len(to)], w)
	}
	return to
}
