package wire

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rectify-project/rectify/sdk"
)

// connectTo serves a gRPC service in memory.
func connectTo(t *testing.T, s PluginServer) *Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(MaxMessage))
	RegisterPluginServer(server, s)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	conn, err := grpc.NewClient("passthrough:///memory", append(DialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); server.Stop() })
	return NewClient(conn)
}

// hostile answers with what it is given, whatever the call.
type hostile struct {
	UnimplementedPluginServer
	manifest []byte
	prepared *PrepareResponse
	assessed *AssessResponse
	send     func(func(*CallEvent) bool) // sends while true
}

func (h hostile) Describe(context.Context, *DescribeRequest) (*DescribeResponse, error) {
	return &DescribeResponse{Manifest: h.manifest}, nil
}

func (h hostile) Prepare(context.Context, *CallRequest) (*PrepareResponse, error) {
	return h.prepared, nil
}

func (h hostile) Assess(context.Context, *CallRequest) (*AssessResponse, error) {
	return h.assessed, nil
}

func (h hostile) Observe(_ *CallRequest, s grpc.ServerStreamingServer[CallEvent]) error {
	h.send(func(e *CallEvent) bool { return s.Send(e) == nil })
	return nil
}

func (h hostile) Apply(r *CallRequest, s grpc.ServerStreamingServer[CallEvent]) error {
	return h.Observe(r, s)
}

func events(list ...*CallEvent) func(func(*CallEvent) bool) {
	return func(send func(*CallEvent) bool) {
		for _, e := range list {
			send(e)
		}
	}
}

func forEver(e *CallEvent) func(func(*CallEvent) bool) {
	return func(send func(*CallEvent) bool) {
		for send(e) {
		}
	}
}

var (
	reading   = &CallEvent{Event: &CallEvent_Reading{&Reading{}}}
	applied   = &CallEvent{Event: &CallEvent_Applied{&Applied{}}}
	noItems   = &CallEvent{Event: &CallEvent_Evidence{&EvidenceBatch{}}}
	someItems = &CallEvent{Event: &CallEvent_Evidence{&EvidenceBatch{Items: make([]*Evidence, 1000)}}}
	longItems = &CallEvent{Event: &CallEvent_Evidence{&EvidenceBatch{Items: []*Evidence{{File: strings.Repeat("f", 1<<20)}}}}}
	oddTime   = &CallEvent{Event: &CallEvent_Evidence{&EvidenceBatch{Items: []*Evidence{{Time: &timestamppb.Timestamp{Seconds: 1 << 60}}}}}}
	ticking   = &CallEvent{Event: &CallEvent_Progress{&Progress{Done: 1}}}
)

func chunk(n int) *CallEvent {
	return &CallEvent{Event: &CallEvent_Chunk{make([]byte, n)}}
}

func TestHostileAnswers(t *testing.T) {
	for name, x := range map[string]struct {
		send  func(func(*CallEvent) bool)
		tells string
		limit bool
	}{
		"nothing":               {events(), "before its end", false},
		"chunks-without-an-end": {events(chunk(10)), "before its end", false},
		"end-of-an-action":      {events(applied), "as that of an action", false},
		"empty-message":         {events(&CallEvent{}), "unknown kind", false},
		"empty-chunks":          {forEver(chunk(0)), "empty", false},
		"empty-batches":         {forEver(noItems), "empty", false},
		"time-out-of-range":     {events(oddTime), "time is out of range", false},
		"endless-chunks":        {forEver(chunk(1 << 20)), "more than 16777216 bytes", true},
		"endless-evidence":      {forEver(someItems), "more than 1000000 items", true},
		"endless-progress":      {forEver(ticking), "progress was reported", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := connectTo(t, hostile{send: x.send}).Observe(t.Context(), Call{Function: "x"})
			var limit *LimitError
			var protocol *ProtocolError
			if x.limit && !errors.As(err, &limit) || !x.limit && !errors.As(err, &protocol) || !strings.Contains(err.Error(), x.tells) {
				t.Errorf("got %T %v, want it to tell %q", err, err, x.tells)
			}
		})
	}
}

