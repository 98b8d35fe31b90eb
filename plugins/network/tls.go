package network

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// tlsFailure says what is wrong with a server's certificate, with the handshake, or with what a server speaks in place of TLS.
// The first words name the failure: "unknown authority", "expired", "wrong host".
func tlsFailure(err error) (string, bool) {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var algorithm x509.InsecureAlgorithmError
	var roots x509.SystemRootsError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &host):
		return fmt.Sprintf("wrong host: the certificate is for %s, not for %s", hosts(host.Certificate), host.Host), true
	case errors.As(err, &authority):
		return "unknown authority: the certificate was issued by " + issuer(authority.Cert) + ", which this machine does not trust", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return outOfTime(invalid.Cert, time.Now().UTC()), true
	case errors.As(err, &invalid) && (invalid.Reason == x509.IncompatibleUsage || invalid.Reason == x509.CANotAuthorizedForExtKeyUsage):
		return "wrong usage: the certificate is not valid for a server", true
	case errors.As(err, &algorithm):
		return fmt.Sprintf("weak signature: the certificate is signed with %s, which nobody relies on any more", x509.SignatureAlgorithm(algorithm)), true
	case errors.As(err, &roots):
		return fmt.Sprintf("no authorities: what this machine trusts cannot be read: %v", roots.Err), true
	case errors.As(err, &invalid), errors.As(err, &verification):
		return fmt.Sprintf("the certificate is not valid: %v", err), true
	case errors.As(err, &record):
		return "the server does not speak TLS on this port", true
	case errors.As(err, &op) && op.Op == "remote error":
		return refusal(op.Err), true
	case strings.Contains(err.Error(), "tls: server selected unsupported protocol version"):
		return protocolVersion, true
	}
	return "", false
}

const protocolVersion = "protocol version: the server offers none of the versions of TLS that are safe, 1.2 or later"

// refusal says what a server means by an alert with which it ends the handshake. The type of the alert is private to its
// package; its text is that of [tls.AlertError].
func refusal(alert error) string {
	switch text := alert.Error(); {
	case said(text, 40):
		return "handshake refused: the server takes none of the protocols and ciphers that it was offered, or wants a client certificate"
	case said(text, 70):
		return protocolVersion
	case said(text, 71):
		return "handshake refused: the server wants safer ciphers than it was offered"
	case said(text, 80):
		return "server fault: it ended the handshake with an internal error"
	case said(text, 112):
		return "wrong host: the server does not know the name that it was asked for"
	case said(text, 42, 43, 44, 45, 46, 48, 49, 116):
		return fmt.Sprintf("client certificate: the server wants one that it trusts (%s)", text)
	}
	return fmt.Sprintf("handshake refused: %v", alert)
}

// said compares a text with those of alerts, by their numbers of RFC 8446.
func said(text string, alerts ...uint8) bool {
	for _, alert := range alerts {
		if text == tls.AlertError(alert).Error() {
			return true
		}
	}
	return false
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
