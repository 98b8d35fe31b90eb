package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/rectify-project/rectify/sdk"
)

// Handler is what a plugin does with a call. Its errors cross as data.
type Handler interface {
	Describe(context.Context) (sdk.Manifest, error)
	Observe(context.Context, Call) (sdk.Answer, error)
	Prepare(context.Context, Call) (sdk.Prepared, error)
	Apply(context.Context, Call) (sdk.Applied, error)
	Assess(context.Context, Call) (sdk.Assessment, error)
	Undo(context.Context, Call) (sdk.Applied, error)
}

// Register adds the plugin service to a gRPC server.
func Register(s grpc.ServiceRegistrar, h Handler) { RegisterPluginServer(s, server{handler: h}) }

type server struct {
	UnimplementedPluginServer
	handler Handler
}

// progressInterval is the shortest time between two messages of progress of one call; those between are dropped.
const progressInterval = 100 * time.Millisecond

func (s server) Describe(ctx context.Context, _ *DescribeRequest) (*DescribeResponse, error) {
	m, err := s.handler.Describe(ctx)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("the manifest cannot be written as JSON: %w", err)
	}
	return &DescribeResponse{Manifest: b}, nil
}

func (s server) Observe(req *CallRequest, stream grpc.ServerStreamingServer[CallEvent]) error {
	out := &outgoing{stream: stream}
	call, err := req.call()
	if err != nil {
		return out.fail(err)
	}
	call.Progress = out.progress
	answer, err := s.handler.Observe(stream.Context(), call)
	if err != nil {
		return out.fail(err)
	}
	return out.finish(answer.Evidence, answer.Value, &CallEvent{Event: &CallEvent_Reading{readingMessage(answer)}})
}

func (s server) Apply(req *CallRequest, stream grpc.ServerStreamingServer[CallEvent]) error {
	return change(s.handler.Apply, req, stream)
}

func (s server) Undo(req *CallRequest, stream grpc.ServerStreamingServer[CallEvent]) error {
	return change(s.handler.Undo, req, stream)
}

func change(do func(context.Context, Call) (sdk.Applied, error), req *CallRequest, stream grpc.ServerStreamingServer[CallEvent]) error {
	out := &outgoing{stream: stream}
	call, err := req.call()
	if err != nil {
		return out.fail(err)
	}
	call.Progress = out.progress
	applied, err := do(stream.Context(), call)
	if err != nil {
		return out.fail(err)
	}
	return out.finish(applied.Evidence, applied.Output, &CallEvent{Event: &CallEvent_Applied{&Applied{NeedsRestart: applied.NeedsRestart}}})
}

func (s server) Prepare(ctx context.Context, req *CallRequest) (*PrepareResponse, error) {
	call, err := req.call()
	if err != nil {
		return prepareError(err), nil
	}
	p, err := s.handler.Prepare(ctx, call)
	if err != nil {
		return prepareError(err), nil
	}
	m := preparedMessage(p)
	if n := proto.Size(m); n > maxPrepared {
		return prepareError(sdk.Errorf(sdk.Internal, "what was prepared has %d bytes, at most %d are allowed", n, maxPrepared)), nil
	}
	return &PrepareResponse{Result: &PrepareResponse_Prepared{m}}, nil
}

func prepareError(err error) *PrepareResponse {
	return &PrepareResponse{Result: &PrepareResponse_Error{errorMessage(err)}}
}

func (s server) Assess(ctx context.Context, req *CallRequest) (*AssessResponse, error) {
	call, err := req.call()
	if err != nil {
		return &AssessResponse{Result: &AssessResponse_Error{errorMessage(err)}}, nil
	}
	a, err := s.handler.Assess(ctx, call)
	if err != nil {
		return &AssessResponse{Result: &AssessResponse_Error{errorMessage(err)}}, nil
	}
	return &AssessResponse{Result: &AssessResponse_Assessment{assessmentMessage(a)}}, nil
}

// outgoing is the stream of one answer. Progress may come from any goroutine, also from one that outlives the call.
type outgoing struct {
	stream grpc.ServerStreamingServer[CallEvent]

	mu     sync.Mutex
	last   time.Time
	closed bool
}

func (o *outgoing) progress(p sdk.Progress) {
	if !o.mu.TryLock() {
		return
	}
	defer o.mu.Unlock()
	now := time.Now()
	if o.closed || now.Sub(o.last) < progressInterval {
		return
	}
	o.last = now
	// A stream that cannot send is about to cancel the call, which says so.
	_ = o.stream.Send(&CallEvent{Event: &CallEvent_Progress{progressMessage(p)}})
}

func (o *outgoing) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
}

func (o *outgoing) fail(err error) error {
	o.close()
	return o.stream.Send(&CallEvent{Event: &CallEvent_Error{errorMessage(err)}})
}

func (o *outgoing) finish(evidence []sdk.Evidence, value []byte, end *CallEvent) error {
	if len(value) > MaxOutput {
		return o.fail(sdk.Errorf(sdk.Internal, "the answer has %d bytes, at most %d are allowed", len(value), MaxOutput).
			WithHint("ask for less: a narrower window, fewer patterns, a lower limit"))
	}
	o.close()
	for len(evidence) > 0 {
		n := min(len(evidence), evidenceBatch)
		batch := &EvidenceBatch{Items: make([]*Evidence, n)}
		for i, e := range evidence[:n] {
			batch.Items[i] = evidenceMessage(e)
		}
		if err := o.stream.Send(&CallEvent{Event: &CallEvent_Evidence{batch}}); err != nil {
			return err
		}
		evidence = evidence[n:]
	}
	for len(value) > 0 {
		n := min(len(value), chunkSize)
		if err := o.stream.Send(&CallEvent{Event: &CallEvent_Chunk{value[:n]}}); err != nil {
			return err
		}
		value = value[n:]
	}
	return o.stream.Send(end)
}
