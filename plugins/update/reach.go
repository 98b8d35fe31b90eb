package update

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// ReachInput is the input of `update.reach`.
type ReachInput struct {
	Attempts int         `json:"attempts,omitempty" jsonschema:"default=3,minimum=1,maximum=20" jsonschema_description:"How often each address is asked"`
	Timeout  schema.Span `json:"timeout,omitempty" jsonschema:"default=10s" jsonschema_description:"How long one answer may take"`
	Pause    schema.Span `json:"pause,omitempty" jsonschema:"default=1s" jsonschema_description:"How long to wait between the rounds"`
	URLs     []string    `json:"urls,omitempty" jsonschema_description:"Addresses to ask instead of Microsoft Update, at most 20"`
}

// ReachOutput is the output of `update.reach`.
type ReachOutput struct {
	OK     bool  `json:"ok" jsonschema_description:"Whether each address answered at least once"`
	Failed int   `json:"failed" jsonschema_extras:"x-grows=true" jsonschema_description:"How many tries got no answer"`
	Tries  []Try `json:"tries" jsonschema_description:"Each try, in the order of time"`
}

// Try is one request.
type Try struct {
	URL     string      `json:"url" jsonschema_description:"Address that was asked"`
	Time    time.Time   `json:"time" jsonschema_description:"When"`
	OK      bool        `json:"ok" jsonschema_description:"Whether the server answered"`
	Status  *int        `json:"status,omitempty" jsonschema_description:"HTTP status of the answer; absent without one"`
	Error   string      `json:"error,omitempty" jsonschema_description:"Why there was no answer, or what was wrong with it"`
	Latency schema.Span `json:"latency" jsonschema_description:"How long it took"`

	Evidence sdk.Evidence `json:"-"`
}

// microsoftUpdate are addresses that machines without a server of their own need: to look for updates, and to download
// them. Any answer will do; these refuse a bare request with a status of 4xx.
var microsoftUpdate = []string{
	"https://slscr.update.microsoft.com/",
	"https://fe2cr.update.microsoft.com/v6/ClientWebService/client.asmx",
	"http://download.windowsupdate.com/",
	"http://ctldl.windowsupdate.com/msdownload/update/v3/static/trustedr/en/disallowedcertstl.cab",
}

const maxURLs = 20

func reachProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "reach",
		Summary: "Whether the source of updates answers",
		Doc: `Asks each address several times, without following redirects. Any answer below status 500 counts, but for 407 (a proxy that wants a password): ` +
			`the servers of Microsoft Update refuse a bare request with 4xx. Their certificates are issued by an authority that other systems than Windows do not know; that counts as an answer, and is noted.

Without addresses it asks the server that the policies of this Windows name (see update.source), Microsoft Update where there is none, and both where some kinds of updates come from each.`,
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   sdk.Needs{Network: true},
		Healthy: json.RawMessage(`{"ok":true,"failed":0,"tries":[]}`),
	}, reach)
}

func reach(ctx context.Context, call *sdk.Call, in ReachInput) (sdk.Reading[ReachOutput], error) {
	urls := in.URLs
	if len(urls) == 0 {
		var err error
		if urls, err = addresses(call.Target); err != nil {
			return sdk.Reading[ReachOutput]{}, err
		}
	}
	if err := in.check(); err != nil {
		return sdk.Reading[ReachOutput]{}, err
	}
	client := &http.Client{
		Timeout:       time.Duration(in.Timeout),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		// Every try makes a connection of its own: what is asked is whether one can be made.
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
	}
	out := ReachOutput{OK: true, Tries: []Try{}}
	answered := map[string]bool{}
	for round := range in.Attempts {
		if round > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(time.Duration(in.Pause)):
			}
		}
		for _, u := range urls {
			if err := ctx.Err(); err != nil {
				return sdk.Reading[ReachOutput]{}, err
			}
			t := ask(ctx, client, u)
			if t.OK {
				answered[u] = true
			} else {
				out.Failed++
			}
			out.Tries = append(out.Tries, t)
			call.Progress(sdk.Progress{Done: int64(len(out.Tries)), Total: int64(in.Attempts * len(urls)), Note: u})
		}
	}
	for _, u := range urls {
		out.OK = out.OK && answered[u]
	}
	return sdk.Observed(out), nil
}

// check refuses what the schema cannot.
func (in *ReachInput) check() error {
	if in.Attempts < 1 || in.Attempts > 20 {
		return sdk.Errorf(sdk.InvalidInput, "%d attempts; expected 1 to 20", in.Attempts).WithPath("/attempts")
	}
	if in.Timeout <= 0 {
		return sdk.Errorf(sdk.InvalidInput, "a timeout of %s; expected more than nothing", schema.FormatDuration(time.Duration(in.Timeout))).WithPath("/timeout")
	}
	if len(in.URLs) > maxURLs {
		return sdk.Errorf(sdk.InvalidInput, "%d addresses; expected at most %d", len(in.URLs), maxURLs).WithPath("/urls")
	}
	for i, u := range in.URLs {
		parsed, err := url.Parse(u)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
			return sdk.Errorf(sdk.InvalidInput, "%q is no address; expected one that begins with http:// or https://", u).WithPath("/urls/" + strconv.Itoa(i))
		}
	}
	return nil
}

// ask makes one request.
func ask(ctx context.Context, client *http.Client, address string) Try {
	t := Try{URL: address, Time: time.Now().UTC()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	var response *http.Response
	if err == nil {
		response, err = client.Do(request)
	}
	t.Latency = schema.Span(time.Since(t.Time).Round(time.Millisecond))
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &authority):
		t.OK, t.Error = true, secured(err)
	case err != nil:
		t.Error = secured(err)
	default:
		response.Body.Close()
		t.Status = &response.StatusCode
		t.OK = response.StatusCode < 500 && response.StatusCode != http.StatusProxyAuthRequired
		if !t.OK {
			t.Error = "answered " + response.Status
		}
	}
	text := fmt.Sprintf("GET %s: ", address)
	switch {
	case t.Error != "":
		text += t.Error
	default:
		text += response.Status
	}
	t.Evidence = sdk.Evidence{Time: t.Time, Text: text}
	return t
}

// secured names what is wrong with TLS, where that is what is wrong; else it is the error's own text.
func secured(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		header    tls.RecordHeaderError
		alert     *net.OpError
	)
	name := ""
	switch {
	case errors.As(err, &authority):
		name = "the certificate is issued by an authority that this system does not know"
	case errors.As(err, &host):
		name = "the certificate is of another host; something on the way may answer in its place"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		name = "the certificate has expired or is not valid yet; compare the clock of this machine"
	case errors.As(err, &invalid):
		name = "the certificate is not valid"
	case errors.As(err, &header), errors.Is(err, http.ErrSchemeMismatch):
		name = "what answers does not speak TLS"
	case errors.As(err, &alert) && alert.Op == "remote error": // an alert, whose type package tls keeps to itself
		name = "the server refuses the TLS connection"
	default:
		return err.Error()
	}
	return name + ": " + err.Error()
}
