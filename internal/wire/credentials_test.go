package wire

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// shake does a TLS handshake over loopback, and a byte each way, for TLS 1.3 tells of a refused client only then.
func shake(t *testing.T, server, client *tls.Config) (served, called error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			defer conn.Close()
			_, err = io.ReadFull(conn, make([]byte, 1))
		}
		if err == nil {
			_, err = conn.Write([]byte{1})
		}
		done <- err
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	secured := tls.Client(conn, client)
	_, called = secured.Write([]byte{1})
	if called == nil {
		_, called = io.ReadFull(secured, make([]byte, 1))
	}
	_ = conn.Close() // whatever state TLS is in, the server sees the end
	return <-done, called
}

func TestOnlyTheHostAndItsPluginMeet(t *testing.T) {
	mine, host, err := NewCredentials()
	if err != nil {
		t.Fatal(err)
	}
	others, stranger, err := NewCredentials()
	if err != nil {
		t.Fatal(err)
	}
	line, err := mine.Line()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadCredentials(bufio.NewReader(strings.NewReader(string(line) + "what follows")))
	if err != nil || read != mine {
		t.Fatalf("read back %+v, %v", read, err)
	}
	server, err := read.Server()
	if err != nil {
		t.Fatal(err)
	}
	otherServer, err := others.Server()
	if err != nil {
		t.Fatal(err)
	}
	anonymous := host.Clone()
	anonymous.Certificates = nil
	blind := stranger.Clone()
	blind.RootCAs, blind.InsecureSkipVerify = nil, true
	for name, x := range map[string]struct {
		server, client *tls.Config
		meet           bool
	}{
		"host-and-plugin":               {server, host, true},
		"client-without-certificate":    {server, anonymous, false},
		"client-with-another":           {server, blind, false},
		"host-and-the-plugin-of-others": {otherServer, host, false},
	} {
		t.Run(name, func(t *testing.T) {
			served, called := shake(t, x.server, x.client)
			if met := served == nil && called == nil; met != x.meet {
				t.Errorf("server: %v, client: %v", served, called)
			}
		})
	}
}

func TestReadCredentialsRefuses(t *testing.T) {
	for name, x := range map[string]struct{ text, tells string }{
		"nothing":  {"", "closed stdin"},
		"no-end":   {`{"certificate": "x"}`, "closed stdin"},
		"not-json": {"hello\n", "not JSON"},
		"too-long": {strings.Repeat("x", maxCredentials+10) + "\n", "longer than"},
		"endless":  {strings.Repeat("x", 2*maxCredentials), "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadCredentials(bufio.NewReader(strings.NewReader(x.text))); err == nil || !strings.Contains(err.Error(), x.tells) {
				t.Errorf("got %v, want it to tell %q", err, x.tells)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := ReadCredentials(bufio.NewReader(io.MultiReader(strings.NewReader("x"), failing{broken}))); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := (Credentials{Certificate: "x", Key: "y"}).Server(); err == nil {
		t.Error("a certificate that is none is taken")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
