package sdk

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"
	"time"

	"github.com/rectify-project/rectify/sdk/target"
)

// Probe looks at a target and answers with one typed fact. It never changes anything. Make one with [NewProbe].
type Probe interface {
	Manifest() ProbeManifest
	// Observe reads once. The input has passed the manifest's schema, with defaults filled in.
	Observe(ctx context.Context, call *Call, input json.RawMessage) (Answer, error)
}

// DeclareProbe makes a probe that has a manifest and no eyes yet; see [DeclareAction].
func DeclareProbe[In, Out any](m ProbeManifest) Probe {
	m.Targets = nil
	return NewProbe(m, func(context.Context, *Call, In) (Reading[Out], error) {
		return Reading[Out]{}, Errorf(Unsupported, "%s is not possible in this version", m.Name)
	})
}

// Call is what one call of a function has: its target and its way to report progress.
type Call struct {
	Target *target.Target
	// Report tells how far a slow call is; it never blocks for long and may be called often. Nil-safe through
	// [Call.Progress].
	Report func(Progress)
}

// Progress is how far a call is.
type Progress struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // 0: not known
	Unit  string `json:"unit,omitempty"`  // "bytes", "files"
	Note  string `json:"note,omitempty"`
}

// Progress reports, when somebody listens.
func (c *Call) Progress(p Progress) {
	if c != nil && c.Report != nil {
		c.Report(p)
	}
}

// Window is a span of time, both ends included. A zero end is open.
type Window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Contains says whether a time lies in the window.
func (w Window) Contains(t time.Time) bool {
	return (w.From.IsZero() || !t.Before(w.From)) && (w.To.IsZero() || !t.After(w.To))
}

// Reading is what a probe saw: a value, and how far it can be relied upon.
type Reading[Out any] struct {
	Value Out
	// Partial says why there may be more than Value holds: the log begins inside the window, a file could not be
	// decoded. Empty when nothing was missed.
	Partial string
	// Covers is the time that a partial reading does cover; nil when that is not a matter of time.
	Covers *Window
	// Missing gives the reason for each field that could not be filled, by JSON pointer ("/superseded"). The field
	// must be optional in the schema, and is left out of the answer; the other fields stay known.
	Missing map[string]string
	// Settle says what would settle what is not known: a command, a setting, another log.
	Settle string
}

// Observed is a complete reading.
func Observed[Out any](v Out) Reading[Out] { return Reading[Out]{Value: v} }

// Answer is a [Reading] with its value as JSON and its evidence collected.
type Answer struct {
	Value    json.RawMessage
	Partial  string
	Covers   *Window
	Missing  map[string]string
	Settle   string
	Evidence []Evidence
}

// NewProbe makes a probe of a function. The manifest's Input and Output may be left empty: they are reflected from In
// and Out (see schema.Reflect).
func NewProbe[In, Out any](m ProbeManifest, observe func(context.Context, *Call, In) (Reading[Out], error)) Probe {
	return &probe{m.Name, probeManifest(m, reflect.TypeFor[In](), reflect.TypeFor[Out]()), func(ctx context.Context, call *Call, input json.RawMessage) (any, Answer, error) {
		var in In
		if err := decodeInput(input, &in); err != nil {
			return nil, Answer{}, err
		}
		r, err := observe(ctx, call, in)
		return r.Value, Answer{Partial: r.Partial, Covers: r.Covers, Missing: r.Missing, Settle: r.Settle}, err
	}}
}

// probe is a probe whose types are known to its function alone.
type probe struct {
	name     string
	manifest func() ProbeManifest // reflected once: it is asked for by every lookup
	// observe gives the value, and what else there is to say of it.
	observe func(ctx context.Context, call *Call, input json.RawMessage) (value any, rest Answer, err error)
}

func probeManifest(m ProbeManifest, in, out reflect.Type) func() ProbeManifest {
	return sync.OnceValue(func() ProbeManifest {
		m.Input, m.Output = reflectSchemas(m.Input, m.Output, in, out)
		return m
	})
}

func (p *probe) Manifest() ProbeManifest { return p.manifest() }

func (p *probe) Observe(ctx context.Context, call *Call, input json.RawMessage) (Answer, error) {
	value, answer, err := p.observe(ctx, call, input)
	if err != nil {
		return Answer{}, err
	}
	if answer.Value, err = encode("the answer of "+p.name, value); err != nil {
		return Answer{}, err
	}
	answer.Evidence = collectEvidence(value)
	return answer, nil
}
