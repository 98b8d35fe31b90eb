// Package journal is the memory of changes: what is about to happen, and how to take it back, is on the disk before the
// first effect. One SQLite file a machine holds the records of all runs in one chain of digests; it is never edited, only
// added to. What a run has done, and what is owed, is read out of its records alone.
package journal

import (
	"encoding/json"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Kind says what a record tells. Its data has the type that stands beside it.
type Kind string

// The kinds of records.
const (
	Started  Kind = "started"  // [Start]: a run begins
	Assumed  Kind = "assumed"  // [Assumption]: the operator overrides a verdict
	Approved Kind = "approved" // [Decision]: a step may be done
	Declined Kind = "declined" // [Decision]: a step is not to be done
	Answered Kind = "answered" // [Answer]: what a person said to an ask or manual step
	Entered  Kind = "entered"  // [Group]: a group begins; from here on its `finally` is owed
	Intended Kind = "intended" // [Intent]: an effect is about to begin
	Done     Kind = "done"     // [Outcome]: the effect is there, by looking
	Needless Kind = "needless" // [Outcome]: everything was as it would be; nothing was done
	Failed   Kind = "failed"   // [Failure]: it is not there
	Read     Kind = "read"     // [Reading]: an expectation, a wait or a verification was read
	Closed   Kind = "closed"   // [Group]: the `finally` of a group has run
	Rebound  Kind = "rebound"  // [Start]: after a restart the run was diagnosed and planned anew
	Resumed  Kind = "resumed"  // [Person]: somebody goes on with the run
	Awaiting Kind = "awaiting" // [Continuation]: the run goes on by itself when the machine starts again before it is complete
	Stopped  Kind = "stopped"  // [Stop]: the run ended before it was complete; it can be resumed or undone
	Verified Kind = "verified" // [Verdict]: whether it worked
	Ended    Kind = "ended"    // [Verdict]: the run is complete; nothing is owed
	Undoing  Kind = "undoing"  // [Undo]: taking back begins
	Undone   Kind = "undone"   // [Outcome] of a step: what was done is taken back, by looking
	Restored Kind = "restored" // [Undo]: everything that was to be taken back is
)

// Record is one entry of a run. Records of all runs of a machine make one chain: Digest is the SHA-256, in hex, over
// the digest of the record before it and this record's own fields.
type Record struct {
	Sequence int64           `json:"sequence"` // in the file, from 1, without gaps
	Run      string          `json:"run"`
	Time     time.Time       `json:"time"` // of the host's clock, UTC
	Kind     Kind            `json:"kind"`
	Step     string          `json:"step,omitempty"` // key of the step's instance in the plan; empty for the run itself
	Data     json.RawMessage `json:"data,omitempty"`
	Digest   string          `json:"digest"`
}

// Start is what a run rests on: enough to go on with it, and to take it back, without any other file.
type Start struct {
	Playbook string          `json:"playbook"` // id
	Title    string          `json:"title,omitempty"`
	File     string          `json:"file,omitempty"` // where the playbook was read
	Source   string          `json:"source"`         // its text
	Target   Target          `json:"target"`
	Who      Person          `json:"who"`
	Version  string          `json:"version"`          // of rectify
	Command  []string        `json:"command"`          // as it was typed, without the values of --answer
	Plan     json.RawMessage `json:"plan"`             // plan.Plan
	Facts    json.RawMessage `json:"facts,omitempty"`  // fact.Bundle: the readings that the diagnosis rests on; none in a [Rebound] that kept them
	Report   json.RawMessage `json:"report,omitempty"` // report.Report of the diagnosis
	// Forgotten are the keys of the steps whose approval stands no longer, in a [Rebound].
	Forgotten []string `json:"forgotten,omitempty"`
	// Unprotected says why others than administrators could read or change the state folder, which was accepted;
	// [Store.Begin] sets it.
	Unprotected string `json:"unprotected,omitempty"`
}

// Target is the machine or disk that a run changes.
type Target struct {
	Identity string      `json:"identity"` // digest of what makes it this one; runs on the same one exclude each other
	Spec     target.Spec `json:"spec"`
	Name     string      `json:"name"` // for people
}

// Continuation is what makes a run go on by itself after a restart. It is taken away when the run ends otherwise.
type Continuation struct {
	What    string `json:"what"`              // "the scheduled task …"
	Problem string `json:"problem,omitempty"` // why it is not there
}

// Person is who ran rectify.
type Person struct {
	User string `json:"user"`
	Host string `json:"host"`
}

// Assumption is an operator's override of a verdict.
type Assumption struct {
	Cause   string `json:"cause"` // or "applies"
	Verdict string `json:"verdict"`
	Was     string `json:"was"` // what the diagnosis had come to
}

// Decision is an approval, or its refusal.
type Decision struct {
	By      string   `json:"by"`              // "terminal", "--yes", "--allow-irreversible", "test"
	Preview string   `json:"preview"`         // digest of what was shown
	Risk    sdk.Risk `json:"risk"`            // as it was shown
	Shown   []string `json:"shown,omitempty"` // the preview's lines
}

// Answer is what a person said.
type Answer struct {
	Question string `json:"question"`
	Text     string `json:"text"`
	By       string `json:"by"` // "terminal", "--answer"
}

// Group is one entering of a group of steps, by the key in Record.Step.
type Group struct {
	Reason string `json:"reason,omitempty"` // why its finally ran early; "undo" where an undo opens or closes it
	// Entry counts the enterings of the group, from 1: one that failed is entered again when the run goes on.
	Entry int    `json:"entry,omitempty"`
	In    string `json:"in,omitempty"`   // key of the innermost group round it
	Role  string `json:"role,omitempty"` // "finally" for a group in a `finally`
	// Plan is the group, a plan.Step, where the plan of the run has it not: its list was known only on the way.
	Plan json.RawMessage `json:"plan,omitempty"`
}

// Intent is everything that assessing, finishing and taking back an effect need.
type Intent struct {
	Uses      string          `json:"uses"` // "file.rename"
	Title     string          `json:"title,omitempty"`
	Input     json.RawMessage `json:"input"`
	Token     json.RawMessage `json:"token"`
	StateDir  string          `json:"state_dir"`
	Summary   string          `json:"summary"`
	Changes   []sdk.Change    `json:"changes,omitempty"`
	Material  json.RawMessage `json:"material,omitempty"`
	Predicted json.RawMessage `json:"predicted,omitempty"`
	Effect    sdk.Effect      `json:"effect"`
	// Interruptible says that the effect may be cut off.
	Interruptible bool            `json:"interruptible,omitempty"`
	Plugin        Plugin          `json:"plugin"`
	Item          json.RawMessage `json:"item,omitempty"` // of `each`
	In            string          `json:"in,omitempty"`   // key of the innermost group round it
	// Role is empty for a step of the plan, "hold" for one that an undo does again to hold something still, "finally"
	// for one of a `finally`, "undo" for one that is about to be taken back, "undo finally" for one of a `finally` that an
	// undo runs.
	Role string `json:"role,omitempty"`
	// Attempt counts the tries of one step, from 1.
	Attempt int `json:"attempt"`
}

// Plugin says which binary made a token.
type Plugin struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"` // of the executable that served it
	Path    string `json:"path,omitempty"`
}

