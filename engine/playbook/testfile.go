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
	// OnFailure is what the operator chooses when a step has failed: leave (as without it), retry, undo.
	OnFailure *Scalar
	StopAfter *Scalar // the step, or plugin.action, after which the operator stops the run
	Assume    []Assumption
	Expect    *Expectation
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

// Approve is what the operator approves: all (as without it), none, or some steps; the others are declined. A step is
// named by its id, by that of a group round it, by ID[2] for one item of a repeated step, or by its plugin.action.
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

// Expectation is what a test demands. What is not given is not compared. A list of steps holds ids; where it is about
// what was done, also plugin.action, which stands for each step that uses it. But for Never, DidNot and Left a list is met
// when its steps are there in this order, among others.
type Expectation struct {
	Span          diag.Span
	Applies       *Scalar      // confirmed, ruled out, undetermined
	Causes        []Assumption // the verdict that each must have
	Symptoms      []Assumption
	Plan          []Scalar // planned steps
	PlanExactly   *[]Scalar
	Never         []Scalar // steps that must not be planned
	Outcome       *Scalar  // fixed, fixed after restart, restart needed, not fixed, cannot tell, was transient, not seen
	OtherFailures *[]Scalar

	Did       []Scalar // steps that were carried out, those of a `finally` too
	DidNot    []Scalar
	Failed    []Scalar // steps that failed, also where a further attempt worked
	Left      []Scalar // steps that are left to be done or decided
	Changed   *Scalar  // true, false: whether anything was changed
	Stopped   *Scalar  // why the run ended before it was complete: approval, cancelled, failed, restart; or never
	Escalates *Scalar  // true, false: whether the playbook's `say` is told
	Undone    []Scalar // steps that were taken back, when the whole run was
	UndoDid   []Scalar // all that taking back the whole run did: what it held still again, took back, and ran of a `finally`
}

// Undo says whether the test takes the whole run back.
func (e *Expectation) Undo() bool { return e != nil && len(e.Undone)+len(e.UndoDid) > 0 }

// OfRun says whether the test demands something of how the plan is carried out.
func (e *Expectation) OfRun() bool {
	return e != nil && (e.Undo() || len(e.Did)+len(e.DidNot)+len(e.Failed)+len(e.Left) > 0 || e.Outcome != nil || e.Changed != nil ||
		e.Stopped != nil || e.Escalates != nil)
}
