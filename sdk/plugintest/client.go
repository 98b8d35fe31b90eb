package plugintest

import (
	"context"
	"encoding/json"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/rectify-project/rectify/internal/wire"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/pluginserver"
	"github.com/rectify-project/rectify/sdk/target"
)

// Client calls the functions of a plugin as a host does, through the protocol, without a process.
type Client struct {
	t    testing.TB
	wire *wire.Client
}

// Serve serves a plugin in memory until the test ends.
func Serve(t testing.TB, p sdk.Plugin) *Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(wire.MaxMessage))
	release := pluginserver.Register(server, p)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	conn, err := grpc.NewClient("passthrough:///"+p.Name, append(wire.DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		release()
	})
	return &Client{t, wire.NewClient(conn)}
}

// Observe runs a probe ("search", without the plugin's name). The input is written as JSON unless it is
// json.RawMessage or []byte. An error of the plugin is an [sdk.Error]. An answer that its schema does not allow fails the test.
func (c *Client) Observe(probe string, on target.Spec, input any) (sdk.Answer, error) {
	c.t.Helper()
	raw := c.json(input)
	answer, dropped, err := c.wire.Observe(c.t.Context(), wire.Call{Function: probe, Target: on, Input: raw})
	if err != nil {
		return sdk.Answer{}, err
	}
	if dropped > 0 {
		c.t.Errorf("%s: %d items of evidence are beyond the host's bounds and would be left out", probe, dropped)
	}
	m := c.manifest()
	for _, p := range m.Probes {
		if p.Name == probe {
			checkValue(c.t, "the answer of "+probe, p.Input, p.Output, raw, answer.Value)
		}
	}
	return answer, nil
}

// Prepare asks what an action would do.
func (c *Client) Prepare(action string, on target.Spec, input any) (sdk.Prepared, error) {
	c.t.Helper()
	return c.wire.Prepare(c.t.Context(), wire.Call{Function: action, Target: on, Input: c.json(input)})
}

// Apply runs an action. An output that its schema does not allow fails the test.
func (c *Client) Apply(action string, on target.Spec, input any, token json.RawMessage, stateDir string) (sdk.Applied, error) {
	c.t.Helper()
	raw := c.json(input)
	applied, _, err := c.wire.Apply(c.t.Context(), wire.Call{Function: action, Target: on, Input: raw, Token: token, StateDir: stateDir})
	if err != nil {
		return sdk.Applied{}, err
	}
	m := c.manifest()
	for _, a := range m.Actions {
		if a.Name == action {
			checkValue(c.t, "the output of "+action, a.Input, a.Output, raw, applied.Output)
		}
	}
	return applied, nil
}

// Assess asks how far an action got.
func (c *Client) Assess(action string, on target.Spec, token json.RawMessage, stateDir string) (sdk.Assessment, error) {
	c.t.Helper()
	return c.wire.Assess(c.t.Context(), wire.Call{Function: action, Target: on, Token: token, StateDir: stateDir})
}

// Undo takes an action back.
func (c *Client) Undo(action string, on target.Spec, token json.RawMessage, stateDir string) (sdk.Applied, error) {
	c.t.Helper()
	applied, _, err := c.wire.Undo(c.t.Context(), wire.Call{Function: action, Target: on, Token: token, StateDir: stateDir})
	return applied, err
}

func (c *Client) manifest() sdk.Manifest {
	c.t.Helper()
	m, err := c.wire.Describe(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *Client) json(input any) json.RawMessage {
	c.t.Helper()
	switch x := input.(type) {
	case nil:
		return json.RawMessage("{}")
	case json.RawMessage:
		return x
	case []byte:
		return x
	}
	raw, err := json.Marshal(input)
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}
