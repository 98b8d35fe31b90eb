package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/rectify-project/rectify/internal/wire"
	"github.com/rectify-project/rectify/sdk"
)

// launch starts the plugin's process and talks to it until it has said who it is. go-plugin does the handshake; the
// connection is the host's own, because go-plugin's blocks without a bound on a plugin that listens and stays mute.
func (h *Host) launch(ctx context.Context, s *slot, outlives bool) (*process, error) {
	verified, err := s.source.verify(h.options.Lock)
	if err != nil {
		return nil, &Error{Plugin: s.name, Kind: Refused, Message: err.Error(), Err: err}
	}
	if verified != nil {
		defer verified.Close() // it was read only
	}
	path, args := s.source.command()
	keys, secured, err := wire.NewCredentials()
	if err != nil {
		return nil, &Error{Plugin: s.name, Kind: Refused, Message: fmt.Sprintf("no keys can be made: %v", err), Err: err}
	}
	line, err := keys.Line()
	if err != nil {
		return nil, &Error{Plugin: s.name, Kind: Refused, Message: fmt.Sprintf("no keys can be made: %v", err), Err: err}
	}
	temp, err := privateTemp()
	if err != nil {
		return nil, &Error{Plugin: s.name, Kind: Refused, Message: err.Error(), Err: err}
	}
	log := h.options.Log.With().Str("plugin", s.name).Logger()
	cmd := exec.Command(path, args...)
	c := newChild(s.name, cmd, line, &talk{log: log}, outlives)
	c.temp = temp
	finished := make(chan struct{})
	defer close(finished)
	go h.abort(ctx, c, finished)

	handshake := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		Plugins:          plugin.PluginSet{},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     h.options.StartTimeout,
		TLSConfig:        secured.Clone(), // never nil: a certificate in the handshake line would be put into it
		Logger:           &quiet{log: log},
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: temp},
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, dir string) (runner.Runner, error) {
			cmd.Env = slices.Concat(environment(), tempVariables(temp), spec.Env)
			c.dir = dir
			return c, nil
		},
	})
	address, err := handshake.Start()
	if err != nil && c.dir == "" {
		c.sweep()
		return nil, &Error{Plugin: s.name, Kind: Refused, Message: fmt.Sprintf("it cannot be started: %v", err), Err: err}
	}
	if err != nil {
		err = c.handshakeError(err, h.options.StartTimeout)
		c.discard()
		return nil, err
	}
	p, err := connect(ctx, c, address, secured)
	if err == nil && verified != nil {
		if changed := verified.Unchanged(); changed != nil {
			err = &Error{Plugin: s.name, Kind: Refused, Message: changed.Error(), Err: changed}
		}
	}
	if err != nil {
		if p != nil {
			_ = p.conn.Close()
		}
		c.discard()
		return nil, err
	}
	return p, nil
}

// abort ends a start when its time is over or the host is closed.
func (h *Host) abort(ctx context.Context, c *child, finished <-chan struct{}) {
	select {
	case <-finished:
		return
	case <-ctx.Done():
	case <-h.closing:
	}
	select {
	case <-finished:
	case <-c.started:
		c.kill()
	}
}

// connect opens the connection and asks for the manifest.
func connect(ctx context.Context, c *child, address net.Addr, secured *tls.Config) (*process, error) {
	if tcp, ok := address.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		return nil, c.fail(Garbage, fmt.Sprintf("it listens on %s, which is not this machine's loopback", address), nil)
	}
	dialer := &net.Dialer{}
	conn, err := grpc.NewClient("passthrough:///"+c.name, append(wire.DialOptions(),
		grpc.WithTransportCredentials(credentials.NewTLS(secured)),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, address.Network(), address.String())
		}))...)
	if err != nil {
		return nil, c.fail(Mute, fmt.Sprintf("no connection can be made: %v", err), err)
	}
	p := &process{child: c, conn: conn, client: wire.NewClient(conn)}
	if p.manifest, err = p.client.Describe(ctx); err != nil {
		return p, c.describeError(ctx, err)
	}
	return p, nil
}

// discard ends a process that never became a plugin.
func (c *child) discard() {
	<-c.started
	c.kill()
	<-c.exited
	c.sweep()
}

// sweep removes the folders of a process that has ended.
func (c *child) sweep() {
	for _, dir := range []string{c.dir, c.temp} {
		if dir != "" {
			_ = os.RemoveAll(dir) // what cannot be removed harms nobody
		}
	}
}

// fail is an error with the last words and the end of the process, when it has ended.
func (c *child) fail(kind Kind, message string, err error) *Error {
	e := &Error{Plugin: c.name, Kind: kind, Message: message, LastWords: c.words.get(), Err: err}
	select {
	case <-c.exited:
		if !c.killed.Load() {
			e.Exit = c.state
		}
	default:
	}
	return e
}

// lastGasp is how long the end of a process is waited for, when what it said or did not say suggests that it ends. The
// end of one that leaves its output to a process of its own is seen after waitDelay.
const lastGasp = waitDelay + 300*time.Millisecond

// handshakeError says why there was no handshake, by what the process did; go-plugin's words are made for its own users.
func (c *child) handshakeError(err error, timeout time.Duration) *Error {
	said := false
	select {
	case <-c.helloSeen:
		said = true
	default:
	}
	if !said && !c.killed.Load() && c.ended(lastGasp) {
		if c.state == notStarted {
			return &Error{Plugin: c.name, Kind: Refused, Message: fmt.Sprintf("it cannot be started: %v", err), Err: err}
		}
		return c.fail(Crashed, "it ended before it was ready", nil)
	}
	if !said {
		return c.fail(StartTimeout, fmt.Sprintf("it was not ready within %s", timeout), nil)
	}
	if strings.Count(c.first, "|") < 3 {
		return c.fail(Garbage, fmt.Sprintf("expected a handshake on its standard output, got %s: a plugin prints nothing there", quoted(c.first)), nil)
	}
	parts := strings.Split(c.first, "|")
	if parts[0] != fmt.Sprint(plugin.CoreProtocolVersion) || parts[1] != fmt.Sprint(sdk.Protocol) {
		return c.fail(Protocol, fmt.Sprintf("it speaks version %s of the plugin protocol, this host speaks %d: build it with another version of the SDK", quoted(parts[1]), sdk.Protocol), err)
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return c.fail(Garbage, fmt.Sprintf("its handshake %s cannot be used: %s", quoted(c.first), message), err)
}

// describeError says why a plugin that has made its handshake gave no manifest.
func (c *child) describeError(ctx context.Context, err error) *Error {
	var limit *wire.LimitError
	var protocol *wire.ProtocolError
	switch {
	case ctx.Err() == nil && c.ended(lastGasp) && !c.killed.Load():
		return c.fail(Crashed, "it ended before it had said what it is", nil)
	case errors.As(err, &limit):
		return c.fail(Flood, limit.Reason, err)
	case errors.As(err, &protocol):
		return c.fail(BadManifest, protocol.Reason, err)
	case ctx.Err() != nil:
		return c.fail(Mute, "it says that it listens, and does not answer", err)
	}
	return c.fail(Mute, fmt.Sprintf("it says that it listens, and cannot be asked: %s", status.Convert(err).Message()), err)
}

// quoted is what a plugin said, short enough for a message.
func quoted(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return fmt.Sprintf("%q", strings.ToValidUTF8(s, "\uFFFD"))
}
