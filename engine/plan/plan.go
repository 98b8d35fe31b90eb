// Package plan turns a diagnosis into what would be done about it: every step with the plugin's own preview, its risk,
// what it needs, what cannot be taken back, what is left out and why. Making a plan changes nothing. A plan is a value: it
// can be saved, and its fingerprint binds it to what it rests on.
package plan

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// Version is the version of the JSON form.
const Version = 1

// Plan is what would be done. Its JSON form is a saved plan.
type Plan struct {
	Version  int       `json:"rectify_plan"`
	Rectify  string    `json:"rectify"` // version that made it
	Made     time.Time `json:"made"`    // by the host's clock
	Stamp    string    `json:"stamp"`   // plan.stamp in expressions
	Playbook Playbook  `json:"playbook"`
	Target   Target    `json:"target"`
	// Inputs are what the operator set, as it was written; defaults are the playbook's.
	Inputs     map[string]string `json:"inputs,omitempty"`
	Assumed    map[string]string `json:"assumed,omitempty"` // verdict by cause, or of "applies"
	Choice     Choice            `json:"choice,omitzero"`
	Outcome    string            `json:"outcome"` // of the diagnosis: seen, not seen, was transient, undetermined
	Steps      []*Step           `json:"steps"`
	Afterwards []*Step           `json:"afterwards,omitempty"`
	Basis      Basis             `json:"basis"`
	// Fingerprint is the digest of the basis; Digest is that of the whole plan, so that an edit is seen.
	Fingerprint string `json:"fingerprint"`
	Digest      string `json:"digest,omitempty"`
}

// Playbook says which one.
type Playbook struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	File   string `json:"file,omitempty"`
	SHA256 string `json:"sha256"` // of its text
}

// Target says what would be changed.
type Target struct {
	Identity string      `json:"identity"`
	Name     string      `json:"name"`
	Spec     target.Spec `json:"spec"`
}

// Choice is which steps the operator wants, by id. Empty Only means all.
type Choice struct {
	Only []string `json:"only,omitempty"`
	Skip []string `json:"skip,omitempty"`
}

// State says what becomes of a step.
type State string

// The states of a step in a plan.
const (
	Planned     State = "planned"
	Later       State = "later"       // its instances are known when an earlier step has run; then they are approved
	LeftOut     State = "left out"    // its gate, its causes or the operator say no
	Open        State = "open"        // whether it is to be done is not known
	NotNeeded   State = "not needed"  // nothing runs on an offline disk that would need it
	LeftToDo    State = "left to do"  // to be done on the running machine
	Unsupported State = "unsupported" // this target cannot do it
	Refused     State = "refused"     // its action says that it cannot be done now
	Blocked     State = "blocked"     // a guard before it stands in the way
)

// Step is an instance of a playbook's step: a repeated step has one for each item.
type Step struct {
	Key     string          `json:"key"` // unique in the plan: "repair", "disable_task[2]"
	ID      string          `json:"id"`  // of the playbook's step
	Named   bool            `json:"named,omitempty"`
	Title   string          `json:"title,omitempty"`
	Article string          `json:"article,omitempty"`
	Kind    string          `json:"kind"` // action, group, ask, manual, wait_until
	State   State           `json:"state"`
	Reason  string          `json:"reason,omitempty"` // for which it is not planned
	Settle  string          `json:"settle,omitempty"` // what would settle an open one
	Item    json.RawMessage `json:"item,omitempty"`   // of `each`
	Guard   bool            `json:"guard,omitempty"`
	// Suspected names the causes for which it is planned although none of them is more than suspected: it is asked for.
	Suspected []string `json:"suspected,omitempty"`
	// Condition is what a wait_until waits for, and Text what an ask or manual step says.
	Condition string `json:"condition,omitempty"`
	Text      string `json:"text,omitempty"`
	Expect    string `json:"expect,omitempty"`

	Uses    string          `json:"uses,omitempty"`
	Input   json.RawMessage `json:"input,omitempty"`   // as far as it is known
	Unbound []string        `json:"unbound,omitempty"` // arguments that are not known yet, with what they wait for
	Preview *Preview        `json:"preview,omitempty"`

	Risk          sdk.Risk    `json:"risk,omitempty"` // its own, or its action's
	OwnRisk       bool        `json:"own_risk,omitempty"`
	Effect        sdk.Effect  `json:"effect,omitempty"`
	Needs         sdk.Needs   `json:"needs,omitzero"`
	Interruptible bool        `json:"interruptible,omitempty"`
	Typical       schema.Span `json:"typical,omitempty"`
	Loses         string      `json:"loses,omitempty"`

	Steps   []*Step `json:"steps,omitempty"`
	Finally []*Step `json:"finally,omitempty"`
}

