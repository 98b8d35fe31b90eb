package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/proxy"
	"github.com/rectify-project/rectify/internal/machine/proxy/fakeproxy"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

func askProxy(t *testing.T, m proxy.Machine, address string) (ProxyOutput, sdk.Answer, error) {
	t.Helper()
	machine, err := target.Open(live)
	if err != nil {
		t.Fatal(err)
	}
	defer machine.Close()
	input, err := json.Marshal(ProxyInput{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	var out ProxyOutput
	answer, err := proxyProbe(m).Observe(t.Context(), &sdk.Call{Target: machine}, input)
	if err == nil {
		err = json.Unmarshal(answer.Value, &out)
	}
	return out, answer, err
}

func TestProxy(t *testing.T) {
	const address = "https://update.test/x"
	static := proxy.Settings{Proxy: "http=a.test:80;https=b.test:443", Bypass: []string{"<local>", "*.contoso.test"}}
	scripted := proxy.Settings{Proxy: "hand.test:1", ScriptURL: "http://p.test/x.pac", AutoDetect: true}
	for name, c := range map[string]struct {
		m       fakeproxy.Machine
		address string
		direct  bool
		proxy   string
		source  string
		partial bool
		text    string
	}{
		"none":             {address: address, direct: true, source: "none", text: "no proxy is set; for https://update.test/x: no proxy"},
		"none-without-url": {direct: true, source: "none", text: "no proxy is set"},
		"by-scheme":        {m: fakeproxy.Machine{Static: static}, address: address, proxy: "b.test:443", source: "winhttp", text: "for https://update.test/x: b.test:443"},
		"without-url":      {m: fakeproxy.Machine{Static: static}, proxy: "b.test:443", source: "winhttp", text: "except for <local> *.contoso.test"},
		"bypassed":         {m: fakeproxy.Machine{Static: static}, address: "http://wsus:8530/", direct: true, source: "winhttp"},
		"script":           {m: fakeproxy.Machine{Static: scripted, Scripts: map[string]proxy.Settings{address: {Proxy: "s.test:2; t.test:3"}}}, address: address, proxy: "s.test:2", source: "winhttp"},
		"script-direct":    {m: fakeproxy.Machine{Static: scripted, Scripts: map[string]proxy.Settings{"": {}}}, address: address, direct: true, source: "winhttp"},
		"no-script-there":  {m: fakeproxy.Machine{Static: scripted}, address: address, proxy: "hand.test:1", source: "winhttp"},
		"script-undecided": {m: fakeproxy.Machine{Static: proxy.Settings{AutoDetect: true}}, source: "winhttp", partial: true, text: "the network is asked for a script"},
	} {
		t.Run(name, func(t *testing.T) {
			out, a, err := askProxy(t, c.m, c.address)
			if err != nil {
				t.Fatal(err)
			}
			if out.Direct != c.direct || out.Proxy != c.proxy || out.Source != c.source || (a.Partial != "") != c.partial {
				t.Errorf("got %s, partial %q", a.Value, a.Partial)
			}
			if len(a.Evidence) != 1 || a.Evidence[0].Key == "" || !strings.Contains(a.Evidence[0].Text, c.text) {
				t.Errorf("evidence %+v, want %q", a.Evidence, c.text)
			}
			verification.ShownByFake(t, "settings, exceptions and scripts give the proxy of an address", "network.proxy")
		})
	}
}

func TestProxyFails(t *testing.T) {
	for name, c := range map[string]struct {
		m       proxy.Machine
		address string
		code    sdk.ErrorCode
	}{
		"denied":     {fakeproxy.Machine{Err: fs.ErrPermission}, "", sdk.AccessDenied},
		"damaged":    {fakeproxy.Machine{Kept: proxy.Stored{System: proxy.Connection{Default: []byte{1}}}}, "", sdk.Unavailable},
		"bad-script": {fakeproxy.Machine{Static: proxy.Settings{ScriptURL: "http://p.test/"}, RunErr: errors.New("the script has a mistake")}, "http://x.test/", sdk.Unavailable},
		"no-address": {fakeproxy.Machine{}, "ftp://x.test/", sdk.InvalidInput},
		"no-windows": {nil, "", sdk.Unsupported},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := askProxy(t, c.m, c.address)
			if err == nil || sdk.AsError(err).Code != c.code {
				t.Errorf("got %v, want code %s", err, c.code)
			}
		})
	}
}

// A request goes through the proxy that services use, and not to hosts that are excepted.
func TestHTTPThroughTheProxyOfServices(t *testing.T) {
	var asked []string
	through := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		fmt.Fprint(w, "from the proxy")
	}))
	defer through.Close()
	direct := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer direct.Close()
	host := strings.TrimPrefix(through.URL, "http://")
	m := fakeproxy.Machine{Static: proxy.Settings{Proxy: host, Bypass: []string{"127.0.0.1"}}}
	machine, err := target.Open(live)
	if err != nil {
		t.Fatal(err)
	}
	defer machine.Close()
	for address, want := range map[string]string{"http://wsus.test:8530/ping": through.URL, direct.URL + "/": ""} {
		r, err := observeHTTP(t.Context(), &sdk.Call{Target: machine}, HTTPInput{URL: address, Method: "GET", Timeout: span(10 * time.Second), Attempts: 1}, nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Value.OK || r.Value.Proxy != want {
			t.Errorf("%s: %+v, want the proxy %q", address, r.Value, want)
		}
	}
	if !slices.Equal(asked, []string{"http://wsus.test:8530/ping"}) {
		t.Errorf("the proxy was asked for %q", asked)
	}
	m.Err = errors.New("unreadable")
	if _, err := observeHTTP(t.Context(), &sdk.Call{Target: machine}, HTTPInput{URL: direct.URL, Method: "GET", Timeout: span(time.Second), Attempts: 1}, nil, m); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("the way is not known, and the answer is %v", err)
	}
	m = fakeproxy.Machine{Static: proxy.Settings{ScriptURL: "http://p.test/"}, RunErr: errors.New("the script has a mistake")}
	r, err := observeHTTP(t.Context(), &sdk.Call{Target: machine}, HTTPInput{URL: direct.URL, Method: "GET", Timeout: span(time.Second), Attempts: 1}, nil, m)
	if err != nil || r.Value.OK || !contains(r.Value.Error, "the script has a mistake") {
		t.Errorf("a script that fails: %+v, %v", r.Value, err)
	}
	verification.ShownByFake(t, "a request goes through the proxy that services use", "network.http")
}
