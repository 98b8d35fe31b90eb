package network

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	stdlog "log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func span(d time.Duration) schema.Span { return schema.Span(d) }

// site serves pages that each go wrong in their own way.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	gone := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method) })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/odd", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(599) })
	mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) { <-gone })
	mux.HandleFunc("/slow-body", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "begin")
		w.(http.Flusher).Flush()
		<-gone
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/ok", http.StatusFound) })
	mux.HandleFunc("/circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/circle", http.StatusFound) })
	mux.HandleFunc("/secure", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://"+r.Host+"/ok", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 64<<10)
		for {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/large-header", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(gone) })
	return s
}

func TestHTTP(t *testing.T) {
	s := site(t)
	for name, c := range map[string]struct {
		path   string
		more   map[string]any
		status int // 0: none
		kind   string
		says   string
	}{
		"ok":                    {path: "/ok", status: 200},
		"head":                  {path: "/ok", more: map[string]any{"method": "HEAD"}, status: 200},
		"unavailable":           {path: "/busy", status: 503, kind: kindHTTP, says: "the server answered 503 Service Unavailable, expected 200 to 399"},
		"unavailable-expected":  {path: "/busy", more: map[string]any{"expect_status": 503}, status: 503},
		"other-than-expected":   {path: "/ok", more: map[string]any{"expect_status": 204}, status: 200, kind: kindHTTP, says: "expected 204"},
		"status-without-a-name": {path: "/odd", status: 599, kind: kindHTTP, says: "answered 599,"},
		"not-found":             {path: "/nope", status: 404, kind: kindHTTP, says: "404 Not Found"},
		"slow":                  {path: "/slow", more: map[string]any{"timeout": "50ms"}, kind: kindTimeout, says: "0.05s passed before an answer came"},
		"slow-body":             {path: "/slow-body", more: map[string]any{"timeout": "200ms"}, status: 200, kind: kindTimeout, says: "before the answer was whole"},
		"redirect":              {path: "/moved", status: 200},
		"redirect-expected":     {path: "/moved", more: map[string]any{"expect_status": 302}, status: 302},
		"redirect-in-a-circle":  {path: "/circle", status: 302, kind: kindHTTP, says: "redirected 10 times"},
		"redirect-to-https":     {path: "/secure", status: 301, kind: kindHTTP, says: "its scheme is another"},
		"redirect-to-a-file":    {path: "/file", status: 302, kind: kindHTTP, says: "file:///etc/passwd"},
		"endless-body":          {path: "/endless", status: 200},
		"large-header":          {path: "/large-header", kind: kindOther, says: "headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			input := map[string]any{"url": s.URL + c.path}
			for k, v := range c.more {
				input[k] = v
			}
			out, answer, err := observe[HTTPOutput](t, "http", input)
			if err != nil {
				t.Fatal(err)
			}
			status := 0
			if out.Status != nil {
				status = *out.Status
			}
			if status != c.status || out.ErrorKind != c.kind || !contains(out.Error, c.says) {
				t.Errorf("status %d, %s: %s; want %d, %s: %s", status, out.ErrorKind, out.Error, c.status, c.kind, c.says)
			}
			if ok := c.kind == ""; out.OK != ok || (out.Failed == 0) != ok || (out.Latency != nil) != ok || (out.Error == "") != ok {
				t.Errorf("%+v", out)
			}
			if len(out.Tries) != 1 || time.Since(out.Tries[0].Time) > time.Hour || out.Tries[0].Time.Location() != time.UTC {
				t.Errorf("tries %+v", out.Tries)
			}
			if len(answer.Evidence) != 1 || answer.Evidence[0].Pointer != "/tries/0" || answer.Evidence[0].Text == "" || answer.Evidence[0].File != s.URL+c.path {
				t.Errorf("evidence %+v", answer.Evidence)
			}
		})
	}
}

func TestHTTPComesAndGoes(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer s.Close()
	out, answer, err := observe[HTTPOutput](t, "http", map[string]any{"url": s.URL, "attempts": 5, "pause": "1ms"})
	if err != nil {
		t.Fatal(err)
	}
	if !out.OK || out.Failed != 2 || *out.Status != 200 || out.ErrorKind != kindHTTP || len(out.Tries) != 5 || len(answer.Evidence) != 5 {
		t.Errorf("%+v", out)
	}
	for i, try := range out.Tries {
		if try.OK != (i%2 == 0) {
			t.Errorf("try %d: %+v", i, try)
		}
	}
}

