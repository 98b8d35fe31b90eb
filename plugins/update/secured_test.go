package update

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestWhatIsWrongWithTLSIsNamed(t *testing.T) {
	leaf := &x509.Certificate{DNSNames: []string{"proxy.example"}}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"authority": {x509.UnknownAuthorityError{}, "an authority that this system does not know"},
		"host":      {x509.HostnameError{Certificate: leaf, Host: "wsus.example"}, "of another host"},
		"expired":   {x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}, "has expired or is not valid yet"},
		"invalid":   {x509.CertificateInvalidError{Cert: leaf, Reason: x509.NotAuthorizedToSign}, "is not valid"},
		"no-tls":    {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "does not speak TLS"},
		"alert":     {&net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}, "refuses the TLS connection"},
		"refused":   {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, "dial: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			wrapped := &url.Error{Op: "Get", URL: "https://wsus.example/", Err: test.err}
			if got := secured(wrapped); !strings.Contains(got, test.want) || !strings.Contains(got, wrapped.Error()) {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	machine, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	address := strings.Replace(server.URL, "http://", "https://", 1)
	out, _, err := disk.Observe[ReachOutput](t, Plugin(), "reach", machine, `{"attempts":1,"timeout":"5s","pause":"0s","urls":["`+address+`"]}`)
	if err != nil || out.OK || len(out.Tries) != 1 || !strings.HasPrefix(out.Tries[0].Error, "what answers does not speak TLS") {
		t.Errorf("%+v, %v", out, err)
	}
	verification.Shown(t, "a server that does not speak TLS is named as such", "update.reach")
}