// Preview is what an action says it would do.
type Preview struct {
	Summary string       `json:"summary,omitempty"`
	Changes []sdk.Change `json:"changes,omitempty"`
	NoOp    bool         `json:"no_op,omitempty"`
	// After is the title of the earlier step that this one is looked at again behind: what is said here may be otherwise
	// then.
	After string `json:"after,omitempty"`
	// Error is why it cannot be previewed now.
	Error     string          `json:"error,omitempty"`
	Material  json.RawMessage `json:"material,omitempty"`
	Predicted map[string]any  `json:"-"`
}

// Prepared is what an action would do, from its Prepare.
type Prepared struct {
	Summary   string
	Changes   []sdk.Change
	NoOp      bool
	Predicted map[string]any // canonical; nil when it is not known
	Token     json.RawMessage
	Material  json.RawMessage
}

// Preparer asks actions what they would do. An error of a plugin has its [sdk.Error] inside.
type Preparer interface {
	Prepare(ctx context.Context, uses string, input map[string]any) (Prepared, error)
}

// Holds says whether a step is to be carried out: it is planned, or will be when it is known.
func (s *Step) Holds() bool { return s.State == Planned || s.State == Later }

// IsGroup says whether the step holds others.
func (s *Step) IsGroup() bool { return s.Kind == kindGroup }

// IsAction says whether the step calls an action.
func (s *Step) IsAction() bool { return s.Kind == kindAction }

// Asks says whether the step is a question and nothing else.
func (s *Step) Asks() bool { return s.Kind == kindAsk }

// Changes says whether carrying the step out changes the target, itself or in a member.
func (s *Step) Changes() bool {
	if !s.Holds() {
		return false
	}
	if s.Kind == kindAction || s.Kind == kindGroup && s.State == Later {
		return true
	}
	return slices.ContainsFunc(s.Steps, (*Step).Changes)
}

// Changes says whether carrying the plan out changes the target.
func (p *Plan) Changes() bool {
	return slices.ContainsFunc(p.Steps, (*Step).Changes)
}

// Refused lists the actions that say that they cannot be done now.
func (p *Plan) Refused() []*Step {
	var out []*Step
	Walk(p.Steps, func(s *Step) {
		if s.State == Refused && s.Kind == kindAction {
			out = append(out, s)
		}
	})
	return out
}

// Walk calls f for each step of lists, groups before their members, a `finally` after those.
func Walk(steps []*Step, f func(*Step)) {
	for _, s := range steps {
		f(s)
		Walk(s.Steps, f)
		Walk(s.Finally, f)
	}
}

// Find finds a step by its key; nil when there is none.
func (p *Plan) Find(key string) *Step {
	var found *Step
	for _, list := range [][]*Step{p.Steps, p.Afterwards} {
		Walk(list, func(s *Step) {
			if s.Key == key {
				found = s
			}
		})
	}
	return found
}

// The kinds of steps.
const (
	kindAction = "action"
	kindGroup  = "group"
	kindAsk    = "ask"
	kindManual = "manual"
	kindWait   = "wait_until"
)

func kindOf(s *check.Step) string {
	switch s.Kind {
	case playbook.GroupStep:
		return kindGroup
	case playbook.AskStep:
		return kindAsk
	case playbook.ManualStep:
		return kindManual
	case playbook.WaitStep:
		return kindWait
	}
	return kindAction
}

// Name is what people call the step: its title, else what it does.
func (s *Step) Name() string {
	switch {
	case s.Title != "":
		return s.Title
	case s.Uses != "":
		return s.Uses
	}
	return s.ID
}
