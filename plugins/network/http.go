package network

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/rectify-project/rectify/internal/machine/proxy"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// HTTPInput is the input of `network.http`.
type HTTPInput struct {
	URL          string      `json:"url" jsonschema_description:"Address: https://update.example.com/ping"`
	Method       string      `json:"method,omitempty" jsonschema:"enum=GET,enum=HEAD,default=GET" jsonschema_description:"Method of the request"`
	Timeout      schema.Span `json:"timeout,omitempty" jsonschema:"default=10s" jsonschema_description:"How long one try may take, at most 5m"`
	Attempts     int         `json:"attempts,omitempty" jsonschema:"minimum=1,maximum=20,default=1" jsonschema_description:"How many times to try, each with a new connection; all are made, whatever the first says"`
	Pause        schema.Span `json:"pause,omitempty" jsonschema:"default=500ms" jsonschema_description:"How long to wait between two tries"`
	ExpectStatus *int        `json:"expect_status,omitempty" jsonschema:"minimum=100,maximum=599" jsonschema_description:"The one status that counts as an answer; any from 200 to 399 if not given"`
}

// HTTPOutput is the output of `network.http`.
type HTTPOutput struct {
	OK        bool         `json:"ok" jsonschema_description:"Whether at least one try got the answer"`
	Failed    int          `json:"failed" jsonschema_description:"How many tries did not; more than 0 beside ok: the connection comes and goes"`
	Status    *int         `json:"status,omitempty" jsonschema_description:"Status of the last try that the server answered; absent where it answered none"`
	Error     string       `json:"error,omitempty" jsonschema_description:"Why the last try that failed did; absent where none did"`
	ErrorKind string       `json:"error_kind,omitempty" jsonschema:"enum=dns,enum=connect,enum=tls,enum=timeout,enum=http,enum=other" jsonschema_description:"Where the last try that failed did; http: another status than expected"`
	Latency   *schema.Span `json:"latency,omitempty" jsonschema_description:"From the start to the head of the answer, in the quickest try that was ok"`
	Proxy     string       `json:"proxy,omitempty" jsonschema_description:"The proxy that was used; absent where there was none"`
	Tries     []HTTPTry    `json:"tries" jsonschema_description:"The tries, in order"`
}

// HTTPTry is one request.
type HTTPTry struct {
	Time      time.Time    `json:"time" jsonschema_description:"When it began"`
	OK        bool         `json:"ok" jsonschema_description:"Whether it got the answer"`
	Status    *int         `json:"status,omitempty" jsonschema_description:"Status; absent where no answer came"`
	Error     string       `json:"error,omitempty" jsonschema_description:"Why it failed; absent where it did not"`
	ErrorKind string       `json:"error_kind,omitempty" jsonschema:"enum=dns,enum=connect,enum=tls,enum=timeout,enum=http,enum=other" jsonschema_description:"Where it failed"`
	Latency   *schema.Span `json:"latency,omitempty" jsonschema_description:"From the start to the head of the answer; absent where none came"`

	Evidence sdk.Evidence `json:"-"`
}

func httpProbe(m proxy.Machine) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "http",
		Summary: "Whether a web server answers",
		Doc: `Each try resolves the name, connects, secures the connection and asks anew. Redirects are followed within the scheme (http or
https), at most ten, unless a status from 300 to 399 is expected; one to another scheme fails the try. At most 1 MiB of
the answer is read, and nothing of it is kept.

The request goes the way that Windows services go: through the proxy that network.proxy tells for the address. On other systems
it is the one that the environment of this process names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).

On Windows its own verifier checks certificates, with the certificates that the machine trusts; whether one was revoked is not asked.
The connection itself is made by this program, with TLS 1.2 or later: what Windows is set to for its own connections (Schannel)
does not count, so that an address can answer here that services cannot reach for want of TLS 1.2.`,
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   sdk.Needs{Network: true},
		Healthy: json.RawMessage(`{"ok":true,"failed":0,"status":200,"latency":"50ms","tries":[{"time":"2026-01-01T00:00:00Z","ok":true,"status":200,"latency":"50ms"}]}`),
	}, func(ctx context.Context, call *sdk.Call, in HTTPInput) (sdk.Reading[HTTPOutput], error) {
		return observeHTTP(ctx, call, in, nil, m)
	})
}

// observeHTTP tries an address. The TLS settings are those of this machine where none are given.
func observeHTTP(ctx context.Context, call *sdk.Call, in HTTPInput, settings *tls.Config, m proxy.Machine) (sdk.Reading[HTTPOutput], error) {
	r, err := newRequester(ctx, call, in, settings, m)
	if err != nil {
		return sdk.Reading[HTTPOutput]{}, err
	}
	pause, err := pauseOf(in.Pause)
	if err != nil {
		return sdk.Reading[HTTPOutput]{}, err
	}
	var out HTTPOutput
	err = repeat(ctx, call, in.Attempts, pause, func(ctx context.Context) { out.add(r.try(ctx)) })
	if err != nil {
		return sdk.Reading[HTTPOutput]{}, err
	}
	if p := r.proxy.Load(); p != nil {
		out.Proxy = p.Scheme + "://" + p.Host // without its password
	}
	return sdk.Observed(out), nil
}

