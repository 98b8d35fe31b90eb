package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/rectify-project/rectify/sdk"
)

// ProtocolError is an answer that the protocol does not allow.
type ProtocolError struct{ Reason string }

func (e *ProtocolError) Error() string { return e.Reason }

// LimitError is an answer that is larger than the host's bounds.
type LimitError struct{ Reason string }

func (e *LimitError) Error() string { return e.Reason }

// Client calls a plugin. An error that the plugin answered is a [sdk.Error]; an answer outside the protocol is a
// [ProtocolError] or a [LimitError]; the rest are gRPC status errors.
type Client struct{ rpc PluginClient }

// NewClient calls the plugin at the other end of a connection.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{NewPluginClient(conn)} }

// DialOptions bound what a connection accepts.
func DialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage), grpc.MaxCallSendMsgSize(MaxMessage))}
}

// Describe asks for the manifest.
func (c *Client) Describe(ctx context.Context) (sdk.Manifest, error) {
	r, err := c.rpc.Describe(ctx, &DescribeRequest{})
	if err != nil {
		return sdk.Manifest{}, err
	}
	if n := len(r.GetManifest()); n > MaxManifest {
		return sdk.Manifest{}, &LimitError{fmt.Sprintf("the manifest has %d bytes, at most %d are allowed", n, MaxManifest)}
	}
	var m sdk.Manifest
	if err := json.Unmarshal(r.GetManifest(), &m); err != nil {
		return sdk.Manifest{}, &ProtocolError{fmt.Sprintf("the manifest is not one: %v", err)}
	}
	return m, nil
}

// Observe runs a probe. Dropped counts the items of evidence beyond the bounds.
func (c *Client) Observe(ctx context.Context, call Call) (answer sdk.Answer, dropped int, err error) {
	in, end, err := c.receive(ctx, c.rpc.Observe, call)
	if err != nil {
		return sdk.Answer{}, 0, err
	}
	reading := end.GetReading()
	if reading == nil {
		return sdk.Answer{}, 0, &ProtocolError{"the answer ends as that of an action does"}
	}
	if answer, err = reading.sdk(); err != nil {
		return sdk.Answer{}, 0, err
	}
	answer.Value, answer.Evidence = in.value, in.evidence
	return answer, in.dropped, nil
}

// Apply runs an action.
func (c *Client) Apply(ctx context.Context, call Call) (sdk.Applied, int, error) {
	return c.change(ctx, c.rpc.Apply, call)
}

// Undo takes an action back.
func (c *Client) Undo(ctx context.Context, call Call) (sdk.Applied, int, error) {
	return c.change(ctx, c.rpc.Undo, call)
}

func (c *Client) change(ctx context.Context, open opener, call Call) (sdk.Applied, int, error) {
	in, end, err := c.receive(ctx, open, call)
	if err != nil {
		return sdk.Applied{}, 0, err
	}
	applied := end.GetApplied()
	if applied == nil {
		return sdk.Applied{}, 0, &ProtocolError{"the answer ends as that of a probe does"}
	}
	return sdk.Applied{Output: in.value, NeedsRestart: applied.GetNeedsRestart(), Evidence: in.evidence}, in.dropped, nil
}

// Prepare asks what an action would do.
func (c *Client) Prepare(ctx context.Context, call Call) (sdk.Prepared, error) {
	r, err := c.rpc.Prepare(ctx, call.message())
	if err != nil {
		return sdk.Prepared{}, err
	}
	if e := r.GetError(); e != nil {
		return sdk.Prepared{}, e.sdk()
	}
	if r.GetPrepared() == nil {
		return sdk.Prepared{}, &ProtocolError{"the answer is empty"}
	}
	p := r.GetPrepared().sdk()
	if len(p.Token) > sdk.MaxToken {
		return sdk.Prepared{}, &LimitError{fmt.Sprintf("the token has %d bytes, at most %d are allowed", len(p.Token), sdk.MaxToken)}
	}
	return p, nil
}

// Assess asks how far an action got.
func (c *Client) Assess(ctx context.Context, call Call) (sdk.Assessment, error) {
	r, err := c.rpc.Assess(ctx, call.message())
	if err != nil {
		return sdk.Assessment{}, err
	}
	if e := r.GetError(); e != nil {
		return sdk.Assessment{}, e.sdk()
	}
	if r.GetAssessment() == nil {
		return sdk.Assessment{}, &ProtocolError{"the answer is empty"}
	}
	return r.GetAssessment().sdk()
}

type opener func(context.Context, *CallRequest, ...grpc.CallOption) (grpc.ServerStreamingClient[CallEvent], error)

// incoming is what of an answer has come so far.
type incoming struct {
	value         []byte
	evidence      []sdk.Evidence
	evidenceBytes int
	dropped       int
	started       time.Time
	progress      int
}

// receive reads an answer to its end within the bounds.
func (c *Client) receive(ctx context.Context, open opener, call Call) (*incoming, *CallEvent, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // an answer that is given up must not go on arriving
	stream, err := open(ctx, call.message())
	if err != nil {
		return nil, nil, err
	}
	in := &incoming{started: time.Now()}
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, nil, &ProtocolError{"the answer stopped before its end"}
		}
		if err != nil {
			return nil, nil, err
		}
		switch x := event.GetEvent().(type) {
		case *CallEvent_Progress:
			err = in.report(x.Progress.sdk(), call.Progress)
		case *CallEvent_Evidence:
			err = in.add(x.Evidence)
		case *CallEvent_Chunk:
			switch {
			case len(x.Chunk) == 0:
				err = &ProtocolError{"a chunk is empty"}
			case len(in.value)+len(x.Chunk) > MaxOutput:
				err = &LimitError{fmt.Sprintf("the answer has more than %d bytes", MaxOutput)}
			}
			in.value = append(in.value, x.Chunk...)
		case *CallEvent_Error:
			return nil, nil, x.Error.sdk()
		case *CallEvent_Reading, *CallEvent_Applied:
			return in, event, nil
		default:
			err = &ProtocolError{"the answer holds a message of unknown kind"}
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// A server of this package sends at most ten messages of progress a second.
const (
	progressBurst  = 1000
	progressPerSec = 100
)

func (in *incoming) report(p sdk.Progress, listener func(sdk.Progress)) error {
	in.progress++
	if in.progress > progressBurst+int(time.Since(in.started).Seconds()*progressPerSec) {
		return &LimitError{fmt.Sprintf("progress was reported %d times in %s", in.progress, time.Since(in.started).Round(time.Millisecond))}
	}
	if listener != nil {
		listener(p)
	}
	return nil
}

// maxEvidenceSent bounds how long items beyond the bounds are read and dropped before the call is given up.
const maxEvidenceSent = 100 * MaxEvidence

func (in *incoming) add(batch *EvidenceBatch) error {
	if len(batch.GetItems()) == 0 {
		return &ProtocolError{"a batch of evidence is empty"}
	}
	if len(in.evidence)+in.dropped > maxEvidenceSent {
		return &LimitError{fmt.Sprintf("more than %d items of evidence were sent", maxEvidenceSent)}
	}
	in.evidenceBytes += proto.Size(batch)
	for _, item := range batch.GetItems() {
		if len(in.evidence) >= MaxEvidence || in.evidenceBytes > MaxOutput {
			in.dropped++
			continue
		}
		e, err := item.sdk()
		if err != nil {
			return err
		}
		in.evidence = append(in.evidence, e)
	}
	return nil
}
