package proxy

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func onWine() bool { return strings.HasPrefix(verification.System(), "Wine ") }

func TestSystemConforms(t *testing.T) { conformtest.Run(t, Suite(Live()), nil) }

// setDefault sets the machine's proxy as netsh winhttp does; none for an empty one.
func setDefault(t *testing.T, proxy, bypass string) {
	t.Helper()
	info := proxyInfo{access: accessNoProxy}
	if proxy != "" {
		info.access = accessNamed
		var err error
		if info.proxy, err = windows.UTF16PtrFromString(proxy); err != nil {
			t.Fatal(err)
		}
		if info.bypass, err = windows.UTF16PtrFromString(bypass); err != nil {
			t.Fatal(err)
		}
	}
	set := windows.NewLazySystemDLL("winhttp.dll").NewProc("WinHttpSetDefaultProxyConfiguration")
	if ok, _, err := set.Call(uintptr(unsafe.Pointer(&info))); ok == 0 {
		t.Fatalf("WinHttpSetDefaultProxyConfiguration: %v", err)
	}
}

// The machine's proxy is read back as WinHTTP has stored it, by the function and from the stored bytes.
func TestDefaultProxy(t *testing.T) {
	if !onWine() {
		t.Skip("it would change the proxy of this machine")
	}
	setDefault(t, "proxy.test:8080", "<local>;*.contoso.test")
	t.Cleanup(func() { setDefault(t, "", "") })
	want := Settings{Proxy: "proxy.test:8080", Bypass: []string{"<local>", "*.contoso.test"}}
	got, err := Live().WinHTTP(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, winHTTPKey, registry.QUERY_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	blob, _, err := key.GetBinaryValue("WinHttpSettings")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(blob); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("stored: %+v, %v; want %+v\n% x", got, err, want, blob)
	}
	if s, from, _, err := Effective(t.Context(), Live()); err != nil || from != WinHTTP || s.Proxy != want.Proxy {
		t.Errorf("effective: %+v, %s, %v", s, from, err)
	}
	verification.Shown(t, "a proxy that WinHTTP was given is read back, from its function and from the registry", "network.proxy")
}

// setKey sets values of a new key of the registry, and deletes the key afterwards.
func setKey(t *testing.T, root registry.Key, path string, set func(registry.Key) error) {
	t.Helper()
	key, existed, err := registry.CreateKey(root, path, registry.SET_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	if err := set(key); err != nil {
		t.Fatal(err)
	}
	if !existed {
		t.Cleanup(func() { _ = registry.DeleteKey(root, path) })
	}
}

func TestStoredSettings(t *testing.T) {
	if !onWine() {
		t.Skip("it would change the proxy of this machine")
	}
	account := `S-1-5-18\` + internetSettings
	setKey(t, registry.USERS, account, func(k registry.Key) error { return k.SetStringValue("AutoConfigURL", "http://p.test/x.pac") })
	setKey(t, registry.USERS, account+`\Connections`, func(k registry.Key) error {
		return k.SetBinaryValue("DefaultConnectionSettings", stored(0x46, 11, "system.test:1", "<local>", ""))
	})
	t.Cleanup(func() {
		if k, err := registry.OpenKey(registry.USERS, account, registry.SET_VALUE); err == nil {
			_ = k.DeleteValue("AutoConfigURL")
			_ = k.Close()
		}
		if k, err := registry.OpenKey(registry.USERS, account+`\Connections`, registry.SET_VALUE); err == nil {
			_ = k.DeleteValue("DefaultConnectionSettings")
			_ = k.Close()
		}
	})
	s, from, where, err := Effective(t.Context(), Live())
	want := Settings{Proxy: "system.test:1", Bypass: []string{"<local>"}, ScriptURL: "http://p.test/x.pac", AutoDetect: true}
	if err != nil || from != SystemAccount || !strings.HasPrefix(where, `HKU\S-1-5-18\`) || !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, %s, %s, %v; want %+v", s, from, where, err, want)
	}
	policy := `SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings`
	setKey(t, registry.LOCAL_MACHINE, policy, func(k registry.Key) error { return k.SetDWordValue("ProxySettingsPerUser", 0) })
	t.Cleanup(func() { _ = registry.DeleteKey(registry.LOCAL_MACHINE, policy) })
	if s, from, _, err := Effective(t.Context(), Live()); err != nil || from != None {
		t.Errorf("with the policy: %+v, %s, %v", s, from, err)
	}
	verification.Shown(t, "settings of the account SYSTEM and the policy that takes their place are read from the registry", "network.proxy")
}

// A script of a server of the test is loaded and run by Windows itself.
func TestScript(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good.pac":
			w.Header().Set("Content-Type", "application/x-ns-proxy-autoconfig")
			fmt.Fprint(w, `function FindProxyForURL(url, host) { return host == "direct.test" ? "DIRECT" : "PROXY p.test:3128; PROXY q.test:3128"; }`)
		case "/bad.pac":
			fmt.Fprint(w, `function FindProxyForURL(url, host) { return (`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		script, address, want string
		wrong                 bool
	}{
		"proxy":     {s.URL + "/good.pac", "http://update.test/x", "p.test:3128", false},
		"direct":    {s.URL + "/good.pac", "http://direct.test/x", "", false},
		"damaged":   {s.URL + "/bad.pac", "http://update.test/x", "", true},
		"not-there": {s.URL + "/none.pac", "http://update.test/x", "", true},
		"no-server": {"http://" + closed.Addr().String() + "/x.pac", "http://update.test/x", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.address)
			if err != nil {
				t.Fatal(err)
			}
			got, err := For(t.Context(), Live(), u, Settings{ScriptURL: c.script})
			t.Logf("%q, %v", got, err)
			if got != c.want || (err != nil) != c.wrong {
				t.Errorf("got %q, %v; want %q, an error: %v", got, err, c.want, c.wrong)
			}
		})
	}
	verification.Shown(t, "a configuration script of a server on this machine names the proxy of an address", "network.proxy")
}
