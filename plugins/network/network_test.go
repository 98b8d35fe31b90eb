package network

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

var live = target.Spec{Kind: target.Live}

// observe calls a probe as the host does.
func observe[Out any](t *testing.T, probe string, input map[string]any) (Out, sdk.Answer, error) {
	t.Helper()
	var out Out
	answer, err := plugintest.Serve(t, Plugin()).Observe(probe, live, input)
	if err != nil {
		return out, answer, err
	}
	if err := json.Unmarshal(answer.Value, &out); err != nil {
		t.Fatal(err)
	}
	return out, answer, nil
}

// closedPort is an address that nothing listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// answering serves each connection with a function, which closes it.
func answering(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return l.Addr().String()
}

func split(t *testing.T, address string) (string, int) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return host, n
}

func TestInputIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		probe string
		input map[string]any
		path  string
	}{
		"url-without-scheme":    {"http", map[string]any{"url": "example.com"}, "/url"},
		"url-of-a-file":         {"http", map[string]any{"url": "file:///etc/passwd"}, "/url"},
		"url-without-host":      {"http", map[string]any{"url": "http:///x"}, "/url"},
		"url-with-password":     {"http", map[string]any{"url": "http://user:secret@127.0.0.1/"}, "/url"},
		"url-broken":            {"http", map[string]any{"url": "http://[::1/"}, "/url"},
		"url-with-odd-port":     {"http", map[string]any{"url": "http://127.0.0.1:x/"}, "/url"},
		"other-method":          {"http", map[string]any{"url": "http://127.0.0.1/", "method": "POST"}, "/method"},
		"no-timeout":            {"http", map[string]any{"url": "http://127.0.0.1/", "timeout": "0s"}, "/timeout"},
		"endless-timeout":       {"http", map[string]any{"url": "http://127.0.0.1/", "timeout": "6m"}, "/timeout"},
		"negative-pause":        {"http", map[string]any{"url": "http://127.0.0.1/", "pause": "-1s"}, "/pause"},
		"no-attempts":           {"http", map[string]any{"url": "http://127.0.0.1/", "attempts": 0}, "/attempts"},
		"too-many-attempts":     {"http", map[string]any{"url": "http://127.0.0.1/", "attempts": 21}, "/attempts"},
		"status-that-is-none":   {"http", map[string]any{"url": "http://127.0.0.1/", "expect_status": 42}, "/expect_status"},
		"port-too-high":         {"tcp", map[string]any{"host": "127.0.0.1", "port": 65536}, "/port"},
		"host-with-scheme":      {"tcp", map[string]any{"host": "http://127.0.0.1", "port": 80}, "/host"},
		"host-with-port":        {"tcp", map[string]any{"host": "wsus.test:8530", "port": 8530}, "/host"},
		"host-with-space":       {"dns", map[string]any{"host": "a b"}, "/host"},
		"no-host":               {"dns", map[string]any{"host": ""}, "/host"},
		"dns-negative-timeout":  {"dns", map[string]any{"host": "127.0.0.1", "timeout": "-1s"}, "/timeout"},
		"tcp-pause-of-a-decade": {"tcp", map[string]any{"host": "127.0.0.1", "port": 80, "pause": "3650d"}, "/pause"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := observe[map[string]any](t, c.probe, c.input)
			var e *sdk.Error
			if !errors.As(err, &e) || e.Code != sdk.InvalidInput || e.Path != c.path {
				t.Errorf("got %#v, want invalid input at %s", err, c.path)
			}
		})
	}
}

func TestPasswordIsNotRepeated(t *testing.T) {
	_, _, err := observe[HTTPOutput](t, "http", map[string]any{"url": "http://user:secret@127.0.0.1/"})
	if err == nil || contains(err.Error(), "secret") {
		t.Errorf("the message is %v", err)
	}
}

