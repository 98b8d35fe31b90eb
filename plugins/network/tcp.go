package network

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// TCPInput is the input of `network.tcp`.
type TCPInput struct {
	Host     string      `json:"host" jsonschema_description:"Name or address"`
	Port     int         `json:"port" jsonschema:"minimum=1,maximum=65535" jsonschema_description:"Port"`
	Timeout  schema.Span `json:"timeout,omitempty" jsonschema:"default=5s" jsonschema_description:"How long one try may take, at most 5m"`
	Attempts int         `json:"attempts,omitempty" jsonschema:"minimum=1,maximum=20,default=1" jsonschema_description:"How many times to try; all are made, whatever the first says"`
	Pause    schema.Span `json:"pause,omitempty" jsonschema:"default=500ms" jsonschema_description:"How long to wait between two tries"`
}

// TCPOutput is the output of `network.tcp`.
type TCPOutput struct {
	OK        bool         `json:"ok" jsonschema_description:"Whether at least one try made a connection"`
	Failed    int          `json:"failed" jsonschema_description:"How many tries did not; more than 0 beside ok: the connection comes and goes"`
	Error     string       `json:"error,omitempty" jsonschema_description:"Why the last try that failed did; absent where none did"`
	ErrorKind string       `json:"error_kind,omitempty" jsonschema:"enum=dns,enum=connect,enum=timeout,enum=other" jsonschema_description:"Where the last try that failed did"`
	Latency   *schema.Span `json:"latency,omitempty" jsonschema_description:"From the start to the connection, in the quickest try that made one"`
	Tries     []TCPTry     `json:"tries" jsonschema_description:"The tries, in order"`
}

// TCPTry is one connection.
type TCPTry struct {
	Time      time.Time    `json:"time" jsonschema_description:"When it began"`
	OK        bool         `json:"ok" jsonschema_description:"Whether a connection was made"`
	Address   string       `json:"address,omitempty" jsonschema_description:"Address that was connected to: 192.0.2.7; absent where none was"`
	Error     string       `json:"error,omitempty" jsonschema_description:"Why it failed; absent where it did not"`
	ErrorKind string       `json:"error_kind,omitempty" jsonschema:"enum=dns,enum=connect,enum=timeout,enum=other" jsonschema_description:"Where it failed"`
	Latency   *schema.Span `json:"latency,omitempty" jsonschema_description:"From the start to the connection; absent where none was made"`

	Evidence sdk.Evidence `json:"-"`
}

func tcpProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "tcp",
		Summary: "Whether a port takes connections",
		Doc:     "Each try resolves the name, connects and closes the connection again; nothing is sent. No proxy is used.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   sdk.Needs{Network: true},
		Healthy: json.RawMessage(`{"ok":true,"failed":0,"latency":"10ms","tries":[{"time":"2026-01-01T00:00:00Z","ok":true,"address":"192.0.2.7","latency":"10ms"}]}`),
	}, observeTCP)
}

func observeTCP(ctx context.Context, call *sdk.Call, in TCPInput) (sdk.Reading[TCPOutput], error) {
	if err := running(call); err != nil {
		return sdk.Reading[TCPOutput]{}, err
	}
	limit, err := timeout(in.Timeout)
	if err != nil {
		return sdk.Reading[TCPOutput]{}, err
	}
	pause, err := pauseOf(in.Pause)
	if err != nil {
		return sdk.Reading[TCPOutput]{}, err
	}
	host, err := hostOf(in.Host)
	if err != nil {
		return sdk.Reading[TCPOutput]{}, err
	}
	address := net.JoinHostPort(host, strconv.Itoa(in.Port))
	var out TCPOutput
	err = repeat(ctx, call, in.Attempts, pause, func(ctx context.Context) { out.add(connect(ctx, address, limit)) })
	if err != nil {
		return sdk.Reading[TCPOutput]{}, err
	}
	return sdk.Observed(out), nil
}

func (o *TCPOutput) add(t TCPTry) {
	o.Tries = append(o.Tries, t)
	if !t.OK {
		o.Failed++
		o.Error, o.ErrorKind = t.Error, t.ErrorKind
		return
	}
	o.OK = true
	if o.Latency == nil || *t.Latency < *o.Latency {
		o.Latency = t.Latency
	}
}

func connect(ctx context.Context, address string, limit time.Duration) TCPTry {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var at atomic.Int32
	at.Store(int32(connecting))
	ctx = httptrace.WithClientTrace(ctx, traceTo(&at)) // net.Dialer reports to it as well
	began := time.Now()
	t := TCPTry{Time: began.UTC(), Evidence: sdk.Evidence{File: address, Time: began.UTC()}}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		f := explain(err, stage(at.Load()), limit)
		t.Error, t.ErrorKind = f.text, f.kind
		t.Evidence.Text = f.text
		return t
	}
	defer conn.Close()
	latency := schema.Span(time.Since(began).Round(time.Microsecond))
	t.OK, t.Latency = true, &latency
	t.Address, _, _ = net.SplitHostPort(conn.RemoteAddr().String())
	t.Evidence.Text = fmt.Sprintf("connected to %s after %s", t.Address, schema.FormatDuration(time.Duration(latency)))
	return t
}

// hostOf checks a host, and takes the brackets off an IPv6 address.
func hostOf(given string) (string, error) {
	host := given
	if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	_, notAddress := netip.ParseAddr(host)
	if host == "" || strings.ContainsAny(host, "/ []\t\r\n\x00") || notAddress != nil && strings.Contains(host, ":") {
		return "", sdk.Errorf(sdk.InvalidInput, "%q is no host: expected a name or an address, without scheme, port or path", given).WithPath("/host")
	}
	return host, nil
}
