// Package playbook reads playbooks and their test files: from YAML to documents in which every text knows its
// file, line and column. It knows the language's form, and nothing of plugins, types or the meaning of a name.
//
// A wrong document gives diagnostics beside the part that could be read, all of them at once. Parsing touches no
// file, clock or process and is bounded: MaxBytes, MaxDepth, MaxNodes.
package playbook

import "github.com/rectify-project/rectify/engine/diag"

// Version is the language version that this package reads.
const Version = "v1"

// Document is one playbook. Optional parts are nil or empty where they do not stand in the file. After errors a
// required scalar may be missing too: it is the zero Scalar then.
type Document struct {
	File   string
	Source []byte // as it was given to Parse

	Version    Scalar
	ID         Scalar // such as windows-update/0x8024001e
	Title      Scalar
	Summary    *Scalar
	Codes      []Scalar // error codes as they are written
	Related    []Scalar // error codes that come along with them
	Article    *Article
	Platforms  []Scalar // windows, linux, darwin
	Inputs     []Input
	Probes     []Probe
	Let        []Let
	Applies    *Applies
	Symptoms   []Conclusion
	Causes     []Conclusion
	Steps      []Step
	Verify     *Verify
	Afterwards []Step
	Escalate   *Escalate
}

// Article is what the playbook implements.
type Article struct {
	Title    Scalar
	URL      Scalar
	Date     *Scalar // of the version that was read, YYYY-MM-DD
	Sections []Scalar
}

// Input is what the operator may set. Without a default and not optional it must be set.
type Input struct {
	Name     Scalar
	Type     Scalar // text, int, number, bool, time, duration, size, path, hresult
	Default  *Scalar
	Optional bool
	Help     *Scalar
}

// Argument is one named value that goes to a probe, an action or, in tests, an input. Its scalars may hold
// expressions.
type Argument struct {
	Name  Scalar
	Value Value
}

// Probe is something to look at.
type Probe struct {
	Name    Scalar
	Title   *Scalar
	Uses    Scalar // plugin.probe
	With    []Argument
	When    *Expression
	Timeout *Scalar // a duration
}

// Let is a derived value.
type Let struct {
	Name       Scalar
	Expression Expression
}

// Applies says whether the problem is here at all.
type Applies struct {
	When   *Expression
	Healed *Expression
	Others *Expression // a list of failures that the playbook is not about
}

// Conclusion is a symptom or a cause. It has When, or Suspect, or both.
type Conclusion struct {
	Name    Scalar
	Title   Scalar
	Article *Scalar // the section that it implements
	When    *Expression
	Suspect *Expression
}

// Verify says how to know that it worked.
type Verify struct {
	Fixed   *Expression
	Pending *Expression
}

// Escalate says what to do when it did not work.
type Escalate struct {
	Article *Scalar
	Say     *Template
	Bundle  bool
}

// StepKind is what a step does.
type StepKind int

const (
	NoStep     StepKind = iota // reported already
	ActionStep                 // uses, with
	GroupStep                  // steps, finally
	AskStep                    // ask
	ManualStep                 // manual
	WaitStep                   // wait_until
)

// Step is one step to do.
type Step struct {
	Span    diag.Span
	Kind    StepKind
	ID      *Scalar // an ask and a manual step always have one: it is how they are answered
	Title   *Scalar
	Article *Scalar

	When, Unless *Expression
	For          []Scalar    // causes
	Each         *Expression // yields a list; the step is repeated for each item
	Guard        bool

	Uses      Scalar // plugin.action
	With      []Argument
	Steps     []Step
	Finally   []Step
	Ask       *Template
	Manual    *Template
	WaitUntil *Expression

	Expect  *Expression
	Risk    *Scalar // none, low, medium, high
	Offline *Scalar // not_needed, left_to_do
	Loses   *Scalar
	Timeout *Scalar // a duration; of an action or a wait
	Retry   *Retry
}

// Retry repeats a failed action: `retry: 2`, or `retry: {times: 2, delay: 10s}`. Times counts the further
// attempts, 1 to 10.
type Retry struct {
	Span  diag.Span
	Times int
	Delay *Scalar // a duration; without it the next attempt follows at once
}
