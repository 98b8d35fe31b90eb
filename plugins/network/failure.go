package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/rectify-project/rectify/sdk/schema"
)

// The kinds of failure.
const (
	kindDNS     = "dns"
	kindConnect = "connect"
	kindTLS     = "tls"
	kindTimeout = "timeout"
	kindHTTP    = "http"
	kindOther   = "other"
)

// failure is why a try failed.
type failure struct {
	kind string
	text string
}

// stage is how far a try got; it gives a failure its place.
type stage int

const (
	resolving stage = iota
	connecting
	securing // the handshake of TLS
	waiting  // for the answer
	reading  // the body
)

func (s stage) String() string {
	return [...]string{"the name was resolved", "a connection was made", "the TLS handshake was done", "an answer came", "the answer was whole"}[s]
}

// explain says what an error of a try means.
func explain(err error, at stage, limit time.Duration) failure {
	var wrapped *url.Error
	if errors.As(err, &wrapped) { // its text repeats the address
		err = wrapped.Err
	}
	var name *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &name):
		return failure{kindDNS, nameFailure(name)}
	case isTimeout(err):
		return failure{kindTimeout, fmt.Sprintf("%s passed before %s", schema.FormatDuration(limit), at)}
	}
	if text, ok := certificateFailure(err); ok {
		return failure{kindTLS, text}
	}
	switch {
	case at == securing:
		return failure{kindTLS, fmt.Sprintf("the TLS handshake failed: %v", err)}
	case at <= connecting && errors.As(err, &op):
		for inner := op; errors.As(inner.Err, &inner); { // what a proxy's address adds
			op = inner
		}
		return failure{kindConnect, fmt.Sprintf("no connection to %v: %v", op.Addr, op.Err)}
	}
	return failure{kindOther, err.Error()}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) && e.Timeout()
}

// nameFailure tells a name that does not exist from a DNS that does not answer.
func nameFailure(e *net.DNSError) string {
	switch {
	case e.IsNotFound:
		return fmt.Sprintf("the name %s does not exist, or has no address", e.Name)
	case e.IsTimeout:
		return fmt.Sprintf("no DNS server answered for %s in time", e.Name)
	}
	return fmt.Sprintf("the name %s could not be resolved: %s", e.Name, e.Err)
}

// certificateFailure says what is wrong with a server's certificate, or with what it speaks in place of TLS.
func certificateFailure(err error) (string, bool) {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &host):
		return fmt.Sprintf("wrong host: the certificate is for %s, not for %s", hosts(host.Certificate), host.Host), true
	case errors.As(err, &authority):
		return "unknown authority: the certificate was issued by " + issuer(authority.Cert) + ", which this machine does not trust", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return outOfTime(invalid.Cert, time.Now().UTC()), true
	case errors.As(err, &invalid), errors.As(err, &verification):
		return fmt.Sprintf("the certificate is not valid: %v", err), true
	case errors.As(err, &record):
		return "the server does not speak TLS on this port", true
	}
	return "", false
}

// outOfTime tells a certificate that has expired from one whose time has not come, which is often a wrong clock here.
func outOfTime(c *x509.Certificate, now time.Time) string {
	what := "expired"
	if now.Before(c.NotBefore) {
		what = "not yet valid"
	}
	return fmt.Sprintf("%s: the certificate is valid from %s to %s, and the clock of this machine says %s", what,
		c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), now.Format(time.RFC3339))
}

func issuer(c *x509.Certificate) string {
	if c == nil || c.Issuer.String() == "" {
		return "an authority without a name"
	}
	return fmt.Sprintf("%q", c.Issuer.String())
}

// hosts lists the first few names of a certificate.
func hosts(c *x509.Certificate) string {
	var names []string
	if c != nil {
		names = append(names, c.DNSNames...)
		for _, ip := range c.IPAddresses {
			names = append(names, ip.String())
		}
	}
	switch {
	case len(names) == 0:
		return "no host"
	case len(names) > 5:
		return fmt.Sprintf("%q and %d more", names[:5], len(names)-5)
	}
	return fmt.Sprintf("%q", names)
}
