package network

import (
	"context"
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
	if text, ok := tlsFailure(err); ok {
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
