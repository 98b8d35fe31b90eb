package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rectify-project/rectify/internal/wire"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// Events tell what happens during a call. They come from another goroutine, one at a time, and should return soon.
type Events struct {
	Progress func(sdk.Progress) // may be nil
}

// Answer is what a probe saw.
type Answer struct {
	Value    map[string]any // canonical by the output schema, resolved with the arguments
	Partial  string
	Covers   *sdk.Window
	Missing  map[string]string
	Settle   string
	Evidence []sdk.Evidence
	// EvidenceCut counts the items of evidence that were left out because there were too many. The value is not cut.
	EvidenceCut int
}

// Observe runs a probe: "log.search". The input is JSON or a canonical value.
func (h *Host) Observe(ctx context.Context, probe string, on target.Spec, input any, events Events) (Answer, error) {
	f, err := h.probe(ctx, probe)
	if err != nil {
		return Answer{}, err
	}
	args, raw, err := f.input(input)
	if err != nil {
		return Answer{}, err
	}
	var got sdk.Answer
	var cut int
	err = h.call(ctx, f, true, func(ctx context.Context, c *wire.Client) (err error) {
		got, cut, err = c.Observe(ctx, wire.Call{Function: f.name, Target: on, Input: raw, Progress: events.Progress})
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	value, err := f.output(args, got.Value)
	if err != nil {
		return Answer{}, err
	}
	return Answer{value, got.Partial, got.Covers, got.Missing, got.Settle, got.Evidence, cut}, nil
}

// Prepared is what an action would do. Predicted is canonical, nil when it is not known; Token and Material are JSON,
// Material with sorted keys so that equal states are equal bytes.
type Prepared struct {
	Summary   string
	Changes   []sdk.Change
	NoOp      bool
	Predicted map[string]any
	Token     json.RawMessage
	Material  json.RawMessage
}

// Prepare asks what an action would do.
func (h *Host) Prepare(ctx context.Context, action string, on target.Spec, input any) (Prepared, error) {
	f, err := h.action(ctx, action)
	if err != nil {
		return Prepared{}, err
	}
	args, raw, err := f.input(input)
	if err != nil {
		return Prepared{}, err
	}
	var got sdk.Prepared
	err = h.call(ctx, f, true, func(ctx context.Context, c *wire.Client) (err error) {
		got, err = c.Prepare(ctx, wire.Call{Function: f.name, Target: on, Input: raw})
		return err
	})
	if err != nil {
		return Prepared{}, err
	}
	out := Prepared{Summary: got.Summary, Changes: got.Changes, NoOp: got.NoOp, Token: got.Token}
	if got.Predicted != nil {
		if out.Predicted, err = f.output(args, got.Predicted); err != nil {
			return Prepared{}, err
		}
	}
	if !json.Valid(got.Token) {
		return Prepared{}, f.wrong(WrongType, errors.New("the token is not JSON"))
	}
	if got.Material != nil {
		material, err := schema.Of(schema.Any).Canonical(got.Material)
		if err != nil {
			return Prepared{}, f.wrong(WrongType, fmt.Errorf("the material state: %w", err))
		}
		if out.Material, err = schema.Marshal(material); err != nil {
			return Prepared{}, f.wrong(WrongType, fmt.Errorf("the material state: %w", err))
		}
	}
	return out, nil
}

// Applied is what an action did; Output is canonical.
type Applied struct {
	Output       map[string]any
	NeedsRestart bool
	Evidence     []sdk.Evidence
	EvidenceCut  int
}

// Apply runs an action. When ctx ends while an action runs that must not be cut off, the error has kind [Detached], and
// the action goes on.
func (h *Host) Apply(ctx context.Context, action string, on target.Spec, input any, token json.RawMessage, stateDir string, events Events) (Applied, error) {
	f, err := h.action(ctx, action)
	if err != nil {
		return Applied{}, err
	}
	args, raw, err := f.input(input)
	if err != nil {
		return Applied{}, err
	}
	call := wire.Call{Function: f.name, Target: on, Input: raw, Token: token, StateDir: stateDir, Progress: events.Progress}
	return h.change(ctx, f, args, func(ctx context.Context, c *wire.Client) (sdk.Applied, int, error) { return c.Apply(ctx, call) })
}

// Undo takes an action back. What is said of [Host.Apply] holds.
func (h *Host) Undo(ctx context.Context, action string, on target.Spec, token json.RawMessage, stateDir string, events Events) (Applied, error) {
	f, err := h.action(ctx, action)
	if err != nil {
		return Applied{}, err
	}
	call := wire.Call{Function: f.name, Target: on, Token: token, StateDir: stateDir, Progress: events.Progress}
	return h.change(ctx, f, nil, func(ctx context.Context, c *wire.Client) (sdk.Applied, int, error) { return c.Undo(ctx, call) })
}

func (h *Host) change(ctx context.Context, f *function, args map[string]any, do func(context.Context, *wire.Client) (sdk.Applied, int, error)) (Applied, error) {
	type result struct {
		applied sdk.Applied
		cut     int
	}
	got := make(chan result, 1) // the call of an action that goes on ends after its caller has gone
	err := h.call(ctx, f, f.interruptible, func(ctx context.Context, c *wire.Client) error {
		applied, cut, err := do(ctx, c)
		got <- result{applied, cut}
		return err
	})
	if err != nil {
		return Applied{}, err
	}
	r := <-got
	output, err := f.output(args, r.applied.Output)
	if err != nil {
		return Applied{}, err
	}
	return Applied{output, r.applied.NeedsRestart, r.applied.Evidence, r.cut}, nil
}

// Assess says by looking how far an action got.
func (h *Host) Assess(ctx context.Context, action string, on target.Spec, token json.RawMessage, stateDir string) (sdk.Assessment, error) {
	f, err := h.action(ctx, action)
	if err != nil {
		return sdk.Assessment{}, err
	}
	var got sdk.Assessment
	err = h.call(ctx, f, true, func(ctx context.Context, c *wire.Client) (err error) {
		got, err = c.Assess(ctx, wire.Call{Function: f.name, Target: on, Token: token, StateDir: stateDir})
		return err
	})
	return got, err
}

// call does one call in the plugin's process. A call that may be cut off ends with ctx; any other is waited for until
// then, and left to itself.
func (h *Host) call(ctx context.Context, f *function, cut bool, do func(context.Context, *wire.Client) error) error {
	p, err := h.process(ctx, f.slot)
	if err != nil {
		return named(err, f.name)
	}
	if cut {
		defer h.release(p)
		// The end of ctx crosses as a cancellation, its deadline does not: a plugin that ends by it first would make a
		// failure of the plugin's out of the caller's timeout.
		inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		return h.outcome(ctx, p, f, do(inner, p.client))
	}
	done := make(chan error, 1)
	go func() {
		defer h.release(p)
		done <- do(context.WithoutCancel(ctx), p.client)
	}()
	select {
	case err := <-done:
		return h.outcome(ctx, p, f, err)
	case <-ctx.Done():
		p.detach()
		return &Error{Plugin: f.slot.name, Function: f.name, Kind: Detached, Err: context.Cause(ctx),
			Message: "the action must not be cut off and goes on; assess it to learn how it ended"}
	}
}

// outcome makes an [Error] of what a call ended with.
func (h *Host) outcome(ctx context.Context, p *process, f *function, err error) error {
	if err == nil {
		return nil
	}
	var plugin *sdk.Error
	var limit *wire.LimitError
	var protocol *wire.ProtocolError
	switch {
	case errors.As(err, &plugin):
		return answered(f.slot.name, f.name, plugin)
	case ctx.Err() != nil:
		p.retire()
		return gaveUp(ctx, f.slot.name).about(f.name)
	case errors.As(err, &limit):
		p.retire()
		return p.child.fail(Flood, limit.Reason, err).about(f.name)
	case errors.As(err, &protocol):
		p.retire()
		return p.child.fail(Protocol, protocol.Reason, err).about(f.name)
	}
	select {
	case <-h.closing:
		return closedError(f.slot.name).about(f.name)
	default:
	}
	s := status.Convert(err)
	if (s.Code() == codes.Unavailable || s.Code() == codes.Canceled) && p.child.ended(lastGasp) {
		return p.child.fail(Crashed, "its process ended during the call", err).about(f.name)
	}
	p.retire()
	if s.Code() == codes.ResourceExhausted {
		return p.child.fail(Flood, "it sent a message that is too large: "+s.Message(), err).about(f.name)
	}
	return p.child.fail(Protocol, fmt.Sprintf("the call failed: %s", s.Message()), err).about(f.name)
}

// gaveUp is the error of a call whose context has ended.
func gaveUp(ctx context.Context, plugin string) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Plugin: plugin, Kind: Timeout, Message: "it did not answer in time", Err: context.Cause(ctx)}
	}
	return &Error{Plugin: plugin, Kind: Canceled, Message: "the call was canceled", Err: context.Cause(ctx)}
}

// named is a failure to start, told of a call.
func named(err error, function string) error {
	var e *Error
	if errors.As(err, &e) {
		return e.about(function)
	}
	return err
}
