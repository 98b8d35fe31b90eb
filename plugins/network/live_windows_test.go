package network

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/rectify-project/rectify/internal/verification"
)

// The probes on the running Windows, against servers on this machine; what else they do, the other tests show there too.
func TestLive(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	web, _, err := observe[HTTPOutput](t, "http", map[string]any{"url": s.URL})
	if err != nil || !web.OK || *web.Status != http.StatusOK {
		t.Errorf("http: %+v, %v", web, err)
	}
	host, port := split(t, answering(t, func(c net.Conn) { c.Close() }))
	open, _, err := observe[TCPOutput](t, "tcp", map[string]any{"host": host, "port": port})
	if err != nil || !open.OK {
		t.Errorf("tcp: %+v, %v", open, err)
	}
	name, _, err := observe[DNSOutput](t, "dns", map[string]any{"host": "no..such..name"})
	if err != nil || name.OK || name.ErrorKind != "not_found" {
		t.Errorf("dns: %+v, %v", name, err)
	}
	self, _, err := observe[DNSOutput](t, "dns", map[string]any{"host": "localhost"})
	if err != nil || !self.OK || !slices.Contains(self.Addresses, "127.0.0.1") {
		t.Errorf("dns: %+v, %v", self, err)
	}
	way, _, err := observe[ProxyOutput](t, "proxy", map[string]any{"url": s.URL})
	if err != nil || way.Source == "" || way.Direct != (way.Proxy == "") {
		t.Errorf("proxy: %+v, %v", way, err)
	}
	verification.Shown(t, "a server on this machine answers, and its port takes connections", "network.http", "network.tcp")
	verification.Shown(t, "a name of this machine has its address, one that cannot be is told as not found", "network.dns")
	verification.Shown(t, "the machine's own setting is told for an address", "network.proxy")
}
