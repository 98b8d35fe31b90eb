package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rectify-project/rectify/internal/machine/proxy"
	"github.com/rectify-project/rectify/sdk"
)

// ProxyInput is the input of `network.proxy`.
type ProxyInput struct {
	URL string `json:"url,omitempty" jsonschema_description:"Address to find the proxy for; the settings alone if not given"`
}

// ProxyOutput is the output of `network.proxy`.
type ProxyOutput struct {
	Direct     bool     `json:"direct" jsonschema_description:"No proxy is used, for the address if one is given"`
	Proxy      string   `json:"proxy,omitempty" jsonschema_description:"Host and port of the proxy; absent where there is none"`
	Bypass     []string `json:"bypass,omitempty" jsonschema_description:"Hosts that are reached without it"`
	ScriptURL  string   `json:"script_url,omitempty" jsonschema_description:"Address of the configuration script (PAC); absent where there is none"`
	AutoDetect bool     `json:"auto_detect" jsonschema_description:"Whether the network is asked for a script (WPAD)"`
	Source     string   `json:"source" jsonschema:"enum=none,enum=winhttp,enum=policy,enum=system_account" jsonschema_description:"Where the setting comes from: netsh winhttp, a policy, the Internet settings of the account SYSTEM"`

	Evidence []sdk.Evidence `json:"-"`
}

const proxyDoc = `Services, Windows Update among them, use the settings of WinHTTP and of the account SYSTEM, never those of the user who is logged on.
Looked at are, in this order, and the first in which something is set counts: the settings of the machine where a policy
makes them count for everybody (ProxySettingsPerUser is 0), those of WinHTTP (netsh winhttp), those of the account SYSTEM. Which of
them a service asks for is up to the service: Windows Update asks WinHTTP, BITS the account that the download belongs to.
With an address, scripts are loaded and run by Windows, for at most 30 seconds; a network that has no script leaves what is set by hand.
Without one the answer is partial where a script decides.
What "netsh winhttp set advproxy" of Windows 11 sets is told as far as WinHTTP tells it.`

func proxyProbe(m proxy.Machine) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "proxy",
		Summary: "The proxy that Windows services use",
		Doc:     proxyDoc,
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"direct":true,"auto_detect":false,"source":"none"}`),
	}, func(ctx context.Context, call *sdk.Call, in ProxyInput) (sdk.Reading[ProxyOutput], error) {
		return observeProxy(ctx, call, in, m)
	})
}

func observeProxy(ctx context.Context, call *sdk.Call, in ProxyInput, m proxy.Machine) (sdk.Reading[ProxyOutput], error) {
	var none sdk.Reading[ProxyOutput]
	if err := running(call); err != nil {
		return none, err
	}
	if m == nil {
		return none, sdk.Errorf(sdk.Unsupported, "this machine does not run Windows")
	}
	var address *url.URL
	if in.URL != "" {
		var err error
		if address, err = parseURL(in.URL); err != nil {
			return none, err
		}
	}
	s, from, where, err := proxy.Effective(ctx, m)
	if err != nil {
		return none, proxyFailure(err)
	}
	r := sdk.Observed(ProxyOutput{Bypass: s.Bypass, ScriptURL: s.ScriptURL, AutoDetect: s.AutoDetect, Source: string(from)})
	out := &r.Value
	scripted := s.ScriptURL != "" || s.AutoDetect
	switch {
	case address != nil:
		if out.Proxy, err = proxy.For(ctx, m, address, s); err != nil {
			return none, proxyFailure(err)
		}
		out.Direct = out.Proxy == ""
	default:
		out.Proxy = proxy.First(s.Proxy, "https")
		if out.Proxy == "" {
			out.Proxy = proxy.First(s.Proxy, "http")
		}
		out.Direct = out.Proxy == "" && !scripted
		if scripted {
			r.Partial = "a configuration script decides for each address; none was given"
			r.Settle = "ask with an address (url)"
		}
	}
	e := sdk.Evidence{Key: where, Time: time.Now().UTC(), Text: tell(s)}
	if address != nil {
		e.Text += fmt.Sprintf("; for %s: %s", address, cmpOr(out.Proxy, "no proxy"))
	}
	out.Evidence = []sdk.Evidence{e}
	return r, nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// tell puts settings in one line.
func tell(s proxy.Settings) string {
	if !s.Set() {
		return "no proxy is set"
	}
	var parts []string
	if s.Proxy != "" {
		parts = append(parts, "proxy "+s.Proxy)
	}
	if len(s.Bypass) > 0 {
		parts = append(parts, "except for "+strings.Join(s.Bypass, " "))
	}
	if s.ScriptURL != "" {
		parts = append(parts, "script "+s.ScriptURL)
	}
	if s.AutoDetect {
		parts = append(parts, "the network is asked for a script")
	}
	return strings.Join(parts, ", ")
}

func proxyFailure(err error) *sdk.Error {
	switch {
	case errors.Is(err, context.Canceled):
		return sdk.AsError(err)
	case errors.Is(err, fs.ErrPermission):
		return sdk.Errorf(sdk.AccessDenied, "the proxy that services use cannot be read: %v", err).WithHint("run with the rights of an administrator")
	}
	return sdk.Errorf(sdk.Unavailable, "the proxy that services use cannot be told: %v", err)
}

// way finds the proxy of requests.
type way func(*http.Request) (*url.URL, error)

// route is the way that services go on Windows, and elsewhere that of the environment. Where a script decides, or the network is
// asked for one, that takes its time: it is done once for each host, and for the address itself before the first try.
func route(ctx context.Context, m proxy.Machine, address *url.URL) (way, error) {
	if m == nil {
		return http.ProxyFromEnvironment, nil
	}
	s, _, _, err := proxy.Effective(ctx, m)
	if err != nil {
		return nil, proxyFailure(err)
	}
	type found struct {
		host string
		err  error
	}
	var mu sync.Mutex
	known := map[string]found{}
	find := func(ctx context.Context, to *url.URL) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		key := to.Scheme + "://" + to.Host
		f, ok := known[key]
		if !ok {
			f.host, f.err = proxy.For(ctx, m, to, s)
			known[key] = f
		}
		return f.host, f.err
	}
	_, _ = find(ctx, address) // each try tells of an error
	return func(req *http.Request) (*url.URL, error) {
		host, err := find(req.Context(), req.URL)
		if err != nil || host == "" {
			return nil, err
		}
		return &url.URL{Scheme: "http", Host: host}, nil
	}, nil
}