// Outcome is what came of an intent.
type Outcome struct {
	Output       json.RawMessage `json:"output,omitempty"`
	NeedsRestart bool            `json:"needs_restart,omitempty"`
	Summary      string          `json:"summary,omitempty"`
	Evidence     []sdk.Evidence  `json:"evidence,omitempty"`
	// Found says that the outcome was found by looking, after a crash or an error, not told by the plugin.
	Found bool `json:"found,omitempty"`
	// In, Role and Attempt are those of the intent.
	In      string `json:"in,omitempty"`
	Role    string `json:"role,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
}

// Failure is an effect that is not there.
type Failure struct {
	Message string    `json:"message"`
	State   sdk.State `json:"state,omitempty"`  // as Assess found it; empty when it could not be asked
	Reason  string    `json:"reason,omitempty"` // of the assessment
	Hint    string    `json:"hint,omitempty"`
	// Found says that it was found by looking, after a crash.
	Found bool   `json:"found,omitempty"`
	Role  string `json:"role,omitempty"`
	// Attempt is that of the intent; 0 when it failed before there was one.
	Attempt int `json:"attempt,omitempty"`
}

// Reading is a condition that was read.
type Reading struct {
	Of        string   `json:"of"` // expect, wait_until, fixed, pending
	Condition string   `json:"condition"`
	Truth     string   `json:"truth"`
	Leaves    []string `json:"leaves,omitempty"` // with the values that they had
	Why       []string `json:"why,omitempty"`    // what was not known
	In        string   `json:"in,omitempty"`     // key of the innermost group round the step
}

// Stop is why a run ended before it was complete.
type Stop struct {
	Reason string `json:"reason"` // failed, cancelled, interrupted, restart, approval
	Text   string `json:"text"`
}

// Verdict is how it ended.
type Verdict struct {
	Outcome string   `json:"outcome"`
	Left    []string `json:"left,omitempty"` // what is left to do, one line each
}

// Undo is a taking back.
type Undo struct {
	Steps []string `json:"steps,omitempty"` // keys of the steps; empty for the whole run
	Who   Person   `json:"who"`
	Kept  []string `json:"kept,omitempty"` // what could not be taken back, one line each
}