func (o *HTTPOutput) add(t HTTPTry) {
	o.Tries = append(o.Tries, t)
	if t.Status != nil {
		o.Status = t.Status
	}
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

// requester makes the tries of one call.
type requester struct {
	address *url.URL
	method  string
	limit   time.Duration
	expect  *int
	client  *http.Client
	proxy   atomic.Pointer[url.URL] // that the last try used
}

const (
	maxBody      = 1 << 20
	maxHeader    = 64 << 10
	maxRedirects = 10
)

func newRequester(ctx context.Context, call *sdk.Call, in HTTPInput, settings *tls.Config, m proxy.Machine) (*requester, error) {
	if err := running(call); err != nil {
		return nil, err
	}
	limit, err := timeout(in.Timeout)
	if err != nil {
		return nil, err
	}
	address, err := parseURL(in.URL)
	if err != nil {
		return nil, err
	}
	way, err := route(ctx, m, address)
	if err != nil {
		return nil, err
	}
	r := &requester{address: address, method: in.Method, limit: limit, expect: in.ExpectStatus}
	r.client = &http.Client{
		CheckRedirect: r.redirect,
		Transport: &http.Transport{
			DisableKeepAlives:      true, // each try is to show whether a connection can be made
			MaxResponseHeaderBytes: maxHeader,
			TLSClientConfig:        settings,
			ForceAttemptHTTP2:      true,
			Proxy: func(req *http.Request) (*url.URL, error) {
				p, err := way(req)
				r.proxy.Store(p)
				return p, err
			},
		},
	}
	return r, nil
}

func parseURL(text string) (*url.URL, error) {
	refuse := func(format string, args ...any) (*url.URL, error) {
		return nil, sdk.Errorf(sdk.InvalidInput, format, args...).WithPath("/url")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return refuse("not an address: %v", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return refuse("%q is no address of a web server: expected http:// or https:// and a host", u.Redacted())
	case u.User != nil:
		return refuse("%q holds a user name or password, which would stand in the report: expected an address without", u.Redacted())
	}
	return u, nil
}

// redirect decides on a redirect. An error fails the try, with the status of the answer that redirects.
func (r *requester) redirect(next *http.Request, via []*http.Request) error {
	switch {
	case r.expect != nil && *r.expect >= 300 && *r.expect <= 399:
		return http.ErrUseLastResponse
	case next.URL.Scheme != r.address.Scheme:
		return fmt.Errorf("the server redirects to %s, which is not followed because its scheme is another: give that address", next.URL.Redacted())
	case len(via) >= maxRedirects:
		return fmt.Errorf("the server redirected %d times, at last to %s", len(via), next.URL.Redacted())
	}
	return nil
}

func (r *requester) try(ctx context.Context) (t HTTPTry) {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	var at atomic.Int32 // a stage; the trace is called from the goroutines that connect
	at.Store(int32(connecting))
	ctx = httptrace.WithClientTrace(ctx, traceTo(&at))
	began := time.Now()
	t.Time = began.UTC()
	defer func() { t.Evidence = r.evidence(t) }()

	req, err := http.NewRequestWithContext(ctx, r.method, r.address.String(), nil)
	if err != nil {
		t.fail(failure{kindOther, err.Error()})
		return t
	}
	req.Header.Set("User-Agent", "rectify")
	resp, err := r.client.Do(req)
	latency := schema.Span(time.Since(began).Round(time.Microsecond))
	if resp != nil { // beside an error too: a redirect that is not followed
		t.Status, t.Latency = &resp.StatusCode, &latency
		defer resp.Body.Close()
	}
	switch {
	case err != nil && resp != nil:
		t.fail(failure{kindHTTP, explain(err, reading, r.limit).text})
	case err != nil:
		t.fail(explain(err, stage(at.Load()), r.limit))
	case !r.expected(resp.StatusCode):
		t.fail(failure{kindHTTP, r.unexpected(resp)})
	default:
		if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)); err != nil {
			t.fail(explain(fmt.Errorf("the answer broke off: %w", err), reading, r.limit))
			return t
		}
		t.OK = true
	}
	return t
}

// traceTo follows a connection while it is made. An address that is no name is never resolved.
func traceTo(at *atomic.Int32) *httptrace.ClientTrace {
	reach := func(s stage) { at.Store(int32(s)) }
	return &httptrace.ClientTrace{
		GetConn:           func(string) { reach(connecting) },
		DNSStart:          func(httptrace.DNSStartInfo) { reach(resolving) },
		ConnectStart:      func(string, string) { reach(connecting) },
		TLSHandshakeStart: func() { reach(securing) },
		GotConn:           func(httptrace.GotConnInfo) { reach(waiting) },
	}
}

func (t *HTTPTry) fail(f failure) { t.Error, t.ErrorKind = f.text, f.kind }

func (r *requester) expected(status int) bool {
	if r.expect != nil {
		return status == *r.expect
	}
	return status >= 200 && status <= 399
}

func (r *requester) unexpected(resp *http.Response) string {
	want := "200 to 399"
	if r.expect != nil {
		want = fmt.Sprint(*r.expect)
	}
	return fmt.Sprintf("the server answered %s, expected %s", status(resp.StatusCode), want)
}

func status(code int) string {
	if text := http.StatusText(code); text != "" {
		return fmt.Sprintf("%d %s", code, text)
	}
	return fmt.Sprint(code)
}

func (r *requester) evidence(t HTTPTry) sdk.Evidence {
	e := sdk.Evidence{File: r.address.String(), Time: t.Time, Text: r.method + ": " + t.Error}
	if t.OK {
		e.Text = fmt.Sprintf("%s: %s after %s", r.method, status(*t.Status), schema.FormatDuration(time.Duration(*t.Latency)))
	}
	return e
}
