package sdk

import (
	"context"
	"encoding/json"
	"sync"
)

// Action changes a target and can take the change back. Prepare and Assess only read. Make one with [NewAction], or
// with [DeclareAction] when only its manifest exists yet.
type Action interface {
	Manifest() ActionManifest
	// Prepare says what would be changed. It is called for the plan, and again just before Apply, where its token binds.
	Prepare(ctx context.Context, call *Call, input json.RawMessage) (Prepared, error)
	// Apply changes. It is safe to call again with the same token, after a crash for instance. What undo needs beyond
	// the token it writes, synced, into stateDir before its first effect.
	Apply(ctx context.Context, call *Call, input, token json.RawMessage, stateDir string) (Applied, error)
	// Assess says by looking how far Apply got.
	Assess(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (Assessment, error)
	// Undo takes Apply back. It is safe to call again.
	Undo(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (Applied, error)
}

// MaxToken bounds an undo token, in bytes.
const MaxToken = 64 << 10

// Change is one thing that an action would change, for people, and for the engine: when the material state of a step is
// not what it was in the plan, an earlier step of the run explains that if it changed something of the same What, case
// aside. So What names the thing, and nothing of the change, in the same words in every action that changes it; a file
// or folder by its full Windows path, as call.Target.Display gives it. An action that makes one thing go and another come,
// as a rename does, names both.
type Change struct {
	What   string `json:"what"`             // "start type of wuauserv", `C:\Windows\SoftwareDistribution`
	Before string `json:"before,omitempty"` // "disabled"
	After  string `json:"after,omitempty"`  // "manual"
}

// Prepared is what an action would do.
type Prepared struct {
	Summary string   // one line: "rename C:\Windows\SoftwareDistribution to SoftwareDistribution.old-20260110"
	Changes []Change // what is, what would be
	NoOp    bool     // everything is already as it would be
	// Predicted is the output that Apply will give as far as it is known now; nil when it is not.
	Predicted json.RawMessage
	// Token is what Apply, Assess and Undo need, versioned by the plugin, at most [MaxToken] bytes.
	Token json.RawMessage
	// Material is the state that the change rests on. A saved plan no longer holds when it differs; so it must not hold
	// what changes by itself, such as clocks, counters and free space.
	Material json.RawMessage
}

// Applied is what an action did.
type Applied struct {
	Output       json.RawMessage
	NeedsRestart bool
	Evidence     []Evidence
}

// State is how far an action got, found by looking.
type State string

// The states. A restart is partial from when it was asked for until the machine has started again.
const (
	StateBefore  State = "before"  // nothing was changed
	StateAfter   State = "after"   // everything was changed
	StatePartial State = "partial" // some was; Apply or Undo can finish it
	StateOther   State = "other"   // somebody else has changed it since
)

// Assessment is what Assess found.
type Assessment struct {
	State  State
	Reason string
}

// ActionHands are the functions of an action, typed. Token is whatever the action needs to remember, made by Prepare.
type ActionHands[In, Out, Token any] struct {
	Prepare func(ctx context.Context, call *Call, in In) (Preview[Out, Token], error)
	Apply   func(ctx context.Context, call *Call, in In, token Token, stateDir string) (Result[Out], error)
	Assess  func(ctx context.Context, call *Call, token Token, stateDir string) (Assessment, error)
	Undo    func(ctx context.Context, call *Call, token Token, stateDir string) (Result[Out], error)
}

// Preview is [Prepared], typed.
type Preview[Out, Token any] struct {
	Summary   string
	Changes   []Change
	NoOp      bool
	Predicted *Out
	Token     Token
	Material  any
}

// Result is [Applied], typed.
type Result[Out any] struct {
	Output       Out
	NeedsRestart bool
}

// NewAction makes an action of typed functions. The manifest's schemas may be left empty, as in [NewProbe].
func NewAction[In, Out, Token any](m ActionManifest, hands ActionHands[In, Out, Token]) Action {
	return &action[In, Out, Token]{m.Name, sync.OnceValue(func() ActionManifest {
		m.Input, m.Output = reflectSchemas[In, Out](m.Input, m.Output)
		return m
	}), hands}
}

type action[In, Out, Token any] struct {
	name     string
	manifest func() ActionManifest // reflected once: it is asked for by every lookup
	hands    ActionHands[In, Out, Token]
}

func (a *action[In, Out, Token]) Manifest() ActionManifest { return a.manifest() }

func (a *action[In, Out, Token]) Prepare(ctx context.Context, call *Call, input json.RawMessage) (Prepared, error) {
	in, err := decodeInput[In](input)
	if err != nil {
		return Prepared{}, err
	}
	p, err := a.hands.Prepare(ctx, call, in)
	if err != nil {
		return Prepared{}, err
	}
	out := Prepared{Summary: p.Summary, Changes: p.Changes, NoOp: p.NoOp}
	if p.Predicted != nil {
		if out.Predicted, err = json.Marshal(p.Predicted); err != nil {
			return Prepared{}, Errorf(Internal, "the predicted output cannot be written as JSON: %v", err)
		}
	}
	if out.Token, err = json.Marshal(p.Token); err != nil {
		return Prepared{}, Errorf(Internal, "the token cannot be written as JSON: %v", err)
	}
	if len(out.Token) > MaxToken {
		return Prepared{}, Errorf(Internal, "the token has %d bytes, at most %d are allowed: keep the rest in the state directory", len(out.Token), MaxToken)
	}
	if out.Material, err = json.Marshal(p.Material); err != nil {
		return Prepared{}, Errorf(Internal, "the material state cannot be written as JSON: %v", err)
	}
	return out, nil
}

func (a *action[In, Out, Token]) Apply(ctx context.Context, call *Call, input, token json.RawMessage, stateDir string) (Applied, error) {
	in, err := decodeInput[In](input)
	if err != nil {
		return Applied{}, err
	}
	t, err := decodeToken[Token](token)
	if err != nil {
		return Applied{}, err
	}
	return applied(a.hands.Apply(ctx, call, in, t, stateDir))
}

func (a *action[In, Out, Token]) Assess(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (Assessment, error) {
	t, err := decodeToken[Token](token)
	if err != nil {
		return Assessment{}, err
	}
	return a.hands.Assess(ctx, call, t, stateDir)
}

func (a *action[In, Out, Token]) Undo(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (Applied, error) {
	if a.hands.Undo == nil {
		return Applied{}, Errorf(Unsupported, "%s cannot be undone", a.name)
	}
	t, err := decodeToken[Token](token)
	if err != nil {
		return Applied{}, err
	}
	return applied(a.hands.Undo(ctx, call, t, stateDir))
}

func decodeToken[Token any](raw json.RawMessage) (Token, error) {
	var t Token
	if err := json.Unmarshal(raw, &t); err != nil {
		return t, Errorf(InvalidInput, "the token cannot be read; was it made by another version of this plugin?: %v", err)
	}
	return t, nil
}

func applied[Out any](r Result[Out], err error) (Applied, error) {
	if err != nil {
		return Applied{}, err
	}
	out, err := json.Marshal(r.Output)
	if err != nil {
		return Applied{}, Errorf(Internal, "the output cannot be written as JSON: %v", err)
	}
	return Applied{Output: out, NeedsRestart: r.NeedsRestart, Evidence: collectEvidence(r.Output)}, nil
}

// DeclareAction makes an action that has a manifest and no hands yet: playbooks that use it are checked in full, its
// manifest names no target, and every call of it says that this version cannot do it.
func DeclareAction[In, Out any](m ActionManifest) Action {
	m.Input, m.Output = reflectSchemas[In, Out](m.Input, m.Output)
	m.Targets = nil
	return declared{m}
}

type declared struct{ manifest ActionManifest }

func (d declared) Manifest() ActionManifest { return d.manifest }

func (d declared) refuse() error {
	return Errorf(Unsupported, "%s is not possible in this version", d.manifest.Name)
}

func (d declared) Prepare(context.Context, *Call, json.RawMessage) (Prepared, error) {
	return Prepared{}, d.refuse()
}

func (d declared) Apply(context.Context, *Call, json.RawMessage, json.RawMessage, string) (Applied, error) {
	return Applied{}, d.refuse()
}

func (d declared) Assess(context.Context, *Call, json.RawMessage, string) (Assessment, error) {
	return Assessment{}, d.refuse()
}

func (d declared) Undo(context.Context, *Call, json.RawMessage, string) (Applied, error) {
	return Applied{}, d.refuse()
}
