package proxy_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/proxy"
	"github.com/rectify-project/rectify/internal/machine/proxy/fakeproxy"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestFakeConforms(t *testing.T) {
	conformtest.RunFake(t, proxy.Suite(fakeproxy.Machine{RunErr: errors.New("the script cannot be loaded")}), nil)
}

func TestFirst(t *testing.T) {
	for name, c := range map[string]struct{ proxies, scheme, want string }{
		"none":             {"", "http", ""},
		"for-all":          {"proxy:8080", "https", "proxy:8080"},
		"by-scheme":        {"http=a:80;https=b:443", "https", "b:443"},
		"by-scheme-case":   {"HTTP=a:80", "http", "a:80"},
		"no-such-scheme":   {"http=a:80", "https", ""},
		"list":             {"a:1; b:2", "http", "a:1"},
		"blanks":           {"  http=a:1 https=b:2 ", "https", "b:2"},
		"with-scheme":      {"http://a:1/", "http", "a:1"},
		"scheme-to-scheme": {"https=http://a:1", "https", "a:1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := proxy.First(c.proxies, c.scheme); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestBypasses(t *testing.T) {
	for name, c := range map[string]struct {
		bypass  []string
		address string
		want    bool
	}{
		"none":         {nil, "http://a.test/", false},
		"name":         {[]string{"A.test"}, "http://a.TEST/", true},
		"other":        {[]string{"a.test"}, "http://b.a.test/", false},
		"wildcard":     {[]string{"*.test"}, "http://b.a.test/", true},
		"local":        {[]string{"x", "<LOCAL>"}, "http://wsus:8530/", true},
		"not-local":    {[]string{"<local>"}, "http://wsus.test/", false},
		"local-ipv6":   {[]string{"<local>"}, "http://[fe80::1]/", false},
		"address":      {[]string{"10.*"}, "http://10.1.2.3/", true},
		"ipv6":         {[]string{"[::1]"}, "http://[::1]:80/", true},
		"port":         {[]string{"a.test:8530"}, "http://a.test:8530/", true},
		"default-port": {[]string{"a.test:443"}, "https://a.test/", true},
		"other-port":   {[]string{"a.test:8530"}, "http://a.test/", false},
		"scheme":       {[]string{"https://a.test"}, "https://a.test/", true},
		"other-scheme": {[]string{"https://a.test"}, "http://a.test/", false},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.address)
			if err != nil {
				t.Fatal(err)
			}
			if got := (proxy.Settings{Bypass: c.bypass}).Bypasses(u); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