func TestHTTPWithoutAnAnswer(t *testing.T) {
	say := func(text string) string {
		return answering(t, func(c net.Conn) {
			defer c.Close()
			buf := make([]byte, 1024)
			_, _ = c.Read(buf) // the request, whose end does not matter
			_, _ = io.WriteString(c, text)
		})
	}
	closed := closedPort(t)
	for name, c := range map[string]struct{ url, kind, says string }{
		"closed-port":         {"http://" + closed, kindConnect, "no connection to " + closed},
		"closed-port-secure":  {"https://" + closed, kindConnect, "no connection to " + closed},
		"no-such-name":        {"http://no..such..name/", kindDNS, "does not exist"},
		"hangs-up":            {"http://" + say(""), kindOther, "EOF"},
		"no-http":             {"http://" + say("220 mail.test ESMTP\r\n"), kindOther, "malformed HTTP"},
		"cut-off":             {"http://" + say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), kindOther, "the answer broke off"},
		"no-tls":              {"https://" + say("HTTP/1.1 400 Bad Request\r\n\r\n"), kindTLS, "HTTP response to HTTPS client"},
		"tls-hangs-up":        {"https://" + say(""), kindTLS, "the TLS handshake failed"},
		"neither-tls-nor-web": {"https://" + say("220 mail.test ESMTP\r\n"), kindTLS, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := observe[HTTPOutput](t, "http", map[string]any{"url": c.url})
			if err != nil {
				t.Fatal(err)
			}
			if out.OK || out.ErrorKind != c.kind || !contains(out.Error, c.says) {
				t.Errorf("%s: %s; want %s: %s", out.ErrorKind, out.Error, c.kind, c.says)
			}
		})
	}
}

// certificate makes a certificate of its own authority for 127.0.0.1, changed by a test.
func certificate(t *testing.T, change func(*x509.Certificate)) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "WSUS of Contoso"},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestCertificates(t *testing.T) {
	machine, err := target.Open(live)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change  func(*x509.Certificate)
		trusted bool
		says    string // "": the certificate is good
	}{
		"good":        {func(*x509.Certificate) {}, true, ""},
		"self-signed": {func(*x509.Certificate) {}, false, "unknown authority: the certificate was issued by \"CN=WSUS of Contoso\""},
		"expired":     {func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Unix(0, 0), time.Unix(3600, 0) }, true, "expired: the certificate is valid from 1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z"},
		"not-yet":     {func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) }, true, "not yet valid"},
		"wrong-host":  {func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"wsus.contoso.test"} }, true, `wrong host: the certificate is for ["wsus.contoso.test"], not for 127.0.0.1`},
		"no-host":     {func(c *x509.Certificate) { c.IPAddresses = nil }, true, "wrong host"},
		"wrong-usage": {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, true, "wrong usage: the certificate is not valid for a server"},
	} {
		t.Run(name, func(t *testing.T) {
			cert, pool := certificate(t, c.change)
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			s.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // the refused handshakes
			s.StartTLS()
			defer s.Close()
			settings := &tls.Config{RootCAs: x509.NewCertPool()}
			if c.trusted {
				settings.RootCAs = pool
			}
			r, err := observeHTTP(t.Context(), &sdk.Call{Target: machine}, HTTPInput{
				URL: s.URL, Method: "GET", Timeout: span(10 * time.Second), Attempts: 2,
			}, settings, nil)
			if err != nil {
				t.Fatal(err)
			}
			out := r.Value
			if c.says == "" {
				if !out.OK || out.Failed != 0 {
					t.Errorf("%+v", out)
				}
				return
			}
			if out.OK || out.Failed != 2 || out.Status != nil || out.ErrorKind != kindTLS || !strings.HasPrefix(out.Error, c.says) {
				t.Errorf("%s: %s; want %s", out.ErrorKind, out.Error, c.says)
			}
		})
	}
}