func TestHostileEnd(t *testing.T) {
	_, _, err := connectTo(t, hostile{send: events(reading)}).Apply(t.Context(), Call{})
	var protocol *ProtocolError
	if !errors.As(err, &protocol) {
		t.Errorf("the end of a probe for an action: %v", err)
	}
}

func TestLongEvidenceIsDropped(t *testing.T) {
	send := func(send func(*CallEvent) bool) {
		for range 20 {
			send(longItems)
		}
		send(reading)
	}
	a, dropped, err := connectTo(t, hostile{send: send}).Observe(t.Context(), Call{})
	if err != nil || dropped < 4 || len(a.Evidence)+dropped != 20 {
		t.Errorf("%d kept, %d dropped, %v", len(a.Evidence), dropped, err)
	}
}

func TestMessageTooLarge(t *testing.T) {
	_, _, err := connectTo(t, hostile{send: events(chunk(MaxMessage+1), reading)}).Observe(t.Context(), Call{})
	if err == nil || !strings.Contains(err.Error(), "ResourceExhausted") {
		t.Errorf("got %v", err)
	}
}

func TestHostileUnary(t *testing.T) {
	c := connectTo(t, hostile{
		manifest: []byte(strings.Repeat(" ", MaxManifest+1)),
		prepared: &PrepareResponse{Result: &PrepareResponse_Prepared{&Prepared{Token: make([]byte, sdk.MaxToken+1)}}},
		assessed: &AssessResponse{Result: &AssessResponse_Assessment{&Assessment{State: "perhaps"}}},
	})
	var limit *LimitError
	var protocol *ProtocolError
	if _, err := c.Describe(t.Context()); !errors.As(err, &limit) {
		t.Errorf("a huge manifest: %v", err)
	}
	if _, err := c.Prepare(t.Context(), Call{}); !errors.As(err, &limit) {
		t.Errorf("a huge token: %v", err)
	}
	if _, err := c.Assess(t.Context(), Call{}); !errors.As(err, &protocol) || !strings.Contains(err.Error(), `"perhaps"`) {
		t.Errorf("an unknown state: %v", err)
	}
	empty := connectTo(t, hostile{manifest: []byte(`[]`), prepared: &PrepareResponse{}, assessed: &AssessResponse{}})
	if _, err := empty.Describe(t.Context()); !errors.As(err, &protocol) {
		t.Errorf("a manifest that is a list: %v", err)
	}
	if _, err := empty.Prepare(t.Context(), Call{}); !errors.As(err, &protocol) {
		t.Errorf("an empty preparation: %v", err)
	}
	if _, err := empty.Assess(t.Context(), Call{}); !errors.As(err, &protocol) {
		t.Errorf("an empty assessment: %v", err)
	}
}

func TestUnknownErrorCodeIsInternal(t *testing.T) {
	e := &CallEvent{Event: &CallEvent_Error{&Error{Code: "whatever", Message: "m", Path: "/p", Hint: "h"}}}
	_, _, err := connectTo(t, hostile{send: events(e)}).Observe(t.Context(), Call{})
	var got *sdk.Error
	if !errors.As(err, &got) || *got != (sdk.Error{Code: sdk.Internal, Message: "m", Path: "/p", Hint: "h"}) {
		t.Errorf("got %#v", err)
	}
}

func TestCancelEndsAnEndlessAnswer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	silent := func(func(*CallEvent) bool) { <-ctx.Done(); time.Sleep(200 * time.Millisecond) }
	_, _, err := connectTo(t, hostile{send: silent}).Observe(ctx, Call{})
	if err == nil || !strings.Contains(err.Error(), "DeadlineExceeded") {
		t.Errorf("got %v", err)
	}
}
