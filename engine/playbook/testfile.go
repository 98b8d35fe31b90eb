package playbook

import "github.com/rectify-project/rectify/engine/diag"

// TestFile is the tests that stand beside a playbook.
type TestFile struct {
	File   string
	Source []byte // as it was given to ParseTests
	Tests  []Test
}

// Test is one test: what is found (a recorded bundle, facts by hand, or facts that replace some of a bundle's),
// what the simulated actions do, and what is expected. Values in it hold no expressions: ${{ is plain text.
type Test struct {
	Span     diag.Span
	Name     Scalar
	Bundle   *Scalar // path of recorded facts, relative to the test file
	Now      *Scalar // RFC 3339; without it the bundle's time, or the test runner's fixed one
	Target   *Scalar // live, offline
	Defaults *Scalar // healthy: facts that are not given read as the manifest's healthy answer
	Inputs   []Argument
	Facts    []TestFact
	Actions  []TestAction
	After    []TestFact // readings in expect, wait_until and verify
	Approve  *Approve
	Answers  []Argument // step id → what the operator answers
	Assume   []Assumption
	Expect   *Expectation
}

// FactState says how much is known of a fact.
type FactState int

const (
	Observed FactState = iota
	Partial
	Unknown
	Failed
	Unsupported
	Skipped
)

// TestFact is what a probe answers.
//
// The keys of a fact are the fields of the answer, but for these words:
//
//	unknown: reason        nothing is known
//	failed: reason         the probe failed
//	unsupported: reason    the target cannot be asked
//	skipped: reason        its `when` was false
//	partial: reason        the fields beside it are not all that there is
//	covers: {from, to}     the fields beside it were seen from one time to another only; either end may be left out
//
// The first four stand alone. `failed` is the word only where its value is text and it stands alone: probes answer
// with fields of that name. `covers` alone makes a fact partial too.
type TestFact struct {
	Span   diag.Span
	Probe  Scalar
	State  FactState
	Reason *Scalar // of every state but Observed; of Partial it may be missing where Covers is given
	Covers *Covers
	Fields []Entry
}

// Covers is the time that a partial fact covers.
type Covers struct {
	From, To *Scalar // RFC 3339
}

// Behaviour is what a simulated action does.
type Behaviour int

const (
	Succeed      Behaviour = iota
	Fail                   // it reports an error and changes nothing
	Lie                    // it reports success and changes nothing
	NeedsRestart           // it succeeds and takes effect after a restart
)

// TestAction says what a simulated action does: one of the words succeed, fail, lie, needs_restart, or a mapping
//
//	fail: reason           what it does, and why
//	times: 2               how often, before it succeeds; without it always
//	outputs: {…}           what it answers when it succeeds
type TestAction struct {
	Span      diag.Span
	Uses      Scalar // plugin.action
	Behaviour Behaviour
	Reason    *Scalar
	Times     int // 0: always
	Outputs   []Entry
}

// Approve is what the operator approves: all (as without it), none, or the steps with these ids.
type Approve struct {
	Span diag.Span
	None bool
	IDs  []Scalar // nil for all and for none
}

// Assumption sets the verdict of a cause, or of applies, as --assume does.
type Assumption struct {
	Name    Scalar
	Verdict Scalar // confirmed, suspected, ruled out, undetermined
}

// Expectation is what a test demands. What is not given is not compared.
type Expectation struct {
	Span          diag.Span
	Applies       *Scalar      // confirmed, ruled out, undetermined
	Causes        []Assumption // the verdict that each must have
	Symptoms      []Assumption
	Plan          []Scalar // ids of planned steps, in this order among others
	PlanExactly   *[]Scalar
	Never         []Scalar // steps that must not be planned
	Outcome       *Scalar  // fixed, fixed after restart, restart needed, not fixed, cannot tell, was transient, not seen
	OtherFailures *[]Scalar
}
