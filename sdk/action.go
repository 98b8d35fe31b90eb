package sdk

import (
	"context"
	"encoding/json"
	"reflect"
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
	a := &action{
		name:     m.Name,
		manifest: actionManifest(m, reflect.TypeFor[In](), reflect.TypeFor[Out]()),
		prepare: func(ctx context.Context, call *Call, input json.RawMessage) (prepared, error) {
			var in In
			if err := decodeInput(input, &in); err != nil {
				return prepared{}, err
			}
			p, err := hands.Prepare(ctx, call, in)
			out := prepared{Prepared{Summary: p.Summary, Changes: p.Changes, NoOp: p.NoOp}, nil, p.Token, p.Material}
			if p.Predicted != nil {
				out.predicted = p.Predicted
			}
			return out, err
		},
		apply: func(ctx context.Context, call *Call, input, token json.RawMessage, stateDir string) (any, bool, error) {
			var in In
			var t Token
			if err := decodeInput(input, &in); err != nil {
				return nil, false, err
			}
			if err := decodeToken(token, &t); err != nil {
				return nil, false, err
			}
			r, err := hands.Apply(ctx, call, in, t, stateDir)
			return r.Output, r.NeedsRestart, err
		},
		assess: func(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (Assessment, error) {
			var t Token
			if err := decodeToken(token, &t); err != nil {
				return Assessment{}, err
			}
			return hands.Assess(ctx, call, t, stateDir)
		},
	}
	if hands.Undo != nil {
		a.undo = func(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (any, bool, error) {
			var t Token
			if err := decodeToken(token, &t); err != nil {
				return nil, false, err
			}
			r, err := hands.Undo(ctx, call, t, stateDir)
			return r.Output, r.NeedsRestart, err
		}
	}
	return a
}

// action is an action whose types are known to its functions alone.
type action struct {
	name     string
	manifest func() ActionManifest // reflected once: it is asked for by every lookup
	prepare  func(ctx context.Context, call *Call, input json.RawMessage) (prepared, error)
	apply    func(ctx context.Context, call *Call, input, token json.RawMessage, stateDir string) (output any, needsRestart bool, err error)
	assess   func(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (Assessment, error)
	undo     func(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (output any, needsRestart bool, err error) // nil: none
}

// prepared is a [Preview] whose typed parts are still to be written.
type prepared struct {
	Prepared
	predicted       any // nil when it is not known
	token, material any
}

func actionManifest(m ActionManifest, in, out reflect.Type) func() ActionManifest {
	return sync.OnceValue(func() ActionManifest {
		m.Input, m.Output = reflectSchemas(m.Input, m.Output, in, out)
		return m
	})
}

func (a *action) Manifest() ActionManifest { return a.manifest() }

func (a *action) Prepare(ctx context.Context, call *Call, input json.RawMessage) (Prepared, error) {
	p, err := a.prepare(ctx, call, input)
	if err != nil {
		return Prepared{}, err
	}
	out := p.Prepared
	if p.predicted != nil {
		if out.Predicted, err = encode("the predicted output", p.predicted); err != nil {
			return Prepared{}, err
		}
	}
	if out.Token, err = encode("the token", p.token); err != nil {
		return Prepared{}, err
	}
	if len(out.Token) > MaxToken {
		return Prepared{}, Errorf(Internal, "the token has %d bytes, at most %d are allowed: keep the rest in the state directory", len(out.Token), MaxToken)
	}
	if out.Material, err = encode("the material state", p.material); err != nil {
		return Prepared{}, err
	}
	return out, nil
}

func (a *action) Apply(ctx context.Context, call *Call, input, token json.RawMessage, stateDir string) (Applied, error) {
	return applied(a.apply(ctx, call, input, token, stateDir))
}

func (a *action) Assess(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (Assessment, error) {
	return a.assess(ctx, call, token, stateDir)
}

func (a *action) Undo(ctx context.Context, call *Call, token json.RawMessage, stateDir string) (Applied, error) {
	if a.undo == nil {
		return Applied{}, Errorf(Unsupported, "%s cannot be undone", a.name)
	}
	return applied(a.undo(ctx, call, token, stateDir))
}

func applied(output any, needsRestart bool, err error) (Applied, error) {
	if err != nil {
		return Applied{}, err
	}
	out, err := encode("the output", output)
	if err != nil {
		return Applied{}, err
	}
	return Applied{Output: out, NeedsRestart: needsRestart, Evidence: collectEvidence(output)}, nil
}

// DeclareAction makes an action that has a manifest and no hands yet: playbooks that use it are checked in full, its
// manifest names no target, and every call of it says that this version cannot do it.
func DeclareAction[In, Out any](m ActionManifest) Action {
	m.Input, m.Output = reflectSchemas(m.Input, m.Output, reflect.TypeFor[In](), reflect.TypeFor[Out]())
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