func TestOfflineIsUnsupported(t *testing.T) {
	disk, err := target.Open(target.Spec{Kind: target.Offline, Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	for name, input := range map[string]string{
		"http": `{"url":"http://127.0.0.1/","timeout":"1s","attempts":1}`,
		"tcp":  `{"host":"127.0.0.1","port":1,"timeout":"1s","attempts":1}`,
		"dns":  `{"host":"127.0.0.1","timeout":"1s"}`,
	} {
		probe, _ := Plugin().Probe(name)
		_, err := probe.Observe(t.Context(), &sdk.Call{Target: disk}, json.RawMessage(input))
		if e := sdk.AsError(err); e.Code != sdk.Unsupported || e.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTCP(t *testing.T) {
	host, port := split(t, answering(t, func(c net.Conn) { c.Close() }))
	out, answer, err := observe[TCPOutput](t, "tcp", map[string]any{"host": host, "port": port, "attempts": 2, "pause": "1ms"})
	if err != nil {
		t.Fatal(err)
	}
	if !out.OK || out.Failed != 0 || len(out.Tries) != 2 || out.Latency == nil || out.Tries[1].Address != "127.0.0.1" {
		t.Errorf("%+v", out)
	}
	if len(answer.Evidence) != 2 || answer.Evidence[1].Pointer != "/tries/1" || answer.Evidence[1].Time.IsZero() {
		t.Errorf("evidence %+v", answer.Evidence)
	}
}

func TestTCPFails(t *testing.T) {
	host, port := split(t, closedPort(t))
	for name, c := range map[string]struct {
		host, timeout, kind, says string
	}{
		"closed-port":  {host, "5s", kindConnect, "127.0.0.1:" + strconv.Itoa(port)},
		"no-time":      {host, "1us", kindTimeout, "before a connection was made"},
		"no-such-name": {"no..such..name", "5s", kindDNS, "does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := observe[TCPOutput](t, "tcp", map[string]any{"host": c.host, "port": port, "timeout": c.timeout})
			if err != nil {
				t.Fatal(err)
			}
			if out.OK || out.Failed != 1 || out.Latency != nil || out.ErrorKind != c.kind || !contains(out.Error, c.says) {
				t.Errorf("%+v, want kind %s saying %q", out, c.kind, c.says)
			}
		})
	}
}

func TestDNS(t *testing.T) {
	for name, c := range map[string]struct {
		host string
		ok   bool
		kind string
	}{
		"address":      {"127.0.0.1", true, ""},
		"ipv6-address": {"[::1]", true, ""},
		"loopback":     {"localhost", true, ""},
		"no-such-name": {"no..such..name", false, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "loopback" && strings.HasPrefix(verification.System(), "Wine ") {
				t.Skip("Wine asks the system below it, which may have no file of hosts")
			}
			out, answer, err := observe[DNSOutput](t, "dns", map[string]any{"host": c.host})
			if err != nil {
				t.Fatal(err)
			}
			if out.OK != c.ok || (len(out.Addresses) > 0) != c.ok || out.ErrorKind != c.kind || (out.Error == "") != c.ok {
				t.Errorf("%+v", out)
			}
			if len(answer.Evidence) != 1 {
				t.Errorf("evidence %+v", answer.Evidence)
			}
		})
	}
}

func TestNameFailures(t *testing.T) {
	for name, c := range map[string]struct {
		err        *net.DNSError
		kind, says string
	}{
		"not-found": {&net.DNSError{Name: "x.test", Err: "no such host", IsNotFound: true}, "not_found", "does not exist"},
		"timeout":   {&net.DNSError{Name: "x.test", Err: "i/o timeout", IsTimeout: true}, kindTimeout, "no DNS server answered"},
		"broken":    {&net.DNSError{Name: "x.test", Err: "server misbehaving"}, kindOther, "server misbehaving"},
	} {
		t.Run(name, func(t *testing.T) {
			f := explain(c.err, resolving, time.Second)
			if nameKind(c.err) != c.kind || f.kind != kindDNS || !contains(f.text, c.says) {
				t.Errorf("kind %s, %+v", nameKind(c.err), f)
			}
		})
	}
}

func TestCanceledCallIsNoAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := answering(t, func(c net.Conn) { cancel() }) // takes the connection and says nothing
	machine, err := target.Open(live)
	if err != nil {
		t.Fatal(err)
	}
	_, err = observeHTTP(ctx, &sdk.Call{Target: machine}, HTTPInput{
		URL: "http://" + address, Method: "GET", Timeout: span(10 * time.Second), Attempts: 3,
	}, nil, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
