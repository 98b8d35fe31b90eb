// Package pluginserver serves a plugin to a Rectify host. A vendor's main is
//
//	func main() { pluginserver.Serve(hello.Plugin) }
//
// and the executable is named rectify-plugin-hello (rectify-plugin-hello.exe on Windows).
//
// What the plugin writes to stderr goes to the host's log: plain text, or JSON lines as hclog, zerolog and slog write
// them. Standard output belongs to the protocol; what is printed there goes to the log too.
package pluginserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/rectify-project/rectify/internal/wire"
	"github.com/rectify-project/rectify/sdk"
)

// Option changes how a plugin is served.
type Option func(*options)

type options struct{ outlive bool }

// Outlive lets the process go on when its host ends. For a plugin that is debugged; one that is installed must not.
func Outlive() Option { return func(o *options) { o.outlive = true } }

// Serve serves a plugin until its host ends, then ends the process; an action that must not be cut off is waited for.
// In a process that no host has started it says so on stderr, and exits with code 2.
func Serve(p sdk.Plugin, opts ...Option) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	handshake := wire.Handshake()
	if os.Getenv(handshake.MagicCookieKey) != handshake.MagicCookieValue {
		fmt.Fprintf(os.Stderr, "%s %s is a plugin of Rectify (%s); it does nothing by itself.\n", p.Name, p.Version, p.Summary)
		fmt.Fprintf(os.Stderr, "Rectify starts it when a playbook needs it; to see what it offers: rectify plugins describe %s --plugins DIR\n", p.Name)
		os.Exit(2)
	}
	// A host that dies closes stderr; writing to it must not end an action that must not be cut off.
	signal.Ignore(syscall.SIGPIPE)
	stdin := bufio.NewReader(os.Stdin)
	credentials, err := wire.ReadCredentials(stdin)
	if err != nil {
		fmt.Fprintf(os.Stderr, "[ERROR] %v\n", err)
		os.Exit(1)
	}
	s := newService(p)
	if !o.outlive {
		go s.endWith(stdin)
	}
	stdio := &stdio{stderr: os.Stderr}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		TLSProvider:     func() (*tls.Config, error) { return credentials.Server() },
		Plugins:         plugin.PluginSet{p.Name: &served{service: s}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(wire.MaxMessage),
				grpc.UnaryInterceptor(stdio.unary), grpc.StreamInterceptor(stdio.stream))...)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
	})
	s.close()
}

// Register adds a plugin to a gRPC server of the caller's, without a process: for tests. The function that it returns
// releases what the calls opened.
func Register(r grpc.ServiceRegistrar, p sdk.Plugin) func() {
	s := newService(p)
	wire.Register(r, s)
	return s.close
}

// endWith ends the process when the host does: it holds the other end of stdin, and SIGTERM is what Linux sends when it
// dies without closing it.
func (s *service) endWith(stdin io.Reader) {
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	eof := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		close(eof)
	}()
	select {
	case <-term:
	case <-eof:
	}
	s.uncut.Wait()
	removeSocket(os.Getenv(plugin.EnvUnixSocketDir))
	os.Exit(0)
}

// removeSocket removes the private folder of the plugin's socket, which a host that was killed leaves behind.
func removeSocket(dir string) {
	if dir == "" {
		return
	}
	sockets, _ := filepath.Glob(filepath.Join(dir, "plugin*"))
	for _, socket := range sockets {
		_ = os.Remove(socket)
	}
	_ = os.Remove(dir) // refused while anything else is in it
}

// served hands the service to go-plugin.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	service *service
}

var _ plugin.GRPCPlugin = (*served)(nil)

func (s *served) GRPCServer(_ *plugin.GRPCBroker, r *grpc.Server) error {
	wire.Register(r, s.service)
	return nil
}

func (s *served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a plugin is called by the host only")
}

// stdio gives os.Stdout and os.Stderr back to the plugin: go-plugin sends them through the connection, where the last
// words of a process that exits are lost. It does so while serving starts, so that the first call is the first chance.
type stdio struct {
	once   sync.Once
	stderr *os.File
}

func (s *stdio) restore() {
	s.once.Do(func() { os.Stdout, os.Stderr = s.stderr, s.stderr })
}

func (s *stdio) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	s.restore()
	return handle(ctx, req)
}

func (s *stdio) stream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	s.restore()
	return handle(srv, stream)
}
