package network

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// alert is how crypto/tls tells of one.
func alert(number uint8) error { return &net.OpError{Op: "remote error", Err: tls.AlertError(number)} }

func TestTLSFailures(t *testing.T) {
	c := &x509.Certificate{DNSNames: []string{"a.test"}}
	verified := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	for name, test := range map[string]struct {
		err  error
		says string // how it begins; empty where it is no failure of TLS
	}{
		"authority":        {verified(x509.UnknownAuthorityError{Cert: c}), "unknown authority: "},
		"host":             {verified(x509.HostnameError{Certificate: c, Host: "b.test"}), `wrong host: the certificate is for ["a.test"], not for b.test`},
		"expired":          {verified(x509.CertificateInvalidError{Cert: c, Reason: x509.Expired}), "expired: "},
		"usage":            {verified(x509.CertificateInvalidError{Cert: c, Reason: x509.IncompatibleUsage}), "wrong usage: "},
		"other-reason":     {verified(x509.CertificateInvalidError{Cert: c, Reason: x509.TooManyIntermediates}), "the certificate is not valid: "},
		"weak":             {verified(x509.InsecureAlgorithmError(x509.SHA1WithRSA)), "weak signature: the certificate is signed with SHA1-RSA"},
		"no-roots":         {verified(x509.SystemRootsError{Err: errors.New("denied")}), "no authorities: "},
		"of-windows":       {verified(errors.New("0x800b0109")), "the certificate is not valid: "},
		"version":          {alert(70), "protocol version: "},
		"version-selected": {errors.New("tls: server selected unsupported protocol version 301"), "protocol version: "},
		"ciphers":          {alert(40), "handshake refused: "},
		"client":           {alert(116), "client certificate: "},
		"name":             {alert(112), "wrong host: "},
		"fault":            {alert(80), "server fault: "},
		"other-alert":      {alert(10), "handshake refused: "},
		"no-tls":           {tls.RecordHeaderError{}, "the server does not speak TLS"},
		"reset":            {io.ErrUnexpectedEOF, ""},
	} {
		t.Run(name, func(t *testing.T) {
			text, ok := tlsFailure(&url.Error{Op: "Get", URL: "https://x.test", Err: fmt.Errorf("in it: %w", test.err)})
			if ok != (test.says != "") || !strings.HasPrefix(text, test.says) {
				t.Errorf("got %q, %v; want %q", text, ok, test.says)
			}
		})
	}
}

// What real servers do that a client must not accept.
func TestHandshakes(t *testing.T) {
	machine, err := target.Open(live)
	if err != nil {
		t.Fatal(err)
	}
	defer machine.Close()
	cert, pool := certificate(t, func(*x509.Certificate) {})
	for name, c := range map[string]struct {
		server *tls.Config
		says   string
	}{
		"too-old":     {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "protocol version: "},
		"client":      {&tls.Config{ClientAuth: tls.RequireAnyClientCert}, "client certificate: "},
		"client-1-2":  {&tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, "handshake refused: "},
		"no-ciphers":  {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, "handshake refused: "},
		"server-1-2":  {&tls.Config{MaxVersion: tls.VersionTLS12}, ""},
		"server-best": {&tls.Config{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			s.TLS = c.server
			s.TLS.Certificates = []tls.Certificate{cert}
			s.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
			s.StartTLS()
			defer s.Close()
			r, err := observeHTTP(t.Context(), &sdk.Call{Target: machine}, HTTPInput{URL: s.URL, Method: "GET", Timeout: span(10 * time.Second), Attempts: 1},
				&tls.Config{RootCAs: pool}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Value.OK != (c.says == "") || c.says != "" && r.Value.ErrorKind != kindTLS || !strings.HasPrefix(r.Value.Error, c.says) {
				t.Errorf("%s: %s; want %q", r.Value.ErrorKind, r.Value.Error, c.says)
			}
		})
	}
}
